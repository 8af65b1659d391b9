// Commands, runs and deployments, as a person starts and watches them.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { address, inspect, open, runCommand, scenario, signIn } from "./browser.mjs";

export const running = {
  "runs echo": () => scenario(async (page) => {
    await signIn(page);
    await runCommand(page, "host-1", "echo", { message: "hello from the page" });
    await page.getByRole("heading", { name: "echo on host-1" }).waitFor();
    await page.getByText("success").first().waitFor();
    await page.getByRole("log").getByText("hello from the page").waitFor();
    await inspect(page, "command-light");
    await page.getByRole("link", { name: "Run again" }).click();
    assert.equal(await page.getByLabel("message", { exact: false }).first().inputValue(), "hello from the page");
    // It counts.
    await open(page, "Overview");
    await page.getByRole("region", { name: "Slowest" }).getByText("echo").waitFor();
    assert.equal(await page.locator(".u-over").count(), 2, "two charts");
  }),

  "watches lines and cancels": () => scenario(async (page) => {
    await signIn(page);
    await runCommand(page, "host-1", "count");
    await page.getByRole("button", { name: "Run it" }).click();
    await page.getByRole("log").getByText("line 3").waitFor();
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByText("cancelled").first().waitFor();
  }),

  "is not frozen by ten thousand lines a second": () => scenario(async (page) => {
    await signIn(page);
    // The longest time that the page answered nothing, while the lines come.
    await page.evaluate(() => {
      window.longest = 0;
      let before = performance.now();
      const beat = () => { const now = performance.now(); window.longest = Math.max(window.longest, now - before); before = now; setTimeout(beat, 0); };
      beat();
    });
    await page.getByRole("link", { name: "Run a command" }).first().click();
    await page.getByLabel("Who").fill("host-1");
    await page.getByLabel("Command", { exact: true }).selectOption("flood");
    await page.getByRole("button", { name: /^Run on / }).click();
    await page.getByRole("button", { name: "Run it" }).click();
    await page.getByRole("log").getByText("the last of 100000 lines").waitFor({ timeout: 60_000 });
    await page.getByLabel("search in the output").fill("line 77777 ");
    await page.getByText("1 lines").waitFor();
    const longest = await page.evaluate(() => window.longest);
    console.log(`the longest pause was ${Math.round(longest)} ms`);
    assert.ok(longest < 2000, `the page answered nothing for ${longest} ms`);
  }),

  "is told why a pull is refused": () => scenario(async (page) => {
    await signIn(page);
    await runCommand(page, "host-1", "git_pull", { repository_path: "/etc" });
    await page.getByRole("button", { name: "Run it" }).click();
    await page.getByText(/this host allows no repository/).first().waitFor();
  }),

  "shows a viewer no button and the server refuses": () => scenario(async (page) => {
    await signIn(page, "viewer", process.env.COCKPIT_VIEWER_PASSWORD);
    await open(page, "Agents");
    await page.getByRole("link", { name: "host-1", exact: true }).click();
    await page.getByRole("heading", { name: "host-1", level: 1 }).waitFor();
    assert.equal(await page.getByRole("link", { name: "Run a command" }).count(), 0);
    assert.equal(await page.getByRole("link", { name: "Accounts" }).count(), 0);
    await open(page, "Groups");
    assert.equal(await page.getByRole("button", { name: "New group" }).count(), 0);
    // Whoever goes there all the same is told.
    await runCommand(page, "host-1", "echo");
    await page.getByRole("alert").getByText(/this needs the permission 'cockpit_agents:write'/).waitFor();
  }),

  "finds what was sent": () => scenario(async (page) => {
    await signIn(page);
    await runCommand(page, "host-1", "echo", { message: "findable" });
    await page.getByText("success").first().waitFor();
    await open(page, "History");
    await page.getByLabel("State", { exact: true }).selectOption("success");
    await page.getByLabel("Command", { exact: true }).fill("echo");
    await page.keyboard.press("Enter");
    await page.waitForURL(/status=success.*command=echo|command=echo.*status=success/);
    const states = page.getByRole("region", { name: "commands" }).locator("tbody tr");
    await states.first().waitFor();
    for (const text of await states.allTextContents()) assert.match(text, /echo.*success/);
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "CSV" }).click()]);
    const csv = readFileSync(await file.path(), "utf8");
    assert.match(csv, /^id,command_id,agent_id,command,/);
    assert.match(csv, /,echo,.*findable/);
    await page.getByLabel("User", { exact: true }).fill("nobody");
    await page.keyboard.press("Enter");
    await page.getByText("Nothing like that was sent").waitFor();
    await page.reload();
    await page.getByText("Nothing like that was sent").waitFor();
    assert.equal(await page.getByLabel("User", { exact: true }).inputValue(), "nobody");
  }),

  "runs on two hosts and compares what they said": () => scenario(async (page) => {
    await signIn(page);
    await runCommand(page, "host-1 or site-1", "name");
    await page.getByRole("button", { name: "Run it" }).click();
    await page.getByRole("heading", { name: "name on 2 hosts" }).waitFor();
    await page.getByText("1 of 1 ended").nth(1).waitFor();
    for (const box of await page.getByLabel("compare").all()) await box.check();
    const difference = page.getByLabel("difference");
    await difference.getByText("I am the first").waitFor();
    await difference.getByText("I am the second").waitFor();
    await inspect(page, "run-light");
  }),

  "deploys after a look at the difference, and takes it back": () => scenario(async (page) => {
    await signIn(page);
    await open(page, "Deployments");
    await page.getByRole("link", { name: "site", exact: true }).click();
    for (const word of ["well", "better"]) {
      await page.getByLabel("File (optional)").fill("site.conf");
      await page.getByLabel("Content").fill(`mode = ${word}\n`);
      assert.equal(await page.getByRole("button", { name: "Deploy", exact: true }).isDisabled(), true);
      await page.getByRole("button", { name: "Look at the difference" }).click();
      await page.getByLabel("difference").getByText(`+mode = ${word}`).waitFor();
      await page.getByRole("button", { name: "Deploy", exact: true }).click();
      await page.getByRole("status").getByText("succeeded").waitFor({ timeout: 60_000 });
      if (word === "well") await page.getByRole("link", { name: "site", exact: true }).click();
    }
    await inspect(page, "deployment-light");
    await page.getByRole("link", { name: "Take it back…" }).click();
    await page.getByRole("button", { name: "Look at the difference" }).click();
    await page.getByLabel("difference").getByText("+mode = well").waitFor();
    await page.getByRole("button", { name: "Deploy", exact: true }).click();
    await page.getByText("Take back deployment").waitFor();
    await page.getByRole("status").getByText("succeeded").waitFor({ timeout: 60_000 });
  }),
};
