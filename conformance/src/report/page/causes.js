// Causes: findings that break a rule in the same way. Each is one block with its smallest example, gravest first.

/** Characters of an expectation or observation before the reader asks for more. */
const EXCERPT = 160;

/** Characters of a request line in the summary of a cause. */
const LINE = 100;

const opened = new Set(); // causes whose other findings the reader opened
let groups = [];

function drawFindings() {
  const findings = matchingFindings();
  const others = state.level.size || state.only ? [] : page.cases.filter((entry) => entry.findings.length === 0 && matcher()(entry));
  showFilters();
  groups = group(findings);
  byId("result").textContent = resultLine(findings.length, filtered() ? others.length : 0);
  const holder = byId("groups");
  holder.replaceChildren();
  const failing = groups.filter((one) => one.kind === "failing");
  if (page.findings.length === 0) holder.append(el("p", { class: "empty" }, emptyFindings()));
  else if (findings.length === 0) holder.append(el("p", { class: "empty" }, "No finding matches these filters."));
  else if (failing.length === 0 && !filtered()) holder.append(el("p", { class: "empty" }, "No cause of failure: nothing below decides the verdict."));
  drawBlocks(holder, failing);
  drawMilder(holder, "known", "Known divergences", failing.length === 0);
  drawMilder(holder, "milder", "Recommendations and notes", filtered());
  if (others.length) holder.append(drawOthers(others));
}

const emptyFindings = () => (page.totals.judged ? "No findings: every judged case keeps the contract." : "No findings, and no case was judged.");

function resultLine(findings, others) {
  const failing = groups.filter((one) => one.kind === "failing").length;
  if (!filtered()) return failing ? `${plural(failing, "cause")}, gravest first` : "";
  const cases = others ? ` and ${plural(others, "case")} without one` : "";
  return `${number(findings)} of ${plural(page.findings.length, "finding")}${cases} match`;
}

/** Findings by cause, in the order of the report. Findings without a cause, of an old report, are grouped by check. */
function group(findings) {
  const found = new Map(page.causes.map((cause) => [string(cause.id), { cause, findings: [] }]));
  for (const finding of findings) {
    const id = string(finding.cause) || `${finding.level} ${finding.check}`;
    if (!found.has(id)) found.set(id, { cause: causeOf(id, finding), findings: [] });
    found.get(id).findings.push(finding);
  }
  return [...found.values()].filter((one) => one.findings.length > 0).map((one) => {
    const { cause } = one;
    const example = one.findings.find((finding) => finding.id === cause.example) ?? one.findings[0];
    const isKnown = list(cause.cases).length === 0;
    const kind = isKnown ? "known" : string(cause.level) === "must" ? "failing" : "milder";
    return { ...one, key: string(cause.id), example, kind, rest: one.findings.filter((finding) => finding !== example) };
  });
}

const causeOf = (id, { check, level, rule, harm, operation, id: example }) => ({ id, level, rule, harm, title: string(rule), way: "", checks: [check], operations: [operation], cases: [example], known: [], example });

/** Draws the blocks; the example of a single one is open. */
function drawBlocks(holder, some) {
  const items = el("div", { class: "causes" });
  holder.append(items);
  const batch = batches(items, some, 30, (one, at) => drawBlock(one, at, some.length === 1));
  some.forEach((one, at) => { one.show = () => batch.showTo(at + 1); });
}

/** Causes that do not decide the verdict. */
function drawMilder(holder, kind, title, open) {
  const some = groups.filter((one) => one.kind === kind);
  if (some.length === 0) return;
  const details = el("details", { class: "fold" }, el("summary", {}, el("h3", {}, title), el("span", { class: "count" }, plural(some.length, "cause"))));
  const fill = onceOpened(details, () => drawBlocks(details, some));
  for (const one of some) one.show = () => { details.open = true; fill(); one.show(); };
  if (open) { details.open = true; fill(); }
  holder.append(details);
}

function drawBlock(one, at, open) {
  const { cause, example } = one;
  const block = el("article", { class: `cause ${one.kind}`, "data-cause": one.key },
    el("header", {}, el("span", { class: "rank num", "aria-hidden": "true" }, `${at + 1}.`),
      el("h3", {}, value(cause.title, 300), " ", levelTag(string(cause.level)), " ", page.fresh.has(one.key) && el("span", { class: "tag new" }, "new"))),
    drawSummary(one));
  const steps = list(example.exchanges).length;
  const line = el("span", { class: "cols" }, el("span", {}, one.findings.length > 1 ? "Smallest example: " : "Case: ",
    el("b", {}, pieces(short(example.id, 200))), steps ? `, all ${plural(steps, "exchange")}` : ", request and response"));
  block.append(detailsOf(example, line, () => drawEvidence(example), open));
  if (one.rest.length) block.append(drawRest(one));
  return block;
}

