import { describe, expect, it } from "vitest";
import { merged } from "../agents-live";
import type { Agent } from "../api/types";
import { meant } from "./agents";

const agent = (agent_id: string, more: Partial<Agent> = {}): Agent => ({
  agent_id, status: "online", evidence: "", last_heartbeat: null, started_at: null, version: "0.1.0", hostname: `${agent_id}.example`,
  capabilities: [], commands_executed: 0, running: 0, labels: {}, os: "", arch: "", protocol: "signed", pending_public_key: null, ...more,
});

describe("agents", () => {
  const all = [agent("db-1", { status: "offline" }), agent("web-1", { labels: { env: "prod" } }), agent("web-2")];
  const ids = (search: Parameters<typeof meant>[1]) => meant(all, search).map((one) => one.agent_id);

  it("are found by words, state and label", () => {
    expect(ids({})).toEqual(["db-1", "web-1", "web-2"]);
    expect(ids({ q: "WEB example" })).toEqual(["web-1", "web-2"]);
    expect(ids({ status: "offline" })).toEqual(["db-1"]);
    expect(ids({ label: "env" })).toEqual(["web-1"]);
    expect(ids({ label: "env=test" })).toEqual([]);
  });

  it("are kept up by what is told", () => {
    const now = merged(all, [agent("db-1"), agent("app-1")]);
    expect(now.map((one) => `${one.agent_id} ${one.status}`)).toEqual(["app-1 online", "db-1 online", "web-1 online", "web-2 online"]);
  });
});
