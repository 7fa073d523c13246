// Filters, and findings in groups.

const opened = new Set(); // groups that the reader opened
let groups = [];

function drawFilters(data) {
  const used = (key) => new Set([...data.findings, ...data.cases].map((one) => one[key]));
  const levels = new Set(data.findings.map((finding) => finding.level));
  const chips = (name, title, values) => values.length > 1 && byId("filters").append(el("fieldset", { "data-filter": name },
    el("legend", {}, title),
    values.slice(0, 40).map((one) => button(short(one, 40), () => toggleFilter(name, one), { "data-value": one, "aria-pressed": "false" }))));
  chips("level", "Level", ordered(levels, LEVELS));
  chips("outcome", "Outcome of the case", ordered(used("outcome"), OUTCOMES));
  chips("family", "Family", ordered(used("family"), words.families));
}

const ordered = (values, order) => [...values].sort((a, b) => rank(a, order) - rank(b, order));
const rank = (one, order) => (order.indexOf(one) + order.length + 1) % (order.length + 1); // unlisted values come last

function toggleFilter(name, one) {
  if (!state[name].delete(one)) state[name].add(one);
  filtersChanged();
}

function filterBy(name, one) {
  clearState();
  state[name].add(one);
  filtersChanged();
}

function clearState() {
  for (const name of ["level", "outcome", "family"]) state[name].clear();
  state.q = "";
}

function filtersChanged() {
  state.case = "";
  writeState();
  drawFindings();
}

const filtered = () => Boolean(state.q || state.level.size || state.outcome.size || state.family.size);

function matcher() {
  const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
  const allows = (name, one) => state[name].size === 0 || state[name].has(one);
  return (one) => allows("outcome", one.outcome) && allows("family", one.family) && words.every((word) => one.haystack.includes(word));
}

function drawFindings() {
  const matches = matcher();
  const findings = page.findings.filter((finding) => (state.level.size === 0 || state.level.has(finding.level)) && matches(finding));
  // Only findings have a level.
  const others = state.level.size ? [] : page.cases.filter((entry) => entry.findings.length === 0 && matches(entry));
  showFilters();
  byId("result").textContent = resultLine(findings.length, others.length);
  byId("result").parentElement.hidden = page.findings.length === 0 && !filtered();
  groups = group(findings);
  // Without a filter, the gravest group is open.
  if (opened.size === 0 && groups.length) opened.add(groups[0].key);
  const holder = byId("groups");
  holder.replaceChildren(...groups.map(drawGroup));
  if (page.findings.length === 0) holder.append(el("p", { class: "empty" }, emptyFindings()));
  else if (findings.length === 0) holder.append(el("p", { class: "empty" }, "No finding matches these filters."));
  if (others.length) holder.append(drawOthers(others));
}

const emptyFindings = () => (page.totals.scored ? "No findings: every scored case keeps the contract." : "No findings, and no case was scored.");

function resultLine(findings, others) {
  if (!filtered()) return findings ? plural(findings, "finding") : "";
  const cases = others ? ` and ${plural(others, "case")} without one` : "";
  return `${number(findings)} of ${plural(page.findings.length, "finding")}${cases} match`;
}

function showFilters() {
  for (const chip of document.querySelectorAll("#filters button")) {
    const { filter } = chip.closest("fieldset").dataset;
    chip.setAttribute("aria-pressed", String([...state[filter]].some((one) => visible(one) === chip.dataset.value)));
  }
  const search = byId("search");
  if (search.value !== state.q) search.value = state.q;
  byId("clear").hidden = !filtered();
}

function group(findings) {
  const found = new Map();
  for (const finding of findings) {
    const key = JSON.stringify([finding.level, finding.check]);
    if (!found.has(key)) found.set(key, { key, level: finding.level, check: finding.check, findings: [] });
    found.get(key).findings.push(finding);
  }
  return [...found.values()].sort((a, b) => rank(a.level, LEVELS) - rank(b.level, LEVELS) || b.findings.length - a.findings.length);
}

function drawGroup(group) {
  const rules = new Set(group.findings.map((finding) => string(finding.rule)));
  const holder = el("details", { class: "group" },
    el("summary", {}, levelTag(group.level), el("h3", { class: "mono" }, short(group.check, 200)), el("span", { class: "count" }, groupCount(group))));
  group.element = holder;
  group.fill = onceOpened(holder, () => {
    if (rules.size === 1) holder.append(el("p", { class: "rule" }, short([...rules][0], 600)));
    const items = el("div");
    holder.append(items);
    group.batch = batches(items, group.findings, 25, drawFinding);
  });
  if (opened.has(group.key)) { holder.open = true; group.fill(); }
  holder.addEventListener("toggle", () => { opened[holder.open ? "add" : "delete"](group.key); });
  return holder;
}

