// Reads exchanges.har with programs that are not ours: the JSON schema of HAR 1.2, and the player of recordings in
// Playwright, which must answer each request with its recorded status and body.
//
// usage: node har.mjs FILE.har NUMBER, with the minimum number of entries

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import Ajv from "ajv";
import addFormats from "ajv-formats";
import { chromium } from "playwright-core";

const [file, least] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const har = JSON.parse(readFileSync(file, "utf8"));
const { entries } = har.log;

function fail(message) {
  console.error(`${file}: ${message}`);
  process.exit(1);
}

const ajv = new Ajv({ allErrors: true, strict: false });
addFormats(ajv);
ajv.addMetaSchema(require("ajv/dist/refs/json-schema-draft-06.json"));
const schemas = Object.values(require("har-schema"));
for (const schema of schemas) ajv.addSchema(schema);
const valid = ajv.getSchema("har.json#");
if (!valid(har)) fail(ajv.errorsText(valid.errors.slice(0, 5)));
if (entries.length < Number(least)) fail(`${entries.length} entries, expected ${least} or more`);
for (const { request, comment } of entries) {
  if (!comment) fail("an entry has no comment");
  const secret = request.headers.find(({ name }) => /^(authorization|x-amz-security-token)$/i.test(name));
  if (secret) fail(`${comment}: the header ${secret.name} is not removed`);
}

// The player finds a request by method and address, and a POST by its body, too.
const key = ({ request }) => `${request.method} ${request.url} ${request.method === "POST" ? request.postData?.text ?? "" : ""}`;
const counts = Map.groupBy?.(entries, key) ?? entries.reduce((all, one) => all.set(key(one), [...(all.get(key(one)) ?? []), one]), new Map());
const playable = entries.filter((one) => counts.get(key(one)).length === 1 && one.response.status === 200
  && ["GET", "POST", "PUT"].includes(one.request.method) && !one.request.postData?.comment).slice(0, 20);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: ["--headless", "--no-sandbox", "--disable-gpu"] });
try {
  const context = await browser.newContext();
  await context.routeFromHAR(file, { notFound: "abort" });
  const tab = await context.newPage();
  for (const { request, response, comment } of playable) {
    await tab.goto("about:blank");
    // From the same origin, so that the browser adds no request of its own.
    await tab.route(new URL("/har-test", request.url).href, (route) => route.fulfill({ contentType: "text/html", body: "" }));
    await tab.goto(new URL("/har-test", request.url).href);
    const [status, body] = await tab.evaluate(async ({ method, url, body, type }) => {
      const answer = await fetch(url, { method, body, headers: type ? { "content-type": type } : {} });
      return [answer.status, await answer.text()];
    }, { method: request.method, url: request.url, body: request.postData?.text, type: request.postData?.mimeType });
    if (status !== response.status) fail(`${comment}: played as ${status}`);
    if (!response.content.encoding && body !== response.content.text) fail(`${comment}: another body was played`);
  }
} finally {
  await browser.close();
}
console.log(`${file}: passed (${entries.length} entries, ${playable.length} played)`);
