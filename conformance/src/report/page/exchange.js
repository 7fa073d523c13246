// Requests and responses of a finding.

/** All exchanges that the finding rests on, in order; or the only one. */
function drawExchanges(finding) {
  const all = list(finding.exchanges).map(record);
  if (all.length === 0) return drawExchange(finding);
  const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
  const decisive = all.findLastIndex((one) => same(one.request, finding.request) && same(one.response, finding.response));
  const box = el("div", { class: "exchanges" }, el("h4", {}, `${plural(all.length, "exchange")}, in the order of the requests`));
  all.forEach((one, at) => box.append(drawNumbered(one, at + 1, at === decisive, string(finding.pointer))));
  if (decisive < 0 && finding.request) box.append(el("h4", {}, "The decisive exchange"), drawExchange(finding));
  return box;
}

/** The status of a response; 0 stands for a request that was never answered. */
const statusOf = (response) => (response.status === 0 ? "no response" : string(response.status));

function drawNumbered(one, n, isDecisive, pointer) {
  const [request, response] = [record(one.request), record(one.response)];
  const details = el("details", { class: "numbered" }, el("summary", {},
    el("span", { class: "mono line" }, el("b", {}, `${n}. ${short(`${string(request.method)} ${string(request.uri)}`, 160)} → ${statusOf(response)}`), isDecisive && el("span", { class: "tag" }, "decisive")),
    el("span", { class: "mono dim line" }, short(string(response.body ?? response.body_base64), 200))));
  const once = onceOpened(details, () => details.append(drawExchange({ request, response, pointer })));
  if (isDecisive) { details.open = true; once(); }
  return details;
}

function drawExchange(finding) {
  const box = el("div", { class: "exchange" });
  const { request, response } = finding;
  if (request) box.append(drawWire("Request", `${string(request.method)} ${string(request.uri)}`, request));
  const isAnswered = response && response.status !== 0;
  if (isAnswered) box.append(drawWire("Response", statusOf(response), response, string(finding.pointer)));
  if (!request && !response) box.append(el("p", { class: "dim" }, "This finding has no request."));
  else if (!isAnswered) box.append(el("p", { class: "dim" }, "There was no response."));
  return box;
}

function drawWire(title, start, message, pointer = "") {
  const header = el("header", {}, el("h4", {}, title));
  const head = el("pre", { tabindex: "0", role: "group", "aria-label": `${title}: first line and headers` });
  head.append(el("span", { class: "start" }, start));
  for (const [name, content] of list(message.headers).map(list)) head.append(`\n${visible(name)}: ${visible(content)}`);
  const box = el("section", { class: "wire" }, header, cutBox(head));
  drawBody(box, header, message, title, pointer);
  return box;
}

/** Truncates a long head: a hundred thousand characters would cost the browser a second. */
function cutBox(head) {
  const whole = head.textContent;
  if (whole.length <= 8000) return head;
  head.replaceChildren(cut(whole, 8000), "…\n");
  head.append(button(`Show all ${number(whole.length)} characters`, () => head.replaceChildren(whole)));
  return head;
}

function drawBody(box, header, message, title, pointer) {
  const omitted = count(message.body_bytes_omitted);
  const text = string(message.body ?? message.body_base64);
  if (!text) box.append(el("p", { class: "note" }, omitted ? "The body is not included." : "No body."));
  else if (message.body === undefined || message.body === null) box.append(el("p", { class: "note" }, "The body is not text; this is its base64:"));
  const pretty = message.body ? layOut(text, pointer, omitted > 0) : null;
  if (text) {
    const body = el("pre", { tabindex: "0", role: "group", "aria-label": `${title}: body` });
    box.append(body);
    showBody(body, pretty ?? [{ text }]);
    if (pretty) header.append(rawToggle((raw) => showBody(body, raw ? [{ text }] : pretty)));
    header.append(button("Copy", (event) => copyBody(text, event.currentTarget), { "aria-label": `Copy the body of the ${title.toLowerCase()}` }));
  }
  if (omitted) box.append(el("p", { class: "note" }, `${plural(omitted, "more byte")} not included.`));
}

