// The rules of single pages.

import { describe, expect, it } from "vitest";
import type { Cluster, Run } from "../api/types";
import { exampleOf, wordsOf } from "./api-docs";
import { filtersOf } from "./history";
import { differenceOf, wavesOf } from "./run";

describe("filtersOf", () => {
  it("makes the API's filters of the address", () => {
    expect(filtersOf({ agent: "web-1", status: "error", by: "ann", since: "2026-11-24T10:00:00Z", open: "1" })).toEqual({
      agent_id: "web-1", status: "error", sent_by: "ann", since: 1795514400, open: true,
    });
    expect(filtersOf({ since: "yesterday", command: "" })).toEqual({});
  });
});

describe("wavesOf", () => {
  it("keeps the order of waves, whatever that of the hosts", () => {
    const host = (agent_id: string, wave: number) => ({ agent_id, wave }) as NonNullable<Run["hosts"]>[number];
    expect(wavesOf([host("b", 2), host("a", 1), host("c", 2)]).map(([wave, hosts]) => [wave, hosts.map((one) => one.agent_id)])).toEqual([[1, ["a"]], [2, ["b", "c"]]]);
  });
});

describe("differenceOf", () => {
  it("tells lines that one has and the other has not", () => {
    const cluster = (agent_id: string, output: string) => ({ example: { agent_id, output } }) as Cluster;
    const text = differenceOf(cluster("web-1", "same\nold\n"), cluster("web-2", "same\nnew\n"));
    expect(text).toContain("--- web-1");
    expect(text).toContain("-old\n+new");
  });
});

describe("the API's document", () => {
  it("reads schemas as a person does", () => {
    expect(wordsOf({ type: ["string", "null"] })).toBe("string or null");
    expect(wordsOf({ type: "array", items: { $ref: "#/components/schemas/Run" } })).toBe("Run[]");
    expect(wordsOf({ type: "object", additionalProperties: { type: "integer" } })).toBe("{…: integer}");
    expect(wordsOf({})).toBe("any");
  });
  it("shows a request with a place for what must be given", () => {
    expect(exampleOf("post", "/x", { required: ["a"], properties: { a: { type: "string" }, b: { type: "integer" } } }, false)).toBe(`curl -s -X POST "$COCKPIT/x" \\\n  -H 'Content-Type: application/json' -d '{"a":"string"}'`);
    expect(exampleOf("get", "/x", undefined, true)).toBe('curl -s "$COCKPIT/x" -H "Authorization: Bearer $TOKEN"');
  });
});
