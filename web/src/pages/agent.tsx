import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { api } from "../api/client";
import { CommandTable } from "../parts/command-table";
import { Confirmed } from "../parts/form";
import { Empty, Failure, Labels, Skeleton, Status, Time, Title } from "../parts/ui";
import { useSession } from "../session";

export function AgentPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const { may } = useSession();
  const path = { agent_id: id };
  const agent = useQuery({ queryKey: ["agent", id], queryFn: () => api.get("/api/cockpit-agent/{agent_id}/status", { path }), refetchInterval: 5000 });
  const able = useQuery({ queryKey: ["able", id], queryFn: () => api.get("/api/cockpit-agent/{agent_id}/commands", { path }) });
  const history = useQuery({ queryKey: ["history", id], queryFn: () => api.get("/api/cockpit-agent/{agent_id}/history", { path, query: { limit: 20 } }), refetchInterval: 5000 });
  const open = useQuery({ queryKey: ["open", id], queryFn: () => api.get("/api/cockpit-agent/{agent_id}/history", { path, query: { limit: 50, open: true } }), refetchInterval: 5000 });
  if (agent.data === undefined) return agent.isError ? <Failure error={agent.error} retry={() => void agent.refetch()} /> : <Skeleton />;
  const facts: [string, React.ReactNode][] = [
    ["State", <><Status word={agent.data.status} /> <span className="muted">{agent.data.evidence}</span></>],
    ["Host", agent.data.hostname], ["System", `${agent.data.os}, ${agent.data.arch}`], ["Version", agent.data.version],
    ["Heartbeat", <Time at={agent.data.last_heartbeat} relative />], ["Started", <Time at={agent.data.started_at} />],
    ["Commands", `${agent.data.running} running, ${agent.data.commands_executed} since its start`],
    ["Labels", <Labels labels={agent.data.labels} />], ["Groups", agent.data.groups.join(", ") || "—"],
    ["Key", agent.data.protocol === "original" ? "none: it speaks the original's protocol" : <code>{agent.data.public_key_fingerprint ?? "—"}</code>],
  ];
  return (
    <>
      <Title actions={may("cockpit_agents:write") && <Link className="button button-main" to="/command" search={{ agent: id }}>Run a command</Link>}>{id}</Title>
      {agent.data.pending_public_key !== null && (
        <div className="card mb-6 flex flex-wrap items-center gap-3 border-amber-500 p-4 text-sm">
          <p className="grow">It came with another key, <code>{agent.data.pending_public_key_fingerprint}</code>, and gets no command until somebody accepts that. Compare it with the <code>key_id</code> in the agent's log first.</p>
          {may("cockpit_agents:admin") && <Confirmed label="Accept the key" question={<>Trust the key <code>{agent.data.pending_public_key_fingerprint}</code> of <code>{id}</code> from now on?</>}
            act={() => api.post("/api/cockpit-agent/{agent_id}/accept-key", { path, body: { public_key: agent.data.pending_public_key! } })} touches={["agent"]} />}
        </div>
      )}
      <dl className="card mb-6 grid gap-x-6 gap-y-2 p-4 text-sm sm:grid-cols-[8rem_1fr]">
        {facts.map(([name, value]) => <div key={name} className="contents"><dt className="muted">{name}</dt><dd className="min-w-0 break-words">{value}</dd></div>)}
      </dl>
      {open.data !== undefined && open.data.commands.length > 0 && (
        <section className="mb-6">
          <h2 className="mb-2 font-semibold">Not ended</h2>
          <CommandTable commands={open.data.commands} agent={false} />
        </section>
      )}
      <h2 className="mb-2 font-semibold">What it can do</h2>
      <ul className="card mb-6 divide-y divide-stone-100 text-sm dark:divide-stone-800">
        {able.data?.commands.map((command) => (
          <li key={command.name} className="flex flex-wrap items-baseline gap-x-3 px-4 py-2">
            <code>{command.name}</code><span className="muted grow">{command.description}</span>
            {may("cockpit_agents:write") && <Link className="link" to="/command" search={{ agent: id, command: command.name }}>Run<span className="sr-only"> {command.name}</span></Link>}
          </li>
        ))}
      </ul>
      <h2 className="mb-2 font-semibold">Latest commands</h2>
      {history.data === undefined ? <Skeleton rows={3} /> : history.data.commands.length === 0 ? <Empty>It has not been told to do anything yet.</Empty> : <CommandTable commands={history.data.commands} agent={false} />}
    </>
  );
}
