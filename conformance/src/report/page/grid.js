// The dialog with cases, and the grid of operations by checks.

function drawCase(entry, here = false) {
  const tail = entry.findings.slice(0, 20).map((finding, at) =>
    button(entry.findings.length === 1 ? "Finding" : `Finding ${at + 1}`, () => {
      byId("dialog").close();
      openCase(entry.id, at + 1);
    }, { class: "plain" }));
  return el("li", { class: here ? "case here" : "case" },
    outcomeLabel(entry.outcome),
    el("span", { class: "id mono" }, short(entry.id, 300)),
    el("span", { class: "ms num dim" }, Number.isFinite(entry.ms) ? `${number(entry.ms)} ms` : ""),
    entry.why && el("span", { class: "why" }, value(entry.why, 300)),
    tail.length > 0 && el("span", { class: "links" }, tail));
}

function showCases(operation, column, cases, here = "") {
  const sorted = [...cases].sort((a, b) => rank(a.outcome, OUTCOMES) - rank(b.outcome, OUTCOMES));
  byId("dialog-title").textContent = visible(short(`${operation}, ${column}`, 300));
  byId("dialog-sub").textContent = counted(tally(cases));
  const items = el("ul");
  byId("dialog-content").replaceChildren(items);
  const batch = batches(items, sorted, 100, (entry) => drawCase(entry, entry.id === here));
  batch.showTo(Math.max(100, sorted.findIndex((entry) => entry.id === here) + 1));
  byId("dialog").showModal();
  byId("dialog-content").scrollTop = 0;
  items.querySelector(".here")?.scrollIntoView({ block: "center" });
}

function tally(cases) {
  const counts = {};
  for (const entry of cases) counts[known(entry.outcome)] = (counts[known(entry.outcome)] ?? 0) + 1;
  return counts;
}

const worst = (counts) => OUTCOMES.find((outcome) => counts[outcome] > 0);
const counted = (counts) => OUTCOMES.filter((outcome) => counts[outcome] > 0).map((outcome) => `${number(counts[outcome])} ${outcome}`).join(", ");

// --- Grid

// Only visible rows are drawn: 405 operations by a hundred checks would be 40,000 cells.
const grid = { rows: [], columns: [], operations: new Map(), families: new Map(), first: 0, last: 0, row: 0, col: 0, height: 30 };
const MARGIN = 8; // rows beyond the visible ones

/** Counts and cases of every operation by family and by check. */
function indexGrid(report, data) {
  const present = new Set(data.cases.map((entry) => entry.family));
  for (const family of words.families) if (present.has(family)) grid.families.set(family, new Set());
  for (const operation of list(report.operations)) rowOf(string(operation.name)).info = operation;
  for (const entry of data.cases) {
    if (!grid.families.has(entry.family)) grid.families.set(entry.family, new Set());
    grid.families.get(entry.family).add(entry.check);
    for (const key of [familyKey(entry.family), checkKey(entry.check)]) addTo(rowOf(entry.operation), key, entry);
  }
  if (data.cases.length === 0) indexCounts(report);
}

const familyKey = (family) => `f ${family}`;
const checkKey = (check) => `c ${check}`;

function rowOf(name) {
  if (!grid.operations.has(name)) grid.operations.set(name, { name, info: {}, cells: new Map() });
  return grid.operations.get(name);
}

function addTo(row, key, entry) {
  if (!row.cells.has(key)) row.cells.set(key, { counts: {}, cases: [] });
  const cell = row.cells.get(key);
  const outcome = known(entry.outcome);
  cell.counts[outcome] = (cell.counts[outcome] ?? 0) + 1;
  cell.cases.push(entry);
}

/** Fallback for a report without cases: counts by family. */
function indexCounts(report) {
  for (const operation of list(report.operations)) {
    for (const [family, counts] of Object.entries(record(operation.families))) {
      if (!grid.families.has(family)) grid.families.set(family, new Set());
      const numbers = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, count(record(counts)[outcome])]));
      rowOf(string(operation.name)).cells.set(familyKey(family), { counts: numbers, cases: [] });
    }
  }
}

