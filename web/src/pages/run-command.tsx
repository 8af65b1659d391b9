import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo, useState, type FormEvent } from "react";
import { useAgents } from "../agents-live";
import { api, newKey, Problem } from "../api/client";
import type { CommandSchema, Parameter, Plan } from "../api/types";
import { Dialog } from "../parts/dialog";
import { Empty, Failure, Field, Status, Title } from "../parts/ui";

export interface RunSearch { agent?: string; command?: string; params?: string }

/** The parameters as the form holds them, as text, to what is sent. Left empty is not given. */
export function paramsOf(schema: CommandSchema, typed: Record<string, string>): Record<string, unknown> {
  const params: Record<string, unknown> = {};
  for (const parameter of schema.parameters) {
    const text = typed[parameter.name] ?? "";
    if (text === "") continue;
    params[parameter.name] = parameter.type === "integer" ? Number(text) : parameter.type === "boolean" ? text === "true" : text;
  }
  return params;
}

function ParameterInput({ parameter, value, onChange }: { parameter: Parameter; value: string; onChange: (value: string) => void }) {
  const placeholder = parameter.default === undefined ? "" : String(parameter.default);
  const choices = parameter.type === "boolean" ? ["true", "false"] : (parameter.values ?? []);
  return (
    <Field label={parameter.required ? parameter.name : `${parameter.name} (optional)`} hint={parameter.description}>
      {(id, hint) => choices.length > 0 ? (
        <select id={id} aria-describedby={hint} className="input" required={parameter.required} value={value} onChange={(e) => onChange(e.target.value)}>
          <option value="">{placeholder ? `${placeholder} (default)` : "—"}</option>
          {choices.map((choice) => <option key={choice}>{choice}</option>)}
        </select>
      ) : (
        <input id={id} aria-describedby={hint} className="input" required={parameter.required} value={value} placeholder={placeholder}
          type={parameter.secret ? "password" : parameter.type === "integer" ? "number" : "text"} min={parameter.minimum} max={parameter.maximum}
          maxLength={parameter.type === "string" ? parameter.max_length : undefined} autoComplete="off" onChange={(e) => onChange(e.target.value)} />
      )}
    </Field>
  );
}

