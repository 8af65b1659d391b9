// What a person changes: groups, schedules, windows, notifications, services, accounts, tokens.

import assert from "node:assert/strict";
import { address, inspect, open, scenario, signIn } from "./browser.mjs";

const line = (page, table, text) => page.getByRole("region", { name: table }).getByRole("row").filter({ hasText: text });

async function fill(page, title, values) {
  const dialog = page.getByRole("dialog", { name: title });
  await dialog.waitFor();
  for (const [label, value] of Object.entries(values)) {
    const field = dialog.getByLabel(label, { exact: true });
    if (await field.evaluate((element) => element.tagName) === "SELECT") await field.selectOption(value);
    else await field.fill(value);
  }
  return dialog;
}
async function save(page, title, values) {
  const dialog = await fill(page, title, values);
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.waitFor({ state: "detached" });
}
async function remove(page, table, text) {
  await line(page, table, text).getByRole("button", { name: "Remove" }).click();
  await page.getByRole("dialog", { name: "Remove" }).getByRole("button", { name: "Remove" }).click();
  await line(page, table, text).waitFor({ state: "detached" });
}

export const editing = {
  "changes groups": () => scenario(async (page) => {
    await signIn(page);
    await open(page, "Groups");
    await page.getByRole("button", { name: "New group" }).click();
    const dialog = await fill(page, "New group", { Name: "pair", Expression: "host-1 or (" });
    await dialog.getByRole("button", { name: "Save" }).click();
    // What was typed stays with what is wrong with it.
    await dialog.getByRole("alert").getByText(/expression/).waitFor();
    await inspect(page, "group-dialog-light");
    await save(page, "New group", { Expression: "host-1 or site-1" });
    await line(page, "groups", "pair").getByText("2", { exact: true }).waitFor();
    await line(page, "groups", "pair").getByRole("button", { name: "Change" }).click();
    await save(page, "Change group pair", { Expression: "", Hosts: "host-1", Description: "one of them" });
    await line(page, "groups", "one of them").getByText("1", { exact: true }).waitFor();
    await open(page, "Agents");
    await page.getByLabel("group").selectOption("pair");
    await page.getByRole("link", { name: "host-1", exact: true }).waitFor();
    assert.equal(await page.getByRole("link", { name: "site-1", exact: true }).count(), 0);
    await open(page, "Groups");
    await remove(page, "groups", "pair");
  }),

  "changes schedules and windows": () => scenario(async (page) => {
    await signIn(page);
    await open(page, "Schedules");
    await page.getByRole("button", { name: "New schedule" }).click();
    await save(page, "New schedule", { Name: "nightly", When: "0 3 * * *", "Time zone": "Europe/Berlin", Request: '{"agent_id": "host-1", "command": "echo", "params": {"message": "night"}}' });
    await line(page, "schedules", "nightly").getByRole("button", { name: "Change" }).click();
    await save(page, "Change schedule nightly", { When: "30 4 * * *" });
    await line(page, "schedules", "30 4 * * *").waitFor();
    await line(page, "schedules", "nightly").getByRole("button", { name: "Run now" }).click();
    await page.getByRole("dialog", { name: "Run now" }).getByRole("button", { name: "Run now" }).click();
    await page.getByRole("dialog", { name: "Run now" }).waitFor({ state: "hidden" });
    await page.getByRole("button", { name: "New window" }).click();
    await save(page, "New maintenance window", { Name: "sunday", Who: "host-1", Opens: "0 2 * * sun", "Seconds it stays open": "3600", Reason: "patches" });
    await line(page, "maintenance windows", "patches").waitFor();
    await inspect(page, "schedules-filled-light");
    await remove(page, "maintenance windows", "sunday");
    await remove(page, "schedules", "nightly");
  }),

  "changes who is told": () => scenario(async (page) => {
    await signIn(page);
    await open(page, "Notifications");
    await page.getByRole("button", { name: "New target" }).click();
    await save(page, "New target", { Name: "nobody", Kind: "webhook", Address: "http://127.0.0.1:1/hook", Secret: "at least 16 bytes", Events: "command.ended" });
    await line(page, "targets", "nobody").getByRole("button", { name: "Test" }).click();
    await line(page, "targets", "nobody").getByRole("status").waitFor();
    await line(page, "targets", "nobody").getByRole("button", { name: "Change" }).click();
    await save(page, "Change target nobody", { Events: "run.ended" });
    await line(page, "targets", "run.ended").waitFor();
    await remove(page, "targets", "nobody");
  }),

  "changes a service": () => scenario(async (page) => {
    await signIn(page);
    await page.goto(`${address}/services/site`);
    await page.getByRole("button", { name: "Change" }).click();
    await save(page, "Change service site", { "Health check": '{"kind": "http", "url": "http://127.0.0.1:9/"}' });
    await page.getByRole("button", { name: "Change" }).click();
    const dialog = await fill(page, "Change service site", {});
    assert.match(await dialog.getByLabel("Health check").inputValue(), /127.0.0.1:9/);
    await save(page, "Change service site", { "Health check": "" });
  }),

  "changes accounts and makes a token": () => scenario(async (page) => {
    await signIn(page);
    await open(page, "Accounts");
    await page.getByRole("button", { name: "New account" }).click();
    await save(page, "New account", { "User name": "vera", Password: "a long enough password", Permissions: "cockpit_agents:read" });
    await line(page, "accounts", "vera").getByText("must change the password").waitFor();
    await line(page, "accounts", "vera").getByRole("button", { name: "Disable" }).click();
    await page.getByRole("dialog", { name: "Disable" }).getByRole("button", { name: "Disable" }).click();
    await line(page, "accounts", "vera").getByRole("button", { name: "Enable" }).waitFor();
    await page.getByRole("link", { name: "admin", exact: true }).click();
    await page.getByLabel("What for").fill("a test");
    await page.getByRole("button", { name: "Make it" }).click();
    const token = await page.getByRole("status").locator("code").textContent();
    const answer = await fetch(`${address}/auth/me`, { headers: { Authorization: `Bearer ${token}` } });
    assert.equal((await answer.json()).token_name, "a test");
    await line(page, "tokens", "a test").getByRole("button", { name: "Revoke" }).click();
    await page.getByRole("dialog", { name: "Revoke" }).getByRole("button", { name: "Revoke" }).click();
    await line(page, "tokens", "a test").waitFor({ state: "detached" });
    assert.equal((await fetch(`${address}/auth/me`, { headers: { Authorization: `Bearer ${token}` } })).status, 401);
  }),
};
