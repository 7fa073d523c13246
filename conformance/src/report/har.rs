//! `exchanges.har`: the exchanges of failed cases as an HTTP Archive 1.2, which browsers and proxies open. Signatures and session
//! tokens are not in it.

use std::io;

use connect_checks::case::Level;
use serde_json::{Value, json};

use crate::report::case_file::{SavedBody, SavedRequest, SavedResponse, SavedTime};
use crate::report::json::{FindingEntry, Report};

/// Name of the file in the report folder.
pub const FILE: &str = "exchanges.har";

/// Time of an exchange whose time is unknown, in a report that does not say when the run started.
const UNKNOWN: &str = "1970-01-01T00:00:00Z";

/// The content of `exchanges.har`.
///
/// # Errors
/// Never in practice: every part has a JSON form.
pub(super) fn document(report: &Report) -> io::Result<String> {
    let archive = Archive { report };
    let failed = report.findings.iter().filter(|finding| finding.level == Level::Must);
    let entries: Vec<Value> = failed.flat_map(|finding| archive.entries(finding)).collect();
    let har = json!({"log": {
        "version": "1.2",
        "creator": {"name": report.tool, "version": report.version},
        "entries": entries,
        "comment": "Exchanges of failed cases, without signatures. Long bodies are truncated; report.json says where.",
    }});
    let mut text = serde_json::to_string_pretty(&har)?;
    text.push('\n');
    Ok(text)
}

/// The report from which entries are made.
struct Archive<'r> {
    report: &'r Report,
}

impl Archive<'_> {
    /// The exchanges of a finding: all that it rests on, or the deciding one.
    fn entries(&self, finding: &FindingEntry) -> Vec<Value> {
        let all = finding.exchanges.len();
        if all > 0 {
            let numbered = finding.exchanges.iter().zip(1..);
            return numbered
                .map(|(one, number)| {
                    let comment = format!("{}, exchange {number} of {all}", comment(finding));
                    self.entry(&one.request, Some(&one.response), &one.time, &comment)
                })
                .collect();
        }
        let request = finding.request.iter();
        let entry = |request| self.entry(request, finding.response.as_ref(), &finding.time, &comment(finding));
        request.map(entry).collect()
    }

    fn entry(
        &self,
        request: &SavedRequest,
        response: Option<&SavedResponse>,
        time: &SavedTime,
        comment: &str,
    ) -> Value {
        let sent = time.sent.as_ref().or(self.report.started.as_ref()).map_or(UNKNOWN, String::as_str);
        let ms = time.ms.unwrap_or_default();
        json!({
            "startedDateTime": sent,
            "time": ms,
            "request": self.request(request),
            "response": response.map_or_else(no_response, response_of),
            "cache": {},
            // Only the whole was measured.
            "timings": {"send": 0, "wait": ms, "receive": 0},
            "comment": comment,
        })
    }

    fn request(&self, request: &SavedRequest) -> Value {
        let url = self.report.target.endpoint.url_of(&request.uri);
        let query = request.uri.as_str().split_once('?').map(|(_, query)| query).unwrap_or_default();
        let query: Vec<Value> = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(name, value)| json!({"name": decoded(name), "value": decoded(value)}))
            .collect();
        let mut out = json!({
            "method": request.method,
            "url": url,
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": headers(&request.headers.headers().0),
            "queryString": query,
            "headersSize": -1,
            "bodySize": size(&request.body),
        });
        if request.body != SavedBody::default() {
            let (text, encoding) = text(&request.body);
            let media = request.headers.headers().get("content-type").unwrap_or_default();
            out["postData"] = json!({"mimeType": media, "text": text, "params": []});
            // The format has no field for the encoding of a request.
            if let Some(note) = note(&request.body, encoding) {
                out["postData"]["comment"] = note.into();
            }
        }
        out
    }
}

/// The case, its check and the breach.
fn comment(finding: &FindingEntry) -> String {
    let known = finding.known.as_ref().map(|why| format!(" (known: {why})")).unwrap_or_default();
    let FindingEntry { case, check, expected, actual, .. } = finding;
    format!("{case}: {check} expected {expected}, actual {actual}{known}")
}

