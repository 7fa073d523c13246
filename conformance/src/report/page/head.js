// The head of the page: verdict, facts, counts, alerts and navigation.

/** Causes that are listed under the verdict before the reader asks for more. */
const BRIEF = 8;

const TONES = ["pass", "fail", "unsure", "unsure", "stale", "known"]; // by exit code

function drawHead(report, totals) {
  const { word, sentence } = words.verdict;
  byId("head").dataset.tone = TONES[report.exit_code] ?? "unsure";
  byId("verdict").replaceChildren(el("span", { class: "word" }, `${word}:`), ` ${visible(sentence)}`);
  const endpoint = string(record(report.target).endpoint);
  document.title = visible(`${word} · ${short(endpoint, 80) || "conformance report"}`);
  const service = string(record(report.model).service);
  byId("tool").textContent = visible(`${string(report.tool) || "Conformance report"} ${string(report.version)}${service ? ` · contract of ${service}` : ""}`);
  drawFacts(report);
  drawTally(report, totals);
  drawGlossary();
  drawAlerts(report, totals);
}

function drawFacts(report) {
  const target = record(report.target);
  const model = record(report.model);
  const facts = byId("facts");
  const started = report.started ? when(report.started) : "";
  const [server = ""] = Object.keys(record(record(report.learned)[words.server]));
  const summary = [short(server, 60), short(string(target.endpoint), 60), started, duration(report.duration_ms)].filter(Boolean);
  byId("run").textContent = visible(summary.join(" · "));
  const fact = (name, ...content) => facts.append(el("div", {}, el("dt", {}, name), el("dd", {}, content)));
  fact("Endpoint", value(target.endpoint || "unknown", 200, "code"));
  if (server) fact("Server", value(server, 120, "code"));
  if (target.emulator) fact("Emulator", emulator(target.emulator));
  if (target.instance_id) fact("Instance", value(target.instance_id, 80, "code"));
  const signing = target.signed === undefined ? "" : target.signed ? "signed" : "not signed";
  fact("Requests", short([signing, string(target.signing_name), string(target.region)].filter(Boolean).join(", ") || "unknown", 120));
  fact("Model", short(`${string(model.service)} ${string(model.version)}`.trim() || "unknown", 80),
    model.digest && el("span", { class: "dim mono", title: string(model.digest) }, ` ${short(string(model.digest), 12)}`));
  fact("Seed", code(seedText(report.seed)));
  fact("Started", report.started ? el("time", { datetime: string(report.started) }, when(report.started)) : "unknown");
  fact("Took", duration(report.duration_ms));
}

function emulator(settings) {
  const set = Object.entries(record(settings)).filter(([, setting]) => setting !== null && setting !== undefined);
  return set.length ? short(set.map(([name, setting]) => `${name} ${string(setting)}`).join(", "), 160) : "without a defect";
}

function drawTally(report, totals) {
  for (const outcome of OUTCOMES) {
    const n = totals[outcome];
    if (outcome === "unsupported" && n > 0) continue;
    const show = button("", () => { filterBy("outcome", outcome); goTo("findings"); }, { "data-outcome": outcome, title: `Show these cases: ${MEANING[outcome]}` });
    show.append(el("span", { class: n ? `o-${outcome}` : "dim" }, sign(outcome), " ", el("span", { class: "n" }, number(n))), ` ${outcome}`);
    byId("tally").append(el("li", { class: n ? false : "zero" }, show));
  }
  if (totals.unsupported === 0) return;
  // Not a judgement: what the server lacks is counted in operations, and its cases are listed below.
  const missing = list(report.operations).filter((operation) => operation.supported === false).length;
  byId("tally").append(el("li", {}, button(missing ? `not offered by this server: ${plural(missing, "operation")}` : `not offered by this server: ${plural(totals.unsupported, "case")}`,
    () => goTo("unscored"), { class: "quiet", title: `${plural(totals.unsupported, "case")}: ${MEANING.unsupported}` })));
}

/** One line for each cause of failure, gravest first, with a link to its block. */
function drawBrief(causes) {
  byId("brief").hidden = causes.length === 0;
  batches(byId("brief-list"), causes, BRIEF, (cause, at) => {
    const link = el("a", { href: "#findings", "data-brief": string(cause.id) },
      el("span", { class: "rank num" }, `${at + 1}.`),
      el("span", { class: "what" }, value(cause.title, 200), page.fresh.has(string(cause.id)) && el("span", { class: "tag new" }, "new")),
      el("span", { class: "meta" }, el("span", {}, harmOf(cause)), el("span", { class: "reach" }, extent(cause))));
    link.addEventListener("click", (event) => { event.preventDefault(); openCause(string(cause.id)); });
    return el("li", {}, link);
  });
}

/** The number of cases, and of operations if the title does not name the only one. */
function extent(cause) {
  const cases = plural(list(cause.cases).length, "case");
  const operations = new Set(list(cause.cases).map((id) => string(id).split("/")[0])).size;
  return operations === 1 ? cases : `${cases} in ${number(operations)} operations`;
}

function drawGlossary() {
  const rows = [...words.outcomes.map(({ word, sign, meaning }) => [`${sign} ${word}`, meaning]), ...words.glossary];
  for (const [word, meaning] of rows) byId("glossary").append(el("div", {}, el("dt", {}, word), el("dd", {}, meaning)));
}

function drawAlerts(report, totals) {
  const alerts = byId("alerts");
  const alert = (kind, title, note, items) => {
    const box = el("section", { class: `alert ${kind}` }, el("h2", {}, title), note && el("p", {}, note));
    alerts.append(box);
    if (items.length) box.append(el("ul"));
    if (items.length) batches(box.lastChild, items, 8, (item) => el("li", {}, value(item, 400)));
  };
  if (report.stopped_because || report.interrupted) {
    alert("known", "The run was stopped",
      `${number(totals.executed)} of ${plural(totals.planned, "planned case")} were executed.`,
      [report.stopped_because ? string(report.stopped_because) : "The run was interrupted."]);
  }
  const leaks = list(report.leaks);
  if (leaks.length) alert("fail", `Leaked: ${plural(leaks.length, "resource")}`, `The run created them and they still exist. ${remedy(report)}`, leaks);
  const missing = list(report.missing).map(string);
  if (missing.length) alert("known", "Parts are missing", `This report lacks the parts ${missing.join(", ")} of the run.`, []);
}

function remedy(report) {
  const journals = list(report.journals).map(string);
  if (!journals.length) return "Delete them by hand.";
  return `connect-conformance sweep --delete deletes them, with ${journals.length > 1 ? "the journals" : "the journal"} ${journals.join(", ")}.`;
}

function drawNav(sections) {
  for (const [id, name, n] of sections) {
    byId("nav").append(el("li", {}, el("a", { href: `#${id}` }, name, n !== null && el("span", { class: "n num" }, ` ${number(n)}`))));
  }
  // The fragment contains the state of the page: a jump must not overwrite it.
  for (const link of document.querySelectorAll("#nav a, .skip")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      goTo(link.getAttribute("href").slice(1));
    });
  }
}

function goTo(section) {
  byId(section).scrollIntoView();
  byId(`${section}-title`).focus({ preventScroll: true });
}
