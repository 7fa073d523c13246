//! Client tokens: the same call with the same token has the same result, and happens once.
//!
//! How Connect answers a token that comes back with another body is not known, nor for how long it remembers.
//! Ours refuses the former with a conflict and remembers while the instance lives; the suite only learns it.

use std::collections::HashMap;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::policy::{Policy, Tokens};
use crate::refusal::Refusal;
use crate::store::{State, Store};

/// Tokens that were seen, each with what it led to.
#[derive(Default)]
pub(crate) struct Replays {
    seen: HashMap<Key, Seen>,
}

impl Replays {
    /// Forgets what belongs to an instance.
    pub(crate) fn forget(&mut self, instance: &str) {
        self.seen.retain(|key, _| key.instance != instance);
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    operation: &'static str,
    instance: String,
    token: String,
}

#[derive(Clone)]
struct Seen {
    body: [u8; 32],
    output: Value,
}

/// A creation that a client may repeat.
pub(crate) struct Creation<'c> {
    pub(crate) operation: &'static str,
    /// Id of the instance; empty for creations outside.
    pub(crate) instance: &'c str,
    pub(crate) token: Option<&'c str>,
    /// Digest of everything that was asked for, without the token: see [`digest`].
    pub(crate) body: [u8; 32],
    /// Name of the error for a token that comes back with another body.
    pub(crate) clash: &'static str,
}

/// How a creation is to be made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Names {
    /// A taken name is refused.
    Unique,
    /// A taken name is taken again: only where a defect makes a second resource of a replay.
    Shared,
}

/// Runs a creation once for each token.
pub(crate) fn once<O: Serialize + DeserializeOwned>(
    store: &Store,
    policy: &Policy,
    creation: &Creation<'_>,
    create: impl FnOnce(&mut State, Names) -> Result<O, Refusal>,
) -> Result<O, Refusal> {
    let unique = if policy.shares_names { Names::Shared } else { Names::Unique };
    let mut state = store.lock();
    let Some(token) = creation.token else { return create(&mut state, unique) };
    let token = match policy.tokens {
        Tokens::Greedy => token.char_indices().rev().nth(3).map_or(token, |(at, _)| &token[..at]),
        _ => token,
    };
    let (operation, instance) = match policy.tokens {
        Tokens::Unread => return create(&mut state, unique),
        Tokens::Shared => ("", ""),
        _ => (creation.operation, creation.instance),
    };
    let key = Key { operation, instance: instance.to_owned(), token: token.to_owned() };
    let seen = state.replays.seen.get(&key).cloned();
    let names = match (policy.tokens, seen) {
        (Tokens::Ignored, Some(_)) => Names::Shared,
        (_, Some(seen)) => {
            if seen.body != creation.body && !matches!(policy.tokens, Tokens::Greedy | Tokens::Shared) {
                let message = "ClientToken was used before with another request; use a new token for a new request";
                return Err(Refusal::Named(creation.clash, message.to_owned()));
            }
            if let Ok(output) = serde_json::from_value(seen.output) {
                return Ok(output);
            }
            unique
        }
        (Tokens::Raced, None) => {
            drop(state);
            std::thread::sleep(Duration::from_millis(30));
            state = store.lock();
            if state.replays.seen.contains_key(&key) { Names::Shared } else { unique }
        }
        (_, None) => unique,
    };
    let output = create(&mut state, names)?;
    let written = serde_json::to_value(&output).unwrap_or_default();
    state.replays.seen.insert(key, Seen { body: creation.body, output: written });
    Ok(output)
}

/// Digest of a request from its typed form, so that spelling does not matter.
pub(crate) fn digest(request: &impl Serialize) -> [u8; 32] {
    Sha256::digest(serde_json::to_vec(request).unwrap_or_default()).into()
}
