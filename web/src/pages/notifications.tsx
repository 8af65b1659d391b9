import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { api } from "../api/client";
import type { NotificationTarget } from "../api/types";
import { Confirmed, Editor, given, lines, textOr, type Input, type Typed } from "../parts/form";
import { Empty, Failure, Skeleton, Status, Table, Time, Title } from "../parts/ui";
import { useSession } from "../session";

const targets = "/api/cockpit-agent/notifications/targets";
const oneTarget = "/api/cockpit-agent/notifications/targets/{name}";
const deliveries = "/api/cockpit-agent/notifications/deliveries";

const inputs: Input[] = [
  { name: "url", label: "Address", hint: "Of a webhook or of Slack's: https://…" },
  { name: "secret", label: "Secret", kind: "password", hint: "16 to 255 characters; what is sent to a webhook is signed with it. Empty: as it was." },
  { name: "addresses", label: "E-mail addresses", kind: "area", hint: "Of mail: one per line." },
  { name: "events", label: "Events", kind: "area", hint: "One per line: command.ended, host.changed, run.ended, deployment.ended, each also with :outcome, or *" },
  { name: "agents", label: "Only these hosts", kind: "area", hint: "Ids, one per line; * stands for any text. Empty: all." },
  { name: "enabled", label: "Enabled", kind: "flag" },
];

function TargetEditor({ target, onClose }: { target: NotificationTarget | null; onClose: () => void }) {
  const start: Typed = target
    ? { events: target.events.join("\n"), agents: target.agents.join("\n"), addresses: target.addresses.join("\n"), enabled: target.enabled ? "true" : "" }
    : { kind: "webhook", events: "command.ended:error", enabled: "true" };
  const all: Input[] = target ? inputs : [{ name: "name", label: "Name", required: true }, { name: "kind", label: "Kind", kind: "choice", choices: ["webhook", "slack", "email"] }, ...inputs];
  return (
    <Editor title={target ? `Change target ${target.name}` : "New target"} inputs={all} start={start} onClose={onClose} touches={["notification targets"]}
      save={(typed) => {
        const body = given({
          url: textOr(typed["url"]), secret: textOr(typed["secret"]), addresses: typed["addresses"] ? lines(typed["addresses"]) : undefined,
          events: lines(typed["events"] ?? ""), agents: typed["agents"] || target ? lines(typed["agents"] ?? "") : undefined, enabled: typed["enabled"] === "true",
        });
        return target ? api.patch(oneTarget, { path: { name: target.name }, body }) : api.post(targets, { body: { name: typed["name"] ?? "", kind: typed["kind"] ?? "webhook", ...body } });
      }} />
  );
}

function TryOut({ name }: { name: string }) {
  const tried = useMutation({ mutationFn: () => api.post("/api/cockpit-agent/notifications/targets/{name}/test", { path: { name } }) });
  return (
    <>
      <button className="button" disabled={tried.isPending} onClick={() => tried.mutate()}>{tried.isPending ? "Sending…" : "Test"}</button>
      {(tried.data ?? tried.error) && <span role="status" className="self-center text-xs">{tried.data?.delivered ? `delivered in ${tried.data.took_ms} ms` : tried.data?.error ?? (tried.error as Error | null)?.message}</span>}
    </>
  );
}

