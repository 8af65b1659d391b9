// Server-sent events by fetch, since an EventSource cannot send a token
// (https://html.spec.whatwg.org/multipage/server-sent-events.html).

import { request } from "./client";

export interface ServerEvent {
  event: string;
  id: string;
  data: string;
}

/** Takes text as it comes and gives the events that are whole. */
export class EventParser {
  private rest = "";

  push(text: string): ServerEvent[] {
    this.rest += text;
    const events: ServerEvent[] = [];
    for (let end = this.rest.indexOf("\n\n"); end >= 0; end = this.rest.indexOf("\n\n")) {
      const event = parse(this.rest.slice(0, end));
      this.rest = this.rest.slice(end + 2);
      if (event !== null) events.push(event);
    }
    return events;
  }
}

function parse(block: string): ServerEvent | null {
  const event: ServerEvent = { event: "message", id: "", data: "" };
  let any = false;
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    if (colon <= 0) continue; // a comment keeps the connection
    const value = line.slice(colon + 1).replace(/^ /, "");
    switch (line.slice(0, colon)) {
      case "event":
        event.event = value;
        break;
      case "id":
        event.id = value;
        break;
      case "data":
        event.data = any ? `${event.data}\n${value}` : value;
        any = true;
        break;
    }
  }
  return any ? event : null;
}

export interface Following {
  onEvent: (event: ServerEvent) => void;
  /** True: the stream ended where it should; false: it is cut and is tried again. */
  onState?: (connected: boolean) => void;
  /** The event after which nothing comes. */
  last: string;
}

/** Follows until the last event or until aborted; comes again where it was after a cut. */
export async function follow(path: string, signal: AbortSignal, following: Following): Promise<void> {
  let lastId = "";
  for (let pause = 500; !signal.aborted; pause = Math.min(pause * 2, 10_000)) {
    try {
      const more: Record<string, string> = { Accept: "text/event-stream" };
      if (lastId !== "") more["Last-Event-ID"] = lastId;
      const answer = await request(path, { signal, headers: more });
      following.onState?.(true);
      const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
      const parser = new EventParser();
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
        pause = 500;
        for (const event of parser.push(piece.value)) {
          if (event.id !== "") lastId = event.id;
          following.onEvent(event);
          if (event.event === following.last) return;
        }
      }
    } catch (failed) {
      if (signal.aborted) return;
      const status = (failed as { status?: number }).status ?? 0;
      if (status >= 400 && status < 500) throw failed;
    }
    following.onState?.(false);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
