// The output of a command as the page keeps it: lines of styled pieces, holes told as such.

export interface Piece {
  text: string;
  style: string;
}
export type Line = { pieces: Piece[]; hole?: number };

const names = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];

function styleOf(codes: Set<string>): string {
  return [...codes].sort().join(" ");
}

/** Bytes in, lines out: UTF-8, carriage returns, and SGR of ECMA-48; other sequences are left out. */
export class OutputBuffer {
  readonly lines: Line[] = [{ pieces: [] }];
  bytes = 0;
  private readonly decoder = new TextDecoder();
  private pending = "";
  private codes = new Set<string>();

  /** At most so many lines are kept; the oldest go. */
  constructor(private readonly most = 200_000) {}

  /** How many lines went. */
  dropped = 0;

  append(bytes: Uint8Array): void {
    this.bytes += bytes.length;
    this.take(this.pending + this.decoder.decode(bytes, { stream: true }));
  }

  hole(bytes: number): void {
    this.bytes += bytes;
    this.lines.push({ pieces: [], hole: bytes }, { pieces: [] });
    this.trim();
  }

  text(): string {
    return this.lines
      .map((line) => (line.hole === undefined ? line.pieces.map((piece) => piece.text).join("")
                                              : `[... ${line.hole} bytes are missing here ...]`))
      .join("\n");
  }

  private take(text: string): void {
    this.pending = "";
    let from = 0;
    for (let at = 0; at < text.length; ++at) {
      const c = text.charCodeAt(at);
      if (c === 10) {
        this.put(text.slice(from, at));
        this.lines.push({ pieces: [] });
        from = at + 1;
      } else if (c === 13) {
        this.put(text.slice(from, at));
        // Progress bars write over their line; before a line feed it means nothing.
        if (text.charCodeAt(at + 1) !== 10 && at + 1 < text.length) this.last().pieces = [];
        from = at + 1;
      } else if (c === 27) {
        this.put(text.slice(from, at));
        // eslint-disable-next-line no-control-regex
        const sequence = /^\x1b\[([0-9;]*)([A-Za-z])/.exec(text.slice(at, at + 40));
        if (sequence === null) {
          if (text.length - at < 40 && /^\x1b(\[[0-9;]*)?$/.test(text.slice(at))) {
            this.pending = text.slice(at);
            return;
          }
          from = at + 1;
          continue;
        }
        if (sequence[2] === "m") this.sgr(sequence[1] ?? "");
        at += sequence[0].length - 1;
        from = at + 1;
      }
    }
    this.put(text.slice(from));
    this.trim();
  }

  private last(): Line {
    return this.lines[this.lines.length - 1]!;
  }

  private put(text: string): void {
    if (text === "") return;
    const style = styleOf(this.codes);
    const pieces = this.last().pieces;
    const before = pieces[pieces.length - 1];
    if (before !== undefined && before.style === style) before.text += text;
    else pieces.push({ text, style });
  }

  private sgr(parameters: string): void {
    for (const code of parameters === "" ? [0] : parameters.split(";").map(Number)) {
      if (code === 0) this.codes.clear();
      else if (code === 1) this.codes.add("bold");
      else if (code === 22) this.codes.delete("bold");
      else if (code === 4) this.codes.add("underline");
      else if (code === 24) this.codes.delete("underline");
      else if (code >= 30 && code <= 37) this.colour(`fg-${names[code - 30]}`);
      else if (code >= 90 && code <= 97) this.colour(`fg-${names[code - 90]}`);
      else if (code === 39) this.colour("");
    }
  }

  private colour(style: string): void {
    for (const code of this.codes) if (code.startsWith("fg-")) this.codes.delete(code);
    if (style !== "") this.codes.add(style);
  }

  private trim(): void {
    const over = this.lines.length - this.most;
    if (over <= 0) return;
    this.lines.splice(0, over);
    this.dropped += over;
  }
}