function groupCount(group) {
  const listed = group.findings.length;
  const total = list(page.report.finding_counts).find((one) => one.level === group.level && one.check === group.check);
  const operations = new Set(group.findings.map((finding) => finding.operation)).size;
  const all = count(total?.count);
  if (filtered() || all <= listed) return `${plural(listed, "finding")} in ${plural(operations, "operation")}`;
  return `${number(listed)} of ${plural(all, "finding")} listed, in ${plural(list(total.operations).length || operations, "operation")}`;
}

function drawFinding(finding) {
  const holder = el("details", { class: "finding" }, el("summary", {},
    el("span", { class: `o-${known(finding.outcome)}`, title: finding.outcome }, sign(finding.outcome), el("span", { class: "sr" }, finding.outcome)),
    el("span", { class: "cols" },
      el("span", { class: "mono" },
        el("b", {}, short(finding.operation, 120)), finding.variant && el("span", { class: "dim" }, `/${short(finding.variant, 160)}`),
        finding.known !== undefined && el("span", { class: "tag o-known" }, "known")),
      el("span", { class: "mono dim one" }, short(string(finding.pointer), 160)),
      el("span", { class: "mono one" }, short(string(finding.actual), 160)))));
  finding.element = holder;
  finding.fill = onceOpened(holder, () => holder.append(drawFindingBody(finding)));
  holder.addEventListener("toggle", () => rememberFinding(finding, holder.open));
  return holder;
}

/** Keeps the finding that was opened last in the address, so that the link can be shared. */
function rememberFinding(finding, open) {
  const n = page.findings.filter((other) => other.id === finding.id).indexOf(finding) + 1;
  if (open) {
    state.case = finding.id;
    state.n = n;
  } else if (state.case === finding.id && state.n === n) {
    state.case = "";
  }
  writeState();
}

function drawFindingBody(finding) {
  const pairs = el("dl", { class: "pairs" });
  const pair = (name, ...content) => pairs.append(el("dt", {}, name), el("dd", {}, content));
  pair("Case", value(finding.id, 400, "code"), " ", copyLink(finding));
  pair("Outcome", outcomeLabel(finding.outcome), ", level ", levelTag(finding.level));
  if (finding.known !== undefined) pair("Known", value(finding.known, 600, "span"));
  pair("Rule", value(finding.rule, 600, "span"));
  if (finding.pointer) pair("Where", value(finding.pointer, 400, "code"));
  pair("Expected", value(finding.expected));
  pair("Actual", value(finding.actual));
  const steps = list(finding.steps);
  if (steps.length) pair("Steps", el("ol", { class: "steps", role: "list" }, steps.slice(0, 200).map((step) => el("li", {}, value(step, 600, "span")))));
  return el("div", { class: "body" }, pairs, drawExchange(finding), drawCommands(finding));
}

const copyLink = (finding) => button("Copy link", (event) => {
  state.case = finding.id;
  state.n = page.findings.filter((other) => other.id === finding.id).indexOf(finding) + 1;
  writeState();
  copy(location.href, event.currentTarget);
});

function drawCommands(finding) {
  const box = el("div", { class: "commands" }, el("h4", {}, "Reproduce"));
  if (!finding.replay) {
    box.append(el("p", { class: "dim" }, "There is no case file to replay this finding."));
    return box;
  }
  const replay = string(finding.replay);
  const line = (name, command) => el("li", {}, el("span", { class: "name" }, name), code(command),
    button("Copy", (event) => copy(command, event.currentTarget), { "aria-label": `Copy: ${name}`, "data-copy": name }));
  box.append(el("ul", {}, line("Replay", replay), line("As curl", `${replay} --curl`), line("As boto3", `${replay} --boto3`)));
  return box;
}

function drawOthers(cases) {
  return fold("Cases without a finding", plural(cases.length, "case"), (details) => {
    const items = el("ul");
    details.append(items);
    batches(items, cases, 100, (entry) => drawCase(entry));
  }, filtered() && groups.length === 0 && cases.length <= 100);
}

/** Opens the case that `#case=` names. */
function openCase(id, n = 1, clear = true) {
  const wanted = page.findings.filter((finding) => finding.id === id);
  const finding = wanted[n - 1] ?? wanted[0];
  if (!finding) return openCaseOnly(id);
  const group = groups.find((one) => one.findings.includes(finding));
  if (!group) {
    if (!clear) return undefined;
    clearState(); // a filter hides the linked finding
    drawFindings();
    return openCase(id, n, false);
  }
  group.element.open = true;
  group.fill();
  group.batch.showTo(group.findings.indexOf(finding) + 1);
  finding.element.open = true;
  finding.fill();
  state.case = id;
  state.n = n;
  writeState();
  finding.element.scrollIntoView({ block: "start" });
  finding.element.firstChild.focus({ preventScroll: true });
  return finding;
}

function openCaseOnly(id) {
  const entry = page.byCase.get(id);
  if (!entry) announceMissing(id);
  else showCases(entry.operation, entry.check, page.cases.filter((one) => one.operation === entry.operation && one.check === entry.check), id);
  return undefined;
}

function announceMissing(id) {
  byId("result").textContent = visible(`This report has no case ${short(id, 200)}.`);
  goTo("findings");
}
