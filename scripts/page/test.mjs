// Tests a generated report page in Chromium: it shows its data correctly, works with a keyboard and on a phone, has no
// violations according to axe-core, and runs no script from the data.
//
//     node test.mjs PAGE.html [--hostile] [--screenshots DIR]
//
// CHROMIUM is the path of the browser (default: /usr/bin/chromium). Stops at the first failure with exit code 1.

import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

import { chromium } from "playwright-core";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { hostile: { type: "boolean", default: false }, screenshots: { type: "string" }, name: { type: "string", default: "page" } },
});
if (positionals.length !== 1) {
  console.error("usage: node test.mjs PAGE.html [--hostile] [--screenshots DIR] [--name NAME]");
  process.exit(2);
}

const file = resolve(positionals[0]);
const source = readFileSync(file, "utf8");
const address = pathToFileURL(file).href;
const report = embedded(source);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };
// Invisible characters, which the page must show as escapes.
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/;

class Failure extends Error {}

function check(condition, message) {
  if (!condition) throw new Failure(message);
}

function embedded(html) {
  const found = html.match(/<script type="application\/json" id="report">([^<]*)<\/script>/);
  if (!found) throw new Error("the page contains no report");
  return JSON.parse(found[1]);
}

const findings = report.findings ?? [];
const cases = report.cases ?? [];
const failed = report.totals?.failed ?? 0;
const failing = (report.causes ?? []).filter((cause) => cause.level === "must" && cause.cases.length > 0);
const relearned = report.relearned ?? [];
const stale = cases.filter((entry) => entry.outcome === "stale").length + (report.stale ?? []).length;

/** Opens the page; an error, a dialog, or a request for anything but the file fails the test. */
async function open(browser, { fragment = "", ...context }) {
  const tab = await (await browser.newContext(context)).newPage();
  tab.troubles = [];
  tab.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) tab.troubles.push(`console: ${message.text()}`);
  });
  tab.on("pageerror", (error) => tab.troubles.push(`error: ${error.message}`));
  tab.on("dialog", (dialog) => {
    tab.troubles.push(`a dialog opened: ${dialog.message()}`);
    dialog.dismiss();
  });
  tab.on("request", (request) => {
    const url = request.url().split("#")[0];
    if (url !== address && url !== "data:,") tab.troubles.push(`a request for ${url.slice(0, 200)}`);
  });
  await tab.addInitScript(() => {
    Object.defineProperty(navigator, "clipboard", { value: { writeText: async (text) => { window.__copied = text; } } });
  });
  tab.setDefaultTimeout(15000);
  await tab.goto(address + fragment, { waitUntil: "load" });
  check(tab.troubles.length === 0, `on opening the page, ${tab.troubles.join("\n")}`);
  return tab;
}

async function close(tab) {
  check(tab.troubles.length === 0, tab.troubles.join("\n"));
  await tab.context().close();
}

async function accessible(tab, where) {
  // The debugger evaluates this outside the page's content security policy.
  await tab.evaluate(`${axe}; undefined`);
  const violations = await tab.evaluate(async () => (await window.axe.run(document, { resultTypes: ["violations"] })).violations
    .map((one) => `${one.id}: ${one.help}\n  ${one.nodes.slice(0, 3).map((node) => `${node.target} ${node.failureSummary}`).join("\n  ")}`));
  check(violations.length === 0, `axe-core, ${where}:\n${violations.join("\n")}`);
}

async function fits(tab, where) {
  const [wide, width] = await tab.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  check(wide <= width, `${where}: the page is ${wide} px wide in a window of ${width}`);
}

async function shot(tab, name, fullPage = false) {
  if (!options.screenshots) return;
  mkdirSync(options.screenshots, { recursive: true });
  await tab.screenshot({ path: join(options.screenshots, `${options.name}-${name}.png`), fullPage });
}

/** Opens the first finding, unless the page opens it itself. */
async function openFinding(tab) {
  const finding = tab.locator(".finding > summary").first();
  if (!(await finding.isVisible())) await tab.locator("#groups > .fold > summary").first().click();
  if (!(await tab.locator(".finding").first().evaluate((one) => one.open))) await finding.click();
  await tab.locator(".finding[open] .body").first().waitFor();
}

