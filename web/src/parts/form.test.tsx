import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { Problem } from "../api/client";
import { Confirmed, Editor, given, lines, objectOf, type Typed } from "./form";

beforeAll(() => {
  // jsdom has dialogs, but cannot open them.
  HTMLDialogElement.prototype.showModal = function () { this.open = true; };
  HTMLDialogElement.prototype.close = function () { this.open = false; };
});
afterEach(cleanup);

const within = (what: React.ReactNode) => render(<QueryClientProvider client={new QueryClient()}>{what}</QueryClientProvider>);

describe("what was typed as values", () => {
  it("takes lines and commas apart", () => expect(lines(" a\n\nb, c ")).toEqual(["a", "b", "c"]));
  it("leaves out what is not given", () => expect(given({ a: 1, b: undefined })).toEqual({ a: 1 }));
  it("says what is wrong with JSON", () => {
    expect(objectOf("", "it")).toBeUndefined();
    expect(objectOf('{"a": 1}', "it")).toEqual({ a: 1 });
    expect(() => objectOf("[1]", "the request")).toThrow("the request must be a JSON object");
    expect(() => objectOf("{", "the request")).toThrow("the request is no JSON");
  });
});

describe("Editor", () => {
  const show = (save: (typed: Typed) => Promise<unknown>, onClose = () => {}) =>
    within(<Editor title="New group" inputs={[{ name: "name", label: "Name", required: true }, { name: "on", label: "Enabled", kind: "flag" }]} start={{ on: "true" }} save={save} onClose={onClose} touches={[]} />);

  it("gives what was typed, and closes when it is saved", async () => {
    const save = vi.fn(() => Promise.resolve());
    const onClose = vi.fn();
    show(save, onClose);
    fireEvent.change(screen.getByLabelText("Name"), { target: { value: "web" } });
    fireEvent.click(screen.getByLabelText("Enabled"));
    await act(async () => { fireEvent.click(screen.getByText("Save")); await Promise.resolve(); });
    expect(save).toHaveBeenCalledWith({ name: "web", on: "" });
    expect(onClose).toHaveBeenCalled();
  });

  it("keeps what was typed when the server does not take it, and says why", async () => {
    const onClose = vi.fn();
    show(() => Promise.reject(new Problem(409, "there is a group 'web' already")), onClose);
    fireEvent.change(screen.getByLabelText("Name"), { target: { value: "web" } });
    await act(async () => { fireEvent.click(screen.getByText("Save")); await new Promise((resolve) => setTimeout(resolve, 10)); });
    expect(screen.getByRole("alert").textContent).toContain("there is a group 'web' already");
    expect((screen.getByLabelText("Name") as HTMLInputElement).value).toBe("web");
    expect(onClose).not.toHaveBeenCalled();
  });
});

describe("Confirmed", () => {
  it("does nothing before it was asked twice", async () => {
    const act_ = vi.fn(() => Promise.resolve());
    within(<Confirmed label="Remove" question="Remove it?" act={act_} touches={[]} />);
    fireEvent.click(screen.getByText("Remove"));
    expect(act_).not.toHaveBeenCalled();
    await act(async () => { fireEvent.click(screen.getAllByText("Remove")[1]!); await Promise.resolve(); });
    expect(act_).toHaveBeenCalledOnce();
  });
});
