// The names that the pages use for what the server answers; the types come from its OpenAPI document.

import type { components } from "./schema";

type Schemas = components["schemas"];

export type Agent = Schemas["Agent"];
export type Cluster = Schemas["Cluster"];
export type Command = Schemas["Command"];
export type CommandSchema = Schemas["CommandSchema"];
export type CommandStatus = Schemas["CommandStatus"];
export type Counted = Schemas["Counted"];
export type Delivery = Schemas["Delivery"];
export type Deployment = Schemas["Deployment"];
export type Group = Schemas["Group"];
export type Identity = Schemas["Identity"];
export type MaintenanceWindow = Schemas["MaintenanceWindow"];
export type NotificationTarget = Schemas["NotificationTarget"];
export type Overview = Schemas["Overview"];
export type Parameter = Schemas["Parameter"];
export type Plan = Schemas["Plan"];
export type Preview = Schemas["Preview"];
export type Run = Schemas["Run"];
export type Schedule = Schemas["ListedSchedule"];
export type Service = Schemas["Service"];
export type Step = Schemas["Step"];
export type User = Schemas["User"];

export const statuses = [
  "pending", "delivered", "running", "success", "error", "timeout", "cancelled", "cancel_failed", "interrupted", "expired", "refused",
] as const satisfies readonly CommandStatus[];

export const finalStatuses: ReadonlySet<string> = new Set(statuses.filter((word) => word !== "pending" && word !== "delivered" && word !== "running"));
