import { Link } from "@tanstack/react-router";
import type { Deployment } from "../api/types";
import { Status, Table, Time } from "./ui";

export function DeploymentTable({ deployments }: { deployments: Deployment[] }) {
  return (
    <Table label="deployments" head={["Begun", "Service", "State", "Commit", "Hosts", "Message", "By"]}>
      {deployments.map((one) => (
        <tr key={one.deployment_id}>
          <td><Link className="link" to="/deployments/$id" params={{ id: one.deployment_id }}><Time at={one.created_at} /></Link></td>
          <td>{one.service}</td><td><Status word={one.status} why={one.why} /></td><td><code>{one.commit?.slice(0, 10) ?? "—"}</code></td>
          <td>{one.total}</td><td className="break-words">{one.message}</td><td>{one.created_by}</td>
        </tr>
      ))}
    </Table>
  );
}
