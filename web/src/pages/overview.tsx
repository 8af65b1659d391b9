import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo, type ReactNode } from "react";
import { api } from "../api/client";
import type { Counted, Overview as Figures } from "../api/types";
import { Chart, type Line } from "../parts/chart";
import { Empty, Failure, Skeleton, Table, Title } from "../parts/ui";
import { span } from "../parts/words";

const windows = { "1h": "last hour", "24h": "last day", "7d": "last week" } as const;
type WindowName = keyof typeof windows;

export const perCent = (share: number): string => (share === 0 ? "0 %" : share < 0.001 ? "< 0.1 %" : `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`);
const took = (ms: number | null): string => (ms === null ? "—" : span(ms));
const wholeSpan = (ms: number): string => (ms < 1000 ? `${ms} ms` : ms < 60_000 ? `${ms / 1000} s` : `${Math.round(ms / 60_000)} min`);
const wholeNumber = (n: number): string => (Number.isInteger(n) ? String(n) : "");

function Tile({ name, children, note }: { name: string; children: ReactNode; note?: ReactNode }) {
  return (
    <div className="card p-4">
      <p className="muted text-xs">{name}</p>
      <p className="mt-1 text-2xl font-semibold tabular-nums">{children}</p>
      <p className="muted mt-1 min-h-4 text-xs">{note}</p>
    </div>
  );
}

/** Hosts by state as one bar; the numbers stand beside it, so colour is never alone. */
function Hosts({ agents }: { agents: Figures["agents"] }) {
  const states = [["online", "bg-emerald-600"], ["offline", "bg-red-600"], ["unknown", "bg-amber-500"]] as const;
  return (
    <div className="card p-4">
      <p className="muted text-xs">Hosts</p>
      <p className="mt-1 text-2xl font-semibold tabular-nums">{agents.total}</p>
      <div className="mt-2 flex h-2 overflow-hidden rounded bg-stone-200 dark:bg-stone-800" aria-hidden>
        {states.map(([state, colour]) => <div key={state} className={colour} style={{ width: `${agents.total === 0 ? 0 : (100 * agents[state]) / agents.total}%` }} />)}
      </div>
      <p className="mt-2 flex flex-wrap gap-x-3 text-xs">
        {states.map(([state, colour]) => <Link key={state} className="link flex items-center gap-1" to="/agents" search={{ status: state }}><span aria-hidden className={`size-2 rounded-full ${colour}`} />{agents[state]} {state}</Link>)}
      </p>
    </div>
  );
}

function Commands({ title, rows, failing, empty }: { title: string; rows: Counted[]; failing: boolean; empty: string }) {
  return (
    <section className="min-w-0">
      <h2 className="mb-2 text-sm font-semibold">{title}</h2>
      {rows.length === 0 ? <Empty>{empty}</Empty> : (
        <Table label={title} head={["Command", "Ended", "Failed", "Half within", "95 % within"]}>
          {rows.map((row) => (
            <tr key={row.command}>
              <td><Link className="link" to="/history" search={failing ? { command: row.command, status: "error" } : { command: row.command }}><code>{row.command}</code></Link></td>
              <td>{row.ended}</td><td>{row.failed} <span className="muted">({perCent(row.error_rate)})</span></td><td>{took(row.p50_ms)}</td><td>{took(row.p95_ms)}</td>
            </tr>
          ))}
        </Table>
      )}
    </section>
  );
}

export function Overview() {
  const search = useSearch({ strict: false }) as { window?: string };
  const navigate = useNavigate();
  const name = (search.window !== undefined && search.window in windows ? search.window : "1h") as WindowName;
  const overview = useQuery({ queryKey: ["overview", name], queryFn: () => api.get("/api/cockpit-agent/overview", { query: { window: name } }), refetchInterval: 5000, placeholderData: (before) => before });
  const data = overview.data;
  const drawn = useMemo(() => {
    if (!data) return null;
    const values = (of: (point: Counted) => number | null) => data.points.map(of);
    const ended: Line[] = [
      { name: "ended", values: values((p) => p.ended), tone: "good", bars: true },
      { name: "failed", values: values((p) => p.failed), tone: "bad", bars: true },
    ];
    const durations: Line[] = [
      { name: "p50", values: values((p) => p.p50_ms), tone: "first" },
      { name: "p95", values: values((p) => p.p95_ms), tone: "second" },
    ];
    return { at: values((p) => p.at ?? 0) as number[], ended, durations };
  }, [data]);

  if (data === undefined || drawn === null) return <><Title>Overview</Title>{overview.isError ? <Failure error={overview.error} retry={() => void overview.refetch()} /> : <Skeleton rows={8} />}</>;
  const { commands, open, agents } = data;
  const each = data.step_s === 60 ? "minute" : "hour";
  return (
    <>
      <Title actions={(
        <div role="group" aria-label="how far back" className="flex gap-1">
          {(Object.keys(windows) as WindowName[]).map((one) => <button key={one} className="button" aria-pressed={one === name} onClick={() => void navigate({ to: "/overview", replace: true, search: { window: one } })}>{windows[one]}</button>)}
        </div>
      )}>Overview</Title>
      {overview.isError && <div className="mb-3"><Failure error={overview.error} retry={() => void overview.refetch()} /></div>}
      {agents.total === 0 && <div className="mb-4"><Empty>No host has joined yet. <code>cockpit-server join-token</code> prints the lines that a host needs.</Empty></div>}
      <div className="mb-4 grid grid-cols-2 gap-4 lg:grid-cols-4">
        <Hosts agents={agents} />
        <Tile name="Commands that ended" note={`${(commands.per_minute ?? 0).toFixed(1)} a minute`}>{commands.ended}</Tile>
        <Tile name="Failed" note={<Link className="link" to="/history" search={{ status: "error" }}>{commands.failed} of {commands.ended}</Link>}>{perCent(commands.error_rate)}</Tile>
        <Tile name="Not ended" note={<Link className="link" to="/history" search={{ open: "1" }}>{open.pending} waiting, {open.delivered} delivered, {open.running} running</Link>}>{open.pending + open.delivered + open.running}</Tile>
      </div>
      <div className="mb-6 grid gap-4 lg:grid-cols-2">
        <Chart title={`Commands in each ${each}`} says={`${commands.ended} ended, ${commands.failed} of them failed (red)`} at={drawn.at} lines={drawn.ended} show={wholeNumber} />
        <Chart title="How long they took" says={`half within ${took(commands.p50_ms)} (blue), 95 % within ${took(commands.p95_ms)} (yellow), 99 % within ${took(commands.p99_ms)}`} at={drawn.at} lines={drawn.durations} show={wholeSpan} />
      </div>
      <div className="grid gap-6 xl:grid-cols-2">
        <Commands title="Slowest" rows={data.slowest} failing={false} empty="No command ran in this time." />
        <Commands title="Failing most" rows={data.failing} failing empty="Nothing failed in this time." />
      </div>
    </>
  );
}
