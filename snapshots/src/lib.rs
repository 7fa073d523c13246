//! The contract as pages of text, for reviewers of model updates.
//!
//! There are several kinds of pages for each operation, and pages about the whole service. They have one fact per line, in an
//! order that does not depend on the facts, so that the diff of two pages is the diff of two contracts. The pages of an
//! operation contain only shapes that it uses. Reads only a [`Schema`].

mod contract;
mod index;
mod second;
mod wire;

use connect_model::export::json_schema;
use connect_model::schema::{OperationId, Schema};

/// A kind of page.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Folder of the pages.
    pub folder: &'static str,
    /// Explanation for readers of a page. Follows the name of the operation.
    pub legend: &'static str,
    /// Generates the page of an operation.
    pub page: fn(&Schema, OperationId) -> String,
}

/// Kinds of pages, one page for each operation.
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
            // The model's digest changes with every operation.
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
    /// Explanation for readers of the page.
    pub legend: &'static str,
    /// Generates the page.
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
        name: "resources",
        legend: "The kinds of resource that are found in the model: their operations, ids, parents and needs.",
        page: index::resources,
    },
    Index {
        name: "second-contract",
        legend: "Amazon Connect as CloudFormation describes it, compared with the model: operations of the types, and members \
                 with other bounds, patterns, enums or requirements.",
        page: second::page,
    },
    Index {
        name: "overrides",
        legend: "Corrections of the published model that are in force, and those that find nothing to correct.",
        page: index::overrides,
    },
];

/// The operations of the seed documents, each with its own documentation page.
pub const SEED: &[&str] = &[
    "CreateContactFlow",
    "CreateRule",
    "DescribeContactFlow",
    "ListContactFlows",
    "SearchContactFlowModules",
    "SearchContactFlows",
];

/// Address of the documentation of a seed operation of Amazon Connect.
pub fn documentation(operation: &str) -> Option<String> {
    let is_seed = SEED.contains(&operation);
    is_seed.then(|| format!("https://docs.aws.amazon.com/connect/latest/APIReference/API_{operation}.html"))
}
