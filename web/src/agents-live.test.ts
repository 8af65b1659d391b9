import { describe, expect, it } from "vitest";
import { merged, waiting } from "./agents-live";
import type { Agent } from "./api/types";

const agent = (agent_id: string, running = 0) => ({ agent_id, running }) as Agent;

describe("merged", () => {
  it("puts news in the place of what was there, and new hosts in order", () => {
    const all = merged([agent("a"), agent("c")], [agent("c", 7), agent("b")]);
    expect(all.map((one) => `${one.agent_id}${one.running}`)).toEqual(["a0", "b0", "c7"]);
  });
  it("keeps the order where nobody is new", () => {
    expect(merged([agent("a"), agent("b")], [agent("b", 1)]).map((one) => one.running)).toEqual([0, 1]);
  });
});

describe("waiting", () => {
  it("counts what has not begun", () => {
    expect(waiting({ pending: 2, delivered: 1, running: 5 })).toBe(3);
    expect(waiting(undefined)).toBe(0);
  });
});
