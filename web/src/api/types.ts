// What the server answers, as docs/api.md tells it.

export type CommandStatus =
  | "pending" | "delivered" | "running" | "success" | "error" | "timeout" | "cancelled"
  | "cancel_failed" | "interrupted" | "expired" | "refused";

export const finalStatuses: ReadonlySet<string> = new Set([
  "success", "error", "timeout", "cancelled", "cancel_failed", "interrupted", "expired", "refused",
]);

export interface Command {
  id: number;
  command_id: string;
  agent_id: string;
  command: string;
  params: Record<string, unknown>;
  status: CommandStatus;
  output: string | null;
  error: string | null;
  execution_time_ms: number | null;
  exit_code: number | null;
  signal: number | null;
  cpu_ms: number | null;
  peak_memory_bytes: number | null;
  sent_at: string;
  started_at: string | null;
  completed_at: string | null;
  sent_by: string;
  attempt: number;
  output_bytes: number | null;
  cancel_requested_at: string | null;
}


export interface Agent {
  agent_id: string;
  status: "online" | "offline" | "unknown";
  evidence: string;
  last_heartbeat: number | null;
  started_at: number | null;
  version: string;
  hostname: string;
  capabilities: string[];
  commands_executed: number;
  running: number;
  labels: Record<string, string>;
  groups?: string[];
  os: string;
  arch: string;
  protocol: "signed" | "original";
  pending_public_key: string | null;
}

export interface Parameter {
  name: string;
  type: "string" | "integer" | "boolean";
  required: boolean;
  description: string;
  default?: unknown;
  values?: string[];
  minimum?: number;
  maximum?: number;
  max_length?: number;
  secret?: boolean;
}

export interface CommandSchema {
  name: string;
  description: string;
  parameters: Parameter[];
  idempotent: boolean;
  pure: boolean;
  timeout_ms: number;
}

export interface Identity {
  username: string;
  permissions: string[];
  must_change_password: boolean;
  token_name: string;
  expires_at: string;
}

export interface PlannedHost {
  agent_id: string;
  in_the_way: { kind: string; detail: string }[];
}

export interface Plan {
  plan_id: string;
  hash: string;
  command: string;
  total: number;
  ready: number;
  notes: string[];
  hosts: PlannedHost[];
}

export interface RunHost {
  agent_id: string;
  wave: number;
  status: string;
  command_id: string | null;
  why: string | null;
}

export interface Run {
  run_id: string;
  command: string;
  params: Record<string, unknown>;
  targets: string | null;
  status: string;
  stopping: boolean;
  why: string | null;
  asked: string | null;
  wave: number;
  total: number;
  created_by: string;
  created_at: string;
  ended_at: string | null;
  parent_run_id: string | null;
  counts?: Record<string, number>;
  hosts?: RunHost[];
}

export interface Cluster {
  hosts: string[];
  total: number;
  status: string;
  exit_code: number | null;
  variants: number;
  example: { agent_id: string; output: string };
}

export interface Step {
  step: string;
  status: string;
  started_at: string;
  ended_at: string | null;
  command_id: string | null;
  commit: string | null;
  detail: string | null;
}

export interface DeployedHost {
  agent_id: string;
  wave: number;
  status: string;
  why: string | null;
  steps: Step[];
}

export interface Deployment {
  deployment_id: string;
  service: string;
  status: string;
  why: string | null;
  stopping: boolean;
  asked: string | null;
  message: string;
  force: boolean;
  files: string[];
  base: string | null;
  commit: string | null;
  total: number;
  created_by: string;
  created_at: string;
  ended_at: string | null;
  counts?: Record<string, number>;
  steps?: Step[];
  hosts?: DeployedHost[];
}

export interface Service {
  name: string;
  remote: string;
  branch: string;
  path: string;
  targets: string;
  repository_path: string;
  container: string;
  check: Record<string, unknown> | null;
  deploy_on_push: boolean;
  has_secret: boolean;
  updated_by: string;
  updated_at: string;
}

export interface Preview {
  base: string;
  nothing_to_commit: boolean;
  files: { path: string; change: string; diff: string | null }[];
  hosts: { agent_id: string; wave: number; in_the_way: string | null }[];
}

export interface Group {
  name: string;
  description: string;
  members: string[] | null;
  expression: string | null;
  total: number;
}

export interface Schedule {
  name: string;
  description: string;
  kind: string;
  cron: string;
  time_zone: string;
  enabled: boolean;
  next: string | null;
  updated_by: string;
}

export interface Delivery {
  id: number;
  target: string;
  event: string;
  subject: string;
  status: string;
  attempts: number;
  created_at: string;
  last_error: string | null;
}
