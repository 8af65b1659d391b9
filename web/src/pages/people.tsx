import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { api } from "../api/client";
import type { User } from "../api/types";
import { Confirmed, Editor, given, lines, textOr, type Input } from "../parts/form";
import { Empty, Failure, Field, Skeleton, Status, Table, Time, Title } from "../parts/ui";
import { useSession } from "../session";

const users = "/auth/users";
const oneUser = "/auth/users/{username}";
const permissions: Input = {
  name: "permissions", label: "Permissions", kind: "area",
  hint: "One per line: cockpit_agents:read, cockpit_agents:write, cockpit_groups:write, deployments:read, deployments:write, services:write, schedules:read, schedules:write, notifications:read, notifications:write, metrics:read, users:read, users:write, or * for all. Nobody can give what they do not have.",
};

function UserEditor({ user, onClose }: { user: User | null; onClose: () => void }) {
  const inputs: Input[] = user
    ? [permissions, { name: "password", label: "New password", kind: "password", hint: "Must be changed at the next sign-in. Empty: as it was." }]
    : [{ name: "username", label: "User name", required: true }, { name: "password", label: "Password", kind: "password", required: true, hint: "At least 12 characters; must be changed at the first sign-in." }, permissions];
  return (
    <Editor title={user ? `Change ${user.username}` : "New account"} inputs={inputs} start={{ permissions: user?.permissions.join("\n") ?? "cockpit_agents:read" }} onClose={onClose} touches={["users"]}
      save={(typed) => user
        ? api.patch(oneUser, { path: { username: user.username }, body: given({ permissions: lines(typed["permissions"] ?? ""), password: textOr(typed["password"]) }) })
        : api.post(users, { body: { username: typed["username"] ?? "", password: typed["password"] ?? "", permissions: lines(typed["permissions"] ?? ""), must_change_password: true } })} />
  );
}

function NewToken() {
  const [name, setName] = useState("");
  const [days, setDays] = useState("90");
  const queries = useQueryClient();
  const made = useMutation({
    mutationFn: () => api.post("/auth/tokens", { body: { name, expires_in_days: Number(days) } }),
    onSuccess: () => void queries.invalidateQueries({ queryKey: ["tokens"] }),
  });
  const submit = (event: FormEvent) => { event.preventDefault(); made.mutate(); };
  return (
    <section className="card mb-6 p-4">
      <h2 className="mb-1 font-semibold">A token for a program</h2>
      <p className="muted mb-3 text-sm">It may what you may. It is shown once and ends by itself; changing your password ends all of them.</p>
      <form onSubmit={submit} className="grid gap-x-4 sm:grid-cols-[1fr_8rem_auto] sm:items-start">
        <Field label="What for">{(id) => <input id={id} className="input" required maxLength={100} value={name} onChange={(e) => setName(e.target.value)} />}</Field>
        <Field label="Days">{(id) => <input id={id} className="input" type="number" min={1} max={366} required value={days} onChange={(e) => setDays(e.target.value)} />}</Field>
        <button className="button button-main sm:mt-6" disabled={made.isPending}>Make it</button>
      </form>
      {made.error !== null && <Failure error={made.error} />}
      {made.data && <p role="status" className="text-sm">Keep it now: <code className="break-all select-all">{made.data.access_token}</code>, good until <Time at={made.data.expires_at} />.</p>}
    </section>
  );
}

function Tokens() {
  const list = useQuery({ queryKey: ["tokens"], queryFn: () => api.get("/auth/tokens") });
  if (list.data === undefined) return list.isError ? <Failure error={list.error} retry={() => void list.refetch()} /> : <Skeleton rows={2} />;
  return (
    <div className="mb-6">
      <h2 className="mb-2 font-semibold">Sessions and tokens</h2>
      <Table label="tokens" head={["For", "Since", "Until", ""]}>
        {list.data.tokens.map((token) => (
          <tr key={token.id}>
            <td>{token.name}{token.current && <span className="muted"> (this one)</span>}</td><td><Time at={token.created_at} /></td><td><Time at={token.expires_at} /></td>
            <td>{!token.current && <span className="flex justify-end"><Confirmed label="Revoke" question={<>Revoke <code>{token.name}</code>? Whoever uses it is refused from now on.</>} act={() => api.remove("/auth/tokens/{id}", { path: { id: token.id } })} touches={["tokens"]} /></span>}</td>
          </tr>
        ))}
      </Table>
    </div>
  );
}

