import { Link } from "@tanstack/react-router";
import type { Command } from "../api/types";
import { Status, Table, Time } from "./ui";
import { span } from "./words";

export function CommandTable({ commands, agent = true }: { commands: Command[]; agent?: boolean }) {
  return (
    <Table label="commands" head={["Sent", ...(agent ? ["Agent"] : []), "Command", "State", "Took", "By"]}>
      {commands.map((command) => (
        <tr key={command.command_id}>
          <td><Link className="link" to="/commands/$id" params={{ id: command.command_id }}><Time at={command.sent_at} /></Link></td>
          {agent && <td><Link className="link" to="/agents/$id" params={{ id: command.agent_id }}>{command.agent_id}</Link></td>}
          <td><code>{command.command}</code></td>
          <td><Status word={command.status} why={command.error} /></td>
          <td className="whitespace-nowrap">{command.execution_time_ms === null ? "—" : span(command.execution_time_ms)}</td>
          <td className="break-all">{command.sent_by}</td>
        </tr>
      ))}
    </Table>
  );
}