fn response_of(response: &SavedResponse) -> Value {
    let (text, encoding) = text(&response.body);
    let media = response.headers.get("content-type").unwrap_or_default();
    let mut content = json!({"size": size(&response.body), "mimeType": media, "text": text});
    if let Some(encoding) = encoding {
        content["encoding"] = encoding.into();
    }
    if let Some(note) = note(&response.body, None) {
        content["comment"] = note.into();
    }
    json!({
        "status": response.status,
        "statusText": "",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": headers(&response.headers.0),
        "content": content,
        "redirectURL": response.headers.get("location").unwrap_or_default(),
        "headersSize": -1,
        "bodySize": size(&response.body),
    })
}

/// The form of an exchange without a response, as browsers write it.
fn no_response() -> Value {
    json!({
        "status": 0, "statusText": "", "httpVersion": "", "cookies": [], "headers": [],
        "content": {"size": 0, "mimeType": ""}, "redirectURL": "", "headersSize": -1, "bodySize": -1,
    })
}

fn headers(headers: &[(String, String)]) -> Vec<Value> {
    headers.iter().map(|(name, value)| json!({"name": name, "value": value})).collect()
}

/// The kept text of a body, and its encoding.
fn text(body: &SavedBody) -> (&str, Option<&'static str>) {
    match (&body.body, &body.body_base64) {
        (Some(text), _) => (text, None),
        (None, Some(base64)) => (base64, Some("base64")),
        (None, None) => ("", None),
    }
}

/// Bytes of the whole body.
fn size(body: &SavedBody) -> usize {
    let base64 = |text: &String| text.len() / 4 * 3 - text.bytes().rev().take_while(|byte| *byte == b'=').count();
    let kept = body.body.as_ref().map_or_else(|| body.body_base64.as_ref().map_or(0, base64), String::len);
    kept + body.body_bytes_omitted.unwrap_or_default()
}

/// Remarks on a body: its encoding, and the part that is not included.
fn note(body: &SavedBody, encoding: Option<&str>) -> Option<String> {
    let omitted = body.body_bytes_omitted.map(|bytes| format!("{bytes} more bytes are not included"));
    let parts: Vec<String> = encoding.map(str::to_owned).into_iter().chain(omitted).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// A part of a query without percent-encoding.
fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).filter(|_| *first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::report::case_file::SavedExchange;
    use crate::report::samples;

    #[test]
    fn entries_have_the_exchange_and_no_secrets() {
        let report = samples::mixed().report();
        let text = document(&report).unwrap();
        assert!(!text.contains("secret"), "{text}");
        let har: Value = serde_json::from_str(&text).unwrap();
        let entries = har["log"]["entries"].as_array().unwrap();
        assert_eq!(entries.len(), 2, "a failed and a known case");
        let entry = &entries[0];
        assert_eq!(entry["startedDateTime"], "2025-01-02T03:04:05.678Z");
        assert_eq!((&entry["time"], &entry["timings"]["wait"]), (&json!(12), &json!(12)));
        assert_eq!(entry["request"]["url"], "http://127.0.0.1:9/rules/i?x=%2F");
        assert_eq!(entry["request"]["queryString"], json!([{"name": "x", "value": "/"}]));
        assert_eq!(entry["request"]["postData"]["text"], "{\"a\":1}");
        assert_eq!(
            entry["response"]["content"],
            json!({"size": 1, "mimeType": "", "text": "/w==", "encoding": "base64"})
        );
        assert!(
            entry["comment"].as_str().unwrap().starts_with("CreateRule/invalid.enum-unknown/Actions[].ActionType: ")
        );
    }

    #[test]
    fn a_finding_that_rests_on_several_exchanges_has_an_entry_for_each() {
        let mut report = samples::mixed().report();
        let exchange = samples::finding("shape.json", Level::Must).exchange.unwrap();
        report.findings[0].exchanges = vec![SavedExchange::of(&exchange, 2).unwrap(); 3];
        let har: Value = serde_json::from_str(&document(&report).unwrap()).unwrap();
        let entries = har["log"]["entries"].as_array().unwrap();
        assert_eq!(entries.len(), 4);
        assert!(entries[2]["comment"].as_str().unwrap().ends_with("exchange 3 of 3"));
        assert_eq!(entries[2]["request"]["bodySize"], 7);
        assert_eq!(entries[2]["request"]["postData"]["comment"], "5 more bytes are not included");
    }

    #[test]
    fn queries_are_decoded() {
        for (text, expected) in [("a%2Fb", "a/b"), ("%e2%80%a6", "…"), ("100%", "100%"), ("%zz%", "%zz%"), ("", "")] {
            assert_eq!(decoded(text), expected);
        }
    }
}
