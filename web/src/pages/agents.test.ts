import { describe, expect, it } from "vitest";
import type { Agent } from "../api/types";
import { meant } from "./agents";

const agent = (agent_id: string, more: Partial<Agent> = {}) => ({ agent_id, status: "online", version: "0.1.0", hostname: `${agent_id}.example`, labels: {}, groups: [], ...more }) as unknown as Agent;

describe("agents", () => {
  const all = [agent("db-1", { status: "offline" }), agent("web-1", { labels: { env: "prod" } }), agent("web-2", { groups: ["canary"] })];
  const ids = (search: Parameters<typeof meant>[1]) => meant(all, search).map((one) => one.agent_id);

  it("are found by words, state and label", () => {
    expect(ids({})).toEqual(["db-1", "web-1", "web-2"]);
    expect(ids({ q: "WEB example" })).toEqual(["web-1", "web-2"]);
    expect(ids({ status: "offline" })).toEqual(["db-1"]);
    expect(ids({ label: "env" })).toEqual(["web-1"]);
    expect(ids({ label: "env=test" })).toEqual([]);
    expect(ids({ group: "canary" })).toEqual(["web-2"]);
  });
});
