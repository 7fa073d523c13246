//! Overrides: corrections to a published model, each with a reason. The built-in ones are in `overrides.toml`.
//!
//! An override states the value that it expects. If the model has another value, the override is stale: it changes nothing
//! and is reported.

use crate::text::toml_problem;
use serde::Deserialize;

use crate::ast::Ast;
use crate::evidence::Rank;

/// Text of the built-in `overrides.toml`.
pub const BUILT_IN: &str = include_str!("../overrides.toml");

/// A file of overrides for one service.
#[derive(Clone, Debug)]
pub struct Overrides {
    /// SDK id of the service.
    pub service: String,
    /// The overrides.
    pub list: Vec<Override>,
}

/// One corrected pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// Name of the shape, without namespace.
    pub shape: String,
    /// Pattern of the published model.
    pub from: String,
    /// Corrected pattern.
    pub to: String,
    /// Rank of the strongest source of the corrected pattern.
    pub evidence: Rank,
    /// Reason: the effect of the published pattern, and the evidence for the corrected one.
    pub reason: String,
}

/// A file of overrides as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    service: String,
    #[serde(rename = "override", default)]
    list: Vec<Entry>,
}

/// An override as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    shape: String,
    from: String,
    to: String,
    evidence: Option<String>,
    reason: String,
}

impl Entry {
    fn checked(self) -> Result<Override, OverrideError> {
        let Self { shape, from, to, evidence, reason } = self;
        if from == to {
            return Err(OverrideError(format!("{shape}: from and to are the same; remove the entry")));
        }
        if reason.trim().is_empty() {
            return Err(OverrideError(format!("{shape}: the reason is empty")));
        }
        let Some(evidence) = evidence else {
            let ranks = Rank::ALL.map(Rank::word).join(", ");
            let fix = format!("add `evidence = \"…\"` with the rank of its strongest source, one of {ranks}");
            return Err(OverrideError(format!("{shape}: the entry has no evidence; {fix}")));
        };
        let evidence = evidence.parse().map_err(|error| OverrideError(format!("{shape}: evidence {error}")))?;
        Ok(Override { shape, from, to, evidence, reason })
    }
}

/// Reason why a file of overrides cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("overrides: {0}")]
pub struct OverrideError(String);

impl Overrides {
    /// Parses the TOML text.
    pub fn parse(text: &str) -> Result<Self, OverrideError> {
        let File { service, list } = toml::from_str(text).map_err(|error| OverrideError(toml_problem(text, &error)))?;
        let list = list.into_iter().map(Entry::checked).collect::<Result<Vec<_>, _>>()?;
        let mut seen = std::collections::HashSet::new();
        if let Some(entry) = list.iter().find(|entry| !seen.insert(&entry.shape)) {
            return Err(OverrideError(format!("{} has two entries; keep one", entry.shape)));
        }
        Ok(Self { service, list })
    }

    /// Applies every override whose `from` matches. Returns the applied overrides, and one sentence for each stale one.
    pub fn apply(&self, ast: &mut Ast) -> (Vec<Override>, Vec<String>) {
        let mut applied = Vec::new();
        let mut stale = Vec::new();
        for entry in &self.list {
            let suffix = format!("#{}", entry.shape);
            let Some((_, shape)) = ast.shapes.iter_mut().find(|(id, _)| id.ends_with(&suffix)) else {
                stale.push(format!("override of {}: the model has no such shape; remove the entry", entry.shape));
                continue;
            };
            match shape.traits.get_mut("smithy.api#pattern") {
                Some(pattern) if pattern.as_str() == Some(&entry.from) => {
                    *pattern = entry.to.as_str().into();
                    applied.push(entry.clone());
                }
                found => {
                    let found = found.map_or("no pattern".to_owned(), |pattern| format!("pattern {pattern}"));
                    stale.push(format!(
                        "override of {}: expected pattern {:?}, found {found}; update or remove the entry",
                        entry.shape, entry.from
                    ));
                }
            }
        }
        (applied, stale)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn parsed(evidence: &str) -> Result<Rank, String> {
        let text = format!(
            "service = 'Connect'\n[[override]]\nshape = 'Name'\nfrom = 'a'\nto = 'b'\nreason = 'why'\n{evidence}\n"
        );
        Overrides::parse(&text).map(|overrides| overrides.list[0].evidence).map_err(|error| error.to_string())
    }

    #[test]
    fn every_entry_has_a_known_rank() {
        assert_eq!(parsed("evidence = 'captured'"), Ok(Rank::Captured));
        for (evidence, named) in
            [("", "Name: the entry has no evidence; add"), ("evidence = 'guess'", "`guess` is not a rank")]
        {
            let error = parsed(evidence).unwrap_err();
            assert!(error.contains(named) && error.contains("normative") && error.contains("inference"), "{error}");
        }
    }

    /// A correction without a source would make a breach of the pattern a must that rests on inference.
    #[test]
    fn no_correction_rests_on_inference() {
        let overrides = Overrides::parse(BUILT_IN).unwrap();
        assert!(overrides.list.iter().all(|entry| entry.evidence != Rank::Inference));
    }
}
