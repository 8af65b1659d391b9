import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { api, newKey } from "../api/client";
import { follow } from "../api/events";
import type { Deployment, Preview, Service, Step } from "../api/types";
import { Diff } from "../parts/diff";
import { Empty, Failure, Field, Skeleton, Status, Table, Time, Title } from "../parts/ui";
import { useSession } from "../session";

export function Deployments() {
  const services = useQuery({ queryKey: ["services"], queryFn: () => api.get<{ services: Service[] }>("/services") });
  const past = useQuery({ queryKey: ["deployments"], queryFn: () => api.get<{ deployments: Deployment[] }>("/deployments"), refetchInterval: 3000 });
  return (
    <>
      <Title>Deployments</Title>
      <h2 className="mb-2 font-semibold">Services</h2>
      {services.data === undefined ? (services.isError ? <Failure error={services.error} /> : <Skeleton rows={2} />) : services.data.services.length === 0 ? <Empty>There is no service yet. <code>POST /api/cockpit-agent/services</code> makes one (docs/deployments.md).</Empty> : (
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
    </>
  );
}

function DeploymentTable({ deployments }: { deployments: Deployment[] }) {
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

export function ServicePage() {
  const { name } = useParams({ strict: false }) as { name: string };
  const { may } = useSession();
  const navigate = useNavigate();
  const path = `/services/${encodeURIComponent(name)}`;
  const service = useQuery({ queryKey: ["service", name], queryFn: () => api.get<Service>(path) });
  const past = useQuery({ queryKey: ["deployments", name], queryFn: () => api.get<{ deployments: Deployment[] }>(`/deployments?service=${encodeURIComponent(name)}`), refetchInterval: 3000 });
  const [file, setFile] = useState("");
  const [content, setContent] = useState("");
  const [message, setMessage] = useState("");
  const [force, setForce] = useState(false);
  const body = () => ({ ...(file ? { files: [{ path: file, content }] } : {}), ...(message ? { message } : {}), ...(force ? { force } : {}) });
  const preview = useMutation({ mutationFn: () => api.post<Preview>(`${path}/preview`, body()) });
  const deploy = useMutation({ mutationFn: () => api.post<Deployment>(`${path}/deployments`, body(), newKey()), onSuccess: (made) => void navigate({ to: "/deployments/$id", params: { id: made.deployment_id } }) });
  if (service.data === undefined) return service.isError ? <Failure error={service.error} /> : <Skeleton />;
  return (
    <>
      <Title>{name}</Title>
      <p className="muted mb-4 text-sm break-words">{service.data.remote}, branch {service.data.branch}, to {service.data.targets}: {service.data.repository_path}{service.data.container && `, restarts ${service.data.container}`}</p>
      {may("deployments:write") && (
        <div className="card mb-6 p-4">
          <Field label="File (optional)" hint="From the service's path. Empty: what its templates make, or what the branch holds.">{(id, hint) => <input id={id} aria-describedby={hint} className="input font-mono" value={file} onChange={(e) => setFile(e.target.value)} />}</Field>
          {file && <Field label="Content">{(id) => <textarea id={id} className="input min-h-40 font-mono" value={content} onChange={(e) => setContent(e.target.value)} />}</Field>}
          <Field label="Message">{(id) => <input id={id} className="input" value={message} onChange={(e) => setMessage(e.target.value)} />}</Field>
          <label className="mb-3 flex items-center gap-2 text-sm"><input type="checkbox" checked={force} onChange={(e) => setForce(e.target.checked)} />restart and check where nothing changed, too</label>
          {(preview.error ?? deploy.error) !== null && <div className="mb-3"><Failure error={preview.error ?? deploy.error} /></div>}
          <div className="flex gap-2">
            <button className="button" disabled={preview.isPending} onClick={() => preview.mutate()}>Look at the difference</button>
            <button className="button button-main" disabled={preview.data === undefined || deploy.isPending} onClick={() => deploy.mutate()}>Deploy</button>
          </div>
          {preview.data && (
            <div className="mt-4 space-y-3">
              {preview.data.nothing_to_commit && <p className="text-sm">There is nothing to commit.</p>}
              {preview.data.files.filter((one) => one.diff).map((one) => <div key={one.path}><h3 className="mb-1 text-sm font-medium">{one.path} <Status word={one.change} /></h3><Diff text={one.diff!} /></div>)}
              <p className="text-sm">To {preview.data.hosts.map((host) => `${host.agent_id} (wave ${host.wave}${host.in_the_way ? `: ${host.in_the_way}` : ""})`).join(", ")}</p>
            </div>
          )}
        </div>
      )}
      <h2 className="mb-2 font-semibold">Past deployments</h2>
      {past.data && (past.data.deployments.length === 0 ? <Empty>It was not deployed yet.</Empty> : <DeploymentTable deployments={past.data.deployments} />)}
    </>
  );
}

function Steps({ steps }: { steps: Step[] }) {
  return (
    <ol className="space-y-1">
      {steps.map((step, i) => (
        <li key={i} className="flex flex-wrap items-baseline gap-2 text-sm">
          <Status word={step.status} />
          {step.command_id ? <Link className="link" to="/commands/$id" params={{ id: step.command_id }}>{step.step.replaceAll("_", " ")}</Link> : step.step}
          {step.commit && <code className="text-xs">{step.commit.slice(0, 10)}</code>}
          {step.detail && <span className="muted basis-full pl-4 font-mono text-xs break-words whitespace-pre-wrap">{step.detail.trim()}</span>}
        </li>
      ))}
    </ol>
  );
}

export function DeploymentPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const { may } = useSession();
  const [data, setData] = useState<Deployment | null>(null);
  const [error, setError] = useState<unknown>(null);
  const wish = useMutation({ mutationFn: (word: string) => api.post(`/deployments/${id}/${word}`) });
  useEffect(() => {
    const ended = new AbortController();
    void follow(`/api/cockpit-agent/deployments/${id}/events`, ended.signal, {
      last: "end",
      onEvent: (event) => { if (event.event === "deployment") setData(JSON.parse(event.data) as Deployment); },
    }).catch(setError);
    return () => ended.abort();
  }, [id]);
  if (data === null) return error !== null ? <Failure error={error} /> : <Skeleton />;
  return (
    <>
      <Title actions={may("deployments:write") && data.ended_at === null && <>
        {data.status === "paused" ? <button className="button" onClick={() => wish.mutate("resume")}>Resume</button> : <button className="button" onClick={() => wish.mutate("pause")}>Pause</button>}
        <button className="button button-danger" onClick={() => wish.mutate("cancel")}>Cancel and roll back</button>
      </>}>Deployment of <Link className="link" to="/services/$name" params={{ name: data.service }}>{data.service}</Link></Title>
      {wish.error !== null && <div className="mb-3"><Failure error={wish.error} /></div>}
      <p role="status" className="mb-2 flex flex-wrap items-center gap-3 text-sm"><Status word={data.status} />{data.why}{data.asked && <span className="muted">asked: {data.asked}</span>}</p>
      <p className="muted mb-4 text-sm">“{data.message}” by {data.created_by}, <Time at={data.created_at} />{data.commit && <>, commit <code>{data.commit.slice(0, 10)}</code> on <code>{data.base?.slice(0, 10)}</code></>}</p>
      <section className="card mb-4 p-4"><h2 className="mb-2 text-sm font-semibold">On the server</h2><Steps steps={data.steps ?? []} /></section>
      {data.hosts?.map((host) => (
        <section key={host.agent_id} className="card mb-3 p-4">
          <h2 className="mb-2 flex flex-wrap items-center gap-2 text-sm font-semibold"><Link className="link" to="/agents/$id" params={{ id: host.agent_id }}>{host.agent_id}</Link><span className="muted font-normal">wave {host.wave}</span><Status word={host.status} /></h2>
          {host.why && <p className="mb-2 text-sm break-words">{host.why}</p>}
          <Steps steps={host.steps} />
        </section>
      ))}
    </>
  );
}
