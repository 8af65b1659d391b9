import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef } from "react";
import { useAgents, waiting } from "../agents-live";
import type { Agent } from "../api/types";
import { Empty, Failure, Labels, Skeleton, Status, Time, Title } from "../parts/ui";

export interface AgentSearch { q?: string; status?: string; label?: string; group?: string }

export function meant(agents: Agent[], search: AgentSearch): Agent[] {
  const words = (search.q ?? "").toLowerCase().split(/\s+/).filter((word) => word !== "");
  const [name, value] = (search.label ?? "").split("=");
  return agents.filter((agent) => {
    if (search.status && agent.status !== search.status) return false;
    if (name && (value === undefined ? !(name in agent.labels) : agent.labels[name] !== value)) return false;
    if (search.group && !agent.groups.includes(search.group)) return false;
    const text = `${agent.agent_id} ${agent.hostname} ${agent.version}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

const columns = "grid-cols-[minmax(9rem,1.4fr)_6rem_minmax(8rem,1fr)_5rem_7rem_5rem_5rem_minmax(8rem,1.4fr)]";

export function Agents() {
  const { data, error, refetch, live, open } = useAgents();
  const search = useSearch({ strict: false }) as AgentSearch;
  const navigate = useNavigate();
  const set = (change: Partial<Record<keyof AgentSearch, string>>) =>
    void navigate({ to: "/agents", replace: true, search: Object.fromEntries(Object.entries({ ...search, ...change }).filter(([, v]) => v)) });
  const shown = useMemo(() => meant(data ?? [], search), [data, search]);
  const groups = useMemo(() => [...new Set(data?.flatMap((agent) => agent.groups) ?? [])].sort(), [data]);
  const scrolled = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({ count: shown.length, getScrollElement: () => scrolled.current, estimateSize: () => 41, overscan: 12 });
  const count = (status: string) => data?.filter((agent) => agent.status === status).length ?? 0;

  return (
    <>
      <Title actions={<span role="status" className="muted text-sm">{live ? "live" : "not live: asked every 10 s"}</span>}>Agents</Title>
      <div className="mb-3 flex flex-wrap gap-2">
        <input className="input max-w-64" type="search" aria-label="search by id, name, version" placeholder="Search" value={search.q ?? ""} onChange={(e) => set({ q: e.target.value })} />
        <input className="input max-w-52" aria-label="label" placeholder="label or label=value" value={search.label ?? ""} onChange={(e) => set({ label: e.target.value })} />
        <select className="input w-auto" aria-label="group" value={search.group ?? ""} onChange={(e) => set({ group: e.target.value })}>
          <option value="">all groups</option>
          {groups.map((name) => <option key={name}>{name}</option>)}
        </select>
        <select className="input w-auto" aria-label="state" value={search.status ?? ""} onChange={(e) => set({ status: e.target.value })}>
          <option value="">all states ({data?.length ?? 0})</option>
          {["online", "offline", "unknown"].map((status) => <option key={status} value={status}>{status} ({count(status)})</option>)}
        </select>
      </div>
      {error !== null && data === undefined ? <Failure error={error} retry={() => void refetch()} /> : data === undefined ? <Skeleton rows={8} /> :
        data.length === 0 ? <Empty>No host has joined yet. <code>cockpit-server join-token</code> prints the lines that a host needs.</Empty> :
        shown.length === 0 ? <Empty>No host is like that. Take a filter away.</Empty> : (
          <div ref={scrolled} className="card max-h-[70vh] overflow-auto" tabIndex={0} role="table" aria-label="agents" aria-rowcount={shown.length}>
            <div role="row" className={`muted sticky top-0 z-10 grid min-w-[56rem] ${columns} gap-3 border-b border-stone-200 bg-white px-3 py-2 text-sm font-medium dark:border-stone-800 dark:bg-stone-900`}>
              {["Agent", "State", "Host", "Version", "Heartbeat", "Running", "Waiting", "Labels"].map((name) => <span role="columnheader" key={name}>{name}</span>)}
            </div>
            <div className="relative min-w-[56rem]" style={{ height: rows.getTotalSize() }}>
              {rows.getVirtualItems().map((row) => {
                const agent = shown[row.index]!;
                return (
                  <div role="row" key={agent.agent_id} className={`absolute inset-x-0 grid ${columns} items-center gap-3 border-b border-stone-100 px-3 text-sm dark:border-stone-800`} style={{ transform: `translateY(${row.start}px)`, height: row.size }}>
                    <span role="cell" className="truncate"><Link className="link" to="/agents/$id" params={{ id: agent.agent_id }}>{agent.agent_id}</Link></span>
                    <span role="cell"><Status word={agent.status} why={agent.evidence} /></span>
                    <span role="cell" className="truncate">{agent.hostname}</span>
                    <span role="cell" className="truncate">{agent.version}</span>
                    <span role="cell"><Time at={agent.last_heartbeat} relative /></span>
                    <span role="cell">{agent.running}</span>
                    <span role="cell">{open === null ? "…" : waiting(open[agent.agent_id])}</span>
                    <span role="cell" className="overflow-hidden"><Labels labels={agent.labels} oneLine /></span>
                  </div>
                );
              })}
            </div>
          </div>
        )}
    </>
  );
}
