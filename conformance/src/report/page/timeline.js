// The timeline of a finding about concurrent calls: a lane for each client, a bar for each call.

function drawTimeline(calls) {
  const shown = calls.slice(0, 100).map((call) => ({
    client: count(call.client), start: count(call.start), end: typeof call.end === "number" ? call.end : null,
    call: string(call.call), saw: string(call.saw),
  }));
  if (shown.length === 0) return null;
  const first = Math.min(...shown.map((call) => call.start));
  const last = Math.max(first + 1, ...shown.map((call) => call.end ?? call.start));
  const clients = [...new Set(shown.map((call) => call.client))].sort((one, other) => one - other);
  const lanes = clients.map((client) => el("div", { class: "lane" },
    el("b", {}, `client ${client}`),
    el("div", { class: "track" }, shown.filter((call) => call.client === client).map((call) => timelineBar(call, first, last)))));
  return el("div", { class: "timeline", role: "img", "aria-label": `Calls of ${plural(clients.length, "client")} over ${milliseconds(last - first)}; the steps list them` }, lanes);
}

const milliseconds = (micros) => `${(micros / 1000).toFixed(1)} ms`;

function timelineBar(call, first, last) {
  const percent = (time) => (100 * (time - first)) / (last - first);
  const until = call.end === null ? "no answer" : milliseconds(call.end - first);
  const text = `${call.call} → ${call.saw}`;
  const bar = el("div", { class: call.end === null ? "call lost" : "call", title: short(`${milliseconds(call.start - first)} – ${until}: ${text}`, 600) }, short(text, 160));
  bar.style.marginLeft = `${Math.min(98, percent(call.start))}%`;
  bar.style.width = `${Math.max(2, percent(call.end ?? last) - percent(call.start))}%`;
  return bar;
}
