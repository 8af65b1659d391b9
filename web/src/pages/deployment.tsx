import { useMutation } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { api } from "../api/client";
import { follow } from "../api/events";
import type { Deployment, Step } from "../api/types";
import { Failure, Skeleton, Status, Time, Title } from "../parts/ui";
import { useSession } from "../session";

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
  const wish = useMutation({ mutationFn: (word: "pause" | "resume" | "cancel") => api.post(`/api/cockpit-agent/deployments/{deployment_id}/${word}`, { path: { deployment_id: id } }) });
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
      <Title actions={may("deployments:write") && (data.ended_at !== null ? data.commit !== null && data.commit !== data.base && data.files.length > 0 && <Link className="button" to="/services/$name" params={{ name: data.service }} search={{ revert: id }}>Take it back…</Link> : <>
        {data.status === "paused" ? <button className="button" onClick={() => wish.mutate("resume")}>Resume</button> : <button className="button" onClick={() => wish.mutate("pause")}>Pause</button>}
        <button className="button button-danger" onClick={() => wish.mutate("cancel")}>Cancel and roll back</button>
      </>)}>Deployment of <Link className="link" to="/services/$name" params={{ name: data.service }}>{data.service}</Link></Title>
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
