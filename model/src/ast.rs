//! Smithy 2.0 JSON AST: the content of a model file, without interpretation.
//!
//! Knows the form of the file and the traits that are facts about the wire, but not their meaning.
//! Source: Smithy 2.0 specification, "JSON AST".

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A Smithy model: absolute shape ids (`namespace#Name`) and their definitions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ast {
    /// Version of the Smithy format; this crate reads 1.0 and 2.0 and writes 2.0.
    pub smithy: String,
    /// Metadata; the provenance is under [`PROVENANCE`].
    #[serde(default)]
    pub metadata: BTreeMap<String, Value>,
    /// All shapes by absolute id.
    #[serde(default)]
    pub shapes: BTreeMap<String, AstShape>,
}

/// Metadata key of the provenance of a normalised model.
pub const PROVENANCE: &str = "connectModelProvenance";

/// Trait values by absolute trait id.
pub type Traits = BTreeMap<String, Value>;

/// One shape of any type; [`AstShape::kind`] determines the fields that are set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AstShape {
    /// `structure`, `string`, `operation`, `service`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// Version of a service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Other names of shapes in the closure of a service, by absolute id; the import applies them.
    #[serde(default, skip_serializing)]
    pub rename: BTreeMap<String, String>,
    /// Members of structures, unions and enums.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub members: BTreeMap<String, AstMember>,
    /// Element of a list (or of a Smithy 1.0 set).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<AstMember>,
    /// Key of a map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<AstMember>,
    /// Value of a map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<AstMember>,
    /// Input of an operation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Reference>,
    /// Output of an operation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Reference>,
    /// Errors of an operation, or common errors of all operations of a service.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Reference>,
    /// Operations of a service or resource.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<Reference>,
    /// Child resources of a service or resource; the import flattens resources.
    #[serde(default, skip_serializing)]
    pub resources: Vec<Reference>,
    #[serde(default, skip_serializing, rename = "collectionOperations")]
    pub(crate) collection_operations: Vec<Reference>,
    #[serde(default, skip_serializing)]
    pub(crate) create: Option<Reference>,
    #[serde(default, skip_serializing)]
    pub(crate) put: Option<Reference>,
    #[serde(default, skip_serializing)]
    pub(crate) read: Option<Reference>,
    #[serde(default, skip_serializing)]
    pub(crate) update: Option<Reference>,
    #[serde(default, skip_serializing)]
    pub(crate) delete: Option<Reference>,
    #[serde(default, skip_serializing)]
    pub(crate) list: Option<Reference>,
    /// Mixins; the import flattens them.
    #[serde(default, skip_serializing)]
    pub mixins: Vec<Reference>,
    /// Traits of the shape.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub traits: Traits,
}

impl AstShape {
    /// Creates a shape of a type, with all other fields empty.
    pub fn of(kind: &str) -> Self {
        Self { kind: kind.to_owned(), ..Self::default() }
    }

    /// Iterates over the operations that a service or resource refers to directly.
    pub(crate) fn bound_operations(&self) -> impl Iterator<Item = &Reference> {
        let lifecycle = [&self.create, &self.put, &self.read, &self.update, &self.delete, &self.list];
        self.operations.iter().chain(&self.collection_operations).chain(lifecycle.into_iter().flatten())
    }
}

/// A member: its target and its own traits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AstMember {
    /// Absolute id of the target shape.
    pub target: String,
    /// Traits of the member, which take precedence over those of the target.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub traits: Traits,
}

/// A reference to a shape.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reference {
    /// Absolute shape id.
    pub target: String,
}

impl Reference {
    /// Creates a reference to `target`.
    pub fn to(target: impl Into<String>) -> Self {
        Self { target: target.into() }
    }
}

/// Traits that are facts about the contract. The import drops all others (documentation, examples, endpoint rules,
/// waiters and so on).
pub const FACT_TRAITS: &[&str] = &[
    "aws.api#service",
    "aws.auth#sigv4",
    "aws.protocols#restJson1",
    "smithy.api#auth",
    "smithy.api#box",
    "smithy.api#clientOptional",
    "smithy.api#default",
    "smithy.api#deprecated",
    "smithy.api#endpoint",
    "smithy.api#enumValue",
    "smithy.api#error",
    "smithy.api#hostLabel",
    "smithy.api#http",
    "smithy.api#httpError",
    "smithy.api#httpHeader",
    "smithy.api#httpLabel",
    "smithy.api#httpPayload",
    "smithy.api#httpPrefixHeaders",
    "smithy.api#httpQuery",
    "smithy.api#httpQueryParams",
    "smithy.api#httpResponseCode",
    "smithy.api#idempotencyToken",
    "smithy.api#idempotent",
    "smithy.api#input",
    "smithy.api#jsonName",
    "smithy.api#length",
    "smithy.api#mediaType",
    "smithy.api#paginated",
    "smithy.api#pattern",
    "smithy.api#range",
    "smithy.api#readonly",
    "smithy.api#required",
    "smithy.api#requiresLength",
    "smithy.api#retryable",
    "smithy.api#sensitive",
    "smithy.api#sparse",
    "smithy.api#streaming",
    "smithy.api#timestampFormat",
    "smithy.api#uniqueItems",
];

/// Formats a model with sorted keys and one shape per line, so that the text is deterministic and diffs show whole shapes.
pub fn to_text(ast: &Ast) -> String {
    let mut text = String::from("{\n");
    text.push_str(&format!("\"smithy\": {},\n", line(&ast.smithy)));
    text.push_str(&format!("\"metadata\": {},\n", line(&ast.metadata)));
    text.push_str("\"shapes\": {\n");
    for (index, (id, shape)) in ast.shapes.iter().enumerate() {
        let comma = if index + 1 < ast.shapes.len() { "," } else { "" };
        text.push_str(&format!("{}: {}{comma}\n", line(id), line(shape)));
    }
    text.push_str("}\n}\n");
    text
}

fn line<T: Serialize>(value: &T) -> String {
    // Serialization cannot fail: all keys are strings.
    serde_json::to_string(value).unwrap_or_default()
}
