import { useState, type FormEvent } from "react";
import { api } from "../api/client";
import { Failure, Field } from "../parts/ui";

export function ChangePassword({ onChanged }: { onChanged: () => void }) {
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [error, setError] = useState<unknown>(null);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    try {
      await api.post("/auth/password", { body: { current_password: current, new_password: next } });
      onChanged();
    } catch (failed) {
      setError(failed);
    }
  };

  return (
    <main className="mx-auto mt-[12vh] w-full max-w-sm p-4">
      <form onSubmit={(event) => void submit(event)} className="card p-6">
        <h1 className="mb-1 text-lg font-semibold">Choose a password of your own</h1>
        <p className="muted mb-4 text-sm">The one you have was given by somebody else, or printed at the first start.</p>
        <Field label="Password you have now">{(id) => <input id={id} className="input" type="password" autoComplete="current-password" required value={current} onChange={(e) => setCurrent(e.target.value)} />}</Field>
        <Field label="New password" hint="At least 12 characters.">{(id, hint) => <input id={id} aria-describedby={hint} className="input" type="password" autoComplete="new-password" minLength={12} required value={next} onChange={(e) => setNext(e.target.value)} />}</Field>
        {error !== null && <div className="mb-3"><Failure error={error} /></div>}
        <button className="button button-main w-full">Change it</button>
      </form>
    </main>
  );
}
