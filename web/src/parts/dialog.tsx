import { useEffect, useRef, type ReactNode } from "react";

/** The browser's own modal dialog: it keeps the focus inside, ends with Escape, and gives it back. */
export function Dialog({ open, onClose, label, children }: { open: boolean; onClose: () => void; label: string; children: ReactNode }) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = element.current!;
    if (open && !dialog.open) {
      dialog.showModal();
      // The browser takes the first thing that can have the focus, be it a frame around the rest.
      dialog.querySelector<HTMLElement>("[data-first], input")?.focus();
    }
    if (!open && dialog.open) dialog.close();
  }, [open]);
  return (
    <dialog ref={element} aria-label={label} onClose={onClose} onClick={(event) => { if (event.target === element.current) onClose(); }}
      className="card m-auto max-h-[80vh] w-[min(36rem,94vw)] overflow-auto p-0 text-inherit shadow-xl backdrop:bg-stone-950/50">
      {open && children}
    </dialog>
  );
}
