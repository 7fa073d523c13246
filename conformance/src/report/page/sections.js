// Entries to change, coverage, cases that were not judged, and facts learned.

/** Known divergences, known ids and recorded answers that are out of date, and answers that were not learned before. Returns their number. */
function drawStale(report, data) {
  const entries = new Map(list(report.stale).map((line) => [string(line), []]));
  for (const entry of data.cases) {
    if (entry.outcome !== "stale") continue;
    if (!entries.has(entry.why)) entries.set(entry.why, []);
    entries.get(entry.why).push(entry.id);
  }
  const news = list(report.relearned).map(string);
  if (entries.size + news.length === 0) return 0;
  byId("stale").hidden = false;
  // Nothing else is wrong: the entries come first.
  if (data.totals.failed === 0) document.querySelector("main").prepend(byId("stale"));
  const file = string(record(record(report.settings).expect).path);
  if (entries.size) drawPart(`Known divergences that passed, expired or match nothing, known ids of nothing, and recorded answers that are out of date.${file ? ` The known divergences are in ${short(file, 200)}.` : ""}`, [...entries]);
  if (news.length) drawPart("Answers that earlier runs did not learn, where the contract leaves the answer open. Review them, then add them to the file of learned answers with --write-learned.", news.map((line) => [line, []]));
  return entries.size + news.length;
}

function drawPart(lede, entries) {
  const items = el("ul", { class: "list" });
  byId("stale-body").append(el("p", { class: "lede" }, visible(lede)), items);
  batches(items, entries, 50, ([line, cases]) => drawEntry(line, cases));
}

function drawEntry(line, cases) {
  // Our own words: `passes now; FILE line N: the remedy`.
  const [, before = "", place = "", rest = line] = line.match(/^(.*?; )?(.{1,200}? line \d+): ([^]*)$/) ?? [];
  const item = el("li", { class: "entry" }, el("span", { class: "o-stale" }, sign("stale")),
    el("div", {}, place && el("b", { class: "mono" }, place), place && " ", value(`${before}${rest}`, 600)));
  if (cases.length === 0) return item;
  const shown = el("ul");
  item.lastChild.append(shown);
  batches(shown, cases, 10, (id) => el("li", {}, caseLink(id)));
  return item;
}

const COVERAGE = { operations: "Operations", reach: "Operations that answered a success about things that exist", members: "Members sent or received", constraints: "Constraints violated on purpose", limits: "Values accepted at a limit", errors: "Listed errors seen" };

function drawCoverage(report) {
  const offered = list(report.operations).filter((operation) => operation.supported !== false).length;
  const others = list(report.operations).length - offered;
  const coverage = { ...record(report.coverage), constraints: words.constraints };
  const measured = Object.entries(coverage).filter(([name, one]) => Object.hasOwn(COVERAGE, name) && one && count(one.total) > 0);
  const body = byId("coverage-body");
  byId("coverage-lede").textContent = `Counted are the ${plural(offered, "operation")} that the endpoint offers${others ? `; ${plural(others, "planned operation is", "planned operations are")} unsupported and left out` : ""}.`;
  if (measured.length === 0) {
    body.append(el("p", { class: "empty" }, "The run did not measure coverage."));
    return;
  }
  body.append(el("table", { class: "table coverage" },
    el("thead", {}, el("tr", {}, ["Part", "Covered", "Share", "Bar"].map((name, at) => el("th", { scope: "col", class: (at === 1 || at === 2) && "right" }, at === 3 ? el("span", { class: "sr" }, name) : name)))),
    el("tbody", {}, measured.map(coverageRow))));
  const unreached = Object.entries(record(record(record(report.coverage).operations_reached).not_reached));
  if (unreached.length) body.append(fold("Operations that were not reached, with the reason", plural(unreached.length, "operation"), (details) => details.append(drawUnreached(unreached))));
  const limits = Object.entries(record(record(report.coverage).limits_by_operation)).map(([name, one]) => [name, count(record(one).total), Object.entries(record(record(one).not_reached))]);
  const missed = limits.filter(([, , places]) => places.length > 0);
  if (missed.length) body.append(fold("Limits that no accepted value reached, by operation", plural(missed.length, "operation"), (details) => details.append(drawLimits(missed))));
}

