//! The flow language: what the `Content` of flows and modules says inside.
//!
//! [`document`] is the content as data, [`rules`] what each type of action asks for, [`check()`] finds everything that is
//! wrong, [`generate`] makes content that is right, and [`mutate`] content that is wrong in one named way. Ids that a
//! content names (queues, functions, prompts) are not looked up: whether they exist, only the instance knows.
//!
//! Not known, and so not judged: whether the length of a content counts characters or bytes (characters here), whether
//! that of an identifier does (generators stay in ASCII), which parameters have to be static.

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

/// Most actions of a flow.
pub const MOST_ACTIONS: usize = 250;

/// Most characters of a content.
pub const MOST_CHARACTERS: usize = 256_000;

/// Most characters of an identifier.
pub const LONGEST_IDENTIFIER: usize = 50;

/// Deepest nesting of conditions.
pub const DEEPEST_CONDITION: usize = 5;

/// Most conditions inside a condition.
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
