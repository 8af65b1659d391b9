import { useVirtualizer } from "@tanstack/react-virtual";
import { Download, Pause, Play, WrapText } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { request } from "../api/client";
import { follow } from "../api/events";
import { OutputBuffer, type Line } from "../output";
import { size } from "./words";

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
}

function LineView({ line, marked }: { line: Line; marked: boolean }) {
  if (line.hole !== undefined) return <em className="text-amber-300">… {size(line.hole)} are not kept here …</em>;
  return <span className={marked ? "bg-amber-900/70" : ""}>{line.pieces.map((piece, i) => <span key={i} className={piece.style}>{piece.text}</span>)}{"\u200b"}</span>;
}

/** What a command writes, live. Lines are drawn at most once per frame, however fast they come. */
export function OutputView({ commandId, onEnd }: { commandId: string; onEnd: () => void }) {
  const buffer = useMemo(() => new OutputBuffer(), [commandId]);
  const [, draw] = useState(0);
  const [following, setFollowing] = useState(true);
  const [wrap, setWrap] = useState(false);
  const [search, setSearch] = useState("");
  const [connected, setConnected] = useState(true);
  const scrolled = useRef<HTMLDivElement>(null);

  useEffect(() => {
    const ended = new AbortController();
    let waiting = false;
    const soon = () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => { waiting = false; draw((n) => n + 1); });
    };
    void follow(`/api/cockpit-agent/commands/${commandId}/output`, ended.signal, {
      last: "end",
      onState: setConnected,
      onEvent: (event) => {
        const data = JSON.parse(event.data) as { data?: string; bytes?: number };
        if (event.event === "output") buffer.append(bytesOf(data.data ?? ""));
        else if (event.event === "hole") buffer.hole(data.bytes ?? 0);
        else if (event.event === "end") onEnd();
        soon();
      },
    }).catch(() => setConnected(false));
    return () => ended.abort();
  }, [buffer, commandId, onEnd]);

  const lines = buffer.lines;
  const rows = useVirtualizer({ count: lines.length, getScrollElement: () => scrolled.current, estimateSize: () => 20, overscan: 30 });
  useEffect(() => { if (following) rows.scrollToIndex(lines.length - 1, { align: "end" }); });

  const found = search === "" ? [] : lines.flatMap((line, i) => line.pieces.map((p) => p.text).join("").toLowerCase().includes(search.toLowerCase()) ? [i] : []);
  const download = async () => {
    const url = URL.createObjectURL(await (await request(`/api/cockpit-agent/commands/${commandId}/output`)).blob());
    const link = Object.assign(document.createElement("a"), { href: url, download: `${commandId}.txt` });
    link.click();
    URL.revokeObjectURL(url);
  };

  return (
    <section aria-label="output">
      <div className="mb-2 flex flex-wrap items-center gap-2">
        <button className="button" aria-pressed={following} onClick={() => setFollowing(!following)}>{following ? <Pause aria-hidden className="size-4" /> : <Play aria-hidden className="size-4" />}{following ? "Pause" : "Follow"}</button>
        <button className="button" aria-pressed={wrap} onClick={() => setWrap(!wrap)}><WrapText aria-hidden className="size-4" />Wrap</button>
        <button className="button" onClick={() => void download()}><Download aria-hidden className="size-4" />Download</button>
        <input className="input max-w-52" type="search" aria-label="search in the output" placeholder="Search" value={search}
          onChange={(e) => setSearch(e.target.value)} onKeyDown={(e) => { if (e.key === "Enter" && found.length > 0) { setFollowing(false); rows.scrollToIndex(found[0]!, { align: "center" }); } }} />
        {search !== "" && <span role="status" className="muted text-sm">{found.length} lines</span>}
        <span className="muted ml-auto text-sm">{size(buffer.bytes)}{!connected && ", not connected"}</span>
      </div>
      <div ref={scrolled} tabIndex={0} role="log" aria-live="off" aria-label="lines" onWheel={() => setFollowing(false)} className="output max-h-[60vh] min-h-32 overflow-auto rounded-lg p-3 font-mono text-xs leading-5">
        <div className="relative" style={{ height: rows.getTotalSize() }}>
          {rows.getVirtualItems().map((row) => (
            <div key={row.index} data-index={row.index} ref={wrap ? rows.measureElement : null} className={`absolute inset-x-0 ${wrap ? "break-all whitespace-pre-wrap" : "whitespace-pre"}`} style={{ transform: `translateY(${row.start}px)` }}>
              <LineView line={lines[row.index]!} marked={found.includes(row.index)} />
            </div>
          ))}
        </div>
      </div>
    </section>
  );
}