function gridColumns() {
  return [...grid.families].flatMap(([family, checks]) => (state.open.has(family) && checks.size
    ? [...checks].map((check) => ({ key: checkKey(check), name: check, family }))
    : [{ key: familyKey(family), name: family, family }]));
}

function gridRows() {
  const wanted = state.op.toLowerCase();
  const mode = rowMode();
  return [...grid.operations.values()].filter((row) => row.name.toLowerCase().includes(wanted) && (mode === "all" || rowHas(row, mode)));
}

const rowMode = () => state.rows || (page.totals.failed > 0 ? "failed" : "all");

function rowHas(row, mode) {
  for (const family of grid.families.keys()) {
    const counts = row.cells.get(familyKey(family))?.counts ?? {};
    if (mode === "failed" ? counts.failed > 0 : (worst(counts) ?? "passed") !== "passed") return true;
  }
  return false;
}

function drawGridFilters() {
  const rows = el("select", { id: "rows", on: { change: (event) => { state.rows = event.target.value; gridChanged(); } } },
    [["failed", "With failures"], ["odd", "Not all passed"], ["all", "All"]].map(([mode, name]) => el("option", { value: mode }, name)));
  const name = el("input", { id: "op", type: "search", autocomplete: "off", spellcheck: "false",
    on: { input: later(() => { state.op = byId("op").value; gridChanged(); }, 120) } });
  const field = (title, control) => el("label", { class: "field" }, el("span", {}, title), control);
  byId("grid-filters").append(field("Rows", rows), field("Operation", name),
    button("Open all families", () => { state.open = new Set(grid.families.keys()); gridChanged(); }),
    button("Close all families", () => { state.open.clear(); gridChanged(); }));
  byId("legend").append(...OUTCOMES.map((outcome) => el("span", {}, outcomeLabel(outcome), el("span", { class: "dim" }, `: ${MEANING[outcome]}`))));
}

function gridChanged() {
  writeState();
  drawGrid();
}

function drawGrid() {
  grid.columns = gridColumns();
  grid.rows = gridRows();
  grid.row = Math.min(grid.row, Math.max(0, grid.rows.length - 1));
  grid.col = Math.min(grid.col, Math.max(0, grid.columns.length - 1));
  byId("rows").value = rowMode();
  if (byId("op").value !== state.op) byId("op").value = state.op;
  const empty = grid.rows.length === 0;
  for (const id of ["grid-filters", "legend"]) byId(id).hidden = grid.operations.size === 0;
  byId("grid-scroll").hidden = empty;
  byId("grid-empty").hidden = !empty;
  byId("grid-empty").textContent = grid.operations.size === 0 ? "The run has no operations." : "No operation matches. Select other rows or another name.";
  byId("grid-status").textContent = plural(grid.rows.length, "operation");
  if (empty) return;
  const table = byId("grid");
  byId("grid-scroll").classList.toggle("roomy", grid.columns.length > 14);
  table.setAttribute("aria-rowcount", grid.rows.length + headRows());
  drawGridHead(table.tHead);
  measureRow();
  drawRows(true);
}

const headRows = () => (grid.columns.some((column) => column.key.startsWith("c ")) ? 2 : 1);

function drawGridHead(head) {
  const rows = headRows();
  const corner = el("th", { scope: "col", rowspan: rows, class: "op" }, `Operation`, el("span", { class: "sum" }, `${number(grid.rows.length)} of ${number(grid.operations.size)}`));
  const top = el("tr", { "aria-rowindex": "1" }, corner);
  const below = el("tr", { "aria-rowindex": "2" });
  for (const [family, checks] of grid.families) {
    const open = state.open.has(family) && checks.size > 0;
    top.append(el("th", { class: "fam", scope: open ? "colgroup" : "col", colspan: open ? checks.size : 1, rowspan: open ? 1 : rows }, familyButton(family, open), familySum(family)));
    if (open) below.append(...[...checks].map((check) => el("th", { class: "check", scope: "col", title: check }, el("span", {}, checkName(check)))));
  }
  head.replaceChildren(top, ...(rows === 2 ? [below] : []));
}

