//! Overrides: corrections to a published model, each with a reason. The built-in ones are in `overrides.toml`.
//!
//! An override states the value that it expects. If the model has another value, the override is stale: it changes nothing
//! and is reported.

use serde::Deserialize;

use crate::ast::Ast;

/// Text of the built-in `overrides.toml`.
pub const BUILT_IN: &str = include_str!("../overrides.toml");

/// A file of overrides for one service.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Overrides {
    /// SDK id of the service.
    pub service: String,
    /// The overrides.
    #[serde(rename = "override", default)]
    pub list: Vec<Override>,
}

/// One corrected pattern.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// Name of the shape, without namespace.
    pub shape: String,
    /// Pattern of the published model.
    pub from: String,
    /// Corrected pattern.
    pub to: String,
    /// Reason: the effect of the published pattern, and the evidence for the corrected one.
    pub reason: String,
}

/// Reason why a file of overrides cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("overrides: {0}")]
pub struct OverrideError(String);

impl Overrides {
    /// Parses the TOML text.
    pub fn parse(text: &str) -> Result<Self, OverrideError> {
        let overrides: Self = toml::from_str(text).map_err(|error| OverrideError(error.to_string()))?;
        let mut seen = std::collections::HashSet::new();
        for entry in &overrides.list {
            if !seen.insert(&entry.shape) {
                return Err(OverrideError(format!("{} has two entries; keep one", entry.shape)));
            }
            if entry.from == entry.to {
                return Err(OverrideError(format!("{}: from and to are the same; remove the entry", entry.shape)));
            }
            if entry.reason.trim().is_empty() {
                return Err(OverrideError(format!("{}: the reason is empty", entry.shape)));
            }
        }
        Ok(overrides)
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
