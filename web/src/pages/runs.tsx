import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api } from "../api/client";
import { given, textOr } from "../parts/form";
import { Empty, Failure, Skeleton, Status, Table, Time, Title } from "../parts/ui";

export function Runs() {
  const runs = useInfiniteQuery({
    queryKey: ["runs"], queryFn: ({ pageParam }) => api.get("/api/cockpit-agent/runs", { query: given({ limit: 50, cursor: textOr(pageParam) }) }),
    initialPageParam: "", getNextPageParam: (page) => page.next_cursor, refetchInterval: 3000,
  });
  const rows = runs.data?.pages.flatMap((page) => page.runs) ?? [];
  return (
    <>
      <Title>Runs</Title>
      {runs.data === undefined ? (runs.isError ? <Failure error={runs.error} retry={() => void runs.refetch()} /> : <Skeleton />) : rows.length === 0 ? <Empty>A command to more than one host is a run. There was none yet.</Empty> : (
        <Table label="runs" head={["Begun", "Command", "Who", "Hosts", "State", "By"]}>
          {rows.map((run) => (
            <tr key={run.run_id}>
              <td><Link className="link" to="/runs/$id" params={{ id: run.run_id }}><Time at={run.created_at} /></Link></td>
              <td><code>{run.command}</code></td><td className="break-all">{run.targets ?? "a list"}</td><td>{run.total}</td>
              <td><Status word={run.status} why={run.why} /></td><td>{run.created_by}</td>
            </tr>
          ))}
        </Table>
      )}
      {runs.hasNextPage && <button className="button mt-3" disabled={runs.isFetchingNextPage} onClick={() => void runs.fetchNextPage()}>Older ones</button>}
    </>
  );
}
