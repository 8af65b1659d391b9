import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../api/client";
import type { MaintenanceWindow, Schedule } from "../api/types";
import { Confirmed, Editor, given, objectOf, textOr, type Input, type Typed } from "../parts/form";
import { Empty, Failure, Skeleton, Status, Table, Time, Title } from "../parts/ui";
import { useSession } from "../session";

const schedules = "/api/cockpit-agent/schedules";
const oneSchedule = "/api/cockpit-agent/schedules/{name}";
const windows = "/api/cockpit-agent/maintenance-windows";
const oneWindow = "/api/cockpit-agent/maintenance-windows/{name}";
const newName: Input = { name: "name", label: "Name", required: true, hint: "Letters, digits, dots, underscores, hyphens." };

const scheduleInputs: Input[] = [
  { name: "description", label: "Description" },
  { name: "cron", label: "When", required: true, hint: "minute hour day month weekday: 0 3 * * mon-fri" },
  { name: "time_zone", label: "Time zone", hint: "Europe/Berlin, say; UTC when empty." },
  { name: "kind", label: "Starts a", kind: "choice", choices: ["command", "run", "deployment"] },
  { name: "request", label: "Request", kind: "area", required: true, hint: "JSON, as the request that starts one by hand." },
  { name: "missed", label: "What was due while no server was there", kind: "choice", choices: ["skip", "once", "all"] },
  { name: "overlap", label: "When the one before still runs", kind: "choice", choices: ["skip", "allow"] },
  { name: "enabled", label: "Enabled", kind: "flag" },
];

function ScheduleEditor({ schedule, onClose }: { schedule: Schedule | null; onClose: () => void }) {
  const start: Typed = schedule
    ? { ...schedule, next: "", enabled: schedule.enabled ? "true" : "", missed_within_s: String(schedule.missed_within_s), request: JSON.stringify(schedule.request, null, 2) }
    : { kind: "command", missed: "skip", overlap: "skip", enabled: "true", request: '{\n  "agent_id": "web-1",\n  "command": "echo",\n  "params": {"message": "hello"}\n}' };
  return (
    <Editor title={schedule ? `Change schedule ${schedule.name}` : "New schedule"} inputs={schedule ? scheduleInputs : [newName, ...scheduleInputs]} start={start} onClose={onClose} touches={["schedules"]}
      save={async (typed) => {
        const body = given({
          description: textOr(typed["description"]), cron: typed["cron"] ?? "", time_zone: textOr(typed["time_zone"]), kind: typed["kind"] ?? "command",
          request: objectOf(typed["request"] ?? "", "the request") ?? {}, missed: textOr(typed["missed"]), overlap: textOr(typed["overlap"]), enabled: typed["enabled"] === "true",
          missed_within_s: typed["missed_within_s"] ? Number(typed["missed_within_s"]) : undefined,
        });
        return schedule ? api.put(oneSchedule, { path: { name: schedule.name }, body }) : api.post(schedules, { body: { name: typed["name"] ?? "", ...body } });
      }} />
  );
}

const windowInputs: Input[] = [
  { name: "targets", label: "Who", required: true, hint: "An expression: the hosts on which nothing starts." },
  { name: "reason", label: "Reason", hint: "Told to whoever is refused." },
  { name: "cron", label: "Opens", hint: "Again and again: minute hour day month weekday. Empty: once, from and until." },
  { name: "time_zone", label: "Time zone" },
  { name: "duration_s", label: "Seconds it stays open", kind: "number" },
  { name: "from", label: "From", hint: "Once: 2026-12-24T18:00Z" },
  { name: "until", label: "Until" },
];

function secondsOf(text: string | undefined, what: string): number | undefined {
  if (!text) return undefined;
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new Error(`${what} must be a time such as 2026-12-24T18:00Z`);
  return Math.floor(time / 1000);
}

function WindowEditor({ window, onClose }: { window: MaintenanceWindow | null; onClose: () => void }) {
  const start: Typed = window
    ? { targets: window.targets, reason: window.reason, cron: window.cron ?? "", time_zone: window.time_zone ?? "", duration_s: window.duration_s ? String(window.duration_s) : "", from: window.from ?? "", until: window.until ?? "" }
    : {};
  return (
    <Editor title={window ? `Change window ${window.name}` : "New maintenance window"} inputs={window ? windowInputs : [newName, ...windowInputs]} start={start} onClose={onClose} touches={["windows"]}
      save={async (typed) => {
        const body = given({
          targets: typed["targets"] ?? "", reason: textOr(typed["reason"]), cron: textOr(typed["cron"]), time_zone: textOr(typed["time_zone"]),
          duration_s: typed["duration_s"] ? Number(typed["duration_s"]) : undefined, from: secondsOf(typed["from"], "'From'"), until: secondsOf(typed["until"], "'Until'"),
        });
        return window ? api.put(oneWindow, { path: { name: window.name }, body }) : api.post(windows, { body: { name: typed["name"] ?? "", ...body } });
      }} />
  );
}

