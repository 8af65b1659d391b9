import { describe, expect, it } from "vitest";
import { EventParser } from "./events";

describe("EventParser", () => {
  it("gives events when they are whole", () => {
    const parser = new EventParser();
    expect(parser.push("event: output\nid: 7\nda")).toEqual([]);
    expect(parser.push('ta: {"a":1}\n\n: keep-alive\n\nretry: 1000\n\ndata: x\ndata: y\n\n')).toEqual([
      { event: "output", id: "7", data: '{"a":1}' },
      { event: "message", id: "", data: "x\ny" },
    ]);
  });
});
