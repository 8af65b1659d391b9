import { useState, type FormEvent } from "react";
import { api } from "../api/client";
import { Failure, Field } from "../parts/ui";

export function SignIn({ onSignedIn, note }: { onSignedIn: (token: string) => void; note?: string }) {
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      const answer = await api.post("/auth/login", { body: { username, password } });
      setError(null);
      onSignedIn(answer.access_token);
    } catch (failed) {
      setError(failed);
    } finally {
      setBusy(false);
    }
  };

  return (
    <main className="mx-auto mt-[12vh] w-full max-w-sm p-4">
      <form onSubmit={(event) => void submit(event)} className="card p-6 shadow-sm">
        <h1 className="mb-4 flex items-center gap-2 text-lg font-semibold"><img src="/icon.svg" alt="" className="size-6" />Cockpit</h1>
        {note && <p className="mb-4 text-sm">{note}</p>}
        <Field label="User name">{(id) => <input id={id} className="input" autoComplete="username" autoFocus required value={username} onChange={(e) => setUsername(e.target.value)} />}</Field>
        <Field label="Password">{(id) => <input id={id} className="input" type="password" autoComplete="current-password" required value={password} onChange={(e) => setPassword(e.target.value)} />}</Field>
        {error !== null && <div className="mb-3"><Failure error={error} /></div>}
        <button className="button button-main w-full" disabled={busy}>{busy ? "Signing in…" : "Sign in"}</button>
      </form>
    </main>
  );
}
