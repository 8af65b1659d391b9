import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useCallback } from "react";
import { api } from "../api/client";
import { finalStatuses } from "../api/types";
import { OutputView } from "../parts/output-view";
import { Failure, Skeleton, Status, Time, Title } from "../parts/ui";
import { size, span } from "../parts/words";
import { useSession } from "../session";

export function CommandPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const { may } = useSession();
  const command = useQuery({
    queryKey: ["command", id],
    queryFn: () => api.get("/api/cockpit-agent/commands/{command_id}", { path: { command_id: id } }),
    refetchInterval: (query) => (query.state.data && finalStatuses.has(query.state.data.status) ? false : 1000),
  });
  const why = useQuery({ queryKey: ["why", id, command.data?.status], queryFn: () => api.get("/api/cockpit-agent/commands/{command_id}/why", { path: { command_id: id } }), enabled: command.data !== undefined });
  const cancel = useMutation({ mutationFn: () => api.post("/api/cockpit-agent/commands/{command_id}/cancel", { path: { command_id: id } }), onSettled: () => void command.refetch() });
  const { refetch } = command;
  const onEnd = useCallback(() => void refetch(), [refetch]);
  const data = command.data;
  if (data === undefined) return command.isError ? <Failure error={command.error} retry={() => void refetch()} /> : <Skeleton />;
  const open = !finalStatuses.has(data.status);
  const facts: [string, React.ReactNode][] = [
    ["State", <Status word={data.status} />], ["Why", why.data?.why ?? "…"], ["Agent", <Link className="link" to="/agents/$id" params={{ id: data.agent_id }}>{data.agent_id}</Link>],
    ["Parameters", <code className="text-xs break-all">{JSON.stringify(data.params)}</code>], ["Sent", <><Time at={data.sent_at} /> by {data.sent_by}</>],
    ["Started", <Time at={data.started_at} />], ["Ended", <Time at={data.completed_at} />],
    ["Used", [data.execution_time_ms !== null && span(data.execution_time_ms), data.cpu_ms !== null && `${span(data.cpu_ms)} of processor`, data.peak_memory_bytes !== null && `${size(data.peak_memory_bytes)} of memory`].filter(Boolean).join(", ") || "—"],
    ["Exit code", data.exit_code ?? (data.signal !== null ? `signal ${data.signal}` : "—")], ["Attempt", data.attempt],
  ];
  return (
    <>
      <Title actions={may("cockpit_agents:write") && <>
        {open && <button className="button button-danger" disabled={cancel.isPending || data.cancel_requested_at !== null} onClick={() => cancel.mutate()}>{data.cancel_requested_at ? "Being cancelled…" : "Cancel"}</button>}
        {!open && <Link className="button" to="/command" search={{ agent: data.agent_id, command: data.command, params: JSON.stringify(data.params) }}>Run again</Link>}
      </>}><code>{data.command}</code> on {data.agent_id}</Title>
      {cancel.isError && <div className="mb-3"><Failure error={cancel.error} /></div>}
      <dl className="card mb-4 grid gap-x-6 gap-y-2 p-4 text-sm sm:grid-cols-[7rem_1fr]">
        {facts.map(([name, value]) => <div key={name} className="contents"><dt className="muted">{name}</dt><dd className="min-w-0 break-words">{value}</dd></div>)}
      </dl>
      <OutputView commandId={id} onEnd={onEnd} />
    </>
  );
}
