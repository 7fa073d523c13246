//! The Amazon Connect API as data.
//!
//! A model file is loaded into a [`schema::Schema`], from which everything else reads: [`validate`] finds the violations
//! of a value, [`generate`] makes values that are valid or have exactly one violation, and [`wire`] converts values to
//! HTTP messages and back.
//!
//! # Testing your own server or parser
//!
//! The core operations have types, in [`shapes`]. For proptest, [`shapes::strategy`] has strategies for valid messages,
//! for invalid messages with one violation each, and for misused messages, which break a rule beyond the service model:
//!
//! ```
//! use connect_model::shapes::ops::CreateRule;
//! use connect_model::shapes::strategy::{inputs, invalid_inputs};
//! use proptest::{prop_assert, proptest, test_runner::TestRunner};
//! use serde_json::{Value, to_value};
//!
//! /// Your code: accepts or rejects a request to create a rule.
//! fn accepts(input: &Value) -> bool {
//!     let name = input["Name"].as_str().unwrap_or_default();
//!     (1..=200).contains(&name.len()) && input["Actions"].is_array()
//! }
//!
//! proptest!(|(rule in inputs::<CreateRule>())| prop_assert!(accepts(&to_value(rule).unwrap())));
//!
//! // This code accepts too much. The failure shows the smallest such request.
//! let rejects = |invalid: connect_model::generate::Mutant| {
//!     prop_assert!(!accepts(&invalid.value), "{} at {}", invalid.kind, invalid.pointer);
//!     Ok(())
//! };
//! println!("{}", TestRunner::default().run(&invalid_inputs::<CreateRule>(), rejects).unwrap_err());
//! ```
//!
//! `any::<CreateRuleRequest>()` works as well, and so does `any` for every part, such as `any::<RuleAction>()`. Shrinking
//! preserves the property: a valid value stays valid, and an invalid one keeps its one violation.
//!
//! For fuzzers, the same types implement [`arbitrary::Arbitrary`]. The value conforms to the contract for all bytes, so
//! your code must be able to handle it:
//!
//! ```
//! use arbitrary::{Arbitrary, Unstructured};
//! use connect_model::shapes::CreateRuleRequest;
//!
//! /// Your code: the parts of a rule that you read.
//! #[derive(serde::Deserialize)]
//! #[serde(rename_all = "PascalCase")]
//! struct Mine {
//!     name: String,
//!     client_token: Option<String>,
//! }
//!
//! let rule = CreateRuleRequest::arbitrary(&mut Unstructured::new(b"bytes from the fuzzer"))?;
//! let mine: Mine = serde_json::from_str(&serde_json::to_string(&rule)?)?;
//! assert_eq!((mine.name, mine.client_token), (rule.name, rule.client_token));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Operations without types have strategies in [`generate`], which generate JSON.

pub mod alike;
pub mod ast;
pub mod complete;
mod constraint;
pub mod diff;
pub mod evidence;
pub mod export;
pub mod files;
pub mod generate;
pub mod header_names;
pub mod import;
pub mod json_text;
pub mod load;
mod lower;
pub mod overrides;
pub mod path;
pub mod pattern;
pub mod planted;
mod pointer;
pub mod resources;
pub mod schema;
pub mod semantics;
pub mod shapes;
mod side;
pub mod text;
pub mod timestamp;
pub mod validate;
pub mod wire;

/// Compiles the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
