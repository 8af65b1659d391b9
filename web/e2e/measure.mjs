// node e2e/measure.mjs: how fast the page of the server at $COCKPIT is, as JSON; bench/page.py runs it.

import { chromium } from "playwright-core";
import { address, ask, signIn } from "./browser.mjs";

const rounds = 5;
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });

/** Milliseconds from the navigation to the first content, on a page without anything cached. */
async function firstContent(path) {
  const fresh = await browser.newContext();
  const page = await fresh.newPage();
  await page.goto(address + path);
  const found = await page.evaluate(() => new Promise((resolve) => {
    new PerformanceObserver((list) => { for (const entry of list.getEntriesByName("first-contentful-paint")) resolve(entry.startTime); }).observe({ type: "paint", buffered: true });
  }));
  await fresh.close();
  return found;
}

/** Until a row is there, and until what is typed into the search has taken effect. */
async function agentsPage(page, hosts) {
  const start = performance.now();
  await page.goto(`${address}/agents`, { waitUntil: "commit" });
  await page.getByRole("row").nth(5).waitFor();
  const rows = performance.now() - start;
  await page.getByLabel("search by id, name, version").fill(`host-${hosts - 1}`);
  await page.locator(`[role=table][aria-rowcount="1"]`).waitFor();
  return { rows, interactive: performance.now() - start };
}

/** Frames that came later than two screen refreshes while the table is scrolled from end to end. */
async function scrolling(page) {
  await page.goto(`${address}/agents`);
  await page.getByRole("row").nth(5).waitFor();
  return page.evaluate(() => new Promise((resolve) => {
    const table = document.querySelector("[role=table]");
    const gaps = [];
    let before = performance.now();
    let step = 0;
    const frame = (now) => {
      gaps.push(now - before);
      before = now;
      table.scrollTop += table.scrollHeight / 120;
      if (++step < 120) requestAnimationFrame(frame);
      else resolve({ median: gaps.toSorted((a, b) => a - b)[60], worst: Math.max(...gaps.slice(1)), drawn: document.querySelectorAll("[role=row]").length });
    };
    requestAnimationFrame(frame);
  }));
}

/** How long after the API the page shows that a host went. */
async function change(page) {
  await page.goto(`${address}/agents?q=bench-host`);
  const row = page.getByRole("row").filter({ has: page.getByRole("link", { name: "bench-host", exact: true }) });
  await row.getByText("online").waitFor();
  const token = await page.evaluate(() => sessionStorage.getItem("cockpit-token"));
  await page.evaluate(() => new Promise((resolve) => {
    window.shown = new Promise((done) => {
      new MutationObserver(() => { if (document.querySelector("[role=table]")?.textContent.includes("offline")) done(Date.now()); }).observe(document.body, { subtree: true, childList: true, characterData: true });
    });
    resolve();
  }));
  await ask("stop the agent");
  let told = 0;
  for (;;) {
    const answer = await (await fetch(`${address}/api/cockpit-agent/bench-host/status`, { headers: { Authorization: `Bearer ${token}` } })).json();
    if (answer.status === "offline") { told = Date.now(); break; }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return (await page.evaluate(() => window.shown)) - told;
}

const times = async (what) => { const all = []; for (let i = 0; i < rounds; ++i) all.push(await what()); return all; };
const result = {};
result.floor_first_content = median(await times(() => firstContent("/icon.svg")));
result.first_content = median(await times(() => firstContent("/")));
const page = await context.newPage();
await signIn(page);
const hosts = Number(process.env.COCKPIT_HOSTS);
const agents = await times(() => agentsPage(page, hosts));
result.agents_rows = median(agents.map((one) => one.rows));
result.agents_interactive = median(agents.map((one) => one.interactive));
result.scrolling = await scrolling(page);
result.change_behind_api = await change(page);
await browser.close();
process.stdin.destroy();
console.log(JSON.stringify(result));
