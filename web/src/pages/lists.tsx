// What is looked at now and then: groups, schedules, notifications.

import { useQuery } from "@tanstack/react-query";
import { api } from "../api/client";
import type { Delivery, Group, Schedule } from "../api/types";
import { Empty, Failure, Skeleton, Status, Table, Time, Title } from "../parts/ui";

function Loaded<T>({ path, of, empty, children }: { path: string; of: string; empty: string; children: (rows: T[]) => React.ReactNode }) {
  const list = useQuery({ queryKey: [path], queryFn: () => api.get<Record<string, T[]>>(path), refetchInterval: 10_000 });
  if (list.data === undefined) return list.isError ? <Failure error={list.error} retry={() => void list.refetch()} /> : <Skeleton />;
  const rows = list.data[of] ?? [];
  return rows.length === 0 ? <Empty>{empty}</Empty> : <>{children(rows)}</>;
}

export function Groups() {
  return (
    <>
      <Title>Groups</Title>
      <Loaded<Group> path="/groups" of="groups" empty="There is no group yet. A group is a list of hosts, or an expression over their labels (docs/targets.md).">
        {(groups) => (
          <Table label="groups" head={["Group", "Hosts", "Who", "For"]}>
            {groups.map((group) => <tr key={group.name}><td>{group.name}</td><td>{group.total}</td><td className="break-all"><code>{group.expression ?? group.members?.join(", ")}</code></td><td>{group.description}</td></tr>)}
          </Table>
        )}
      </Loaded>
    </>
  );
}

export function Schedules() {
  return (
    <>
      <Title>Schedules</Title>
      <Loaded<Schedule> path="/schedules" of="schedules" empty="Nothing is scheduled yet (docs/schedules.md).">
        {(schedules) => (
          <Table label="schedules" head={["Schedule", "When", "Zone", "Starts", "Next", "By"]}>
            {schedules.map((one) => <tr key={one.name}><td>{one.name}</td><td><code>{one.cron}</code></td><td>{one.time_zone}</td><td>{one.kind}</td><td>{one.enabled ? <Time at={one.next} /> : <Status word="disabled" />}</td><td>{one.updated_by}</td></tr>)}
          </Table>
        )}
      </Loaded>
    </>
  );
}

export function Notifications() {
  return (
    <>
      <Title>Notifications</Title>
      <Loaded<Delivery> path="/notifications/deliveries" of="deliveries" empty="Nobody was told of anything yet (docs/notifications.md).">
        {(deliveries) => (
          <Table label="deliveries" head={["When", "To", "Event", "State", "Attempts", "Last error"]}>
            {deliveries.map((one) => <tr key={one.id}><td><Time at={one.created_at} /></td><td>{one.target}</td><td>{one.event}</td><td><Status word={one.status} /></td><td>{one.attempts}</td><td className="break-words">{one.last_error ?? "—"}</td></tr>)}
          </Table>
        )}
      </Loaded>
    </>
  );
}
