// Controls, and the start of the script.

function wireControls() {
  byId("search").addEventListener("input", later(() => { state.q = byId("search").value; filtersChanged(); }, 120));
  byId("search").addEventListener("keydown", (event) => { if (event.key === "Enter") goTo("findings"); });
  byId("clear").addEventListener("click", () => { clearState(); filtersChanged(); byId("search").focus(); });
  byId("new").addEventListener("click", () => { state.only = state.only ? "" : "new"; filtersChanged(); });
  byId("dialog-close").addEventListener("click", () => byId("dialog").close());
  // A click on the backdrop has the dialog itself as its target.
  byId("dialog").addEventListener("click", (event) => { if (event.target === byId("dialog")) byId("dialog").close(); });
  addEventListener("keydown", (event) => {
    const typing = event.target instanceof Element && event.target.closest("input, select, textarea");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey || byId("dialog").open) return;
    event.preventDefault();
    byId("search").focus();
  });
  addEventListener("hashchange", applyAddress);
}

function applyAddress() {
  readState();
  const { case: id, n } = state;
  drawFindings();
  drawGrid();
  if (id) openCase(id, n);
}

function drawFoot(report) {
  const digest = string(record(report.model).digest);
  byId("foot").textContent = visible(`${string(report.tool)} ${string(report.version)}${digest ? `, model digest ${short(digest, 128)}` : ""}. This page loads nothing and sends nothing.`);
}

const page = {};

function start() {
  const report = readReport();
  Object.assign(page, { report, totals: totalsOf(report) }, index(report));
  indexGrid(report, page);
  drawHead(report, page.totals);
  const failing = page.causes.filter((cause) => string(cause.level) === "must" && list(cause.cases).length > 0);
  drawBrief(failing);
  const stale = drawStale(report, page);
  drawNav([["findings", "Causes", failing.length], stale && ["stale", "Entries to change", stale],
    ["operations", "Operations", list(report.operations).length], ["trend", "Trend", null], ["coverage", "Coverage", null],
    ["unscored", "Not judged", page.totals.indeterminate], ["learned", "Learned", null]].filter(Boolean));
  drawFilters(page);
  drawGridFilters();
  drawTrend(report);
  drawCoverage(report);
  drawUnscored(report);
  drawLearned(report);
  drawFoot(report);
  wireControls();
  wireGrid();
  applyAddress();
}

try {
  start();
} catch (error) {
  byId("verdict").textContent = visible(`This report cannot be shown: ${error.message}`);
  throw error;
}
