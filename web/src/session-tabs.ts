// One session for all tabs: the token lives in tabs only, so a new tab asks those that are open for it.

interface Told { kind: "ask" | "token" | "end"; token?: string }

const channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("cockpit-session");

/** Answers other tabs with what `current` gives, and tells when one of them signed out. */
export function shareSession(current: () => string | null, onEnd: () => void): () => void {
  const listen = (event: MessageEvent<Told>) => {
    const token = current();
    if (event.data.kind === "ask" && token !== null) channel?.postMessage({ kind: "token", token } satisfies Told);
    if (event.data.kind === "end") onEnd();
  };
  channel?.addEventListener("message", listen);
  return () => channel?.removeEventListener("message", listen);
}

export function endEverywhere(): void {
  channel?.postMessage({ kind: "end" } satisfies Told);
}

/** The token of another tab; nothing when none answers within `patience` milliseconds. */
export function askOtherTabs(patience = 150): Promise<string | null> {
  if (channel === null) return Promise.resolve(null);
  return new Promise((resolve) => {
    const finish = (token: string | null) => { channel.removeEventListener("message", listen); clearTimeout(timer); resolve(token); };
    const listen = (event: MessageEvent<Told>) => { if (event.data.kind === "token") finish(event.data.token ?? null); };
    const timer = setTimeout(() => finish(null), patience);
    channel.addEventListener("message", listen);
    channel.postMessage({ kind: "ask" } satisfies Told);
  });
}
