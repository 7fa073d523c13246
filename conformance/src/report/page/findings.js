// One finding: its evidence, and the commands that repeat it.

function drawFinding(finding) {
  return detailsOf(finding, el("span", { class: "cols three" },
    el("span", { class: "mono" },
      el("b", {}, short(finding.operation, 120)), finding.variant && el("span", { class: "dim" }, `/${short(finding.variant, 160)}`),
      finding.known !== undefined && el("span", { class: "tag o-known" }, "known")),
    el("span", { class: "mono dim one" }, short(string(finding.pointer), 160)),
    el("span", { class: "mono one" }, short(string(finding.actual), 160))),
  () => drawFindingBody(finding));
}

/** The disclosure of a finding; its body is made when it is first opened. */
function detailsOf(finding, line, body, open = false) {
  const holder = el("details", { class: "finding" }, el("summary", {},
    el("span", { class: `o-${known(finding.outcome)}`, title: finding.outcome }, sign(finding.outcome), el("span", { class: "sr" }, finding.outcome)), line));
  finding.element = holder;
  finding.fill = onceOpened(holder, () => holder.append(body()));
  if (open) { holder.open = true; finding.fill(); }
  // What the page opens by itself is no choice of the reader.
  let own = open;
  holder.addEventListener("toggle", () => { if (!own) rememberFinding(finding, holder.open); own = false; });
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
  pair("Case", value(finding.id, 400, "code"));
  pair("Rule", value(finding.rule, 600));
  if (finding.pointer) pair("Where", value(finding.pointer, 400, "code"));
  pair("Expected", value(finding.expected, 1500, "code"));
  pair("Actual", value(finding.actual, 1500, "code"));
  const body = drawEvidence(finding);
  body.prepend(pairs);
  return body;
}

/** Everything beside rule, expectation and observation, which a cause shows for its example. */
function drawEvidence(finding) {
  const pairs = el("dl", { class: "pairs" });
  const pair = (name, ...content) => pairs.append(el("dt", {}, name), el("dd", {}, content));
  if (finding.known !== undefined) pair("Known", value(finding.known, 600));
  const steps = list(finding.steps);
  if (steps.length) pair("Steps", el("ol", { class: "steps", role: "list" }, steps.slice(0, 200).map((step) => el("li", {}, value(step, 600)))));
  const timeline = drawTimeline(list(finding.timeline).map(record));
  if (timeline) pair("Timeline", timeline);
  if (finding.evidence) pair("Source", value(finding.evidence, 600));
  pair("Outcome", outcomeLabel(finding.outcome), ", level ", levelTag(finding.level), " ", copyLink(finding));
  return el("div", { class: "body" }, drawExchanges(finding), pairs, drawCommands(finding));
}

const copyLink = (finding) => button("Copy link", (event) => {
  state.case = finding.id;
  state.n = page.findings.filter((other) => other.id === finding.id).indexOf(finding) + 1;
  writeState();
  copy(location.href, event.currentTarget);
});

/** Commands that repeat a finding. A command that would differ from the text on the page is left to `replay`. */
function commandsOf(finding) {
  const replay = finding.replay ? string(finding.replay) : "";
  const { curl = "", boto3 = "" } = record(finding.commands);
  const whole = (command) => string(command) && visible(command, true) === command;
  const rows = [["curl", curl, "--curl"], ["boto3", boto3, "--boto3"]]
    .map(([name, command, flag]) => ({ name: `As ${name}`, command: whole(command) ? command : replay && `${replay} ${flag}`, whole: Boolean(whole(command)) }));
  return [...rows, { name: "Replay", command: replay, whole: true }].filter((row) => row.command);
}

function drawCommands(finding) {
  const box = el("div", { class: "commands" }, el("h4", {}, "Repeat the request"));
  const rows = commandsOf(finding);
  if (rows.length === 0) {
    box.append(el("p", { class: "dim" }, finding.request ? "The request is not complete in this report, and there is no case file to replay." : "There is no request to repeat."));
    return box;
  }
  box.append(el("div", { class: "buttons" }, rows.map(({ name, command }) =>
    button(`Copy ${name[0].toLowerCase()}${name.slice(1)}`, (event) => copy(command, event.currentTarget, true), { "data-copy": name }))),
  ...commandNotes(finding, rows).map((note) => el("p", { class: "dim" }, note)));
  const details = el("details", { class: "rest" }, el("summary", {}, "Show the commands"));
  onceOpened(details, () => details.append(...rows.map(({ name, command }) => el("section", { class: "wire" },
    el("header", {}, el("h4", {}, name)), el("pre", { tabindex: "0", role: "group", "aria-label": name, "data-command": name }, lines(command))))));
  box.append(details);
  return box;
}

/** Text with its line breaks. */
function lines(text) {
  const fragment = document.createDocumentFragment();
  appendVisible(fragment, string(text));
  return fragment;
}

function commandNotes(finding, rows) {
  const target = record(page.report.target);
  const notes = [];
  if (rows.some((row) => row.whole && row.name !== "Replay")) {
    if (words.emulator) notes.push(["The emulator of the run has ended. Start one first, which lacks the resources of the run: ", code(words.emulator)]);
    if (list(finding.exchanges).length || list(finding.steps).length) notes.push(["curl and boto3 send the decisive request alone; replay runs the whole case."]);
    if (target.signed) notes.push(["Credentials come from the environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN."]);
  }
  if (rows.some((row) => !row.whole)) notes.push(["This page does not have the whole request, or it contains invisible characters; replay prints the command from the case file."]);
  if (rows.at(-1).name === "Replay") notes.push(["Replay needs the report folder; it creates the resources of the case first."]);
  return notes;
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
  const element = reveal(group, finding);
  state.case = id;
  state.n = n;
  writeState();
  (finding === group.example ? element.closest(".cause") : element).scrollIntoView({ block: "start" });
  element.firstChild.focus({ preventScroll: true });
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
