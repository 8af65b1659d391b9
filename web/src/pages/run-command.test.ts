import { describe, expect, it } from "vitest";
import type { CommandSchema } from "../api/types";
import { paramsOf } from "./run-command";

describe("paramsOf", () => {
  const schema: CommandSchema = {
    name: "x", description: "", idempotent: false, pure: false, timeout_ms: 1,
    parameters: [
      { name: "text", type: "string", required: true, description: "", max_length: 100 },
      { name: "count", type: "integer", required: false, description: "", max_length: 100 },
      { name: "loud", type: "boolean", required: false, description: "", max_length: 100 },
    ],
  };
  it("gives each its type and leaves out what was not typed", () => {
    expect(paramsOf(schema, { text: "7", count: "7", loud: "false", other: "x" })).toEqual({ text: "7", count: 7, loud: false });
    expect(paramsOf(schema, { text: "a", count: "" })).toEqual({ text: "a" });
  });
});