function Deliveries({ write }: { write: boolean }) {
  const { state } = useSearch({ strict: false }) as { state?: string };
  const navigate = useNavigate();
  const queries = useQueryClient();
  const log = useInfiniteQuery({
    queryKey: ["deliveries", state],
    queryFn: ({ pageParam }) => api.get(deliveries, { query: given({ limit: 50, state: textOr(state), cursor: textOr(pageParam) }) }),
    initialPageParam: "", getNextPageParam: (page) => page.next_cursor, refetchInterval: 10_000,
  });
  const resend = useMutation({ mutationFn: (id: number) => api.post("/api/cockpit-agent/notifications/deliveries/{id}/resend", { path: { id: String(id) } }), onSettled: () => void queries.invalidateQueries({ queryKey: ["deliveries"] }) });
  const rows = log.data?.pages.flatMap((page) => page.deliveries) ?? [];
  return (
    <>
      <div className="mt-8 mb-2 flex flex-wrap items-center justify-between gap-2">
        <h2 className="font-semibold">Deliveries</h2>
        <select aria-label="state" className="input w-auto" value={state ?? ""} onChange={(e) => void navigate({ to: "/notifications", replace: true, search: e.target.value ? { state: e.target.value } : {} })}>
          <option value="">all states</option>{["pending", "delivered", "dead"].map((word) => <option key={word}>{word}</option>)}
        </select>
      </div>
      {resend.error !== null && <div className="mb-3"><Failure error={resend.error} /></div>}
      {log.data === undefined ? (log.isError ? <Failure error={log.error} retry={() => void log.refetch()} /> : <Skeleton rows={3} />) : rows.length === 0 ? <Empty>Nobody was told of anything{state && ` that is ${state}`} yet.</Empty> : (
        <Table label="deliveries" head={["When", "To", "Event", "State", "Attempts", "Last error", ...(write ? [""] : [])]}>
          {rows.map((one) => (
            <tr key={one.id}>
              <td><Time at={one.created_at} /></td><td>{one.target}</td><td>{one.event}</td><td><Status word={one.status} /></td><td>{one.attempts}</td><td className="break-words">{one.last_error ?? "—"}</td>
              {write && <td>{one.status !== "pending" && <button className="button" disabled={resend.isPending} onClick={() => resend.mutate(one.id)}>Send again</button>}</td>}
            </tr>
          ))}
        </Table>
      )}
      {log.hasNextPage && <button className="button mt-3" disabled={log.isFetchingNextPage} onClick={() => void log.fetchNextPage()}>Older ones</button>}
    </>
  );
}

export function Notifications() {
  const { may } = useSession();
  const write = may("notifications:write");
  const [edited, setEdited] = useState<NotificationTarget | null | "none">("none");
  const list = useQuery({ queryKey: ["notification targets"], queryFn: () => api.get(targets), refetchInterval: 10_000 });
  return (
    <>
      <Title actions={write && <button className="button button-main" onClick={() => setEdited(null)}>New target</button>}>Notifications</Title>
      {list.data === undefined ? (list.isError ? <Failure error={list.error} retry={() => void list.refetch()} /> : <Skeleton rows={3} />) :
        list.data.targets.length === 0 ? <Empty>Nobody is told of anything yet. A target is a webhook, a Slack channel or e-mail addresses, and the events it gets.</Empty> : (
          <Table label="targets" head={["Target", "Kind", "Where to", "Events", "Hosts", ...(write ? [""] : [])]}>
            {list.data.targets.map((one) => (
              <tr key={one.name}>
                <td>{one.name} {!one.enabled && <Status word="disabled" />}</td><td>{one.kind}</td><td className="break-all">{one.url ?? one.addresses.join(", ")}</td><td className="break-words">{one.events.join(", ")}</td><td>{one.agents.join(", ") || "all"}</td>
                {write && <td><span className="flex flex-wrap justify-end gap-2">
                  <TryOut name={one.name} />
                  <button className="button" onClick={() => setEdited(one)}>Change<span className="sr-only"> {one.name}</span></button>
                  <Confirmed label="Remove" question={<>Remove the target <code>{one.name}</code>? What waits for it is not sent any more.</>} act={() => api.remove(oneTarget, { path: { name: one.name } })} touches={["notification targets", "deliveries"]} />
                </span></td>}
              </tr>
            ))}
          </Table>
        )}
      <Deliveries write={write} />
      {edited !== "none" && <TargetEditor target={edited} onClose={() => setEdited("none")} />}
    </>
  );
}
