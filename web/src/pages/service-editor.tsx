import { api } from "../api/client";
import type { Service } from "../api/types";
import { Editor, given, objectOf, textOr, type Input, type Typed } from "../parts/form";

const inputs: Input[] = [
  { name: "remote", label: "Repository", required: true, hint: "https://…, ssh://… or user@host:path" },
  { name: "branch", label: "Branch", hint: "main when empty." },
  { name: "path", label: "Path in the repository", hint: "Where the service's files are; empty: its root." },
  { name: "targets", label: "Who gets it", required: true, hint: "An expression: group:web, env=prod" },
  { name: "repository_path", label: "Clone on the hosts", required: true, hint: "One of their GIT_REPO_PATH." },
  { name: "container", label: "Container to restart", hint: "Empty: none." },
  { name: "check", label: "Health check", kind: "area", hint: 'JSON: {"kind": "http", "url": "http://127.0.0.1:8080/"}. Empty: nothing is checked.' },
  { name: "canary", label: "Canary hosts", kind: "number", hint: "How many come first, alone." },
  { name: "credentials", label: "Credentials", kind: "area", hint: 'JSON: {"kind": "password", "username": "deploy", "secret": "…"}. Empty: as they were, or none.' },
  { name: "deploy_on_push", label: "A push of this branch deploys it", kind: "flag" },
];

type Amount = number | string;

/** A new service, or one that is changed: what it has and this form does not show stays as it is. */
export function ServiceEditor({ service, onClose }: { service: Service | null; onClose: () => void }) {
  const start: Typed = service
    ? {
        remote: service.remote, branch: service.branch, path: service.path, targets: service.targets, repository_path: service.repository_path, container: service.container,
        check: service.check ? JSON.stringify(service.check, null, 2) : "", canary: service.canary === undefined ? "" : String(service.canary), deploy_on_push: service.deploy_on_push ? "true" : "",
      }
    : {};
  return (
    <Editor title={service ? `Change service ${service.name}` : "New service"} inputs={service ? inputs : [{ name: "name", label: "Name", required: true }, ...inputs]} start={start} onClose={onClose} touches={["services", "service"]}
      save={async (typed) => {
        const kept = service
          ? given({
              author_name: service.author_name, author_email: service.author_email, concurrency: service.concurrency as Amount | undefined, max_failures: service.max_failures as Amount | undefined, pause_s: service.pause_s,
              execution_timeout: service.execution_timeout, offline: service.offline, expires_in: service.expires_in, templates: service.templates as Record<string, unknown>[] | undefined,
              variables: service.variables, group_variables: service.group_variables, host_variables: service.host_variables,
            })
          : {};
        const body = {
          ...kept,
          ...given({
            remote: typed["remote"] ?? "", branch: textOr(typed["branch"]), path: textOr(typed["path"]), targets: typed["targets"] ?? "", repository_path: typed["repository_path"] ?? "",
            container: textOr(typed["container"]), check: objectOf(typed["check"] ?? "", "the health check"), canary: typed["canary"] ? Number(typed["canary"]) : undefined,
            credentials: objectOf(typed["credentials"] ?? "", "the credentials"), deploy_on_push: typed["deploy_on_push"] === "true",
          }),
        };
        return service ? api.put("/api/cockpit-agent/services/{name}", { path: { name: service.name }, body }) : api.post("/api/cockpit-agent/services", { body: { name: typed["name"] ?? "", ...body } });
      }} />
  );
}
