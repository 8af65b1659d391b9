import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { api, newKey } from "../api/client";
import type { Cluster, Run } from "../api/types";
import { Empty, Failure, Skeleton, Status, Table, Time, Title } from "../parts/ui";
import { useSession } from "../session";

export function Runs() {
  const runs = useQuery({ queryKey: ["runs"], queryFn: () => api.get<{ runs: Run[] }>("/runs"), refetchInterval: 3000 });
  return (
    <>
      <Title>Runs</Title>
      {runs.data === undefined ? (runs.isError ? <Failure error={runs.error} retry={() => void runs.refetch()} /> : <Skeleton />) : runs.data.runs.length === 0 ? <Empty>A command to more than one host is a run. There was none yet.</Empty> : (
        <Table label="runs" head={["Begun", "Command", "Who", "Hosts", "State", "By"]}>
          {runs.data.runs.map((run) => (
            <tr key={run.run_id}>
              <td><Link className="link" to="/runs/$id" params={{ id: run.run_id }}><Time at={run.created_at} /></Link></td>
              <td><code>{run.command}</code></td><td className="break-all">{run.targets ?? "a list"}</td><td>{run.total}</td>
              <td><Status word={run.status} why={run.why} /></td><td>{run.created_by}</td>
            </tr>
          ))}
        </Table>
      )}
    </>
  );
}

export function RunPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const { may } = useSession();
  const navigate = useNavigate();
  const run = useQuery({ queryKey: ["run", id], queryFn: () => api.get<Run>(`/runs/${id}`), refetchInterval: (query) => (query.state.data?.ended_at ? false : 1000) });
  const clusters = useQuery({ queryKey: ["clusters", id, run.data?.counts], queryFn: () => api.get<{ clusters: Cluster[] }>(`/runs/${id}/clusters`), enabled: run.data !== undefined });
  const wish = useMutation({ mutationFn: (word: string) => api.post(`/runs/${id}/${word}`), onSettled: () => void run.refetch() });
  const rerun = useMutation({ mutationFn: () => api.post<Run>(`/runs/${id}/rerun`, {}, newKey()), onSuccess: (made) => void navigate({ to: "/runs/$id", params: { id: made.run_id } }) });
  const data = run.data;
  if (data === undefined) return run.isError ? <Failure error={run.error} retry={() => void run.refetch()} /> : <Skeleton />;
  const waves = new Map<number, NonNullable<Run["hosts"]>>();
  for (const host of data.hosts ?? []) waves.set(host.wave, [...(waves.get(host.wave) ?? []), host]);
  return (
    <>
      <Title actions={may("cockpit_agents:write") && (data.ended_at === null ? <>
        {data.status === "paused" ? <button className="button" onClick={() => wish.mutate("resume")}>Resume</button> : <button className="button" onClick={() => wish.mutate("pause")}>Pause</button>}
        <button className="button button-danger" onClick={() => wish.mutate("cancel")}>Cancel</button>
      </> : <button className="button" onClick={() => rerun.mutate()}>Run the rest again</button>)}><code>{data.command}</code> on {data.total} hosts</Title>
      {(wish.error ?? rerun.error) !== null && <div className="mb-3"><Failure error={wish.error ?? rerun.error} /></div>}
      <p className="mb-4 flex flex-wrap items-center gap-3 text-sm"><Status word={data.status} />{data.why}{data.asked && <span className="muted">asked: {data.asked}</span>}
        {Object.entries(data.counts ?? {}).map(([word, count]) => <span key={word}><Status word={word} /> {count}</span>)}</p>
      {[...waves].map(([wave, hosts]) => (
        <section key={wave} className="mb-4">
          <h2 className="mb-2 text-sm font-semibold">Wave {wave}</h2>
          <ul className="flex flex-wrap gap-1">
            {hosts.map((host) => (
              <li key={host.agent_id} className="card flex items-center gap-2 px-2 py-1 text-xs">
                {host.command_id ? <Link className="link" to="/commands/$id" params={{ id: host.command_id }}>{host.agent_id}</Link> : host.agent_id}<Status word={host.status} why={host.why} />
              </li>
            ))}
          </ul>
        </section>
      ))}
      <h2 className="mb-2 font-semibold">What they said</h2>
      {clusters.data?.clusters.map((cluster, i) => (
        <section key={i} className="card mb-3 p-3">
          <p className="mb-2 flex flex-wrap items-center gap-2 text-sm"><Status word={cluster.status} />{cluster.total} {cluster.total === 1 ? "host" : "hosts"}{cluster.variants > 1 && `, ${cluster.variants} variants`}: <span className="muted break-all">{cluster.hosts.slice(0, 12).join(", ")}{cluster.total > 12 && ", …"}</span></p>
          <pre className="output max-h-60 overflow-auto rounded p-2 text-xs" tabIndex={0}>{cluster.example.output}</pre>
        </section>
      ))}
    </>
  );
}