export function Schedules() {
  const { may } = useSession();
  const write = may("schedules:write");
  const [schedule, setSchedule] = useState<Schedule | null | "none">("none");
  const [window, setWindow] = useState<MaintenanceWindow | null | "none">("none");
  const list = useQuery({ queryKey: ["schedules"], queryFn: () => api.get(schedules), refetchInterval: 10_000 });
  const closed = useQuery({ queryKey: ["windows"], queryFn: () => api.get(windows), refetchInterval: 10_000 });
  return (
    <>
      <Title actions={write && <button className="button button-main" onClick={() => setSchedule(null)}>New schedule</button>}>Schedules</Title>
      {list.data === undefined ? (list.isError ? <Failure error={list.error} retry={() => void list.refetch()} /> : <Skeleton rows={3} />) :
        list.data.schedules.length === 0 ? <Empty>Nothing is scheduled yet. A schedule starts a command, a run or a deployment, as often as you say.</Empty> : (
          <Table label="schedules" head={["Schedule", "When", "Zone", "Starts", "Next", "By", ...(write ? [""] : [])]}>
            {list.data.schedules.map((one) => (
              <tr key={one.name}>
                <td>{one.name}{one.description && <span className="muted block text-xs">{one.description}</span>}</td><td><code>{one.cron}</code></td><td>{one.time_zone}</td><td>{one.kind}</td>
                <td>{one.enabled ? <Time at={one.next} /> : <Status word="disabled" />}</td><td>{one.updated_by}</td>
                {write && <td><span className="flex justify-end gap-2">
                  <Confirmed label="Run now" danger={false} question={<>Start what <code>{one.name}</code> starts, now?</>} act={() => api.post("/api/cockpit-agent/schedules/{name}/run", { path: { name: one.name } })} touches={["schedules"]} />
                  <button className="button" onClick={() => setSchedule(one)}>Change<span className="sr-only"> {one.name}</span></button>
                  <Confirmed label="Remove" question={<>Remove the schedule <code>{one.name}</code>?</>} act={() => api.remove(oneSchedule, { path: { name: one.name } })} touches={["schedules"]} />
                </span></td>}
              </tr>
            ))}
          </Table>
        )}
      <div className="mt-8 mb-2 flex items-center justify-between gap-2">
        <h2 className="font-semibold">Maintenance windows</h2>
        {write && <button className="button" onClick={() => setWindow(null)}>New window</button>}
      </div>
      {closed.data === undefined ? (closed.isError ? <Failure error={closed.error} retry={() => void closed.refetch()} /> : <Skeleton rows={2} />) :
        closed.data.windows.length === 0 ? <Empty>No window. While one is open, nothing starts on its hosts, unless it is forced.</Empty> : (
          <Table label="maintenance windows" head={["Window", "Who", "When", "Now", "Reason", ...(write ? [""] : [])]}>
            {closed.data.windows.map((one) => (
              <tr key={one.name}>
                <td>{one.name}</td><td><code>{one.targets}</code> ({one.total})</td><td>{one.cron ? <code>{one.cron}</code> : <><Time at={one.from ?? null} /> to <Time at={one.until ?? null} /></>}</td>
                <td>{one.open ? <><Status word="open" /> until <Time at={one.open_until ?? null} /></> : <>next <Time at={one.next ?? null} /></>}</td><td>{one.reason}{one.problem && <span className="block text-xs">{one.problem}</span>}</td>
                {write && <td><span className="flex justify-end gap-2">
                  <button className="button" onClick={() => setWindow(one)}>Change<span className="sr-only"> {one.name}</span></button>
                  <Confirmed label="Remove" question={<>Remove the window <code>{one.name}</code>? Commands may start on its hosts again.</>} act={() => api.remove(oneWindow, { path: { name: one.name } })} touches={["windows"]} />
                </span></td>}
              </tr>
            ))}
          </Table>
        )}
      {schedule !== "none" && <ScheduleEditor schedule={schedule} onClose={() => setSchedule("none")} />}
      {window !== "none" && <WindowEditor window={window} onClose={() => setWindow("none")} />}
    </>
  );
}
