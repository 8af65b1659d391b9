import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { createTwoFilesPatch } from "diff";
import { useState } from "react";
import { api, newKey } from "../api/client";
import type { Cluster, Run } from "../api/types";
import { Diff } from "../parts/diff";
import { Confirmed } from "../parts/form";
import { Failure, Skeleton, Status, Title } from "../parts/ui";
import { toneOf, type Tone } from "../parts/words";
import { useSession } from "../session";

type Host = NonNullable<Run["hosts"]>[number];

/** Hosts by wave, in the order of the waves. */
export function wavesOf(hosts: Host[]): [number, Host[]][] {
  const waves = new Map<number, Host[]>();
  for (const host of hosts) {
    const wave = waves.get(host.wave);
    if (wave) wave.push(host); else waves.set(host.wave, [host]);
  }
  return [...waves].sort(([a], [b]) => a - b);
}

/** What one cluster's example says otherwise than another's, as a unified diff. */
export function differenceOf(a: Cluster, b: Cluster): string {
  const patch = createTwoFilesPatch(a.example.agent_id, b.example.agent_id, a.example.output, b.example.output, undefined, undefined, { context: 3 });
  return patch.split("\n").slice(1).join("\n").trimEnd();
}

const bar: Record<Tone, string> = { good: "bg-emerald-600", bad: "bg-red-600", warn: "bg-amber-500", busy: "bg-sky-500", quiet: "bg-stone-400" };

function Wave({ name, hosts }: { name: string; hosts: Host[] }) {
  const counts = new Map<Tone, number>();
  for (const host of hosts) counts.set(toneOf(host.status), (counts.get(toneOf(host.status)) ?? 0) + 1);
  const ended = hosts.filter((host) => !["waiting", "sending", "sent", "pending", "delivered", "running"].includes(host.status)).length;
  return (
    <section className="mb-4">
      <h2 className="mb-1 flex items-baseline justify-between gap-2 text-sm font-semibold">{name}<span className="muted font-normal">{ended} of {hosts.length} ended</span></h2>
      <div className="mb-2 flex h-2 overflow-hidden rounded bg-stone-200 dark:bg-stone-800" aria-hidden>
        {(["good", "warn", "bad", "busy"] as const).map((tone) => <div key={tone} className={bar[tone]} style={{ width: `${(100 * (counts.get(tone) ?? 0)) / hosts.length}%` }} />)}
      </div>
      <ul className="flex flex-wrap gap-1">
        {hosts.slice(0, 500).map((host) => (
          <li key={host.agent_id} className="card flex items-center gap-2 px-2 py-1 text-xs">
            {host.command_id ? <Link className="link" to="/commands/$id" params={{ id: host.command_id }}>{host.agent_id}</Link> : host.agent_id}<Status word={host.status} why={host.why} />
          </li>
        ))}
      </ul>
      {hosts.length > 500 && <p className="muted mt-1 text-xs">and {hosts.length - 500} more</p>}
    </section>
  );
}

function Clusters({ clusters }: { clusters: Cluster[] }) {
  const [chosen, setChosen] = useState<number[]>([]);
  const pair = chosen.length === 2 ? [clusters[chosen[0]!], clusters[chosen[1]!]] : [];
  const choose = (i: number, on: boolean) => setChosen(on ? [...chosen, i].slice(-2) : chosen.filter((one) => one !== i));
  return (
    <>
      <h2 className="mt-6 mb-2 font-semibold">What they said</h2>
      {clusters.map((cluster, i) => (
        <section key={i} className="card mb-3 p-3">
          <div className="mb-2 flex flex-wrap items-center gap-2 text-sm">
            <Status word={cluster.status} />{cluster.total} {cluster.total === 1 ? "host" : "hosts"}{cluster.variants > 1 && `, ${cluster.variants} variants`}: <span className="muted grow break-all">{cluster.hosts.slice(0, 12).join(", ")}{cluster.total > 12 && ", …"}</span>
            {clusters.length > 1 && <label className="flex items-center gap-1 text-xs"><input type="checkbox" checked={chosen.includes(i)} onChange={(e) => choose(i, e.target.checked)} />compare</label>}
          </div>
          <pre className="output max-h-60 overflow-auto rounded p-2 text-xs" tabIndex={0} aria-label={`output of ${cluster.example.agent_id}`}>{cluster.example.output || "(nothing)"}</pre>
        </section>
      ))}
      {clusters.length > 1 && chosen.length < 2 && <p className="muted text-sm">Tick two of them to see the difference.</p>}
      {pair[0] && pair[1] && (
        <section aria-live="polite">
          <h3 className="mb-2 text-sm font-semibold">{pair[0].example.agent_id} against {pair[1].example.agent_id}</h3>
          {pair[0].example.output === pair[1].example.output ? <p className="text-sm">They said the same; what differs is how they ended.</p> : <Diff text={differenceOf(pair[0], pair[1])} />}
        </section>
      )}
    </>
  );
}

