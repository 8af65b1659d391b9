// Requests to the server this page came from. Paths, parameters,
// bodies and answers are those of the server's OpenAPI document: what it does not tell of does not compile.

import type { paths } from "./schema";

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
export function currentToken(): string | null {
  return token;
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

type Method = "get" | "post" | "put" | "patch" | "delete";
type PathsWith<M extends Method> = { [P in keyof paths]: paths[P] extends Record<M, object> ? P : never }[keyof paths];
type Operation<P extends keyof paths, M extends Method> = NonNullable<paths[P][M & keyof paths[P]]>;

type Content<R> = R extends { content: { "application/json": infer Body } } ? Body : never;
type Answer<O> = O extends { responses: infer R } ? { [S in keyof R & (200 | 201 | 202)]: Content<R[S]> }[keyof R & (200 | 201 | 202)] : never;
type Part<O, Name extends string> = O extends { parameters: infer P } ? (P extends Record<Name, infer Found> ? Found : undefined) : undefined;
type Query<O> = O extends { parameters: { query?: infer Q } } ? Q : undefined;
type Body<O> = O extends { requestBody?: { content: { "application/json": infer B } } } ? B : undefined;

export interface Wish<P, Q, B> {
  path?: P;
  query?: Q;
  body?: B;
  headers?: Record<string, string>;
}

/** The path with its parameters in place, and the query behind it; what is not given or empty is left out. */
export function addressOf(pattern: string, path: object = {}, query: object = {}): string {
  const named = Object.entries(path).reduce((text, [name, value]) => text.replace(`{${name}}`, encodeURIComponent(String(value))), pattern);
  const asked = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== undefined && value !== "").map(([name, value]) => [name, String(value)]));
  return asked.size === 0 ? named : `${named}?${asked}`;
}

async function call<M extends Method, P extends PathsWith<M>>(
  method: M, pattern: P, wish: Wish<Part<Operation<P, M>, "path">, Query<Operation<P, M>>, Body<Operation<P, M>>> = {},
): Promise<Answer<Operation<P, M>>> {
  const init: RequestInit = { method: method.toUpperCase(), headers: { ...wish.headers } };
  if (method !== "get" && method !== "delete") {
    init.body = JSON.stringify(wish.body ?? {});
    init.headers = { ...wish.headers, "Content-Type": "application/json" };
  }
  const answer = await request(addressOf(pattern, wish.path as object | undefined, wish.query as object | undefined), init);
  return (await answer.json()) as Answer<Operation<P, M>>;
}

type Call<M extends Method> = <P extends PathsWith<M>>(
  pattern: P, wish?: Wish<Part<Operation<P, M>, "path">, Query<Operation<P, M>>, Body<Operation<P, M>>>,
) => Promise<Answer<Operation<P, M>>>;

export const api: { get: Call<"get">; post: Call<"post">; put: Call<"put">; patch: Call<"patch">; remove: Call<"delete"> } = {
  get: (pattern, wish) => call("get", pattern, wish),
  post: (pattern, wish) => call("post", pattern, wish),
  put: (pattern, wish) => call("put", pattern, wish),
  patch: (pattern, wish) => call("patch", pattern, wish),
  remove: (pattern, wish) => call("delete", pattern, wish),
};

/** A key by which a repeated request is the same one. */
export function newKey(): Record<string, string> {
  return { "Idempotency-Key": crypto.randomUUID() };
}

/** Keeps what the server gives at that address as a file. */
export async function download(address: string, name: string): Promise<void> {
  const url = URL.createObjectURL(await (await request(address)).blob());
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  URL.revokeObjectURL(url);
}
