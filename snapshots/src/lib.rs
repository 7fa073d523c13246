//! The contract as pages of text, for the review of model updates.
//!
//! There are several kinds of pages per operation, and pages about the whole service. A page has one fact per line, in an
//! order that does not depend on the facts, so a difference between two pages is a difference between two contracts. The
//! pages of an operation contain only shapes that it uses. Reads a [`Schema`] only.

mod contract;
mod index;
mod wire;

use connect_model::export::json_schema;
use connect_model::schema::{OperationId, Schema};

/// A kind of pages.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Folder of the pages.
    pub folder: &'static str,
    /// Explanation for the reader, after the name of the operation.
    pub legend: &'static str,
    /// Makes the page of an operation.
    pub page: fn(&Schema, OperationId) -> String,
}

/// Kinds of pages; each has one page per operation.
pub const KINDS: &[Kind] = &[
    Kind {
        folder: "contract",
        legend: "what it asks for and promises. One member per line, what belongs to it indented below; `|` marks a \
                 value of an enum. Members that are not marked as required may be absent.",
        page: contract::page,
    },
    Kind {
        folder: "wire",
        legend: "one valid request, its response and an error, as they travel. Bodies are spread over lines to be read.",
        page: wire::page,
    },
    Kind {
        folder: "schema",
        legend: "JSON Schema (2020-12) of its input and output in the value form.",
        page: |schema, operation| {
            let mut document = json_schema::document(schema, &[operation]);
            // The digest of the model changes with every operation.
            if let Some(members) = document.as_object_mut() {
                members.remove("$comment");
            }
            format!("{document:#}\n")
        },
    },
];

/// A page about the whole service.
#[derive(Clone, Copy, Debug)]
pub struct Index {
    /// Name of the page.
    pub name: &'static str,
    /// Explanation for the reader.
    pub legend: &'static str,
    /// Makes the page.
    pub page: fn(&Schema) -> String,
}

/// Pages about the whole service.
pub const INDEXES: &[Index] = &[
    Index { name: "operations", legend: "Every operation with its request and what it does.", page: index::operations },
    Index { name: "enums", legend: "Every enum with its values.", page: index::enums },
    Index {
        name: "errors",
        legend: "Every error with its status, whose fault it is, and by how many operations it is listed.",
        page: index::errors,
    },
    Index { name: "pages", legend: "Operations that page.", page: index::pages },
    Index {
        name: "repetition",
        legend: "Operations that write and say what comes of the same request sent twice.",
        page: index::repetition,
    },
    Index {
        name: "overrides",
        legend: "Corrections of the published model that are in force, and those that find nothing to correct.",
        page: index::overrides,
    },
];

/// The seed operations of this project, whose pages link to the documentation.
pub const SEED: &[&str] = &[
    "CreateContactFlow",
    "CreateRule",
    "DescribeContactFlow",
    "ListContactFlows",
    "SearchContactFlowModules",
    "SearchContactFlows",
];

/// Returns the address of the documentation of a seed operation.
pub fn documentation(operation: &str) -> Option<String> {
    let is_seed = SEED.contains(&operation);
    is_seed.then(|| format!("https://docs.aws.amazon.com/connect/latest/APIReference/API_{operation}.html"))
}
