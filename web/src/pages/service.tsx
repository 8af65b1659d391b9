import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { api, newKey } from "../api/client";
import { DeploymentTable } from "../parts/deployment-table";
import { Diff } from "../parts/diff";
import { Confirmed } from "../parts/form";
import { Empty, Failure, Field, Skeleton, Status, Title } from "../parts/ui";
import { useSession } from "../session";
import { ServiceEditor } from "./service-editor";

export function ServicePage() {
  const { name } = useParams({ strict: false }) as { name: string };
  const { may } = useSession();
  const navigate = useNavigate();
  const path = { name };
  const service = useQuery({ queryKey: ["service", name], queryFn: () => api.get("/api/cockpit-agent/services/{name}", { path }) });
  const past = useQuery({ queryKey: ["deployments", name], queryFn: () => api.get("/api/cockpit-agent/deployments", { query: { service: name } }), refetchInterval: 3000 });
  const [file, setFile] = useState("");
  const [content, setContent] = useState("");
  const [message, setMessage] = useState("");
  const [force, setForce] = useState(false);
  const [editing, setEditing] = useState(false);
  // Of an earlier deployment that is to be taken back; it brings its own files.
  const { revert } = useSearch({ strict: false }) as { revert?: string };
  const body = () => (revert ? { revert, ...(message ? { message } : {}) } : { ...(file ? { files: [{ path: file, content }] } : {}), ...(message ? { message } : {}), ...(force ? { force } : {}) });
  const preview = useMutation({ mutationFn: () => api.post("/api/cockpit-agent/services/{name}/preview", { path, body: body() }) });
  const deploy = useMutation({ mutationFn: () => api.post("/api/cockpit-agent/services/{name}/deployments", { path, body: body(), headers: newKey() }), onSuccess: (made) => void navigate({ to: "/deployments/$id", params: { id: made.deployment_id } }) });
  if (service.data === undefined) return service.isError ? <Failure error={service.error} /> : <Skeleton />;
  return (
    <>
      <Title actions={may("services:write") && <>
        <button className="button" onClick={() => setEditing(true)}>Change</button>
        <Confirmed label="Remove" question={<>Remove the service <code>{name}</code>? Its repository and what is on the hosts stay as they are.</>} act={async () => { await api.remove("/api/cockpit-agent/services/{name}", { path }); void navigate({ to: "/deployments" }); }} touches={["services"]} />
      </>}>{name}</Title>
      <p className="muted mb-4 text-sm break-words">{service.data.remote}, branch {service.data.branch}, to {service.data.targets}: {service.data.repository_path}{service.data.container && `, restarts ${service.data.container}`}</p>
      {may("deployments:write") && (
        <div className="card mb-6 p-4">
          {revert ? (
            <p className="mb-3 flex flex-wrap items-center gap-3 text-sm">Takes back <Link className="link" to="/deployments/$id" params={{ id: revert }}>an earlier deployment</Link>: the files it changed become what they were before it.
              <Link className="link" to="/services/$name" params={{ name }}>Deploy something else</Link></p>
          ) : <>
          <Field label="File (optional)" hint="From the service's path. Empty: what its templates make, or what the branch holds.">{(id, hint) => <input id={id} aria-describedby={hint} className="input font-mono" value={file} onChange={(e) => setFile(e.target.value)} />}</Field>
          {file && <Field label="Content">{(id) => <textarea id={id} className="input min-h-40 font-mono" value={content} onChange={(e) => setContent(e.target.value)} />}</Field>}
          </>}
          <Field label="Message">{(id) => <input id={id} className="input" value={message} onChange={(e) => setMessage(e.target.value)} />}</Field>
          {!revert && <label className="mb-3 flex items-center gap-2 text-sm"><input type="checkbox" checked={force} onChange={(e) => setForce(e.target.checked)} />restart and check where nothing changed, too</label>}
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
      {editing && <ServiceEditor service={service.data} onClose={() => setEditing(false)} />}
    </>
  );
}
