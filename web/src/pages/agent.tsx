import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { api } from "../api/client";
import type { Agent, Command, CommandSchema } from "../api/types";
import { CommandTable } from "../parts/command-table";
import { Empty, Failure, Labels, Skeleton, Status, Time, Title } from "../parts/ui";
import { useSession } from "../session";

export function AgentPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const { may } = useSession();
  const path = `/${encodeURIComponent(id)}`;
  const agent = useQuery({ queryKey: ["agent", id], queryFn: () => api.get<Agent>(`${path}/status`), refetchInterval: 5000 });
  const able = useQuery({ queryKey: ["able", id], queryFn: () => api.get<{ commands: CommandSchema[] }>(`${path}/commands`) });
  const history = useQuery({ queryKey: ["history", id], queryFn: () => api.get<{ commands: Command[] }>(`${path}/history?limit=20`), refetchInterval: 5000 });
  if (agent.data === undefined) return agent.isError ? <Failure error={agent.error} retry={() => void agent.refetch()} /> : <Skeleton />;
  const facts: [string, React.ReactNode][] = [
    ["State", <><Status word={agent.data.status} /> <span className="muted">{agent.data.evidence}</span></>],
    ["Host", agent.data.hostname], ["System", `${agent.data.os}, ${agent.data.arch}`], ["Version", agent.data.version],
    ["Heartbeat", <Time at={agent.data.last_heartbeat} relative />], ["Started", <Time at={agent.data.started_at} />],
    ["Commands", `${agent.data.running} running, ${agent.data.commands_executed} since its start`],
    ["Labels", <Labels labels={agent.data.labels} />], ["Groups", agent.data.groups?.join(", ") || "—"],
  ];
  return (
    <>
      <Title actions={may("cockpit_agents:write") && <Link className="button button-main" to="/command" search={{ agent: id }}>Run a command</Link>}>{id}</Title>
      <dl className="card mb-6 grid gap-x-6 gap-y-2 p-4 text-sm sm:grid-cols-[8rem_1fr]">
        {facts.map(([name, value]) => <div key={name} className="contents"><dt className="muted">{name}</dt><dd className="min-w-0 break-words">{value}</dd></div>)}
      </dl>
      <h2 className="mb-2 font-semibold">What it can do</h2>
      <ul className="card mb-6 divide-y divide-stone-100 text-sm dark:divide-stone-800">
        {able.data?.commands.map((command) => (
          <li key={command.name} className="flex flex-wrap items-baseline gap-x-3 px-4 py-2">
            <code>{command.name}</code><span className="muted">{command.description}</span>
          </li>
        ))}
      </ul>
      <h2 className="mb-2 font-semibold">Latest commands</h2>
      {history.data === undefined ? <Skeleton rows={3} /> : history.data.commands.length === 0 ? <Empty>It has not been told to do anything yet.</Empty> : <CommandTable commands={history.data.commands} agent={false} />}
    </>
  );
}
