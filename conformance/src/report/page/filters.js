// Filters of the causes: search, level, outcome, family, and new ones.

function drawFilters(data) {
  const used = (key) => new Set([...data.findings, ...data.cases].map((one) => one[key]));
  const levels = new Set(data.findings.map((finding) => finding.level));
  const chips = (name, title, values) => values.length > 1 && byId("filters").append(el("fieldset", { "data-filter": name },
    el("legend", {}, title),
    values.slice(0, 40).map((one) => button(short(one, 40), () => toggleFilter(name, one), { "data-value": one, "aria-pressed": "false" }))));
  chips("level", "Level", ordered(levels, LEVELS));
  chips("outcome", "Outcome of the case", ordered(used("outcome"), OUTCOMES));
  chips("family", "Family", ordered(used("family"), words.families));
  byId("narrow").hidden = !byId("filters").hasChildNodes();
  byId("narrow").open = state.level.size + state.outcome.size + state.family.size > 0;
  const before = list(data.report.trend).at(-1);
  if (before) {
    byId("new").textContent = `${number(data.fresh.size)} new since ${when(record(before).started)}`;
    byId("new").hidden = false;
    byId("new").disabled = data.fresh.size === 0;
  }
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
  byId("narrow").open = true;
  filtersChanged();
}

function clearState() {
  for (const name of ["level", "outcome", "family"]) state[name].clear();
  state.q = "";
  state.only = "";
}

function filtersChanged() {
  state.case = "";
  writeState();
  drawFindings();
}

const filtered = () => Boolean(state.q || state.only || state.level.size || state.outcome.size || state.family.size);

function matcher() {
  const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
  const allows = (name, one) => state[name].size === 0 || state[name].has(one);
  return (one) => allows("outcome", one.outcome) && allows("family", one.family) && words.every((word) => one.haystack.includes(word));
}

/** The findings that the filters let through; only findings have a level and a cause. */
function matchingFindings() {
  const matches = matcher();
  return page.findings.filter((finding) => (state.level.size === 0 || state.level.has(finding.level))
    && (!state.only || page.fresh.has(finding.cause)) && matches(finding));
}

function showFilters() {
  for (const chip of document.querySelectorAll("#filters button")) {
    const { filter } = chip.closest("fieldset").dataset;
    chip.setAttribute("aria-pressed", String([...state[filter]].some((one) => visible(one) === chip.dataset.value)));
  }
  const search = byId("search");
  if (search.value !== state.q) search.value = state.q;
  byId("new").setAttribute("aria-pressed", String(Boolean(state.only)));
  byId("clear").hidden = !filtered();
}
