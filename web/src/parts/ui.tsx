import { AlertTriangle, RotateCw } from "lucide-react";
import { useEffect, useId, useState, type ReactNode } from "react";
import { ago, toneOf, type Tone } from "./words";

const tones: Record<Tone, string> = {
  good: "bg-emerald-100 text-emerald-900 dark:bg-emerald-950 dark:text-emerald-200",
  bad: "bg-red-100 text-red-900 dark:bg-red-950 dark:text-red-200",
  warn: "bg-amber-100 text-amber-900 dark:bg-amber-950 dark:text-amber-200",
  busy: "bg-sky-100 text-sky-900 dark:bg-sky-950 dark:text-sky-200",
  quiet: "bg-stone-200 text-stone-800 dark:bg-stone-800 dark:text-stone-200",
};

export function Status({ word, why }: { word: string; why?: string | null }) {
  return (
    <span title={why ?? undefined} className={`inline-block rounded px-1.5 py-0.5 text-xs font-medium whitespace-nowrap ${tones[toneOf(word)]}`}>
      {word.replaceAll("_", " ")}
    </span>
  );
}

/** Local time, with UTC on hover; "3 s ago" where that is what matters. */
export function Time({ at, relative = false }: { at: string | number | null; relative?: boolean }) {
  const [, again] = useState(0);
  useEffect(() => {
    if (!relative) return;
    const timer = setInterval(() => again((n) => n + 1), 5000);
    return () => clearInterval(timer);
  }, [relative]);
  if (at === null) return <span className="muted">—</span>;
  const time = new Date(typeof at === "number" ? at * 1000 : at);
  const text = relative ? ago(time) : time.toLocaleString(undefined, { dateStyle: "short", timeStyle: "medium" });
  return <time dateTime={time.toISOString()} title={time.toISOString()} className="whitespace-nowrap">{text}</time>;
}

export function Title({ children, actions }: { children: ReactNode; actions?: ReactNode }) {
  return (
    <div className="mb-4 flex flex-wrap items-center justify-between gap-2">
      <h1 className="text-xl font-semibold break-all">{children}</h1>
      <div className="flex flex-wrap gap-2">{actions}</div>
    </div>
  );
}

export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const text = error instanceof Error ? error.message : "something went wrong in this page";
  return (
    <div role="alert" className="card flex items-start gap-3 border-red-300 p-3 text-sm dark:border-red-900">
      <AlertTriangle aria-hidden className="mt-0.5 size-4 shrink-0 text-red-700 dark:text-red-400" />
      <p className="grow break-words">{text}</p>
      {retry && <button className="button" onClick={retry}><RotateCw aria-hidden className="size-4" />Try again</button>}
    </div>
  );
}

export function Empty({ children }: { children: ReactNode }) {
  return <p className="card muted p-6 text-center text-sm">{children}</p>;
}

export function Skeleton({ rows = 5 }: { rows?: number }) {
  return (
    <div aria-busy="true" aria-label="loading" className="space-y-2">
      {Array.from({ length: rows }, (_, i) => <div key={i} className="h-9 animate-pulse rounded bg-stone-200 motion-reduce:animate-none dark:bg-stone-800" />)}
    </div>
  );
}

export function Field({ label, hint, error, children }: { label: string; hint?: string | undefined; error?: string | undefined; children: (id: string, describedBy: string) => ReactNode }) {
  const id = useId();
  return (
    <div className="mb-3">
      <label htmlFor={id} className="mb-1 block text-sm font-medium">{label}</label>
      {children(id, `${id}-hint`)}
      <p id={`${id}-hint`} className={`mt-1 text-xs ${error ? "text-red-700 dark:text-red-300" : "muted"}`}>{error ?? hint}</p>
    </div>
  );
}

/** A table that scrolls sideways on its own where it is too wide. */
export function Table({ head, children, label }: { head: string[]; children: ReactNode; label: string }) {
  return (
    <div className="card relative overflow-x-auto" tabIndex={0} role="region" aria-label={label}>
      <table className="table">
        <thead><tr>{head.map((name) => <th key={name} scope="col">{name}</th>)}</tr></thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

export function Labels({ labels, oneLine = false }: { labels: Record<string, string>; oneLine?: boolean }) {
  const names = Object.entries(labels);
  if (names.length === 0) return <span className="muted">—</span>;
  return (
    <span className={`flex gap-1 ${oneLine ? "whitespace-nowrap" : "flex-wrap"}`} title={names.map((pair) => pair.join("=")).join(", ")}>
      {names.map(([name, value]) => <code key={name} className="rounded bg-stone-100 px-1 text-xs dark:bg-stone-800">{name}={value}</code>)}
    </span>
  );
}