/** Causes come first, gravest first, each with its rule, harm, reach and example. */
async function causes(tab) {
  const shown = await tab.locator("#groups > .causes > .cause")
    .evaluateAll((blocks) => blocks.map((one) => [one.dataset.cause, one.innerText, Boolean(one.querySelector(".tag.new"))]));
  check(shown.length === Math.min(30, failing.length), `${shown.length} causes are shown, of ${failing.length}`);
  for (const [at, [id, text, fresh]] of shown.entries()) {
    const cause = failing[at];
    check(id === cause.id, `cause ${at + 1} is ${id}, not ${cause.id}`);
    for (const label of ["Harm", "Reach", "Expected", "Actual", "Id"]) check(text.includes(label), `cause ${id} does not show ${label}`);
    check(cause.cases.length === 1 || text.includes(`${cause.cases.length.toLocaleString("en-GB")} cases in`), `cause ${id} does not show its reach: ${text}`);
    check((report.new_causes ?? []).includes(id) === fresh, `cause ${id} is ${fresh ? "" : "not "}marked as new`);
  }
}

/** A line break in a value is an escape everywhere; only bodies and commands have lines. */
async function lineBreaks(tab) {
  const broken = await tab.evaluate(() => [...document.querySelectorAll(".pairs dd, .finding > summary, .cause h3, .table td, .list li")]
    .filter((one) => /[\n\t]/.test(one.textContent)).map((one) => one.textContent.slice(0, 100)));
  check(broken.length === 0, `values have line breaks: ${broken.join(" | ")}`);
}

/** New causes are counted and can be filtered. */
async function fresh(tab) {
  const button = tab.locator("#new");
  const fresh = (report.new_causes ?? []).length;
  if (!(report.trend ?? []).length) return check(!(await button.isVisible()), "there is no earlier run, but new causes are counted");
  check((await button.textContent()).startsWith(`${fresh} new since `), "new causes are not counted");
  if (fresh === 0) return undefined;
  await button.click();
  check(await tab.locator("#groups > .causes > .cause").count() === fresh, "the filter does not show the new causes");
  check(tab.url().includes("only=new"), "the filter for new causes is not in the address");
  await tab.locator("#clear").click();
  return undefined;
}

/** Entries to change, and the explanation of what was not judged. */
async function sections(tab) {
  const toChange = stale + relearned.length;
  check(await tab.locator("#stale").isVisible() === toChange > 0, `the section of entries to change is ${toChange ? "missing" : "empty"}`);
  const items = await tab.locator("#stale").innerText();
  if (relearned.length && !options.hostile) check(relearned.every((line) => items.includes(line.slice(0, 100))), `the page shows no line of ${relearned}`);
  if (stale) check(/line \d+/.test(await tab.locator("#stale").innerText()), "no stale entry names its line");
  const reasons = report.indeterminate ?? [];
  const shown = await tab.locator("#unscored-body tbody th").allTextContents();
  check(reasons.length === 0 || shown.length === Math.min(50, reasons.length), `${shown.length} reasons are shown, of ${reasons.length}`);
  const offered = report.operations.filter((one) => one.supported !== false).length;
  check((await tab.locator("#coverage-lede").textContent()).includes(`${offered.toLocaleString("en-GB")} operation`), "the coverage does not say which operations it counts");
}

/** The three gravest causes are on the first screen, directly under the verdict, and lead to their blocks. */
async function firstScreen(tab, viewport) {
  const lines = tab.locator("#brief-list > li");
  check(await tab.locator("#brief").isVisible() === failing.length > 0, "the list under the verdict is missing, or empty");
  for (const [at, cause] of failing.slice(0, 3).entries()) {
    const line = lines.nth(at);
    check(await line.locator("a").getAttribute("data-brief") === cause.id, `line ${at + 1} is not ${cause.id}`);
    const { bottom } = await line.evaluate((one) => one.getBoundingClientRect().toJSON());
    check(bottom <= viewport.height, `cause ${at + 1} ends at ${bottom} px, below a screen of ${viewport.height}`);
    const [text, title] = [await line.innerText(), await tab.locator(`.cause[data-cause="${cause.id}"] h3`).innerText()];
    check(!text.includes(cause.rule), `line ${at + 1} repeats the rule: ${text}`);
    check(title.startsWith(await line.locator(".what > span").first().innerText()), `line ${at + 1} and its block differ: ${text} | ${title}`);
    check(text.includes(plural(cause.cases.length, "case")), `line ${at + 1} does not show its reach: ${text}`);
    check(title.includes(cause.cases[0].split("/")[0]) || new Set(cause.cases.map((one) => one.split("/")[0])).size > 1, `a title does not name its operation: ${title}`);
  }
  if (failing.length === 0) return;
  // The counts in navigation, list and heading agree.
  check((await tab.locator("#nav a").first().innerText()).trim() === `Causes ${failing.length}`, "the navigation counts other causes");
  check((await tab.locator("#result").innerText()).startsWith(plural(failing.length, "cause")), "the heading counts other causes");
  const last = Math.min(failing.length, await lines.count()) - 1;
  await lines.nth(last).locator("a").click();
  check(await tab.evaluate((id) => document.activeElement.closest(".cause")?.dataset.cause === id, failing[last].id), "a line does not lead to its block");
  await tab.evaluate(() => window.scrollTo(0, 0));
}

