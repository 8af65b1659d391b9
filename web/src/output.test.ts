import { describe, expect, it } from "vitest";
import { OutputBuffer } from "./output";

const bytes = (text: string) => new TextEncoder().encode(text);
const plain = (buffer: OutputBuffer) => buffer.lines.map((line) => line.pieces.map((p) => p.text).join(""));

describe("OutputBuffer", () => {
  it("makes lines of bytes that come in any pieces", () => {
    const buffer = new OutputBuffer();
    const all = bytes("one\ntwö\r\nthree");
    for (const byte of all) buffer.append(new Uint8Array([byte]));
    expect(plain(buffer)).toEqual(["one", "twö", "three"]);
    expect(buffer.bytes).toBe(all.length);
  });

  it("writes over a line after a carriage return", () => {
    const buffer = new OutputBuffer();
    buffer.append(bytes("10 %\r50 %\r100 %\ndone"));
    expect(plain(buffer)).toEqual(["100 %", "done"]);
  });

  it("keeps colours across lines and pieces and leaves other sequences out", () => {
    const buffer = new OutputBuffer();
    buffer.append(bytes("a\x1b[1;3"));
    buffer.append(bytes("1mred\nmore\x1b[0m plain\x1b[2Kx"));
    expect(buffer.lines[0]!.pieces).toEqual([{ text: "a", style: "" }, { text: "red", style: "bold fg-red" }]);
    expect(buffer.lines[1]!.pieces).toEqual([{ text: "more", style: "bold fg-red" }, { text: " plainx", style: "" }]);
  });

  it("tells holes and how many lines went", () => {
    const buffer = new OutputBuffer(3);
    buffer.append(bytes("head\n"));
    buffer.hole(4096);
    buffer.append(bytes("tail"));
    expect(buffer.dropped).toBe(1);
    expect(buffer.text()).toContain("[... 4096 bytes are missing here ...]");
    expect(plain(buffer).at(-1)).toBe("tail");
  });

  it("takes ten thousand lines in a moment", () => {
    const buffer = new OutputBuffer();
    const many = bytes("a line of output that is as long as most are\n".repeat(10_000));
    buffer.append(many);
    expect(buffer.lines.length).toBe(10_001);
  });
});
