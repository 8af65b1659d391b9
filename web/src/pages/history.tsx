import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMutation } from "@tanstack/react-query";
import { Download } from "lucide-react";
import { addressOf, api, download } from "../api/client";
import { statuses } from "../api/types";
import { CommandTable } from "../parts/command-table";
import { Empty, Failure, Skeleton, Title } from "../parts/ui";

export interface HistorySearch { agent?: string; command?: string; status?: string; by?: string; since?: string; until?: string; open?: string }

/** The filters of the address as those of the API. Times are local in the address, as the inputs give them. */
export function filtersOf(search: HistorySearch) {
  const seconds = (text: string | undefined) => { const time = text ? Date.parse(text) : NaN; return Number.isNaN(time) ? undefined : Math.floor(time / 1000); };
  const all = { agent_id: search.agent, command: search.command, status: search.status, sent_by: search.by, since: seconds(search.since), until: seconds(search.until), open: search.open ? true : undefined };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined && value !== "")) as { [K in keyof typeof all]?: Exclude<(typeof all)[K], undefined> };
}

/** Takes what was typed when it is done, so that each letter is no search of its own. */
function Filter({ label, value, set, type = "search" }: { label: string; value: string | undefined; set: (text: string) => void; type?: string }) {
  return <label className="block text-xs"><span className="muted mb-1 block">{label}</span>
    <input key={value} className="input min-w-0 sm:max-w-44" type={type} defaultValue={value ?? ""} onKeyDown={(e) => { if (e.key === "Enter") set(e.currentTarget.value); }} onBlur={(e) => { if (e.currentTarget.value !== (value ?? "")) set(e.currentTarget.value); }} /></label>;
}

export function History() {
  const search = useSearch({ strict: false }) as HistorySearch;
  const navigate = useNavigate();
  const set = (change: HistorySearch) => void navigate({ to: "/history", replace: true, search: Object.fromEntries(Object.entries({ ...search, ...change }).filter(([, v]) => v)) });
  const filters = filtersOf(search);
  const pages = useInfiniteQuery({
    queryKey: ["history", search],
    queryFn: ({ pageParam }) => api.get("/api/cockpit-agent/history/all", { query: { limit: 50, ...filters, ...(pageParam ? { cursor: pageParam } : {}) } }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
    retry: false,
  });
  const commands = pages.data?.pages.flatMap((page) => page.commands) ?? [];
  const keep = useMutation({ mutationFn: (format: "csv" | "jsonl") => download(addressOf("/api/cockpit-agent/history/export", {}, { format, ...filters }), `commands.${format}`) });
  const total = pages.data?.pages[0]?.total;
  return (
    <>
      <Title actions={(["csv", "jsonl"] as const).map((format) => (
        <button key={format} className="button" disabled={keep.isPending} onClick={() => keep.mutate(format)}><Download aria-hidden className="size-4" />{format === "csv" ? "CSV" : "JSON lines"}</button>
      ))}>History</Title>
      {keep.isError && <div className="mb-3"><Failure error={keep.error} /></div>}
      <div className="mb-3 grid grid-cols-2 items-end gap-3 sm:flex sm:flex-wrap" role="search">
        <Filter label="Agent" value={search.agent} set={(agent) => set({ agent })} />
        <Filter label="Command" value={search.command} set={(command) => set({ command })} />
        <label className="block text-xs"><span className="muted mb-1 block">State</span>
          <select className="input" aria-label="State" value={search.status ?? ""} onChange={(e) => set({ status: e.target.value })}><option value="">any</option>{statuses.map((word) => <option key={word}>{word}</option>)}</select></label>
        <Filter label="User" value={search.by} set={(by) => set({ by })} />
        <Filter label="From" type="datetime-local" value={search.since} set={(since) => set({ since })} />
        <Filter label="Until" type="datetime-local" value={search.until} set={(until) => set({ until })} />
        <label className="col-span-2 flex min-h-9 items-center gap-2 text-sm"><input type="checkbox" checked={search.open !== undefined} onChange={(e) => set({ open: e.target.checked ? "1" : "" })} />only what has not ended</label>
        {typeof total === "number" && <span className="muted flex min-h-9 items-center text-sm">{total} in all</span>}
      </div>
      {pages.isError ? <Failure error={pages.error} retry={() => void pages.refetch()} /> : pages.data === undefined ? <Skeleton rows={8} /> :
        commands.length > 0 ? <CommandTable commands={commands} /> :
        pages.hasNextPage ? <Empty>Nothing like that among the latest; “Older ones” looks further back.</Empty> :
        Object.keys(filters).length > 0 ? <Empty>Nothing like that was sent. Take a filter away.</Empty> : <Empty>Nothing was sent yet. “Run a command” sends the first one.</Empty>}
      {pages.hasNextPage && <button className="button mt-3" disabled={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>Older ones</button>}
    </>
  );
}
