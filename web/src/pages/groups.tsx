import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../api/client";
import type { Group } from "../api/types";
import { Confirmed, Editor, given, lines, textOr, type Input } from "../parts/form";
import { Empty, Failure, Skeleton, Table, Title } from "../parts/ui";
import { useSession } from "../session";

const groupPath = "/api/cockpit-agent/groups/{name}";
const inputs: Input[] = [
  { name: "description", label: "Description" },
  { name: "expression", label: "Expression", kind: "area", hint: "Who is in it, whenever it is asked: env=prod and not web-7. Leave it empty to list hosts." },
  { name: "members", label: "Hosts", kind: "area", hint: "Instead of an expression: ids, one per line." },
];

function GroupEditor({ group, onClose }: { group: Group | null; onClose: () => void }) {
  const start = { description: group?.description ?? "", expression: group?.expression ?? "", members: group?.members?.join("\n") ?? "" };
  return (
    <Editor title={group ? `Change group ${group.name}` : "New group"} inputs={group ? inputs : [{ name: "name", label: "Name", required: true }, ...inputs]} start={start} onClose={onClose} touches={["groups"]}
      save={(typed) => {
        const body = given({ description: textOr(typed["description"]), expression: textOr(typed["expression"]), members: typed["members"] ? lines(typed["members"]) : undefined });
        return group ? api.put(groupPath, { path: { name: group.name }, body }) : api.post("/api/cockpit-agent/groups", { body: { name: typed["name"] ?? "", ...body } });
      }} />
  );
}

export function Groups() {
  const { may } = useSession();
  const [edited, setEdited] = useState<Group | null | "none">("none");
  const list = useQuery({ queryKey: ["groups"], queryFn: () => api.get("/api/cockpit-agent/groups"), refetchInterval: 10_000 });
  const write = may("cockpit_groups:write");
  return (
    <>
      <Title actions={write && <button className="button button-main" onClick={() => setEdited(null)}>New group</button>}>Groups</Title>
      {list.data === undefined ? (list.isError ? <Failure error={list.error} retry={() => void list.refetch()} /> : <Skeleton />) :
        list.data.groups.length === 0 ? <Empty>There is no group yet. A group is a list of hosts, or an expression over their labels such as <code>env=prod</code>; commands are then sent to <code>group:NAME</code>.</Empty> : (
          <Table label="groups" head={["Group", "Hosts", "Who", "For", ...(write ? [""] : [])]}>
            {list.data.groups.map((group) => (
              <tr key={group.name}>
                <td>{group.name}</td><td>{group.total}</td><td className="break-all"><code>{group.expression ?? group.members?.join(", ")}</code></td><td>{group.description}</td>
                {write && <td><span className="flex justify-end gap-2">
                  <button className="button" onClick={() => setEdited(group)}>Change<span className="sr-only"> {group.name}</span></button>
                  <Confirmed label="Remove" question={<>Remove the group <code>{group.name}</code>? Its {group.total} hosts stay.</>} act={() => api.remove(groupPath, { path: { name: group.name } })} touches={["groups"]} />
                </span></td>}
              </tr>
            ))}
          </Table>
        )}
      {edited !== "none" && <GroupEditor group={edited} onClose={() => setEdited("none")} />}
    </>
  );
}