function drawSummary(one) {
  const { cause, example } = one;
  const pairs = el("dl", { class: "pairs" });
  const pair = (name, ...content) => pairs.append(el("dt", {}, name), el("dd", {}, content));
  pair("Harm", harmOf(cause));
  pair("Reach", reach(cause));
  pair("Rule", value(cause.rule, 300));
  if (list(cause.cases).length > 1 && saysMore(cause, example)) pair("Seen", value(cause.way, 300, "code"));
  pair("Expected", value(example.expected, EXCERPT, "code"));
  pair("Actual", value(example.actual, EXCERPT, "code"), example.pointer && " at ", example.pointer && value(example.pointer, EXCERPT, "code"));
  if (example.request) pair("Request", pieces(short(`${string(example.request.method)} ${string(example.request.uri)}`, LINE)), example.response && ` → ${statusOf(example.response)}`);
  pair("Id", pieces(one.key));
  return pairs;
}

/** True if the way of failing is not in the observation of the example. */
function saysMore(cause, example) {
  const parts = string(cause.way).split("…").map((part) => part.trim());
  return parts.some((part) => /[\p{L}\p{N}]/u.test(part) && !string(example.actual).includes(part));
}

function harmOf(cause) {
  const harm = string(cause.harm);
  return Object.hasOwn(words.harms, harm) ? words.harms[harm] : short(harm || "unknown", 60);
}

/** A path or an id that breaks behind its parts, not inside of a word. */
function pieces(text) {
  const holder = el("code");
  for (const part of text.split(/(?<=[/?&~.=-])/)) {
    appendVisible(holder, part, false);
    holder.append(el("wbr"));
  }
  return holder;
}

/** The number of cases and their operations, most cases first. */
function reach(cause) {
  const ids = list(cause.cases).map(string);
  const of = new Map();
  for (const id of ids) {
    const operation = page.byCase.get(id)?.operation ?? id.split("/")[0];
    of.set(operation, (of.get(operation) ?? 0) + 1);
  }
  const known = list(cause.known).length ? `${plural(list(cause.known).length, "case")} as a known divergence` : "";
  if (ids.length === 0) return `${known}, in ${short(list(cause.operations).map(string).join(", "), 300)}`;
  const most = [...of].sort((a, b) => b[1] - a[1]);
  const names = most.slice(0, 4).map(([name, n]) => (most.length > 1 && most[0][1] > 1 ? `${short(name, 80)} (${number(n)})` : short(name, 80))).join(", ");
  const more = most.length > 4 ? ` and ${number(most.length - 4)} more` : "";
  const where = most.length === 1 ? names : `${plural(most.length, "operation")}: ${names}${more}`;
  return `${plural(ids.length, "case")} in ${where}${known ? `; ${known}` : ""}`;
}

/** The findings beside the example, folded. */
function drawRest(one) {
  const { cause, rest } = one;
  const all = list(cause.cases).length - 1;
  const note = !filtered() && all > rest.length ? `, ${number(rest.length)} of ${number(all)} listed` : "";
  const details = el("details", { class: "rest" }, el("summary", {}, `${plural(rest.length, "further finding")} of this cause${note}`));
  one.fillRest = onceOpened(details, () => {
    const items = el("div");
    details.append(items);
    one.batch = batches(items, rest, 25, drawFinding);
  });
  one.restElement = details;
  if (opened.has(one.key)) { details.open = true; one.fillRest(); }
  details.addEventListener("toggle", () => { opened[details.open ? "add" : "delete"](one.key); });
  return details;
}

/** Shows the block of a cause; a filter that hides it is removed. */
function openCause(id) {
  const find = () => groups.find((one) => one.key === id);
  if (!find()) {
    clearState();
    filtersChanged();
  }
  const one = find();
  if (!one) return;
  one.show();
  const block = byId("groups").querySelector(`[data-cause="${CSS.escape(visible(id))}"]`);
  block.scrollIntoView({ block: "start" });
  const heading = block.querySelector("h3");
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

/** Makes the element of a finding and returns it. */
function reveal(one, finding) {
  one.show();
  if (finding !== one.example) {
    one.restElement.open = true;
    one.fillRest();
    one.batch.showTo(one.rest.indexOf(finding) + 1);
  }
  finding.element.open = true;
  finding.fill();
  return finding.element;
}