const plural = (n, word) => `${n.toLocaleString("en-GB")} ${word}${n === 1 ? "" : "s"}`;

/** The words of the page are explained on it. */
async function glossary(tab) {
  const text = await tab.locator("#glossary").textContent();
  for (const word of ["judged", "known", "stale", "indeterminate", "unsupported", "must", "cause"]) {
    check(text.includes(word), `the page does not explain the word ${word}`);
  }
}

/** Reaches the grid with the Tab key and a cell with cases with the arrow keys, and opens it. */
async function openCellByKeyboard(tab) {
  await tab.locator("#op").focus();
  for (let pressed = 0; pressed < 40 && !(await focused(tab)); pressed++) await tab.keyboard.press("Tab");
  check(await focused(tab), "the Tab key does not reach a cell of the grid");
  const before = await tab.evaluate(() => document.activeElement.dataset.at);
  await tab.keyboard.press("ArrowRight");
  const after = await tab.evaluate(() => document.activeElement.dataset.at);
  const columns = await tab.locator("#grid tbody tr:not(.spacer)").first().locator("td").count();
  check(columns < 2 || before !== after, "the arrow keys do not move in the grid");
  await tab.keyboard.press("Home");
  for (let moves = 0; moves < 20 && !(await tab.evaluate(() => document.activeElement.hasAttribute("aria-haspopup"))); moves++) {
    await tab.keyboard.press("ArrowRight");
  }
  await tab.keyboard.press("Enter");
  check(await tab.locator("dialog[open] .case").first().isVisible(), "Enter does not open the cases of a cell");
}

const focused = (tab) => tab.evaluate(() => document.activeElement.matches("#grid td[data-at]"));

async function keyboard(tab) {
  await openCellByKeyboard(tab);
  await tab.keyboard.press("Escape");
  check(!(await tab.locator("dialog[open]").count()), "Escape does not close the cases");
  check(await focused(tab), "the focus is lost when the cases close");
  await tab.keyboard.press("Control+End");
  check(await focused(tab), "the focus is lost at the end of the grid");
  await tab.keyboard.press("Control+Home");
  check(await focused(tab), "the focus is lost at the start of the grid");
  await tab.locator("#findings-title").focus();
  await tab.keyboard.press("/");
  check(await tab.evaluate(() => document.activeElement.id === "search"), "/ does not focus the search");
  check((await tab.locator("#search").inputValue()) === "", "/ is typed into the search");
}

/** Second line of defence: the policy blocks scripts and resources even if data became markup. */
async function policy(tab) {
  const content = await tab.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute("content");
  for (const wanted of ["default-src 'none'", "script-src-attr 'none'", "base-uri 'none'", "form-action 'none'", "require-trusted-types-for 'script'"]) {
    check(content.split(/;\s*/).includes(wanted), `the policy of the page lacks ${wanted}`);
  }
}

async function numbers(tab) {
  const shown = await tab.locator('#tally [data-outcome="failed"] .n').textContent();
  check(Number(shown.replaceAll(",", "")) === failed, `the page shows ${shown} failed cases, the report has ${failed}`);
  if (!options.hostile) check((report.failed_cases ?? []).length === failed, "failed_cases and totals differ");
  const verdict = await tab.locator("#verdict").textContent();
  if (report.exit_code === 1) check(verdict.includes(failed.toLocaleString("en-GB")), `the verdict does not contain ${failed}: ${verdict}`);
  check(!verdict.includes("cannot be shown"), verdict);
}