export function RunCommand() {
  const search = useSearch({ strict: false }) as RunSearch;
  const navigate = useNavigate();
  const agents = useAgents();
  const [targets, setTargets] = useState(search.agent ?? "");
  const [name, setName] = useState(search.command ?? "echo");
  const [typed, setTyped] = useState<Record<string, string>>(() => {
    try {
      return Object.fromEntries(Object.entries(JSON.parse(search.params ?? "{}") as Record<string, unknown>).map(([key, value]) => [key, String(value)]));
    } catch {
      return {};
    }
  });
  const [asked, setAsked] = useState<Plan | null>(null);

  const chosen = useQuery({
    queryKey: ["targets", targets],
    queryFn: () => api.get("/api/cockpit-agent/targets", { query: { expression: targets } }),
    enabled: targets.trim() !== "", retry: false,
  });
  const example = chosen.data?.agents[0]?.agent_id ?? agents.data?.find((agent) => agent.status === "online")?.agent_id;
  const able = useQuery({ queryKey: ["able", example], queryFn: () => api.get("/api/cockpit-agent/{agent_id}/commands", { path: { agent_id: example! } }), enabled: example !== undefined });
  const schema = useMemo(() => able.data?.commands.find((command) => command.name === name), [able.data, name]);

  const plan = useMutation({
    mutationFn: () => api.post("/api/cockpit-agent/plans", { body: { targets, command: name, params: schema ? paramsOf(schema, typed) : {} } }),
    onSuccess: (made) => { if (made.total === 1 && schema?.pure) run.mutate(made); else setAsked(made); },
  });
  const run = useMutation({
    mutationFn: async (made: Plan) => {
      if (made.total === 1) {
        const sent = await api.post("/api/cockpit-agent/command", { body: { agent_id: made.hosts[0]!.agent_id, command: name, params: schema ? paramsOf(schema, typed) : {} }, headers: newKey() });
        return { command: sent.command_id };
      }
      const started = await api.post("/api/cockpit-agent/runs", { body: { plan_id: made.plan_id, hash: made.hash }, headers: newKey() });
      return { run: started.run_id };
    },
    onSuccess: (made) => void (made.command ? navigate({ to: "/commands/$id", params: { id: made.command } }) : navigate({ to: "/runs/$id", params: { id: made.run! } })),
  });

  const submit = (event: FormEvent) => { event.preventDefault(); plan.mutate(); };
  const wrong = chosen.error instanceof Problem ? chosen.error.message : undefined;
  return (
    <>
      <Title>Run a command</Title>
      <form onSubmit={submit} className="grid gap-6 lg:grid-cols-2">
        <div className="card p-4">
          <Field label="Who" error={wrong} hint="An id, a pattern such as web-*, group:NAME, label=value; and, or, not, ( )">
            {(id, hint) => <input id={id} aria-describedby={hint} aria-invalid={wrong !== undefined} list="agents" className="input font-mono" required value={targets} onChange={(e) => setTargets(e.target.value)} autoComplete="off" />}
          </Field>
          <datalist id="agents">{agents.data?.slice(0, 200).map((agent) => <option key={agent.agent_id} value={agent.agent_id} />)}</datalist>
          <Field label="Command" hint={schema?.description}>
            {(id, hint) => (
              <select id={id} aria-describedby={hint} className="input" value={name} onChange={(e) => { setName(e.target.value); setTyped({}); }}>
                {(able.data?.commands ?? [{ name }]).map((command) => <option key={command.name}>{command.name}</option>)}
              </select>
            )}
          </Field>
          {schema?.parameters.map((parameter) => (
            <ParameterInput key={parameter.name} parameter={parameter} value={typed[parameter.name] ?? ""} onChange={(value) => setTyped({ ...typed, [parameter.name]: value })} />
          ))}
          {(plan.error ?? run.error) !== null && <div className="mb-3"><Failure error={plan.error ?? run.error} /></div>}
          <button className="button button-main" disabled={plan.isPending || run.isPending || !chosen.data?.total}>Run{chosen.data?.total ? ` on ${chosen.data.total} ${chosen.data.total === 1 ? "host" : "hosts"}` : ""}</button>
        </div>
        <div>
          <h2 className="mb-2 font-semibold">Exactly these hosts</h2>
          {chosen.data === undefined ? <Empty>Say who, and they are listed here before anything runs.</Empty> : (
            <ul className="card max-h-[60vh] divide-y divide-stone-100 overflow-auto text-sm dark:divide-stone-800" tabIndex={0} aria-label="hosts that are meant">
              {chosen.data.agents.slice(0, 1000).map(({ agent_id }) => {
                const known = agents.data?.find((agent) => agent.agent_id === agent_id);
                return <li key={agent_id} className="flex justify-between gap-3 px-4 py-2"><span className="break-all">{agent_id}</span>{known && <Status word={known.status} why={known.evidence} />}</li>;
              })}
            </ul>
          )}
          {chosen.data?.notes.map((note) => <p key={note} className="muted mt-2 text-sm">{note}</p>)}
        </div>
      </form>
      <Dialog open={asked !== null} onClose={() => setAsked(null)} label="What is about to run">
        <div className="p-6">
          <h2 className="mb-2 text-lg font-semibold">Run <code>{name}</code> on {asked?.total} {asked?.total === 1 ? "host" : "hosts"}?</h2>
          <p className="muted mb-3 text-sm">{asked?.ready} of them would take it now.</p>
          <ul className="mb-4 max-h-72 overflow-auto text-sm" tabIndex={0} aria-label="hosts">
            {asked?.hosts.map((host) => <li key={host.agent_id} className="py-1 break-words">{host.agent_id}{host.in_the_way?.map((one) => <span key={one.kind} className="muted"> — {one.detail}</span>)}</li>)}
          </ul>
          <div className="flex justify-end gap-2">
            <button className="button" onClick={() => setAsked(null)}>Not now</button>
            <button className="button button-main" data-first="" disabled={run.isPending} onClick={() => { if (asked) run.mutate(asked); }}>Run it</button>
          </div>
        </div>
      </Dialog>
    </>
  );
}
