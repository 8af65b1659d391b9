import { describe, expect, it } from "vitest";
import { ago, size, span, toneOf } from "./words";

describe("words", () => {
  it("tells how long ago", () => {
    const now = new Date("2026-11-25T12:00:00Z");
    expect(ago(new Date("2026-11-25T11:59:30Z"), now)).toBe("30 s ago");
    expect(ago(new Date("2026-11-25T11:00:00Z"), now)).toBe("1 h ago");
    expect(ago(new Date("2026-11-25T12:00:09Z"), now)).toBe("0 s ago");
  });
  it("tells spans and sizes", () => {
    expect(span(12)).toBe("12 ms");
    expect(span(61_000)).toBe("1 min 1 s");
    expect(size(512)).toBe("512 B");
    expect(size(1536)).toBe("1.5 KiB");
  });
  it("knows the words of commands, hosts and deployments", () => {
    expect(toneOf("success")).toBe("good");
    expect(toneOf("rolled_back")).toBe("warn");
    expect(toneOf("refused")).toBe("bad");
    expect(toneOf("skipped")).toBe("quiet");
  });
});