async function grid(tab) {
  await tab.locator("#rows").selectOption("all");
  check(await tab.locator("#grid tbody td[data-at]").count() > 0, "the grid has no cells");
  const before = await tab.locator("#grid thead th").count();
  await tab.getByRole("button", { name: "Open all families" }).click();
  check(await tab.locator("#grid thead th").count() > before, "the families do not open");
  const rows = await tab.locator("#grid tbody tr:not(.spacer)").count();
  check(rows < 120, `${rows} rows are rendered at once`);
  await tab.locator("#grid-scroll").evaluate((box) => { box.scrollTop = box.scrollHeight; });
  await tab.waitForTimeout(100);
  const last = await tab.locator("#grid tbody tr:last-child").getAttribute("aria-rowindex");
  check(last === await tab.locator("#grid").getAttribute("aria-rowcount"), `scrolled to the end, the last row is ${last}`);
  await tab.getByRole("button", { name: "Close all families" }).click();
  check(await tab.locator("#grid thead th").count() === before, "the families do not close");
}

async function search(tab) {
  const wanted = findings.at(-1).case;
  const word = wanted.split("/")[0].slice(0, 60);
  const all = await tab.locator("#result").textContent();
  await tab.locator("#search").fill(word);
  await tab.waitForFunction((before) => document.querySelector("#result").textContent !== before, all);
  const [shown] = (await tab.locator("#result").textContent()).split(" ");
  const fields = (one) => [one.case, one.rule, one.pointer, one.expected, one.actual].join("\n").toLowerCase();
  const expected = findings.filter((one) => word.toLowerCase().split(/\s+/).every((part) => fields(one).includes(part))).length;
  check(Number(shown.replaceAll(",", "")) === expected, `the search for ${word} shows ${shown} findings, expected ${expected}`);
  check(new URLSearchParams(new URL(tab.url()).hash.slice(1)).get("q") === word, "the search is not in the address");
  await tab.locator("#search").fill("no such thing anywhere");
  await tab.getByText("No finding matches").waitFor();
  await tab.locator("#clear").click();
  await tab.waitForFunction((before) => document.querySelector("#result").textContent === before, all);
}

/** Every button copies a whole command, as shown. */
async function copies(tab) {
  const box = tab.locator(".finding[open] .commands").first();
  if (!(await box.locator("[data-copy]").count())) return;
  await box.locator("summary").click();
  const starts = { "As curl": "curl --silent", "As boto3": "from botocore", Replay: "cargo conformance replay " };
  for (const [name, start] of Object.entries(starts)) {
    const press = box.locator(`[data-copy="${name}"]`);
    await press.click();
    await tab.waitForFunction((one) => one.textContent === "Copied", await press.elementHandle());
    const copied = await tab.evaluate(() => window.__copied);
    check(copied === await box.locator(`[data-command="${name}"]`).textContent(), `the copied command differs from the shown one: ${copied}`);
    check(copied.startsWith(start) || copied.startsWith(starts.Replay), `the command is ${copied}`);
    check(!UNSEEN.test(copied.replaceAll("\n", "")), "a copied command contains invisible characters");
    check(!/authorization: AWS4/i.test(copied), "a copied command contains a signature");
  }
}

/** Exchanges of a finding that rests on several are all there, in order. */
async function exchanges(browser) {
  const wanted = findings.find((one) => one.exchanges?.length > 0);
  if (!wanted) return;
  const tab = await open(browser, { viewport: DESKTOP, fragment: `#case=${encodeURIComponent(wanted.case)}` });
  const shown = await tab.locator(`.finding[open] .exchanges .numbered > summary`).allTextContents();
  const lines = wanted.exchanges.map((one, at) => `${at + 1}. ${one.request.method} ${one.request.uri}`.slice(0, 100));
  check(lines.every((line, at) => shown[at]?.startsWith(line)), `the exchanges of ${wanted.case} are ${shown.join(" | ")}`);
  await accessible(tab, "with several exchanges");
  await shot(tab, "exchanges");
  await close(tab);
}

async function linked(browser) {
  const last = findings.at(-1).case;
  const tab = await open(browser, { viewport: DESKTOP, fragment: `#case=${encodeURIComponent(last.toWellFormed?.() ?? last)}` });
  check(await tab.evaluate(() => document.activeElement.matches(".finding[open] > summary")), "a link does not open and focus its finding");
  const variant = last.split("/").slice(2).join("/");
  const focused = await tab.evaluate(() => document.activeElement.textContent);
  check(options.hostile || focused.includes(last.split("/")[0]) && focused.includes(variant), `a link to ${last} focuses ${focused}`);
  await close(tab);
}

