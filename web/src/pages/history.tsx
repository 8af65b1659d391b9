import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { api } from "../api/client";
import type { Command } from "../api/types";
import { CommandTable } from "../parts/command-table";
import { Empty, Failure, Skeleton, Title } from "../parts/ui";

export interface HistorySearch { agent?: string; open?: string }

export function History() {
  const search = useSearch({ strict: false }) as HistorySearch;
  const navigate = useNavigate();
  const set = (change: HistorySearch) => void navigate({ to: "/history", replace: true, search: Object.fromEntries(Object.entries({ ...search, ...change }).filter(([, v]) => v)) });
  const pages = useInfiniteQuery({
    queryKey: ["history", search],
    queryFn: ({ pageParam }) => {
      const path = search.agent ? `/${encodeURIComponent(search.agent)}/history` : "/history/all";
      const query = new URLSearchParams({ limit: "50", ...(search.open ? { open: "true" } : {}), ...(pageParam ? { cursor: pageParam } : {}) });
      return api.get<{ commands: Command[]; total: number; next_cursor: string | null }>(`${path}?${query}`);
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
    retry: false,
  });
  const commands = pages.data?.pages.flatMap((page) => page.commands) ?? [];
  const keep = (kind: "csv" | "jsonl") => {
    const names = ["sent_at", "agent_id", "command", "status", "execution_time_ms", "exit_code", "sent_by", "command_id"] as const;
    const quoted = (value: unknown) => `"${String(value ?? "").replaceAll('"', '""')}"`;
    const text = kind === "csv" ? [names.join(","), ...commands.map((c) => names.map((n) => quoted(c[n])).join(","))].join("\r\n") : commands.map((c) => JSON.stringify(c)).join("\n");
    const url = URL.createObjectURL(new Blob([text]));
    Object.assign(document.createElement("a"), { href: url, download: `history.${kind}` }).click();
    URL.revokeObjectURL(url);
  };
  return (
    <>
      <Title actions={<><button className="button" onClick={() => keep("csv")}>CSV</button><button className="button" onClick={() => keep("jsonl")}>JSON lines</button></>}>History</Title>
      <div className="mb-3 flex flex-wrap items-center gap-3">
        <input className="input max-w-64" type="search" aria-label="agent" placeholder="agent id" defaultValue={search.agent ?? ""} onKeyDown={(e) => { if (e.key === "Enter") set({ agent: e.currentTarget.value }); }} onBlur={(e) => set({ agent: e.currentTarget.value })} />
        <label className="flex items-center gap-2 text-sm"><input type="checkbox" checked={search.open !== undefined} onChange={(e) => set({ open: e.target.checked ? "1" : "" })} />only what has not ended</label>
        {pages.data && <span className="muted text-sm">{pages.data.pages[0]?.total} in all</span>}
      </div>
      {pages.isError ? <Failure error={pages.error} retry={() => void pages.refetch()} /> : pages.data === undefined ? <Skeleton rows={8} /> : commands.length === 0 ? <Empty>Nothing was sent yet. “Run a command” sends the first one.</Empty> : <CommandTable commands={commands} />}
      {pages.hasNextPage && <button className="button mt-3" disabled={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>Older ones</button>}
    </>
  );
}