export function RunPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const { may } = useSession();
  const navigate = useNavigate();
  const path = { run_id: id };
  const run = useQuery({ queryKey: ["run", id], queryFn: () => api.get("/api/cockpit-agent/runs/{run_id}", { path }), refetchInterval: (query) => (query.state.data?.ended_at ? false : 1000) });
  const clusters = useQuery({ queryKey: ["clusters", id, run.data?.counts], queryFn: () => api.get("/api/cockpit-agent/runs/{run_id}/clusters", { path }), enabled: run.data !== undefined, placeholderData: (before) => before });
  const wish = useMutation({ mutationFn: (word: "pause" | "resume") => api.post(`/api/cockpit-agent/runs/{run_id}/${word}`, { path }), onSettled: () => void run.refetch() });
  const rerun = useMutation({
    mutationFn: () => api.post("/api/cockpit-agent/runs/{run_id}/rerun", { path, headers: newKey() }),
    onSuccess: (made) => void navigate({ to: "/runs/$id", params: { id: made.run_id } }),
  });
  const data = run.data;
  if (data === undefined) return run.isError ? <Failure error={run.error} retry={() => void run.refetch()} /> : <Skeleton />;
  const failed = data.ended_at !== null && (data.hosts ?? []).some((host) => host.status !== "success");
  return (
    <>
      <Title actions={may("cockpit_agents:write") && (data.ended_at === null ? <>
        {data.status === "paused" ? <button className="button" onClick={() => wish.mutate("resume")}>Resume</button> : <button className="button" onClick={() => wish.mutate("pause")}>Pause</button>}
        <Confirmed label="Cancel" question={<>Cancel this run? What runs is stopped, what waits is not sent.</>} act={() => api.post("/api/cockpit-agent/runs/{run_id}/cancel", { path })} touches={["run"]} />
      </> : failed && <button className="button" disabled={rerun.isPending} onClick={() => rerun.mutate()}>Run again where it failed</button>)}><code>{data.command}</code> on {data.total} hosts</Title>
      {(wish.error ?? rerun.error) !== null && <div className="mb-3"><Failure error={wish.error ?? rerun.error} /></div>}
      <p className="mb-4 flex flex-wrap items-center gap-3 text-sm"><Status word={data.status} />{data.why}{data.asked && <span className="muted">asked: {data.asked}</span>}
        {data.parent_run_id && <Link className="link" to="/runs/$id" params={{ id: data.parent_run_id }}>what it repeats</Link>}
        {Object.entries(data.counts ?? {}).map(([word, count]) => <span key={word}><Status word={word} /> {count}</span>)}</p>
      {wavesOf(data.hosts ?? []).map(([wave, hosts]) => <Wave key={wave} name={wave === 0 && data.canary !== 0 && data.total > 1 ? "Canary" : `Wave ${wave}`} hosts={hosts} />)}
      {clusters.isError && <Failure error={clusters.error} retry={() => void clusters.refetch()} />}
      {clusters.data && clusters.data.clusters.length > 0 && <Clusters clusters={clusters.data.clusters} />}
    </>
  );
}
