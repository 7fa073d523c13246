//! "Did you mean": known names that resemble an unknown one.

use std::collections::BTreeSet;

use connect_model::text::{excerpt, visible};
use wildmatch::WildMatchPattern;

/// A pattern in which only `*` is special, and stands for any text.
type Pattern = WildMatchPattern<'*', '\0'>;

/// Most characters of a name for which similar ones are looked up, and of a pattern. No known name is as long.
const LONGEST: usize = 300;

/// At most three of `known` that resemble `given`, the most similar first.
pub fn nearest<'k>(given: &str, known: impl IntoIterator<Item = &'k str>) -> Vec<&'k str> {
    if given.len() > LONGEST {
        return Vec::new();
    }
    let lower = given.to_lowercase();
    let mut scored: Vec<(f64, &str)> = known
        .into_iter()
        .map(|name| {
            let candidate = name.to_lowercase();
            let contained = if !lower.is_empty() && candidate.contains(&lower) { 0.3 } else { 0.0 };
            (strsim::jaro_winkler(&lower, &candidate) + contained, name)
        })
        .filter(|(score, _)| *score > 0.75)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    scored.into_iter().take(3).map(|(_, name)| name).collect()
}

/// The message for an unknown name: similar names, or else the command that lists all of them.
pub fn unknown<'k>(kind: &str, given: &str, known: impl IntoIterator<Item = &'k str>, list_command: &str) -> String {
    let similar = nearest(given, known);
    let given = visible(&excerpt(given)).into_owned();
    match similar.as_slice() {
        [] => format!("unknown {kind} `{given}`; `{list_command}` lists them"),
        names => format!("unknown {kind} `{given}`; did you mean {}?", quoted(names)),
    }
}

/// The known names that match one of the patterns; a pattern without `*` is a name.
///
/// # Errors
/// A pattern matches no name; the message has similar names.
pub fn matching<'k, I: Iterator<Item = &'k str>>(
    kind: &str,
    patterns: &[String],
    known: impl Fn() -> I,
    list_command: &str,
) -> Result<BTreeSet<String>, String> {
    let mut names = BTreeSet::new();
    for given in patterns {
        if given.trim().is_empty() {
            return Err(format!("the list has an empty name; give the name of a {kind}, or leave out the comma"));
        }
        if given.len() > LONGEST {
            let given = visible(&excerpt(given)).into_owned();
            return Err(format!(
                "the name or pattern `{given}` is longer than {LONGEST} bytes; `{list_command}` lists all names"
            ));
        }
        let pattern = Pattern::new(given);
        let mut found = known().filter(|name| pattern.matches(name)).map(str::to_owned).peekable();
        if found.peek().is_some() {
            names.extend(found);
            continue;
        }
        let bare = given.replace('*', "");
        return Err(match nearest(&bare, known()).as_slice() {
            _ if !given.contains('*') => unknown(kind, given, known(), list_command),
            [] => format!("no {kind} matches `{}`; `{list_command}` lists all names", visible(given)),
            similar => format!("no {kind} matches `{}`; did you mean {}?", visible(given), quoted(similar)),
        });
    }
    Ok(names)
}

/// `` `a`, `b` or `c` ``.
pub fn quoted(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn patterns_match_names_or_are_explained() {
        let known = || ["CreateRule", "DeleteRule", "ListRules"].into_iter();
        let find = |patterns: &[&str]| {
            let patterns: Vec<String> = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
            matching("operation", &patterns, known, "list").map(|names| names.into_iter().collect::<Vec<_>>().join(" "))
        };
        assert_eq!(find(&[]), Ok(String::new()));
        assert_eq!(find(&["*Rule", "CreateRule"]), Ok("CreateRule DeleteRule".to_owned()));
        assert_eq!(find(&["*"]), Ok("CreateRule DeleteRule ListRules".to_owned()));
        let near = "no operation matches `Creat*Rul`; did you mean `CreateRule`".to_owned();
        assert!(find(&["Creat*Rul"]).unwrap_err().starts_with(&near));
        assert!(find(&["CreateRul?"]).unwrap_err().starts_with("unknown operation `CreateRul?`"));
        assert!(find(&["CreateRule", ""]).unwrap_err().contains("an empty name"));
        assert_eq!(find(&["zz*"]), Err("no operation matches `zz*`; `list` lists all names".to_owned()));
    }

    #[test]
    fn suggests_similar_names() {
        let known = ["CreateRule", "DeleteRule", "CreateContactFlow", "ListContactFlows"];
        assert_eq!(nearest("createrule", known)[0], "CreateRule");
        assert_eq!(nearest("CraeteRule", known)[0], "CreateRule");
        assert_eq!(nearest("ContactFlows", known)[0], "ListContactFlows");
        assert!(nearest("zzz", known).is_empty() && nearest(&"CreateRule".repeat(31), known).is_empty());
        let long = unknown("operation", &"a\n".repeat(100_000), known, "list");
        assert!(long.len() < 700 && !long.contains('\n'), "{long}");
        assert_eq!(
            unknown("operation", "CreateRul", ["CreateRule"], "connect-conformance list"),
            "unknown operation `CreateRul`; did you mean `CreateRule`?"
        );
        assert_eq!(
            unknown("check", "zzz", ["shape.json"], "connect-conformance checks"),
            "unknown check `zzz`; `connect-conformance checks` lists them"
        );
    }
}
