// node e2e/scenarios.mjs NAME; tests/integration/test_page.py runs them against a server with agents.

import assert from "node:assert/strict";
import { address, ask, inspect, scenario, signIn } from "./browser.mjs";

const row = (page, id) => page.getByRole("row").filter({ has: page.getByRole("link", { name: id, exact: true }) });

async function run(page, who, command, params = {}) {
  await page.goto(`${address}/command`);
  await page.getByLabel("Who").fill(who);
  await page.getByLabel("Command", { exact: true }).selectOption(command);
  for (const [name, value] of Object.entries(params)) await page.getByLabel(name, { exact: false }).first().fill(value);
  await page.getByRole("button", { name: /^Run on / }).click();
}

const scenarios = {
  "signs in and out": () => scenario(async (page) => {
    await page.goto(`${address}/history`);
    await page.getByLabel("User name").fill("admin");
    await page.getByLabel("Password").fill("not the password");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").waitFor();
    await page.getByLabel("Password").fill(process.env.COCKPIT_PASSWORD);
    await page.keyboard.press("Enter");
    // A deep link leads where it says, also through the form.
    await page.getByRole("heading", { name: "History" }).waitFor();
    await page.getByRole("button", { name: "sign out" }).click();
    await page.getByRole("button", { name: "Sign in" }).waitFor();
  }),

  "sees a host go and come back": () => scenario(async (page) => {
    await signIn(page);
    await row(page, "host-1").getByText("online").waitFor();
    await page.getByText("live", { exact: true }).waitFor();
    await page.evaluate(() => { window.notReloaded = true; });
    await ask("kill the agent");
    await row(page, "host-1").getByText("offline").waitFor({ timeout: 60_000 });
    await ask("start the agent");
    await row(page, "host-1").getByText("online").waitFor({ timeout: 60_000 });
    assert.equal(await page.evaluate(() => window.notReloaded), true);
  }),

  "runs echo": () => scenario(async (page) => {
    await signIn(page);
    await run(page, "host-1", "echo", { message: "hello from the page" });
    await page.getByRole("heading", { name: "echo on host-1" }).waitFor();
    await page.getByText("success").first().waitFor();
    await page.getByRole("log").getByText("hello from the page").waitFor();
    await page.getByRole("link", { name: "Run again" }).click();
    assert.equal(await page.getByLabel("message", { exact: false }).first().inputValue(), "hello from the page");
  }),

  "watches lines and cancels": () => scenario(async (page) => {
    await signIn(page);
    await run(page, "host-1", "count");
    await page.getByRole("button", { name: "Run it" }).click();
    await page.getByRole("log").getByText("line 3").waitFor();
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByText("cancelled").first().waitFor();
  }),

  "is told why a pull is refused": () => scenario(async (page) => {
    await signIn(page);
    await run(page, "host-1", "git_pull", { repository_path: "/etc" });
    await page.getByRole("button", { name: "Run it" }).click();
    await page.getByText(/this host allows no repository/).first().waitFor();
  }),

  "shows a viewer no button and the server refuses": () => scenario(async (page) => {
    await signIn(page, "viewer", process.env.COCKPIT_VIEWER_PASSWORD);
    await page.getByRole("link", { name: "host-1", exact: true }).click();
    await page.getByRole("heading", { name: "host-1", level: 1 }).waitFor();
    assert.equal(await page.getByRole("link", { name: "Run a command" }).count(), 1, "only the one of the menu");
    await run(page, "host-1", "echo");
    await page.getByRole("alert").getByText(/this needs the permission 'cockpit_agents:write'/).waitFor();
  }),

  "goes on when the server was away": () => scenario(async (page) => {
    await signIn(page);
    await page.getByText("live", { exact: true }).waitFor();
    await ask("stop the server");
    await page.getByText(/not live/).waitFor({ timeout: 30_000 });
    await ask("start the server");
    await page.getByText("live", { exact: true }).waitFor({ timeout: 60_000 });
    await row(page, "host-1").getByText("online").waitFor({ timeout: 60_000 });
  }),

  "deploys after a look at the difference": () => scenario(async (page) => {
    await signIn(page);
    await page.getByRole("link", { name: "Deployments" }).click();
    await page.getByRole("link", { name: "site", exact: true }).click();
    await page.getByLabel("File (optional)").fill("site.conf");
    await page.getByLabel("Content").fill("mode = well\n");
    assert.equal(await page.getByRole("button", { name: "Deploy" }).isDisabled(), true);
    await page.getByRole("button", { name: "Look at the difference" }).click();
    await page.getByLabel("difference").getByText("+mode = well").waitFor();
    await page.getByRole("button", { name: "Deploy" }).click();
    await page.getByRole("status").getByText("succeeded").waitFor({ timeout: 60_000 });
    await inspect(page, "deployment");
  }),

  "goes anywhere by keyboard": () => scenario(async (page) => {
    await signIn(page);
    await page.keyboard.press("Control+k");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.type("hist");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "History" }).waitFor();
    await page.keyboard.press("Tab");
    const visible = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.notEqual(visible, "none");
  }),
};

const places = ["agents", "agents/host-1", "command?agent=host-1", "runs", "history", "deployments", "services/site", "groups", "schedules", "notifications"];
for (const [name, how] of [["light", {}], ["dark", { dark: true }], ["narrow", { width: 360, height: 740 }]]) {
  scenarios[`is accessible, ${name}`] = () => scenario(async (page) => {
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

if (process.argv[2] === "--list") console.log(Object.keys(scenarios).join("\n"));
else await scenarios[process.argv[2]]();