export function Account() {
  const { identity } = useSession();
  const [typed, setTyped] = useState({ current: "", next: "" });
  const changed = useMutation({ mutationFn: () => api.post("/auth/password", { body: { current_password: typed.current, new_password: typed.next } }), onSuccess: () => setTyped({ current: "", next: "" }) });
  return (
    <>
      <Title>{identity.username}</Title>
      <p className="mb-6 text-sm">May: {identity.permissions.map((one) => <code key={one} className="mr-2">{one}</code>)}</p>
      <NewToken />
      <Tokens />
      <section className="card p-4">
        <h2 className="mb-3 font-semibold">Password</h2>
        <form onSubmit={(event) => { event.preventDefault(); changed.mutate(); }} className="max-w-md">
          <Field label="Password you have now">{(id) => <input id={id} className="input" type="password" autoComplete="current-password" required value={typed.current} onChange={(e) => setTyped({ ...typed, current: e.target.value })} />}</Field>
          <Field label="New password" hint="At least 12 characters. Ends your other sessions and your tokens.">{(id, hint) => <input id={id} aria-describedby={hint} className="input" type="password" autoComplete="new-password" minLength={12} required value={typed.next} onChange={(e) => setTyped({ ...typed, next: e.target.value })} />}</Field>
          {changed.error !== null && <div className="mb-3"><Failure error={changed.error} /></div>}
          {changed.isSuccess && <p role="status" className="mb-3 text-sm">Changed.</p>}
          <button className="button" disabled={changed.isPending}>Change it</button>
        </form>
      </section>
    </>
  );
}

export function People() {
  const { may, identity } = useSession();
  const write = may("users:write");
  const [edited, setEdited] = useState<User | null | "none">("none");
  const list = useQuery({ queryKey: ["users"], queryFn: () => api.get(users) });
  return (
    <>
      <Title actions={write && <button className="button button-main" onClick={() => setEdited(null)}>New account</button>}>Accounts</Title>
      {list.data === undefined ? (list.isError ? <Failure error={list.error} retry={() => void list.refetch()} /> : <Skeleton rows={3} />) : list.data.users.length === 0 ? <Empty>There is nobody.</Empty> : (
        <Table label="accounts" head={["Name", "May", "State", "Since", ...(write ? [""] : [])]}>
          {list.data.users.map((user) => (
            <tr key={user.username}>
              <td>{user.username}</td><td className="break-words"><code>{user.permissions.join(", ") || "nothing"}</code></td>
              <td>{user.disabled ? <Status word="disabled" /> : user.must_change_password ? "must change the password" : "active"}</td><td><Time at={user.created_at} /></td>
              {write && <td>{user.username !== identity.username && <span className="flex justify-end gap-2">
                <button className="button" onClick={() => setEdited(user)}>Change<span className="sr-only"> {user.username}</span></button>
                {user.disabled
                  ? <Confirmed label="Enable" danger={false} question={<>Let <code>{user.username}</code> sign in again?</>} act={() => api.patch(oneUser, { path: { username: user.username }, body: { disabled: false } })} touches={["users"]} />
                  : <Confirmed label="Disable" question={<>Disable <code>{user.username}</code>? All sessions and tokens of this account end at once.</>} act={() => api.patch(oneUser, { path: { username: user.username }, body: { disabled: true } })} touches={["users"]} />}
              </span>}</td>}
            </tr>
          ))}
        </Table>
      )}
      {edited !== "none" && <UserEditor user={edited} onClose={() => setEdited("none")} />}
    </>
  );
}