async function harmless(tab) {
  const seen = await tab.evaluate(() => ({
    pwned: window.__pwned,
    scripts: document.scripts.length,
    foreign: document.querySelectorAll("img, iframe, object, embed, svg [onload], [onerror], [onload], [onclick], a[href]:not([href^='#'])").length,
    text: document.body.innerText,
    attributes: [...document.querySelectorAll("body *")].flatMap((one) => ["title", "aria-label", "placeholder"].map((name) => one.getAttribute(name) ?? "")).join("\n"),
  }));
  check(seen.pwned === undefined, "a script from the data ran");
  check(seen.scripts === source.split("<script").length - 1, `${seen.scripts} scripts are in the page`);
  check(seen.foreign === 0, `the data created ${seen.foreign} elements`);
  check(seen.text.includes("<img src=x onerror=window.__pwned=1>"), "the payload is not shown as text");
  check(/\\u\{202e\}/.test(seen.text), "a direction override is not shown as an escape");
  check(!UNSEEN.test(seen.text), `the text contains an invisible character: ${escape(seen.text.match(UNSEEN)?.[0] ?? "")}`);
  check(!UNSEEN.test(seen.attributes), "a title or label contains an invisible character");
}

/** Clicks the first elements that match the selector now, since clicks change the matches. */
async function pressAll(tab, selector, most) {
  await tab.evaluate(([wanted, limit]) => [...document.querySelectorAll(wanted)].slice(0, limit).forEach((one) => one.click()), [selector, most]);
  await tab.waitForTimeout(300);
}

async function hostile(browser) {
  const tab = await open(browser, { viewport: DESKTOP });
  await pressAll(tab, "main details:is(.fold, .rest):not([open]) > summary", 100);
  if (findings.length) await openFinding(tab);
  await pressAll(tab, ".finding:not([open]) > summary", 40);
  await fits(tab, "desktop, hostile, with findings open");
  await harmless(tab);
  await pressAll(tab, ".wire header [aria-pressed]", 20);
  await pressAll(tab, ".finding pre ~ button", 5);
  await fits(tab, "desktop, hostile");
  await harmless(tab);
  await shot(tab, "hostile");
  await close(tab);
}

/** Checks every combination of size and colour scheme, with a finding and a cell open. */
async function appearance(browser) {
  for (const [size, viewport] of [["desktop", DESKTOP], ["phone", PHONE]]) {
    for (const colorScheme of ["light", "dark"]) {
      const name = `${size}-${colorScheme}`;
      const tab = await open(browser, { viewport, colorScheme, hasTouch: size === "phone" });
      await accessible(tab, name);
      await fits(tab, name);
      await shot(tab, name);
      if (!options.hostile) await firstScreen(tab, viewport);
      await shot(tab, `${name}-whole`, true);
      if (findings.length) {
        await openFinding(tab);
        await accessible(tab, `${name}, with a finding open`);
        await fits(tab, `${name}, with a finding open`);
        await tab.locator(".finding[open]").first().evaluate((one) => one.scrollIntoView());
        await shot(tab, `${name}-finding`);
      }
      if (cases.length) {
        await openCellByKeyboard(tab);
        await accessible(tab, `${name}, with a cell open`);
        await fits(tab, `${name}, with a cell open`);
        await shot(tab, `${name}-cell`);
      }
      await close(tab);
    }
  }
}

async function use(browser) {
  const tab = await open(browser, { viewport: DESKTOP });
  await policy(tab);
  await numbers(tab);
  if (!options.hostile) {
    await causes(tab);
    await fresh(tab);
    await sections(tab);
    await glossary(tab);
  }
  if (cases.length) await keyboard(tab);
  if (cases.length) await grid(tab);
  if (findings.length) await search(tab);
  if (findings.length) {
    await openFinding(tab);
    await copies(tab);
    await lineBreaks(tab);
  }
  await close(tab);
  if (findings.length) await linked(browser);
  if (!options.hostile) await exchanges(browser);
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run"],
});
try {
  await use(browser);
  await appearance(browser);
  if (options.hostile) await hostile(browser);
  console.log(`${positionals[0]}: passed (${findings.length} findings, ${cases.length} cases${options.hostile ? ", hostile" : ""})`);
} catch (error) {
  console.error(error instanceof Failure ? `${positionals[0]}: ${error.message}` : error);
  process.exitCode = 1;
} finally {
  await browser.close();
}
