// The embedded data, and the state of the page in its address.

/** The digits of seeds by their parsed value: seeds have 64 bits, numbers in JavaScript 53. */
const seeds = new Map();

function readReport() {
  const source = byId("report").textContent;
  const report = JSON.parse(source);
  // Inside a string, every quotation mark has a backslash before it, so this matches keys only.
  for (const [, digits] of source.matchAll(/(?<!\\)"seed"\s*:\s*(\d+)/g)) {
    if (!seeds.has(Number(digits))) seeds.set(Number(digits), digits);
  }
  return record(report);
}

const seedText = (seed) => (seed === undefined || seed === null ? "unknown" : seeds.get(seed) ?? String(seed));

const checks = new Map(words.checks.map((check) => [check.id, check]));
const familyOf = (check) => checks.get(check)?.family ?? "";

/** The parts of the id of the case at this index of the report. */
function partsOf(at) {
  const [operation, check, variant] = words.cases[at];
  const { id, family } = words.checks[check];
  return { operation: words.operations[operation], check: id, family, variant };
}

function totalsOf(report) {
  const totals = record(report.totals);
  const all = Object.fromEntries(["planned", "executed", ...OUTCOMES].map((name) => [name, count(totals[name])]));
  all.judged = all.passed + all.failed + all.known + all.stale;
  return all;
}

/** Indexes of cases and findings. They are maps, since names from the endpoint could collide with properties of objects. */
function index(report) {
  const cases = list(report.cases).map((entry, at) => {
    const id = string(entry.case);
    return { id, ...partsOf(at), outcome: string(entry.outcome), ms: entry.ms, why: string(entry.why), findings: [] };
  });
  const byCase = new Map(cases.map((entry) => [entry.id, entry]));
  const findings = list(report.findings).map((finding, at) => {
    const id = string(finding.case);
    const entry = byCase.get(id);
    const check = string(finding.check);
    const made = {
      ...finding, at, id, check,
      operation: string(finding.operation),
      variant: words.variants[at],
      commands: words.commands[at],
      family: familyOf(check),
      level: string(finding.level) || "note",
      outcome: entry?.outcome ?? (finding.known === undefined ? "failed" : "known"),
    };
    made.haystack = [id, finding.rule, finding.pointer, finding.expected, finding.actual].map(string).join("\n").toLowerCase();
    entry?.findings.push(made);
    return made;
  });
  for (const entry of cases) entry.haystack = `${entry.id}\n${entry.why}`.toLowerCase();
  return { cases, byCase, findings, causes: list(report.causes).map((cause, at) => ({ ...record(cause), title: words.titles[at] })), fresh: new Set(list(report.new_causes).map(string)) };
}

// --- State in the URL

const state = { q: "", only: "", level: new Set(), outcome: new Set(), family: new Set(), case: "", n: 1, rows: "", op: "", open: new Set() };
const SETS = ["level", "outcome", "family", "open"];

function readState() {
  const fragment = location.hash.slice(1);
  const wanted = new URLSearchParams(fragment.includes("=") ? fragment : "");
  for (const name of SETS) state[name] = new Set(wanted.getAll(name));
  for (const name of ["q", "only", "case", "rows", "op"]) state[name] = wanted.get(name) ?? "";
  state.n = Math.max(1, Number.parseInt(wanted.get("n"), 10) || 1);
}

function fragment() {
  const wanted = new URLSearchParams();
  for (const name of ["q", "only", "rows", "op", "case"]) if (state[name]) wanted.set(name, state[name]);
  if (state.case && state.n > 1) wanted.set("n", state.n);
  for (const name of SETS) for (const one of state[name]) wanted.append(name, one);
  return wanted.toString();
}

function writeState() {
  const wanted = fragment();
  try {
    history.replaceState(null, "", `${location.href.split("#")[0]}${wanted ? `#${wanted}` : ""}`);
  } catch {
    // Browsers limit the rate of calls; the next change is written again.
  }
}

function later(action, ms) {
  let timer;
  return (...given) => { clearTimeout(timer); timer = setTimeout(() => action(...given), ms); };
}
