// The trend over earlier runs.

const SERIES = ["failed", "known", "indeterminate"];

function drawTrend(report) {
  const body = byId("trend-body");
  const before = list(report.trend).map(record);
  if (before.length === 0) {
    body.append(el("p", { class: "empty" }, "There are no earlier runs of this target. --history DIR adds them."));
    return;
  }
  const runs = [...before, { ...report, now: true }];
  body.append(el("p", { class: "lede" }, trendSentence(runs)));
  const chart = el("div");
  body.append(chart);
  const draw = () => chart.replaceChildren(drawChart(runs.slice(-60), chart.clientWidth || 600));
  draw();
  addEventListener("resize", later(draw, 150));
  body.append(drawRuns(runs));
}

const failedIn = (run) => count(record(run.totals).failed);

function trendSentence(runs) {
  const [last, now] = runs.slice(-2);
  const more = failedIn(now) - failedIn(last);
  const change = more === 0 ? "as many as" : `${number(Math.abs(more))} ${more > 0 ? "more" : "fewer"} than`;
  const causes = page.fresh.size ? ` ${plural(page.fresh.size, "cause is", "causes are")} new.` : "";
  return `${plural(failedIn(now), "failed case")} in this run, ${change} in the run before of ${when(last.started)}.${causes}`;
}

function svg(tag, attributes, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, one] of Object.entries(attributes)) element.setAttribute(name, one);
  if (text !== undefined) element.textContent = visible(text);
  return element;
}

function drawChart(runs, width) {
  const height = 190;
  const area = { left: 44, right: width - 128, top: 12, bottom: height - 26 };
  const most = Math.max(1, ...runs.flatMap((run) => SERIES.map((name) => count(record(run.totals)[name]))));
  const top = niceTop(most);
  const x = (at) => area.left + ((area.right - area.left) * at) / Math.max(1, runs.length - 1);
  const y = (n) => area.bottom - ((area.bottom - area.top) * n) / top;
  const label = `Failed, known and indeterminate cases of ${plural(runs.length, "run")}. The table below has the numbers.`;
  const chart = svg("svg", { class: "chart", role: "img", "aria-label": label, viewBox: `0 0 ${width} ${height}`, height });
  drawAxes(chart, area, top, y, runs);
  const ends = spread(SERIES.map((name) => y(count(record(runs.at(-1).totals)[name]))), 15, area.bottom);
  SERIES.forEach((name, at) => chart.append(drawSeries(name, runs, x, y, ends[at])));
  return chart;
}

function drawAxes(chart, area, top, y, runs) {
  for (const n of top % 2 ? [0, top] : [0, top / 2, top]) {
    chart.append(svg("line", { class: "axis", x1: area.left, x2: area.right, y1: y(n), y2: y(n) }));
    chart.append(svg("text", { x: area.left - 8, y: y(n) + 4, "text-anchor": "end" }, number(n)));
  }
  chart.append(svg("text", { x: area.left, y: area.bottom + 20 }, when(runs[0].started, days)));
  chart.append(svg("text", { x: area.right, y: area.bottom + 20, "text-anchor": "end" }, `this run, ${when(runs.at(-1).started, days)}`));
}

function drawSeries(name, runs, x, y, end) {
  const series = svg("g", { class: `s-${name}` });
  const points = runs.map((run, at) => [x(at), y(count(record(run.totals)[name]))]);
  series.append(svg("polyline", { points: points.map((point) => point.join(",")).join(" ") }));
  for (const [cx, cy] of points) series.append(marker(name, cx, cy));
  const last = count(record(runs.at(-1).totals)[name]);
  series.append(svg("text", { class: "end", x: points.at(-1)[0] + 10, y: end + 4 }, `${number(last)} ${name}`));
  return series;
}

/** Markers have different shapes, for readers who cannot tell the colours apart. */
function marker(name, cx, cy) {
  if (name === "failed") return svg("circle", { class: "dot", cx, cy, r: 3 });
  if (name === "known") return svg("rect", { class: "dot", x: cx - 3, y: cy - 3, width: 6, height: 6 });
  return svg("path", { class: "dot", d: `M${cx - 3.5},${cy + 3}h7l-3.5,-6.5z` });
}

function niceTop(most) {
  const unit = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 4, 6, 8, 10].map((n) => n * unit).find((n) => n >= most);
}

/** Moves overlapping labels apart, upwards from the lowest. */
function spread(places, gap, floor) {
  const moved = [...places];
  const order = places.map((_, at) => at).sort((a, b) => places[b] - places[a]);
  let limit = floor;
  for (const at of order) {
    moved[at] = Math.min(places[at], limit);
    limit = moved[at] - gap;
  }
  return moved;
}

function drawRuns(runs) {
  const head = ["Started", "Result", "Failed", "Known", "Indeterminate", "Passed", "Took", "Seed", "New failures", "Gone", "Not offered any more"];
  const right = new Set(["Failed", "Known", "Indeterminate", "Passed", "Took"]);
  const body = el("tbody");
  const box = el("div", { class: "scroll-x", tabindex: "0", role: "group", "aria-label": "Runs, newest first" },
    el("table", { class: "table trend-table" },
      el("thead", {}, el("tr", {}, head.map((name) => el("th", { scope: "col", class: right.has(name) && "right" }, name)))), body));
  for (const run of [...runs].reverse().slice(0, 60)) body.append(drawRun(run));
  return box;
}

function drawRun(run) {
  const totals = record(run.totals);
  const cell = (n) => el("td", { class: "right" }, number(count(n)));
  return el("tr", { class: run.now && "now" },
    el("th", { scope: "row", class: "keep" }, `${when(run.started)}${run.now ? " (this run)" : ""}`),
    el("td", { class: "keep" }, words.verdicts[run.exit_code] ?? "unknown"),
    ["failed", "known", "indeterminate", "passed"].map((name) => cell(totals[name])),
    el("td", { class: "right" }, duration(run.duration_ms)),
    el("td", {}, code(short(seedText(run.seed), 24))),
    el("td", {}, changes(run.new_failures)),
    el("td", {}, changes(run.gone_failures)),
    // The report leaves out an empty list.
    el("td", {}, changes(run.withdrawn ?? (run.gone_failures && []))));
}

/** The cases that changed, if the run was compared. */
function changes(ids) {
  if (!Array.isArray(ids)) return el("span", { class: "dim" }, "not compared");
  if (ids.length === 0) return "none";
  const details = el("details", {}, el("summary", {}, plural(ids.length, "case")));
  onceOpened(details, () => {
    const items = el("ul");
    details.append(items);
    batches(items, ids.map(string), 50, (id) => el("li", {}, caseLink(id)));
  });
  return details;
}

function caseLink(id) {
  if (!page.byCase.has(id)) return code(short(id, 300));
  return button(short(id, 300), () => openCase(id), { class: "plain mono" });
}
