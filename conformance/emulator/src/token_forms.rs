//! Page tokens in the form that a model gives them: a length, or a pattern. Does not know what a token means.

use std::collections::HashMap;
use std::sync::Mutex;

use arbitrary::Unstructured;
use connect_model::generate::Generator;
use connect_model::generate::seed::Stream;
use connect_model::schema::Member;
use connect_model::validate::validate_slot;
use serde_json::Value;

use crate::store::lock;

/// Most tokens that are remembered. A full memory is cleared; its tokens are then unknown.
const REMEMBERED: usize = 4_096;

/// Texts that are tried for a token before it is given up.
const ATTEMPTS: u64 = 64;

/// Gives tokens another text where the model does not allow their own, and remembers which.
pub(crate) struct TokenForms {
    seed: u64,
    /// The tokens by the texts in their place.
    tokens: Mutex<HashMap<String, String>>,
}

impl TokenForms {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, tokens: Mutex::default() }
    }

    /// The text of a token as the value of a member: the token itself if the model allows it.
    ///
    /// # Errors
    /// The model allows no text that is free.
    pub(crate) fn write(&self, generator: &Generator<'_>, member: &Member, token: String) -> Result<String, String> {
        if validate_slot(generator.schema(), &member.slot, &Value::from(token.as_str())).is_empty() {
            return Ok(token);
        }
        let mut tokens = lock(&self.tokens);
        if tokens.len() >= REMEMBERED {
            tokens.clear();
        }
        for attempt in 0..ATTEMPTS {
            let bytes = Stream::new(self.seed.wrapping_add(attempt), &token).bytes(256);
            let text = generator.member(member, &mut Unstructured::new(&bytes)).map_err(|error| error.to_string())?;
            let Value::String(text) = text else { break };
            if tokens.entry(text.clone()).or_insert_with(|| token.clone()) == &token {
                return Ok(text);
            }
        }
        Err(format!("the model has too few values of {} for the pages of a list", member.name))
    }

    /// The token that a text stands for: the text itself unless it was given for another.
    pub(crate) fn read(&self, text: &str) -> String {
        lock(&self.tokens).get(text).cloned().unwrap_or_else(|| text.to_owned())
    }
}
