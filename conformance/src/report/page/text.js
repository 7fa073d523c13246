// Text and elements. Everything that the other files need.

const words = JSON.parse(document.getElementById("words").textContent);
const OUTCOMES = words.outcomes.map((outcome) => outcome.word); // worst first
const SIGN = Object.fromEntries(words.outcomes.map(({ word, sign }) => [word, sign]));
const MEANING = Object.fromEntries(words.outcomes.map(({ word, meaning }) => [word, meaning]));
const LEVELS = ["must", "should", "note"]; // gravest first

const byId = (id) => document.getElementById(id);
const list = (value) => (Array.isArray(value) ? value : []);
const record = (value) => (value && typeof value === "object" && !Array.isArray(value) ? value : {});
const string = (value) => (value === undefined || value === null ? "" : typeof value === "string" ? value : JSON.stringify(value));
const count = (value) => (Number.isFinite(value) ? value : 0);

const numbers = new Intl.NumberFormat("en-GB");
const number = (n) => numbers.format(count(n));
const plural = (n, one, many = `${one}s`) => `${number(n)} ${n === 1 ? one : many}`;

// Characters that have no glyph, hide text or change its direction. With the flag u, only unpaired surrogates match.
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\u{e0000}-\u{e0fff}]+/gu;
const BREAKS = /[\t\n]/g;
const HIDDEN = new RegExp(`(?:${UNSEEN.source}|[\\t\\n])`, "gu");

const SHORT = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
const escapeChar = (c) => SHORT[c] ?? `\\u{${c.codePointAt(0).toString(16)}}`;
const escapeAll = (text) => Array.from(text, escapeChar).join("");

/** Text with invisible characters as escapes. Line breaks and tabs are kept only with `lines`; elsewhere they could fake
 * another line. */
function visible(text, lines = false) {
  const seen = string(text).replace(UNSEEN, escapeAll);
  return lines ? seen : seen.replace(BREAKS, escapeChar);
}

/** Appends text with escapes in a style of their own. Line breaks and tabs are kept only with `lines`. */
function appendVisible(parent, text, lines = true) {
  let from = 0;
  for (const match of text.matchAll(lines ? UNSEEN : HIDDEN)) {
    parent.append(text.slice(from, match.index), el("span", { class: "escape" }, escapeAll(match[0])));
    from = match.index + match[0].length;
  }
  parent.append(text.slice(from));
}

/** The first characters, without half a surrogate pair at the end. */
function cut(text, limit) {
  return text.length <= limit ? text : text.slice(0, limit).replace(/[\ud800-\udbff]$/, "");
}

const short = (text, limit) => (text.length <= limit ? text : `${cut(text, limit)}…`);

function duration(ms) {
  if (!Number.isFinite(ms)) return "unknown";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60000) return `${(ms / 1000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60000);
  if (minutes < 60) return `${minutes} min ${Math.floor((ms % 60000) / 1000)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

const dates = new Intl.DateTimeFormat("en-GB", {
  day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZone: "UTC",
});
const days = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

function when(text, format = dates) {
  // Date.parse accepts almost any text with a digit.
  const time = RFC3339.test(string(text)) ? Date.parse(text) : NaN;
  if (Number.isNaN(time)) return text ? short(string(text), 40) : "unknown";
  return format === dates ? `${format.format(time)} UTC` : format.format(time);
}

// --- Elements

/** Makes an element. Strings become text, never markup, with invisible characters as escapes. */
function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") for (const [type, listener] of Object.entries(value)) element.addEventListener(type, listener);
    else element.setAttribute(name, value === true ? "" : visible(value));
  }
  append(element, children);
  return element;
}

function append(parent, children) {
  for (const child of children.flat()) {
    if (child === undefined || child === null || child === false) continue;
    parent.append(child instanceof Node ? child : visible(child));
  }
}

const button = (text, click, attributes = {}) => el("button", { type: "button", ...attributes, on: { click } }, text);
const sign = (outcome) => el("span", { class: "sign", "aria-hidden": "true" }, SIGN[outcome] ?? "?");
const outcomeLabel = (outcome) => el("span", { class: `o-${known(outcome)}` }, sign(outcome), " ", outcome);
/** Class names come from our own words only. */
const known = (outcome) => (OUTCOMES.includes(outcome) ? outcome : "unsupported");
const levelTag = (level) => el("span", { class: `tag l-${LEVELS.includes(level) ? level : "note"}` }, short(level, 40));
const code = (text) => el("code", {}, text);

/** A value that may be long: its start, and the rest on demand. A line break in it is an escape everywhere; only bodies of
 * messages and commands have lines. */
function value(text, limit = 1500, tag = "span") {
  const whole = string(text);
  const holder = el("span");
  const shown = el(tag);
  appendVisible(shown, cut(whole, limit), false);
  holder.append(shown);
  if (whole.length > limit) {
    shown.append("…");
    holder.append(" ", button(`Show all ${number(whole.length)} characters`, (event) => {
      event.currentTarget.remove();
      shown.replaceChildren();
      appendVisible(shown, whole, false);
    }));
  }
  return holder;
}

/** Appends items to `parent` in batches, so that a long list is drawn only on demand. */
function batches(parent, items, size, make) {
  let shown = 0;
  const more = button("", () => showTo(shown + size), { class: "more" });
  const showTo = (end) => {
    const until = Math.min(end, items.length);
    more.remove();
    for (; shown < until; shown++) parent.append(make(items[shown], shown));
    if (shown < items.length) {
      more.textContent = `Show the next ${number(Math.min(size, items.length - shown))} of ${number(items.length - shown)} more`;
      place();
    }
  };
  const place = () => (parent.closest("table") ?? parent).after(more);
  // `after` needs a parent, which the caller may set later.
  queueMicrotask(() => { if (shown < items.length && !more.isConnected) place(); });
  showTo(size);
  return { showTo };
}

/** A disclosure whose content is made when it is first opened. */
function fold(title, note, fill, open = false, level = "h3") {
  const details = el("details", { class: "fold" }, el("summary", {}, el(level, {}, title), note && el("span", { class: "count" }, note)));
  const once = onceOpened(details, fill);
  if (open) { details.open = true; once(); }
  return details;
}

function onceOpened(details, fill) {
  let filled = false;
  const once = () => {
    if (filled) return;
    filled = true;
    fill(details);
  };
  details.addEventListener("toggle", () => { if (details.open) once(); });
  return once;
}

function announce(text) {
  const region = byId("announce");
  region.textContent = "";
  requestAnimationFrame(() => { region.textContent = visible(text); });
}

/** Copies the text as shown: an invisible line break would run a command when pasted. Commands of several lines keep them. */
async function copy(text, from, lines = false) {
  let copied = true;
  try {
    await navigator.clipboard.writeText(visible(text, lines));
  } catch {
    copied = false;
  }
  const label = from.textContent;
  from.textContent = copied ? "Copied" : "Not copied";
  announce(copied ? "Copied" : "The browser did not allow copying");
  setTimeout(() => { from.textContent = label; }, 1500);
}
