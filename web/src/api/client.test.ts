import { afterEach, describe, expect, it, vi } from "vitest";
import { addressOf, api, Problem, setToken, whenSessionEnds } from "./client";

afterEach(() => { vi.unstubAllGlobals(); setToken(null); });

const answering = (status: number, body: unknown) => {
  const fetched = vi.fn((_: string, __?: RequestInit) => Promise.resolve(new Response(JSON.stringify(body), { status })));
  vi.stubGlobal("fetch", fetched);
  return fetched;
};

describe("addressOf", () => {
  it("puts parameters in their places and leaves out what is not given", () => {
    expect(addressOf("/agents/{id}/x", { id: "a/b c" }, { limit: 5, cursor: undefined, state: "" })).toBe("/agents/a%2Fb%20c/x?limit=5");
    expect(addressOf("/agents")).toBe("/agents");
  });
});

describe("api", () => {
  it("sends the body as JSON with the token, and gives what was answered", async () => {
    const fetched = answering(200, { command_id: "1" });
    setToken("ckp_x");
    const sent = await api.post("/api/cockpit-agent/command", { body: { agent_id: "web-1", command: "echo" }, headers: { "Idempotency-Key": "k" } });
    expect(sent.command_id).toBe("1");
    const [address, init] = fetched.mock.calls[0]!;
    expect(address).toBe("/api/cockpit-agent/command");
    expect(init).toMatchObject({ method: "POST", body: '{"agent_id":"web-1","command":"echo"}', headers: { Authorization: "Bearer ckp_x", "Idempotency-Key": "k" } });
  });
  it("throws the sentence of a problem, and tells when the session ended", async () => {
    const ended = vi.fn();
    whenSessionEnds(ended);
    setToken("ckp_x");
    answering(401, { type: "about:blank", title: "Unauthorized", detail: "the token has expired; log in again" });
    await expect(api.get("/auth/me")).rejects.toEqual(new Problem(401, "the token has expired; log in again"));
    expect(ended).toHaveBeenCalledOnce();
  });
  it("says so when the server cannot be reached, or is none of ours", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("failed")));
    await expect(api.get("/auth/me")).rejects.toThrow("the server cannot be reached");
    vi.stubGlobal("fetch", () => Promise.resolve(new Response("<html>", { status: 502 })));
    await expect(api.get("/auth/me")).rejects.toThrow("the server answered 502 and did not say why");
  });
});
