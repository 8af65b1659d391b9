// Requests to the server this page came from. The token is of this tab only.

export class Problem extends Error {
  constructor(
    readonly status: number,
    detail: string,
    readonly column?: number,
  ) {
    super(detail);
  }
}

const key = "cockpit-token";
let token: string | null = sessionStorage.getItem(key);
let onSessionEnd: () => void = () => {};

export function hasToken(): boolean {
  return token !== null;
}
export function setToken(value: string | null): void {
  token = value;
  if (value === null) sessionStorage.removeItem(key);
  else sessionStorage.setItem(key, value);
}
export function whenSessionEnds(told: () => void): void {
  onSessionEnd = told;
}

function headers(more: Record<string, string>): Record<string, string> {
  return token === null ? more : { ...more, Authorization: `Bearer ${token}` };
}

export async function problemOf(answer: Response): Promise<Problem> {
  try {
    const body = (await answer.json()) as { detail?: unknown; column?: unknown };
    if (typeof body.detail === "string") {
      const column = typeof body.column === "number" ? body.column : undefined;
      return column === undefined
        ? new Problem(answer.status, body.detail)
        : new Problem(answer.status, body.detail, column);
    }
  } catch {
    // Not ours: a proxy's, say.
  }
  return new Problem(answer.status, `the server answered ${answer.status} and did not say why`);
}

export async function request(path: string, init: RequestInit = {}): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(path, { ...init, headers: headers(init.headers as Record<string, string>) });
  } catch (failed) {
    if (failed instanceof DOMException && failed.name === "AbortError") throw failed;
    throw new Problem(0, "the server cannot be reached");
  }
  if (answer.ok) return answer;
  const problem = await problemOf(answer);
  if (answer.status === 401 && token !== null && !path.startsWith("/auth/login")) onSessionEnd();
  throw problem;
}

async function json<T>(method: string, path: string, body?: unknown, more = {}): Promise<T> {
  const init: RequestInit = { method, headers: { ...more } };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { ...more, "Content-Type": "application/json" };
  }
  return (await (await request(path, init)).json()) as T;
}

const base = "/api/cockpit-agent";
export const api = {
  get: <T>(path: string) => json<T>("GET", base + path),
  post: <T>(path: string, body: unknown = {}, more = {}) => json<T>("POST", base + path, body, more),
  put: <T>(path: string, body: unknown) => json<T>("PUT", base + path, body),
  remove: <T>(path: string) => json<T>("DELETE", base + path),
  auth: <T>(method: string, path: string, body?: unknown) => json<T>(method, "/auth" + path, body),
};

/** A key by which a repeated request is the same one. */
export function newKey(): Record<string, string> {
  return { "Idempotency-Key": crypto.randomUUID() };
}
