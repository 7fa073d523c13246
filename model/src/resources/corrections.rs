//! Corrections of inferred kinds, each with a reason. The built-in ones are in `resources.toml`.
//!
//! A correction that changes nothing is stale: it is reported, and a test fails.

use crate::text::toml_problem;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::Kind;
use crate::schema::{self, Members, Schema};

/// Text of the built-in `resources.toml`.
pub const BUILT_IN: &str = include_str!("../../resources.toml");

/// A file of corrections for one service.
#[derive(Clone, Debug, Default)]
pub struct Corrections {
    /// SDK id of the service.
    pub service: String,
    /// The corrections.
    pub list: Vec<Correction>,
}

/// A correction of one kind.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Correction {
    /// The noun of the kind.
    pub noun: String,
    /// Other operations that make one.
    #[serde(default)]
    pub also: Vec<String>,
    /// The name of the kind in words, if it is not its noun.
    pub words: Option<String>,
    /// Members of the input of `create` that a healthy service accepts, as JSON. An object where the model has a text is
    /// the content of the text.
    pub template: Option<String>,
    /// Members of the input of `create` that a healthy service needs beside the required ones, or in a usual form, as JSON.
    /// Everything else is generated.
    pub sample: Option<String>,
    /// Reason.
    pub reason: String,
}

/// A file of corrections as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    service: String,
    #[serde(rename = "kind", default)]
    list: Vec<Correction>,
}

/// Reason why a file of corrections cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("corrections of resources: {0}")]
pub struct CorrectionError(String);

impl Corrections {
    /// The built-in corrections, for Amazon Connect.
    pub fn built_in() -> Self {
        static PARSED: LazyLock<Corrections> = LazyLock::new(|| Corrections::parse(BUILT_IN).unwrap_or_default());
        PARSED.clone()
    }

    /// Reads a file of corrections.
    ///
    /// # Errors
    /// The text is no such file, a kind has two rows, or a row has no reason or a template that is no JSON object.
    pub fn parse(text: &str) -> Result<Self, CorrectionError> {
        let File { service, list } =
            toml::from_str(text).map_err(|error| CorrectionError(toml_problem(text, &error)))?;
        let mut seen = std::collections::HashSet::new();
        for row in &list {
            let noun = &row.noun;
            if !seen.insert(noun) {
                return Err(CorrectionError(format!("{noun} has two rows; keep one")));
            }
            if row.reason.trim().is_empty() {
                return Err(CorrectionError(format!("{noun}: the reason is empty")));
            }
            for (what, text) in [("template", &row.template), ("sample", &row.sample)] {
                if let Some(text) = text {
                    serde_json::from_str::<Map<String, Value>>(text)
                        .map_err(|error| CorrectionError(format!("{noun}: the {what} is no JSON object: {error}")))?;
                }
            }
        }
        Ok(Self { service, list })
    }
}

impl Correction {
    /// Corrects a kind. Returns true if anything changed.
    pub(super) fn apply(&self, schema: &Schema, kind: &mut Kind) -> bool {
        let mut changed = false;
        if let Some(words) = self.words.clone().filter(|words| *words != kind.words) {
            kind.words = words;
            changed = true;
        }
        if let Some(text) = &self.template {
            let template: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
            kind.template = schema.input_members(&schema[kind.create]).map(|members| texts(schema, members, template));
            changed |= kind.template.is_some();
        }
        if let Some(text) = &self.sample {
            let sample: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
            kind.sample = schema.input_members(&schema[kind.create]).map(|members| texts(schema, members, sample));
            changed |= kind.sample.is_some();
        }
        if changed || !self.also.is_empty() {
            kind.reason = Some(self.reason.clone());
        }
        changed
    }
}

/// A template with objects written as text where the model has a text.
fn texts(schema: &Schema, members: &Members, template: Map<String, Value>) -> Value {
    let text = |(name, value): (String, Value)| {
        let is_text =
            members.get(&name).is_some_and(|member| matches!(schema[member.slot.target].kind, schema::Kind::String));
        let value = if is_text && value.is_object() { Value::from(value.to_string()) } else { value };
        (name, value)
    };
    Value::Object(template.into_iter().map(text).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn unusable_files_name_the_row_and_the_fault() {
        for (row, expected) in [
            ("noun = 'A'\nreason = ' '", "A: the reason is empty"),
            ("noun = 'A'\nreason = 'x'\ntemplate = '[]'", "A: the template is no JSON object"),
            ("noun = 'A'\nreason = 'x'\n[[kind]]\nnoun = 'A'\nreason = 'y'", "A has two rows"),
            ("noun = 'A'\nreason = 'x'\nverb = 'y'", "unknown field `verb`"),
        ] {
            let error = Corrections::parse(&format!("service = 'X'\n[[kind]]\n{row}\n")).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn the_built_in_file_is_readable() {
        let corrections = Corrections::parse(BUILT_IN).unwrap();
        assert_eq!(corrections.service, "Connect");
        assert!(!corrections.list.is_empty());
    }
}
