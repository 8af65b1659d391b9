import { useQueryClient, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api } from "./api/client";
import { follow } from "./api/events";
import type { Agent } from "./api/types";

const key = ["agents"];

/** All hosts, as they are now: read once, then kept up by events. `live` is false while those do not come. */
export function useAgents() {
  const queries = useQueryClient();
  const [live, setLive] = useState(false);
  const list = useQuery({
    queryKey: key,
    queryFn: async () => (await api.get<{ agents: Agent[] }>("/list")).agents,
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
        }
      },
    }).catch(() => setLive(false));
    return () => ended.abort();
  }, [queries]);

  return { ...list, live };
}

/** By id; what is told stands before what was there. */
export function merged(before: Agent[], told: Agent[]): Agent[] {
  const all = new Map(before.map((agent) => [agent.agent_id, agent]));
  for (const agent of told) all.set(agent.agent_id, agent);
  return [...all.values()].sort((a, b) => (a.agent_id < b.agent_id ? -1 : 1));
}
