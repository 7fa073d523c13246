//! The flow language: the `Content` of flows and modules.
//!
//! [`document`] is the content as data, [`rules`] the requirements of each action type. [`check()`] finds all problems,
//! [`generate`] makes valid content, and [`mutate`] makes content with one named problem. Ids in a content (queues,
//! functions, prompts) are not resolved: only the instance knows if they exist.
//!
//! Unknown, and so not judged: the unit of the length of a content and of an identifier, characters or bytes
//! (characters here; generators use ASCII), and which parameters have to be static.

pub mod check;
pub mod document;
pub mod generate;
pub mod home;
mod hooks;
pub mod kinds;
pub mod mutate;
pub mod rules;
#[cfg(test)]
mod tests;

pub use self::check::check;
pub use self::home::Home;
pub(super) use self::hooks::{breaches, broken, check_input, flow_text, module_text, repair};
pub use self::kinds::LANGUAGE;

/// The only version of the language.
pub const VERSION: &str = "2019-10-30";

/// Maximum number of actions in a flow.
pub const MOST_ACTIONS: usize = 250;

/// Maximum number of characters in a content.
pub const MOST_CHARACTERS: usize = 256_000;

/// Maximum number of characters in an identifier.
pub const LONGEST_IDENTIFIER: usize = 50;

/// Maximum nesting depth of conditions.
pub const DEEPEST_CONDITION: usize = 5;

/// Maximum number of conditions inside a condition.
pub const MOST_CONDITIONS: usize = 50;

/// Operators of conditions.
pub const OPERATORS: &[&str] = &[
    "Equals",
    "TextStartsWith",
    "TextEndsWith",
    "TextContains",
    "NumberGreaterThan",
    "NumberGreaterOrEqualTo",
    "NumberLessThan",
    "NumberLessOrEqualTo",
];
