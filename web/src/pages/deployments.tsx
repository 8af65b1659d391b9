import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { api } from "../api/client";
import { DeploymentTable } from "../parts/deployment-table";
import { Empty, Failure, Skeleton, Table, Title } from "../parts/ui";
import { useSession } from "../session";
import { ServiceEditor } from "./service-editor";

export function Deployments() {
  const services = useQuery({ queryKey: ["services"], queryFn: () => api.get("/api/cockpit-agent/services") });
  const past = useQuery({ queryKey: ["deployments"], queryFn: () => api.get("/api/cockpit-agent/deployments"), refetchInterval: 3000 });
  const { may } = useSession();
  const [making, setMaking] = useState(false);
  return (
    <>
      <Title actions={may("services:write") && <button className="button button-main" onClick={() => setMaking(true)}>New service</button>}>Deployments</Title>
      <h2 className="mb-2 font-semibold">Services</h2>
      {services.data === undefined ? (services.isError ? <Failure error={services.error} /> : <Skeleton rows={2} />) : services.data.services.length === 0 ? <Empty>There is no service yet. A service is a git repository, who gets its files, and what is restarted and checked afterwards.</Empty> : (
        <Table label="services" head={["Service", "Repository", "Branch", "Who", "Container"]}>
          {services.data.services.map((service) => (
            <tr key={service.name}>
              <td><Link className="link" to="/services/$name" params={{ name: service.name }}>{service.name}</Link></td>
              <td className="break-all">{service.remote}</td><td>{service.branch}</td><td>{service.targets}</td><td>{service.container || "—"}</td>
            </tr>
          ))}
        </Table>
      )}
      <h2 className="mt-6 mb-2 font-semibold">Latest</h2>
      {past.data && (past.data.deployments.length === 0 ? <Empty>Nothing was deployed yet.</Empty> : <DeploymentTable deployments={past.data.deployments} />)}
      {making && <ServiceEditor service={null} onClose={() => setMaking(false)} />}
    </>
  );
}
