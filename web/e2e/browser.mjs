// Debian's Chromium, driven as a person would; what every scenario has in common.

import { AxeBuilder } from "@axe-core/playwright";
import { chromium } from "playwright-core";
import assert from "node:assert/strict";
import readline from "node:readline";

export const address = process.env.COCKPIT;
const shots = process.env.COCKPIT_SCREENSHOTS;

/** Tells whoever started this script, and waits until it says that it did its part. */
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
export async function ask(what) {
  console.log(what);
  await lines.next();
}

export async function scenario(run, { dark = false, width = 1280, height = 800 } = {}) {
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
  const wrong = [];
  try {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme: dark ? "dark" : "light", reducedMotion: "reduce" });
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    page.on("pageerror", (error) => wrong.push(`error: ${error.message}`));
    page.on("console", (message) => {
      // The browser itself tells of answers such as 401, which the scenarios want.
      if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) wrong.push(`console: ${message.text()}`);
    });
    page.on("request", (request) => {
      if (!request.url().startsWith(address) && !request.url().startsWith("blob:")) wrong.push(`asked elsewhere: ${request.url()}`);
    });
    await run(page, context);
    assert.deepEqual(wrong, []);
    console.log("well");
  } finally {
    await browser.close();
    process.stdin.destroy();
  }
}

export async function signIn(page, username = "admin", password = process.env.COCKPIT_PASSWORD) {
  await page.goto(address);
  await page.getByLabel("User name").fill(username);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
}

/** A page of the menu. */
export async function open(page, name) {
  await page.getByRole("navigation", { name: "pages" }).getByRole("link", { name, exact: true }).click();
  await page.getByRole("heading", { name, level: 1 }).waitFor();
}

export const row = (page, id) => page.getByRole("row").filter({ has: page.getByRole("link", { name: id, exact: true }) });

/** By hand, on the page that is for it. */
export async function runCommand(page, who, command, params = {}) {
  await page.goto(`${address}/command`);
  await page.getByLabel("Who").fill(who);
  await page.getByLabel("Command", { exact: true }).selectOption(command);
  for (const [name, value] of Object.entries(params)) await page.getByLabel(name, { exact: false }).first().fill(value);
  await page.getByRole("button", { name: /^Run on / }).click();
}

/** No violation of WCAG 2.1 AA that axe can find, and nothing that has to be scrolled sideways. */
export async function inspect(page, name) {
  // Not until the network is idle: live events never end.
  await page.waitForFunction(() => document.querySelector("[aria-busy=true]") === null);
  if (shots) await page.screenshot({ path: `${shots}/${name}.png`, fullPage: true });
  const found = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]).analyze();
  assert.deepEqual(found.violations.map((one) => `${name}: ${one.id} ${one.nodes.map((node) => node.html).join(" ").slice(0, 600)}`), []);
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(over <= 0, `${name} is ${over} pixels too wide`);
}
