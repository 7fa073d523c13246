//! The Amazon Connect API as data.
//!
//! A model file becomes a [`schema::Schema`]; everything else reads from it: [`validate`] says what is wrong with a
//! value, [`generate`] makes values that are right or wrong in one named way, [`wire`] turns values into HTTP messages
//! and back.
//!
//! # Testing your own server or parser
//!
//! The core operations have types, in [`shapes`]. For proptest, [`shapes::strategy`] gives their messages valid, invalid
//! in one named way, and misused, that is against a rule which the service model does not state:
//!
//! ```
//! use connect_model::shapes::ops::CreateRule;
//! use connect_model::shapes::strategy::{inputs, invalid_inputs};
//! use proptest::{prop_assert, proptest, test_runner::TestRunner};
//! use serde_json::{Value, to_value};
//!
//! /// Yours: takes a request to create a rule, or refuses it.
//! fn takes(input: &Value) -> bool {
//!     let name = input["Name"].as_str().unwrap_or_default();
//!     (1..=200).contains(&name.len()) && input["Actions"].is_array()
//! }
//!
//! proptest!(|(rule in inputs::<CreateRule>())| prop_assert!(takes(&to_value(rule).unwrap())));
//!
//! // This one takes too much. The failure is the smallest request that shows it.
//! let refuses = |wrong: connect_model::generate::Mutant| {
//!     prop_assert!(!takes(&wrong.value), "{} at {}", wrong.kind, wrong.pointer);
//!     Ok(())
//! };
//! println!("{}", TestRunner::default().run(&invalid_inputs::<CreateRule>(), refuses).unwrap_err());
//! ```
//!
//! `any::<CreateRuleRequest>()` works as well, and so does every part, such as `any::<RuleAction>()`. What shrinks stays
//! what it is: valid, or wrong in the same one way.
//!
//! For fuzzers, the same types implement [`arbitrary::Arbitrary`]. Whatever the bytes, the contract has nothing against
//! the value, so that your code has no excuse:
//!
//! ```
//! use arbitrary::{Arbitrary, Unstructured};
//! use connect_model::shapes::CreateRuleRequest;
//!
//! /// Yours: what you read of a rule.
//! #[derive(serde::Deserialize)]
//! #[serde(rename_all = "PascalCase")]
//! struct Mine {
//!     name: String,
//!     client_token: Option<String>,
//! }
//!
//! let rule = CreateRuleRequest::arbitrary(&mut Unstructured::new(b"what the fuzzer gives"))?;
//! let mine: Mine = serde_json::from_str(&serde_json::to_string(&rule)?)?;
//! assert_eq!((mine.name, mine.client_token), (rule.name, rule.client_token));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Operations without types have strategies in [`generate`], which give JSON.

pub mod ast;
mod constraint;
pub mod diff;
pub mod export;
pub mod generate;
pub mod import;
pub mod lower;
pub mod overrides;
pub mod pattern;
pub mod planted;
mod pointer;
pub mod schema;
pub mod semantics;
pub mod shapes;
mod side;
pub mod validate;
pub mod wire;