function familyButton(family, open) {
  if (grid.families.get(family).size === 0) return el("span", {}, short(family, 40));
  return button(short(family, 40), () => {
    if (!state.open.delete(family)) state.open.add(family);
    gridChanged();
    [...document.querySelectorAll(".family")][[...grid.families.keys()].indexOf(family)]?.focus();
  }, { class: "family", "aria-expanded": String(open) });
}

function familySum(family) {
  let failed = 0;
  for (const row of grid.rows) failed += row.cells.get(familyKey(family))?.counts.failed ?? 0;
  return el("span", { class: "sum" }, failed ? `${number(failed)} failed` : "none failed");
}

const checkName = (check) => short(checks.get(check)?.name ?? check, 60);

function measureRow() {
  if (matchMedia("print").matches) return; // printed rows have another height and do not scroll
  grid.height = Number.parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--row")) || 30;
}

function drawRows(force = false, all = false) {
  const scroll = byId("grid-scroll");
  // The height of the window, since the container has no height until it has rows.
  const inSight = Math.ceil(innerHeight / grid.height);
  const top = Math.floor(scroll.scrollTop / grid.height);
  const first = all ? 0 : Math.max(0, top - MARGIN);
  const last = all ? grid.rows.length : Math.min(grid.rows.length, top + inSight + MARGIN);
  const enough = grid.first <= Math.max(0, top - 2) && grid.last >= Math.min(grid.rows.length, top + inSight + 2);
  if (!force && enough) return;
  grid.first = first;
  grid.last = last;
  const body = byId("grid").tBodies[0];
  const hadFocus = body.contains(document.activeElement);
  const rows = [];
  if (first > 0) rows.push(spacer(first));
  for (let row = first; row < last; row++) rows.push(drawRow(row));
  if (last < grid.rows.length) rows.push(spacer(grid.rows.length - last));
  body.replaceChildren(...rows);
  markActive();
  // If the focused cell was scrolled away, the container gets the focus and the keys.
  if (hadFocus) (cellAt(grid.row, grid.col) ?? scroll).focus({ preventScroll: true });
}

function spacer(rows) {
  const cell = el("td", { colspan: grid.columns.length + 1 });
  cell.style.height = `${rows * grid.height}px`;
  const row = el("tr", { class: "spacer", "aria-hidden": "true" }, cell);
  row.style.height = cell.style.height;
  return row;
}

function drawRow(at) {
  const row = grid.rows[at];
  const why = row.info.supported === false ? `Unsupported: ${string(row.info.unsupported_because) || "no reason given"}` : "";
  const tr = el("tr", { "aria-rowindex": at + 1 + headRows() },
    el("th", { scope: "row", class: "op", title: short(why ? `${row.name}. ${why}` : row.name, 400) },
      el("span", {}, breakable(short(row.name, 120)), why && el("span", { class: "dim" }, " – unsupported"))));
  grid.columns.forEach((column, col) => tr.append(drawCell(row, at, column, col)));
  return tr;
}

/** A name in camel case, with line break opportunities for narrow columns. */
const breakable = (name) => name.split(/(?=[A-Z][a-z])/).flatMap((part, at) => (at ? [el("wbr"), part] : [part]));

function drawCell(row, at, column, col) {
  const cell = row.cells.get(column.key);
  const outcome = cell && worst(cell.counts);
  const td = document.createElement("td");
  td.tabIndex = -1;
  td.dataset.at = `${at} ${col}`;
  if (!outcome) {
    td.setAttribute("aria-label", "no cases");
    return td;
  }
  td.className = `o-${outcome}`;
  td.append(sign(outcome), ` ${number(cell.counts[outcome])}`);
  td.setAttribute("aria-label", counted(cell.counts));
  td.title = visible(`${short(column.name, 100)}: ${counted(cell.counts)}`);
  if (cell.cases.length) td.setAttribute("aria-haspopup", "dialog");
  return td;
}