/** Copies a body unchanged, since it goes to another tool and not to a shell. */
async function copyBody(text, from) {
  try {
    await navigator.clipboard.writeText(text);
    from.textContent = "Copied";
  } catch {
    from.textContent = "Not copied";
  }
  announce(from.textContent);
  setTimeout(() => { from.textContent = "Copy"; }, 1500);
}

function rawToggle(show) {
  return button("Raw", (event) => {
    const raw = event.currentTarget.getAttribute("aria-pressed") !== "true";
    event.currentTarget.setAttribute("aria-pressed", String(raw));
    show(raw);
  }, { "aria-pressed": "false" });
}

function showBody(body, segments, limit = 20000) {
  body.replaceChildren();
  let left = limit;
  for (const segment of segments) {
    if (left <= 0) break;
    const into = segment.mark ? el("mark", { title: "The value that the finding is about" }) : body;
    appendVisible(into, cut(segment.text, left));
    if (segment.mark) body.append(into);
    left -= segment.text.length;
  }
  if (left < 0) body.append("…\n", button("Show the whole body", () => showBody(body, segments, Infinity)));
  const mark = body.querySelector("mark");
  // After layout: scrolls to the value that the finding is about.
  if (mark) requestAnimationFrame(() => { body.scrollTop = mark.offsetTop - body.offsetTop - body.clientHeight / 2; });
}

/** Indented JSON, or null. Tokens are kept: parsing and printing again would change numbers and drop duplicate keys. A
 * truncated body is indented up to its end. */
function layOut(text, pointer, wasCut) {
  if (!/^\s*[{[]/.test(text)) return null;
  if (!wasCut) {
    try {
      JSON.parse(text);
    } catch {
      return null;
    }
  }
  const tokens = text.match(/"[^"\\]*(?:\\[^][^"\\]*)*"?|[{}[\],:]|[^\s"{}[\],:]+/g) ?? [];
  return mergePlain(indented(tokens, pointer));
}

function* indented(tokens, pointer) {
  const path = []; // keys and indexes of the open containers
  const indent = () => `\n${"  ".repeat(Math.min(path.length, 40))}`; // limited, since the cost of deep nesting is quadratic
  const here = () => path.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
  const target = pointer.split("/").length - 1;
  const isTarget = () => target > 0 && path.length === target && here() === pointer;
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at];
    const next = tokens[at + 1];
    if (token === "{" || token === "[") {
      yield { text: token, mark: isTarget() };
      path.push(token === "[" ? 0 : "");
      if (next !== "}" && next !== "]") yield { text: indent() };
    } else if (token === "}" || token === "]") {
      path.pop();
      const before = tokens[at - 1];
      yield { text: `${before === "{" || before === "[" ? "" : indent()}${token}` };
    } else if (token === ",") {
      if (typeof path.at(-1) === "number") path[path.length - 1] += 1;
      yield { text: `,${indent()}` };
    } else if (token === ":") {
      yield { text: ": " };
    } else if (next === ":" && typeof path.at(-1) === "string") {
      path[path.length - 1] = keyOf(token);
      yield { text: token };
    } else {
      yield { text: token, mark: isTarget() };
    }
  }
}

function keyOf(token) {
  try {
    return String(JSON.parse(token));
  } catch {
    return token;
  }
}

/** Joins adjacent unmarked segments into one text node. */
function mergePlain(segments) {
  const merged = [];
  let plain = [];
  const flush = () => { if (plain.length) merged.push({ text: plain.join("") }); plain = []; };
  for (const segment of segments) {
    if (!segment.mark) { plain.push(segment.text); continue; }
    flush();
    merged.push(segment);
  }
  flush();
  return merged;
}
