// Coverage, cases without a score, and facts learned.

const COVERAGE = { operations: "Operations", members: "Members sent or received", constraints: "Constraints violated on purpose", errors: "Listed errors seen" };

function drawCoverage(report) {
  const measured = Object.entries(record(report.coverage)).filter(([, one]) => one && count(one.total) > 0);
  const body = byId("coverage-body");
  if (measured.length === 0) {
    body.append(el("p", { class: "empty" }, "The run did not measure coverage."));
    return;
  }
  body.append(el("table", { class: "table coverage" },
    el("thead", {}, el("tr", {}, ["What", "Covered", "Share", "Bar"].map((name, at) => el("th", { scope: "col", class: (at === 1 || at === 2) && "right" }, at === 3 ? el("span", { class: "sr" }, name) : name)))),
    el("tbody", {}, measured.map(coverageRow))));
}

function coverageRow([name, one]) {
  // Rounded down, so that 100 % means all.
  const share = Math.floor((1000 * count(one.covered)) / one.total) / 10;
  const bar = el("i");
  bar.style.width = `${Math.min(100, share)}%`;
  return el("tr", {}, el("th", { scope: "row" }, Object.hasOwn(COVERAGE, name) ? COVERAGE[name] : short(name, 60)),
    el("td", { class: "right" }, `${number(one.covered)} of ${number(one.total)}`),
    el("td", { class: "right" }, `${share} %`),
    el("td", {}, el("div", { class: "meter", "aria-hidden": "true" }, bar)));
}

function drawUnscored(report) {
  const body = byId("unscored-body");
  const reasons = list(report.indeterminate);
  const lines = (details, items) => {
    const holder = el("ul", { class: "list" });
    details.append(holder);
    batches(holder, items, 100, (item) => el("li", {}, value(item, 400, "span")));
  };
  if (reasons.length) {
    const total = reasons.reduce((sum, reason) => sum + count(reason.count), 0);
    body.append(fold("Indeterminate: could not be judged", plural(total, "case"), (details) => details.append(drawReasons(reasons)), true));
  }
  const unsupported = list(report.operations).filter((operation) => operation.supported === false);
  if (unsupported.length) {
    body.append(fold("Unsupported: the endpoint does not offer the operation", plural(unsupported.length, "operation"),
      (details) => lines(details, unsupported.map((operation) => `${string(operation.name)}: ${string(operation.unsupported_because) || "no reason given"}`))));
  }
  const notSent = list(report.not_sent);
  if (notSent.length) body.append(fold("Not sent", plural(notSent.length, "operation"), (details) => lines(details, notSent), notSent.length <= 10));
  const leftOut = list(report.left_out);
  if (leftOut.length) body.append(fold("Omitted: cannot be expressed", plural(leftOut.length, "case"), (details) => lines(details, leftOut)));
  if (!body.hasChildNodes()) body.append(el("p", { class: "empty" }, "Every planned case was sent and scored."));
}

function drawReasons(reasons) {
  const body = el("tbody");
  const table = el("div", { class: "scroll-x" }, el("table", { class: "table" },
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Reason"), el("th", { scope: "col", class: "right" }, "Cases"), el("th", { scope: "col" }, "Such as"))), body));
  batches(body, reasons, 50, (reason) => {
    const cases = el("ul");
    batches(cases, list(reason.cases).map(string), 10, (id) => el("li", {}, caseLink(id)));
    return el("tr", {}, el("th", { scope: "row" }, value(reason.reason, 300, "span")), el("td", { class: "right" }, number(reason.count)), el("td", {}, cases));
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
    row.span > 0 && el("th", { scope: "rowgroup", rowspan: row.span }, value(row.topic, 300, "span")),
    el("td", {}, value(row.observation, 300, "span")),
    el("td", { class: "right" }, number(row.times)))));
  return el("div", { class: "scroll-x" }, el("table", { class: "table" },
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Topic"), el("th", { scope: "col" }, "Observation"), el("th", { scope: "col", class: "right" }, "Times"))), body));
}
