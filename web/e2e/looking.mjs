// Signing in, what is live, tabs, the keyboard, and how every page looks.

import assert from "node:assert/strict";
import { address, ask, inspect, open, row, runCommand, scenario, signIn } from "./browser.mjs";

/** Presses Tab until what has the focus is called that. */
async function tabTo(page, name) {
  const seen = [];
  for (let i = 0; i < 60; ++i) {
    const here = await page.evaluate(() => {
      const at = document.activeElement;
      const label = at.labels?.[0]?.textContent ?? at.getAttribute("aria-label") ?? at.textContent;
      return { label: label.trim(), outline: getComputedStyle(at).outlineStyle };
    });
    if (here.label === name) {
      assert.notEqual(here.outline, "none", `the focus on ${name} cannot be seen`);
      return;
    }
    seen.push(here.label.slice(0, 30));
    await page.keyboard.press("Tab");
  }
  assert.fail(`no way by Tab to ${name}, only to ${seen.join(", ")}`);
}

export const looking = {
  "signs in and out": () => scenario(async (page) => {
    await page.goto(`${address}/history?command=nothing`);
    await page.getByLabel("User name").fill("admin");
    await page.getByLabel("Password").fill("not the password");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").waitFor();
    await page.getByLabel("Password").fill(process.env.COCKPIT_PASSWORD);
    await page.keyboard.press("Enter");
    // A deep link leads where it says, also through the form.
    await page.getByRole("heading", { name: "History" }).waitFor();
    await page.getByText("Nothing like that was sent").waitFor();
    await page.getByRole("button", { name: "sign out" }).click();
    await page.getByRole("button", { name: "Sign in" }).waitFor();
  }),

  "sees a host go and come back": () => scenario(async (page) => {
    await signIn(page);
    await open(page, "Agents");
    await row(page, "host-1").getByText("online").waitFor();
    await page.getByText("live", { exact: true }).waitFor();
    await page.evaluate(() => { window.notReloaded = true; });
    await ask("kill the agent");
    await row(page, "host-1").getByText("offline").waitFor({ timeout: 60_000 });
    await runCommandThatWaits(page);
    await ask("start the agent");
    await row(page, "host-1").getByText("online").waitFor({ timeout: 60_000 });
    assert.equal(await page.evaluate(() => window.notReloaded), true);
  }),

  "goes on when the server was away": () => scenario(async (page) => {
    await signIn(page);
    await open(page, "Agents");
    await page.getByText("live", { exact: true }).waitFor();
    await ask("stop the server");
    await page.getByText(/not live/).waitFor({ timeout: 30_000 });
    await ask("start the server");
    await page.getByText("live", { exact: true }).waitFor({ timeout: 60_000 });
    await row(page, "host-1").getByText("online").waitFor({ timeout: 60_000 });
  }),

  "types on when the session ends": () => scenario(async (page) => {
    await signIn(page);
    await open(page, "Run a command");
    await page.getByLabel("Who").fill("host-1");
    await page.getByLabel("message", { exact: false }).first().fill("half a sen");
    const token = await page.evaluate(() => sessionStorage.getItem("cockpit-token"));
    await fetch(`${address}/auth/logout`, { method: "POST", headers: { Authorization: `Bearer ${token}` } });
    await page.getByRole("button", { name: /^Run on / }).click();
    await page.getByText("Your session has ended").waitFor();
    await page.getByLabel("User name").fill("admin");
    await page.getByLabel("Password").fill(process.env.COCKPIT_PASSWORD);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("Your session has ended").waitFor({ state: "detached" });
    assert.equal(await page.getByLabel("message", { exact: false }).first().inputValue(), "half a sen");
  }),

  "uses two tabs": () => scenario(async (page, context) => {
    await signIn(page);
    const other = await context.newPage();
    await other.goto(`${address}/agents`);
    // Nobody signs in again for a tab.
    await row(other, "host-1").getByText("online").waitFor();
    await runCommand(page, "host-1", "echo", { message: "from the first tab" });
    await page.getByRole("log").getByText("from the first tab").waitFor();
    await open(other, "History");
    await other.getByRole("region", { name: "commands" }).getByText("echo").first().waitFor();
    await page.getByRole("button", { name: "sign out" }).click();
    await other.getByRole("button", { name: "Sign in" }).waitFor();
  }),

  "needs no mouse": () => scenario(async (page) => {
    await page.goto(address);
    await page.getByLabel("User name").waitFor();
    await page.keyboard.type("admin");
    await page.keyboard.press("Tab");
    await page.keyboard.type(process.env.COCKPIT_PASSWORD);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    await page.keyboard.press("Control+k");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.type("run a");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Run a command" }).waitFor();
    await tabTo(page, "Who");
    await page.keyboard.type("host-1");
    await page.getByRole("list", { name: "hosts that are meant" }).getByText("host-1").waitFor();
    await tabTo(page, "Command");
    await page.keyboard.type("git_pull");
    await tabTo(page, "repository_path");
    await page.keyboard.type("/etc");
    await tabTo(page, "Run on 1 host");
    await page.keyboard.press("Enter");
    // The question has the focus on what is wanted, and Escape takes it back.
    await page.getByRole("dialog", { name: "What is about to run" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog", { name: "What is about to run" }).waitFor({ state: "hidden" });
    await tabTo(page, "Run on 1 host");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog", { name: "What is about to run" }).waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "git_pull on host-1" }).waitFor();
  }),

  "uses a telephone": () => scenario(async (page) => {
    await signIn(page);
    await page.getByRole("button", { name: "pages" }).click();
    await open(page, "Agents");
    await row(page, "host-1").getByRole("link", { name: "host-1" }).click();
    await page.getByRole("link", { name: "Run a command" }).last().click();
    await page.getByLabel("message", { exact: false }).first().fill("from a telephone");
    await page.getByRole("button", { name: "Run on 1 host" }).click();
    await page.getByRole("log").getByText("from a telephone").waitFor();
    await inspect(page, "command-narrow");
  }, { width: 360, height: 740 }),
};

/** A command for the host that is away shows as waiting, and is gone once it was cancelled. */
async function runCommandThatWaits(page) {
  const headers = { Authorization: `Bearer ${await page.evaluate(() => sessionStorage.getItem("cockpit-token"))}`, "Content-Type": "application/json" };
  const base = `${address}/api/cockpit-agent`;
  const sent = await (await fetch(`${base}/command`, { method: "POST", headers, body: JSON.stringify({ agent_id: "host-1", command: "echo", queue_if_offline: true }) })).json();
  await row(page, "host-1").getByRole("cell", { name: "1", exact: true }).waitFor();
  await fetch(`${base}/commands/${sent.command_id}/cancel`, { method: "POST", headers, body: "{}" });
  await row(page, "host-1").getByRole("cell", { name: "1", exact: true }).waitFor({ state: "detached" });
}

const places = ["overview", "agents", "agents/host-1", "command?agent=host-1", "runs", "history", "deployments", "services/site", "groups", "schedules", "notifications", "accounts", "account", "docs", "docs?q=login"];
for (const [name, how] of [["light", {}], ["dark", { dark: true }], ["narrow", { width: 360, height: 740 }]]) {
  looking[`is accessible, ${name}`] = () => scenario(async (page) => {
    await page.goto(address);
    await page.getByRole("button", { name: "Sign in" }).waitFor();
    await inspect(page, `sign-in-${name}`);
    await signIn(page);
    for (const place of places) {
      await page.goto(`${address}/${place}`);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await inspect(page, `${place.replaceAll(/[^a-z0-9]+/g, "-")}-${name}`);
    }
  }, how);
}