/** Operations without a success about things that exist. */
function drawUnreached(operations) {
  const body = el("tbody");
  batches(body, operations, 50, ([name, why]) => el("tr", {}, el("th", { scope: "row" }, short(name, 100)), el("td", {}, value(why, 300))));
  return el("div", { class: "scroll-x" }, el("table", { class: "table" },
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Operation"), el("th", { scope: "col" }, "Reason"))), body));
}

function drawLimits(operations) {
  const body = el("tbody");
  const table = el("div", { class: "scroll-x" }, el("table", { class: "table" },
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Operation"), el("th", { scope: "col", class: "right" }, "Reached"), el("th", { scope: "col" }, "Not reached, with the reason"))), body));
  batches(body, operations, 50, ([name, total, places]) => {
    const reasons = el("ul");
    batches(reasons, places, 10, ([place, why]) => el("li", {}, el("span", { class: "mono" }, short(place, 120)), ": ", value(why, 200)));
    return el("tr", {}, el("th", { scope: "row" }, short(name, 100)), el("td", { class: "right" }, `${number(total - places.length)} of ${number(total)}`), el("td", {}, reasons));
  });
  return table;
}

function coverageRow([name, one]) {
  // Rounded down, so that 100 % means all.
  const share = Math.floor((1000 * count(one.covered)) / one.total) / 10;
  const bar = el("i");
  bar.style.width = `${Math.min(100, share)}%`;
  return el("tr", {}, el("th", { scope: "row" }, COVERAGE[name]),
    el("td", { class: "right" }, `${number(one.covered)} of ${number(one.total)}`),
    el("td", { class: "right" }, `${share} %`),
    el("td", {}, el("div", { class: "meter", "aria-hidden": "true" }, bar)));
}

function drawUnscored(report) {
  const body = byId("unscored-body");
  const reasons = [...list(report.indeterminate)].sort((a, b) => count(b.count) - count(a.count));
  if (words.undecided) body.append(drawUndecided(words.undecided));
  const lines = (details, items) => {
    const holder = el("ul", { class: "list" });
    details.append(holder);
    batches(holder, items, 100, (item) => el("li", {}, value(item, 400)));
  };
  if (reasons.length) {
    const total = reasons.reduce((sum, reason) => sum + count(reason.count), 0);
    body.append(fold("Indeterminate: could not be judged, by reason", `${plural(total, "case")}, ${plural(reasons.length, "reason")}`, (details) => details.append(drawReasons(reasons)), true));
  }
  const lost = page.totals.planned - page.totals.executed;
  if (lost > 0) body.append(el("p", { class: "empty" }, `Not executed, because the run ended early or parts of it are missing: ${plural(lost, "planned case")}.`));
  const unsupported = list(report.operations).filter((operation) => operation.supported === false);
  if (unsupported.length) {
    body.append(fold("Not offered by this server", plural(unsupported.length, "operation"),
      (details) => lines(details, unsupported.map((operation) => `${string(operation.name)}: ${string(operation.unsupported_because) || "no reason given"}`))));
  }
  const notSent = list(report.not_sent);
  if (notSent.length) body.append(fold("Not sent", plural(notSent.length, "operation"), (details) => lines(details, notSent), notSent.length <= 10));
  const leftOut = list(report.left_out);
  if (leftOut.length) body.append(fold("Omitted: cannot be expressed, or over the budget", plural(leftOut.length, "case"), (details) => lines(details, leftOut)));
  if (!body.hasChildNodes()) body.append(el("p", { class: "empty" }, "Every planned case was sent and judged."));
}

/** The explanation of a verdict that rests on too little. */
function drawUndecided({ reason, operation, family, count: cases, planned, allowed }) {
  return el("section", { class: "alert unsure" }, el("h3", {}, "Too much is undecided for one reason"),
    el("p", {}, `${number(cases)} of ${plural(planned, "planned case")}${operation ? ` of ${operation}` : ""}${family ? ` in the family ${family}` : ""} could not be judged: `, value(reason, 300), "."),
    el("p", {}, `A run with more than ${allowed} % of its cases, or of the cases of one operation, undecided for one reason, or with more than half of a family of one operation, rests on too little to be called conforming. Remove the reason, or accept it: --allow-undecided PERCENT, or an entry with outcome = "indeterminate" in the file of --expect.`));
}

function drawReasons(reasons) {
  const body = el("tbody");
  const table = el("div", { class: "scroll-x" }, el("table", { class: "table" },
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Reason"), el("th", { scope: "col", class: "right" }, "Cases"), el("th", { scope: "col" }, "Such as"))), body));
  batches(body, reasons, 50, (reason) => {
    const cases = el("ul");
    batches(cases, list(reason.cases).map(string), 10, (id) => el("li", {}, caseLink(id)));
    return el("tr", {}, el("th", { scope: "row" }, value(reason.reason, 300)), el("td", { class: "right" }, number(reason.count)), el("td", {}, cases));
  });
  return table;
}

function drawLearned(report) {
  const topics = Object.entries(record(report.learned));
  const body = byId("learned-body");
  if (topics.length === 0) {
    body.append(el("p", { class: "empty" }, "Nothing was recorded."));
    return;
  }
  body.append(fold("Observations by topic", plural(topics.length, "topic"), (details) => details.append(drawTopics(topics)), topics.length <= 12));
}

function drawTopics(topics) {
  const rows = topics.flatMap(([topic, observations]) => {
    const seen = Object.entries(record(observations));
    return seen.map(([observation, times], at) => ({ topic, observation, times, span: at === 0 ? seen.length : 0 }));
  });
  const body = el("tbody", {}, rows.slice(0, 3000).map((row) => el("tr", {},
    row.span > 0 && el("th", { scope: "rowgroup", rowspan: row.span }, value(row.topic, 300)),
    el("td", {}, value(row.observation, 300)),
    el("td", { class: "right" }, number(row.times)))));
  return el("div", { class: "scroll-x" }, el("table", { class: "table" },
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Topic"), el("th", { scope: "col" }, "Observation"), el("th", { scope: "col", class: "right" }, "Times"))), body));
}
