// What the API is, read from the server's own document.

import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { request } from "../api/client";
import { Empty, Failure, Skeleton, Title } from "../parts/ui";

export interface Schema {
  type?: string | string[];
  $ref?: string;
  items?: Schema;
  oneOf?: Schema[];
  enum?: string[];
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  required?: string[];
  description?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
}
interface Operation {
  operationId: string;
  summary: string;
  description?: string;
  tags: string[];
  parameters?: { name: string; in: string; required: boolean; schema: Schema }[];
  /** Empty: it takes no token. Absent: it does. */
  security?: object[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: Schema }> }>;
}
interface Document {
  info: { title: string; version: string };
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

/** A schema as one reads it: text, integer or null, Command[]. */
export function wordsOf(schema: Schema): string {
  if (schema.$ref) return schema.$ref.split("/").at(-1)!;
  if (schema.oneOf) return schema.oneOf.map(wordsOf).join(" or ");
  if (schema.enum) return schema.enum.map((word) => `"${word}"`).join(" or ");
  const kinds = [schema.type ?? "any"].flat().map((kind) =>
    kind === "array" ? `${schema.items ? wordsOf(schema.items) : "any"}[]`
    : kind === "object" && typeof schema.additionalProperties === "object" ? `{…: ${wordsOf(schema.additionalProperties)}}` : kind);
  return kinds.join(" or ");
}

function limitsOf(schema: Schema): string {
  const { minimum, maximum, minLength, maxLength } = schema;
  if (minimum !== undefined || maximum !== undefined) return `${minimum ?? "…"} to ${maximum ?? "…"}`;
  if (maxLength !== undefined) return `${minLength ?? 0} to ${maxLength} bytes`;
  return "";
}

function Members({ schema, name }: { schema: Schema; name: string }) {
  const members = Object.entries(schema.properties ?? {});
  if (schema.enum) return <p className="text-sm">{wordsOf(schema)}</p>;
  return (
    <dl aria-label={name} className="grid gap-x-4 gap-y-1 text-sm sm:grid-cols-[minmax(8rem,auto)_1fr]">
      {members.map(([member, of]) => (
        <div key={member} className="contents">
          <dt><code>{member}</code>{schema.required?.includes(member) && <span title="must be there"> *</span>}</dt>
          <dd className="min-w-0 break-words"><span className="muted">{wordsOf(of)}</span>{limitsOf(of) && <span className="muted"> ({limitsOf(of)})</span>} {of.description}</dd>
        </div>
      ))}
    </dl>
  );
}

function OperationView({ method, path, operation, open }: { method: string; path: string; operation: Operation; open: boolean }) {
  const body = operation.requestBody?.content["application/json"]?.schema;
  return (
    <details id={operation.operationId} open={open} className="card mb-2">
      <summary className="flex cursor-pointer flex-wrap items-baseline gap-x-3 p-3 text-sm"><strong className="w-14 uppercase">{method}</strong><code className="break-all">{path}</code><span className="muted">{operation.summary}</span></summary>
      <div className="space-y-3 border-t border-stone-200 p-3 dark:border-stone-800">
        {operation.description && <p className="text-sm">{operation.description}</p>}
        {operation.parameters && <><h4 className="text-sm font-semibold">Parameters</h4>
          <Members name="parameters" schema={{ properties: Object.fromEntries(operation.parameters.map((one) => [one.name, { ...one.schema, description: `${one.schema.description ?? ""} (${one.in})` }])), required: operation.parameters.filter((one) => one.required).map((one) => one.name) }} /></>}
        {body && <><h4 className="text-sm font-semibold">Body</h4><Members name="body" schema={body} /></>}
        <h4 className="text-sm font-semibold">Answers</h4>
        <ul className="text-sm">
          {Object.entries(operation.responses).map(([status, answer]) => {
            const schema = Object.values(answer.content ?? {})[0]?.schema;
            return <li key={status}><code>{status}</code> {answer.description}{schema && <span className="muted"> — {wordsOf(schema)}</span>}</li>;
          })}
        </ul>
        <pre className="output overflow-x-auto rounded p-2 text-xs" tabIndex={0} aria-label="example">{exampleOf(method, path, body, operation.security === undefined)}</pre>
      </div>
    </details>
  );
}

/** A request for the terminal, with a place for each thing that must be given. */
export function exampleOf(method: string, path: string, body: Schema | undefined, needsToken: boolean): string {
  const lines = [`curl -s ${method === "get" ? "" : `-X ${method.toUpperCase()} `}"$COCKPIT${path}"${needsToken ? ' -H "Authorization: Bearer $TOKEN"' : ""}`];
  if (body) {
    const needed = Object.fromEntries((body.required ?? []).map((name) => [name, wordsOf(body.properties?.[name] ?? {})]));
    lines.push(`  -H 'Content-Type: application/json' -d '${JSON.stringify(needed)}'`);
  }
  return lines.join(" \\\n");
}

export function ApiDocs() {
  const { q = "" } = useSearch({ strict: false }) as { q?: string };
  const navigate = useNavigate();
  const loaded = useQuery({ queryKey: ["openapi"], queryFn: async () => (await (await request("/openapi.json")).json()) as Document, staleTime: Infinity });
  if (loaded.data === undefined) return <><Title>API</Title>{loaded.isError ? <Failure error={loaded.error} retry={() => void loaded.refetch()} /> : <Skeleton />}</>;
  const all = Object.entries(loaded.data.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })));
  const shown = all.filter(({ path, method, operation }) => `${method} ${path} ${operation.summary}`.toLowerCase().includes(q.toLowerCase()));
  const tags = [...new Set(shown.map((one) => one.operation.tags[0] ?? ""))].sort();
  return (
    <>
      <Title actions={<a className="button" href="/openapi.json">OpenAPI document</a>}>API</Title>
      <p className="muted mb-3 text-sm">{loaded.data.info.title} {loaded.data.info.version}. Send a token as <code>Authorization: Bearer TOKEN</code>; your account's page makes one. What goes wrong is told as RFC 9457: <code>detail</code> says what, and what would be right.</p>
      <input className="input mb-4 max-w-72" type="search" aria-label="search the API" placeholder="Search" value={q} onChange={(e) => void navigate({ to: "/docs", replace: true, search: e.target.value ? { q: e.target.value } : {} })} />
      {shown.length === 0 && <Empty>Nothing in the API is called that.</Empty>}
      {tags.map((tag) => (
        <section key={tag} className="mb-6">
          <h2 className="mb-2 font-semibold">{tag}</h2>
          {shown.filter((one) => one.operation.tags[0] === tag).map(({ path, method, operation }) => <OperationView key={operation.operationId} path={path} method={method} operation={operation} open={shown.length <= 3} />)}
        </section>
      ))}
      {q === "" && (
        <section>
          <h2 className="mb-2 font-semibold">What answers are made of</h2>
          {Object.entries(loaded.data.components.schemas).map(([name, schema]) => (
            <details key={name} className="card mb-2"><summary className="cursor-pointer p-3 text-sm"><code>{name}</code></summary><div className="border-t border-stone-200 p-3 dark:border-stone-800"><Members name={name} schema={schema} /></div></details>
          ))}
        </section>
      )}
    </>
  );
}
