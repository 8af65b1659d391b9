import { useQueryClient, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api } from "./api/client";
import { follow } from "./api/events";
import type { Agent } from "./api/types";

const key = ["agents"];

/** Commands of one host that have not ended, by state. */
export type Open = Partial<Record<"pending" | "delivered" | "running", number>>;

/**
 * All hosts, as they are now: read once, then kept up by events. `live` is false while those do not come; `open` is nothing
 * until they did.
 */
export function useAgents() {
  const queries = useQueryClient();
  const [live, setLive] = useState(false);
  const [open, setOpen] = useState<Record<string, Open> | null>(null);
  const list = useQuery({
    queryKey: key,
    queryFn: async () => (await api.get("/api/cockpit-agent/list")).agents,
    // What the page falls back to.
    refetchInterval: live ? false : 10_000,
  });

  useEffect(() => {
    const ended = new AbortController();
    void follow("/api/cockpit-agent/events", ended.signal, {
      last: "",
      onState: setLive,
      onEvent: (event) => {
        if (event.event === "agents") {
          const told = JSON.parse(event.data) as { agents: Agent[]; all: boolean };
          queries.setQueryData<Agent[]>(key, (before) => merged(told.all ? [] : (before ?? []), told.agents));
        } else if (event.event === "open") {
          setOpen(JSON.parse(event.data) as Record<string, Open>);
        }
      },
    }).catch(() => setLive(false));
    return () => ended.abort();
  }, [queries]);

  return { ...list, live, open };
}

/** How many of its commands have not begun. */
export const waiting = (open: Open | undefined): number => (open?.pending ?? 0) + (open?.delivered ?? 0);

/** By id; what is told stands before what was there. */
export function merged(before: Agent[], told: Agent[]): Agent[] {
  const news = new Map(told.map((agent) => [agent.agent_id, agent]));
  const known = before.map((agent) => {
    const now = news.get(agent.agent_id);
    news.delete(agent.agent_id);
    return now ?? agent;
  });
  // Most news is of hosts that are known: ten thousand need not be sorted anew for a heartbeat.
  return news.size === 0 ? known : [...known, ...news.values()].sort((a, b) => (a.agent_id < b.agent_id ? -1 : 1));
}
