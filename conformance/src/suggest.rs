//! "Did you mean": known names that resemble an unknown one.

/// At most three of `known` that resemble `given`, the most similar first.
pub fn nearest<'k>(given: &str, known: impl IntoIterator<Item = &'k str>) -> Vec<&'k str> {
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
    match nearest(given, known).as_slice() {
        [] => format!("unknown {kind} `{given}`; `{list_command}` lists them"),
        names => format!("unknown {kind} `{given}`; did you mean {}?", quoted(names)),
    }
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
    use super::*;

    #[test]
    fn suggests_similar_names() {
        let known = ["CreateRule", "DeleteRule", "CreateContactFlow", "ListContactFlows"];
        assert_eq!(nearest("createrule", known)[0], "CreateRule");
        assert_eq!(nearest("CraeteRule", known)[0], "CreateRule");
        assert_eq!(nearest("ContactFlows", known)[0], "ListContactFlows");
        assert!(nearest("zzz", known).is_empty());
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
