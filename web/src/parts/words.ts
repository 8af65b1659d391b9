// Times, sizes and spans as people read them.

export function ago(from: Date, now = new Date()): string {
  const s = Math.max(0, Math.round((now.getTime() - from.getTime()) / 1000));
  if (s < 60) return `${s} s ago`;
  if (s < 3600) return `${Math.floor(s / 60)} min ago`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ago`;
  return `${Math.floor(s / 86_400)} d ago`;
}

export function span(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

export function size(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB"];
  let at = 0;
  for (; bytes >= 1024 && at < units.length - 1; ++at) bytes /= 1024;
  return `${at === 0 ? bytes : bytes.toFixed(1)} ${units[at]}`;
}

export type Tone = "good" | "bad" | "warn" | "busy" | "quiet";

/** What a word of ours means, as a colour; never the only sign, since the word stands beside it. */
export function toneOf(status: string): Tone {
  if (["success", "succeeded", "online", "delivered", "unchanged"].includes(status)) return "good";
  if (["error", "timeout", "failed", "cancel_failed", "refused", "rollback_failed", "dead", "offline"].includes(status)) return "bad";
  if (["interrupted", "expired", "finished_with_failures", "rolled_back", "unknown", "paused"].includes(status)) return "warn";
  if (["pending", "running", "committing", "sending", "sent"].includes(status)) return "busy";
  return "quiet";
}