const cellAt = (row, col) => byId("grid").querySelector(`td[data-at="${row} ${col}"]`);

/** Puts exactly one cell into the tab order. */
function markActive() {
  byId("grid").querySelector('td[tabindex="0"]')?.setAttribute("tabindex", "-1");
  const cell = cellAt(grid.row, grid.col) ?? cellAt(Math.min(grid.last - 1, grid.first + MARGIN), grid.col);
  if (cell) cell.tabIndex = 0;
}

function moveTo(row, col) {
  grid.row = Math.max(0, Math.min(grid.rows.length - 1, row));
  grid.col = Math.max(0, Math.min(grid.columns.length - 1, col));
  const scroll = byId("grid-scroll");
  const head = byId("grid").tHead.offsetHeight;
  const top = grid.row * grid.height;
  if (top < scroll.scrollTop) scroll.scrollTop = top;
  else if (top + grid.height + head > scroll.scrollTop + scroll.clientHeight) scroll.scrollTop = top + grid.height + head - scroll.clientHeight;
  drawRows();
  markActive();
  const cell = cellAt(grid.row, grid.col);
  if (!cell) return;
  showColumn(scroll, cell);
  cell.focus({ preventScroll: true });
  showInWindow(cell);
}

/** Scrolls sideways so that the sticky first column does not cover the cell. */
function showColumn(scroll, cell) {
  const names = cell.parentElement.firstChild.offsetWidth;
  if (cell.offsetLeft - names < scroll.scrollLeft) scroll.scrollLeft = cell.offsetLeft - names;
  else if (cell.offsetLeft + cell.offsetWidth > scroll.scrollLeft + scroll.clientWidth) scroll.scrollLeft = cell.offsetLeft + cell.offsetWidth - scroll.clientWidth;
}

/** Scrolls the window if the container is partly outside of it. */
function showInWindow(cell) {
  const { top, bottom } = cell.getBoundingClientRect();
  if (top < document.querySelector(".bar").getBoundingClientRect().bottom || bottom > innerHeight) cell.scrollIntoView({ block: "center", inline: "nearest" });
}

function gridKey(event) {
  if (event.target.closest("button") || event.altKey || event.metaKey) return;
  const { row, col } = grid;
  const far = Infinity;
  const moves = {
    ArrowUp: [row - 1, col], ArrowDown: [row + 1, col], ArrowLeft: [row, col - 1], ArrowRight: [row, col + 1],
    PageUp: [row - 10, col], PageDown: [row + 10, col],
    Home: [event.ctrlKey ? 0 : row, 0], End: [event.ctrlKey ? far : row, far],
  };
  if (moves[event.key]) moveTo(...moves[event.key]);
  else if (event.key === "Enter" || event.key === " ") openCell(row, col);
  else return;
  event.preventDefault();
}

function openCell(row, col) {
  const column = grid.columns[col];
  const cases = grid.rows[row]?.cells.get(column?.key)?.cases ?? [];
  if (cases.length) showCases(grid.rows[row].name, column.name, cases);
}

function placeOf(event) {
  const cell = event.target.closest("td[data-at]");
  return cell && cell.dataset.at.split(" ").map(Number);
}

function wireGrid() {
  const scroll = byId("grid-scroll");
  let waiting = false;
  scroll.addEventListener("scroll", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; drawRows(); });
  }, { passive: true });
  scroll.addEventListener("keydown", gridKey);
  scroll.addEventListener("focusin", (event) => {
    const place = placeOf(event);
    if (place) { [grid.row, grid.col] = place; markActive(); }
  });
  scroll.addEventListener("click", (event) => {
    const place = placeOf(event);
    if (place) openCell(...place);
  });
  addEventListener("resize", later(() => { if (grid.rows.length) { measureRow(); drawRows(true); } }, 100));
  // Paper does not scroll: print all rows.
  addEventListener("beforeprint", () => { if (grid.rows.length) drawRows(true, true); });
  addEventListener("afterprint", () => { if (grid.rows.length) drawRows(true); });
}
