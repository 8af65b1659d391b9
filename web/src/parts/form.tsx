import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent, type ReactNode } from "react";
import { Dialog } from "./dialog";
import { Failure, Field } from "./ui";

/** One input of a form. Whatever it is, it is typed as text; `read` makes a value of it, or throws what is wrong. */
export interface Input {
  name: string;
  label: string;
  hint?: string;
  kind?: "text" | "password" | "number" | "area" | "flag" | "choice";
  choices?: readonly string[];
  required?: boolean;
}
export type Typed = Record<string, string>;

export const lines = (text: string): string[] => text.split(/[\n,]/).map((line) => line.trim()).filter((line) => line !== "");

/** An object that is written as JSON; nothing for nothing. */
export function objectOf(text: string, what: string): Record<string, unknown> | undefined {
  if (text.trim() === "") return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (failed) {
    throw new Error(`${what} is no JSON: ${(failed as Error).message}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error(`${what} must be a JSON object, as {"name": "value"}`);
  return value as Record<string, unknown>;
}

type Given<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & { [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined> };
/** Without the members that are undefined. */
export function given<T extends object>(members: T): Given<T> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Given<T>;
}
export const textOr = (text: string | undefined): string | undefined => (text === undefined || text === "" ? undefined : text);

function InputView({ input, value, onChange }: { input: Input; value: string; onChange: (text: string) => void }) {
  if (input.kind === "flag") {
    return <label className="mb-3 flex items-center gap-2 text-sm"><input type="checkbox" checked={value === "true"} onChange={(e) => onChange(e.target.checked ? "true" : "")} />{input.label}</label>;
  }
  return (
    <Field label={input.label} hint={input.hint}>
      {(id, hint) => {
        const shared = { id, "aria-describedby": hint, required: input.required ?? false, value, onChange: (e: { target: { value: string } }) => onChange(e.target.value) };
        if (input.kind === "area") return <textarea {...shared} rows={Math.min(12, Math.max(3, value.split("\n").length + 1))} spellCheck={false} className="input py-2 font-mono text-xs" />;
        if (input.kind === "choice") return <select {...shared} className="input">{input.choices?.map((choice) => <option key={choice}>{choice}</option>)}</select>;
        return <input {...shared} className="input" type={input.kind ?? "text"} autoComplete={input.kind === "password" ? "new-password" : "off"} />;
      }}
    </Field>
  );
}

/** A form in a dialog. What was typed stays until it is saved, whatever the server says to it. */
export function Editor({ title, inputs, start, save, onClose, touches }: {
  title: string; inputs: Input[]; start: Typed; save: (typed: Typed) => Promise<unknown>; onClose: () => void;
  /** Keys of the queries whose answers it changes. */
  touches: readonly string[];
}) {
  const queries = useQueryClient();
  const [typed, setTyped] = useState<Typed>(start);
  const saved = useMutation({
    mutationFn: async () => save(typed),
    onSuccess: () => { for (const key of touches) void queries.invalidateQueries({ queryKey: [key] }); onClose(); },
  });
  const submit = (event: FormEvent) => { event.preventDefault(); saved.mutate(); };
  return (
    <Dialog open onClose={onClose} label={title}>
      <form onSubmit={submit} className="p-6">
        <h2 className="mb-4 text-lg font-semibold">{title}</h2>
        {inputs.map((input) => <InputView key={input.name} input={input} value={typed[input.name] ?? ""} onChange={(text) => setTyped({ ...typed, [input.name]: text })} />)}
        {saved.error !== null && <div className="mb-3"><Failure error={saved.error} /></div>}
        <div className="flex justify-end gap-2">
          <button type="button" className="button" onClick={onClose}>Not now</button>
          <button className="button button-main" disabled={saved.isPending}>Save</button>
        </div>
      </form>
    </Dialog>
  );
}

/** A button that asks before it does it. */
export function Confirmed({ label, question, act, touches, danger = true }: {
  label: string; question: ReactNode; act: () => Promise<unknown>; touches: readonly string[]; danger?: boolean;
}) {
  const queries = useQueryClient();
  const [open, setOpen] = useState(false);
  const done = useMutation({ mutationFn: act, onSuccess: () => { for (const key of touches) void queries.invalidateQueries({ queryKey: [key] }); setOpen(false); } });
  return (
    <>
      <button className={`button ${danger ? "button-danger" : ""}`} onClick={() => { done.reset(); setOpen(true); }}>{label}</button>
      <Dialog open={open} onClose={() => setOpen(false)} label={label}>
        <div className="p-6">
          <p className="mb-4 text-sm">{question}</p>
          {done.error !== null && <div className="mb-3"><Failure error={done.error} /></div>}
          <div className="flex justify-end gap-2">
            <button className="button" data-first="" onClick={() => setOpen(false)}>Not now</button>
            <button className={`button ${danger ? "button-danger" : "button-main"}`} disabled={done.isPending} onClick={() => done.mutate()}>{label}</button>
          </div>
        </div>
      </Dialog>
    </>
  );
}
