//! The way of failing of a finding: what it has in common with others of the same cause, without the names and values of one
//! case.

use connect_checks::case::Finding;
use std::collections::HashSet;
use std::sync::LazyLock;

use connect_checks::resources;
use connect_model::schema::Schema;
use connect_model::text::prefix;
use connect_model::wire::message::HttpResponse;

use crate::report::text::without_ids;

/// Characters of the first line of an answer that is not JSON.
const FIRST_LINE: usize = 60;

/// The way of failing without a response.
const NO_RESPONSE: &str = "no response";

/// Characters of an observation in a key.
const OBSERVATION: usize = 80;

/// The way of failing: the answer, and the observation unless it repeats the answer.
pub(super) fn way(finding: &Finding, response: Option<&HttpResponse>, operation: &str) -> String {
    let answer = response.map(answer);
    let repeats = response.is_some_and(|response| {
        let status = response.status.to_string();
        finding.actual.starts_with(&status) || response.status == 0 || response.status >= 500
    });
    match answer {
        Some(answer) if repeats => answer,
        _ => prefix(&neutral(&finding.actual, operation), OBSERVATION).to_owned(),
    }
}

/// Status, and error name or, for an answer that is not JSON, its type and first line.
fn answer(response: &HttpResponse) -> String {
    let status = response.status;
    if status == 0 {
        return NO_RESPONSE.to_owned();
    }
    let header = |name: &str| response.headers.get(name).unwrap_or_default();
    let media = header("content-type").split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let body: Option<serde_json::Value> = serde_json::from_slice(&response.body).ok();
    if let Some(body) = body {
        let in_body = ["__type", "code", "Code"].iter().find_map(|name| body.get(*name)?.as_str().map(str::to_owned));
        let name = Some(header("x-amzn-errortype").to_owned()).filter(|name| !name.is_empty()).or(in_body);
        let name = name
            .map(|name| name.split(':').next().unwrap_or_default().rsplit('#').next().unwrap_or_default().to_owned());
        return match name.filter(|name| status >= 300 && !name.is_empty()) {
            Some(name) => format!("{status} {}", prefix(&name, FIRST_LINE)),
            None => status.to_string(),
        };
    }
    if response.body.is_empty() || (200..300).contains(&status) {
        return status.to_string();
    }
    let text = String::from_utf8_lossy(&response.body);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let line = without_ids(line);
    format!("{status} {media} {}", prefix(&line, FIRST_LINE)).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text without the values of one case: names of operations and kinds of resource, quoted values, JSON values, pointers,
/// ids and numbers.
pub(super) fn neutral(text: &str, operation: &str) -> String {
    let text = text.replace(operation, "…");
    let mut out = String::with_capacity(text.len());
    let mut depth = 0_usize;
    let mut quote: Option<char> = None;
    for c in text.chars() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '`') => {
                quote = Some(c);
                if depth == 0 {
                    out.push('…');
                }
            }
            (None, '{' | '[') => {
                if depth == 0 {
                    out.push('…');
                }
                depth += 1;
            }
            (None, '}' | ']') => depth = depth.saturating_sub(1),
            (None, _) if depth == 0 => out.push(c),
            (None, _) => {}
        }
    }
    let mut out = without_example(&out);
    // A history names its subject before, and the calls that show the fault behind.
    let is_history = out.contains(NO_ORDER);
    out.truncate(out.find(NO_ORDER).unwrap_or(out.len()));
    if let Some((first, others)) = out.rsplit_once(", and ")
        && others.strip_suffix(" more").is_some_and(|count| count.bytes().all(|byte| byte.is_ascii_digit()))
    {
        out.truncate(first.len());
    }
    let words: Vec<&str> = out.split_whitespace().map(|word| if word.starts_with('/') { "…" } else { word }).collect();
    let text = without_ids(&words.join(" "));
    let text = without_names(text.split(' ').map(str::to_owned).collect()).join(" ");
    match text.split_once("…: ") {
        Some((_, rest)) if is_history => rest.to_owned(),
        _ => text,
    }
}

/// Words of a history behind the answer that is wrong.
const NO_ORDER: &str = ", which no order explains";

/// A text without the example in it, which is different each time.
fn without_example(text: &str) -> String {
    let Some((before, example)) = text.split_once(", for example") else { return text.to_owned() };
    let behind = example.find(';').map_or("", |end| &example[end..]);
    format!("{before}{behind}")
}

/// Words of a text without names of operations, and without kinds of resource with their articles.
fn without_names(words: Vec<String>) -> Vec<String> {
    const ARTICLES: [&str; 3] = ["a", "an", "the"];
    let mut kept: Vec<String> = Vec::with_capacity(words.len());
    let mut after_kind = false;
    for word in words {
        let name = word.trim_start_matches(|c: char| !c.is_alphanumeric());
        let name = name.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        let is_kind = is_kind(name);
        // The words of one kind are one name, and another kind may have another article.
        if is_kind && kept.last().is_some_and(|last| after_kind && last == "…" || ARTICLES.contains(&last.as_str())) {
            kept.pop();
        }
        let is_operation = !name.is_empty() && Schema::connect().operation_named(name).is_some();
        kept.push(if is_kind || is_operation { word.replacen(name, "…", 1) } else { word });
        after_kind = is_kind;
    }
    kept
}

/// Words of kinds that do not stand for a kind by themselves.
const COMMON: [&str; 14] = [
    "address",
    "attribute",
    "case",
    "data",
    "definition",
    "file",
    "form",
    "group",
    "number",
    "of",
    "storage",
    "task",
    "test",
    "traffic",
];

/// True for a word of a kind of resource, in the singular or plural.
fn is_kind(word: &str) -> bool {
    static WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
        let kinds = resources::rows(Schema::connect()).iter().flat_map(|resource| resource.kind.split(' '));
        // Words that messages use in their common meaning.
        kinds.filter(|word| !COMMON.contains(word)).collect()
    });
    let one = word.strip_suffix('s').unwrap_or(word);
    WORDS.contains(one) || WORDS.contains(word)
}

/// True for a way of failing that is a server error, or no response.
pub(super) fn is_server_error(way: &str) -> bool {
    let status = way.split(' ').next().unwrap_or_default();
    way == NO_RESPONSE
        || status.len() == 3 && status.starts_with('5') && status.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_counts_and_subjects_are_no_other_way() {
        let same = [
            ("2 missing, for example kp", "1 missing, for example [1,2]"),
            ("ab is not found, and 6 more", "1-2 is not found"),
            (
                "Rule with the client token 000056ba-00000007-0000: ListRules answered a success, which no order explains; 2 of 16 calls show it",
                "ContactFlow with the client token 1-2: CreateContactFlow answered a success, which no order explains; 1 of 4 calls shows it",
            ),
        ];
        for (one, other) in same {
            let [one, other] = [one, other].map(|text| neutral(text, "X").replace("ab", "…"));
            assert_eq!(one, other);
            assert!(one.chars().any(char::is_alphabetic), "{one}");
        }
        let apart = [
            ("a b, and c is more", "a b"),
            ("items on no page: 3", "items on no page: a gap"),
            ("the member `Name`: at most 127 characters", "the total of `X`: at most 127 characters"),
            ("1 missing, for example kp; none on page 2", "1 missing, for example kp"),
        ];
        for (one, other) in apart {
            assert_ne!(neutral(one, "X"), neutral(other, "X"));
        }
    }
}
