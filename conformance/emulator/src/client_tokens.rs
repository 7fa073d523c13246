//! Client tokens: a creation that is repeated with its token happens once, and has the same result each time.
//!
//! How Connect answers a token that comes with another request, and how long it remembers a token, is not known. The
//! emulator rejects the former with a conflict and remembers the last [`REMEMBERED`] tokens while the instance exists; the
//! suite only learns it.

use std::collections::{HashMap, VecDeque};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::handlers::Context;
use crate::refusal::Refusal;
use crate::store::State;

/// Tokens that are remembered, so that the memory of a long run has an end. A token is repeated soon or never.
const REMEMBERED: usize = 20_000;

/// Client tokens that were used, each with the output of its creation.
#[derive(Default)]
pub(crate) struct ClientTokens {
    used: HashMap<Key, Used>,
    /// The same tokens, oldest first.
    order: VecDeque<Key>,
}

impl ClientTokens {
    /// Forgets the tokens of an instance.
    pub(crate) fn forget(&mut self, instance: &str) {
        self.used.retain(|key, _| key.instance != instance);
        self.order.retain(|key| key.instance != instance);
    }

    /// Looks up the token of a creation.
    pub(crate) fn recall(&self, creation: &Creation<'_>) -> Recalled {
        match creation.key().and_then(|key| self.used.get(&key)) {
            None => Recalled::New,
            Some(used) if used.digest == creation.digest => Recalled::Repeated(used.output.clone()),
            Some(used) => Recalled::Reused(used.output.clone()),
        }
    }

    fn remember(&mut self, creation: &Creation<'_>, output: Value) {
        let Some(key) = creation.key() else { return };
        if self.used.insert(key.clone(), Used { digest: creation.digest, output }).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.used.remove(&oldest);
        }
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    operation: &'static str,
    instance: String,
    token: String,
}

struct Used {
    digest: [u8; 32],
    output: Value,
}

/// The memory of a client token.
pub(crate) enum Recalled {
    /// The token is new.
    New,
    /// The token was used for an equal request, which had this output.
    Repeated(Value),
    /// The token was used for another request, which had this output.
    Reused(Value),
}

/// A creation that a client may repeat.
pub(crate) struct Creation<'c> {
    pub(crate) operation: &'static str,
    /// Id of the instance; empty for the creation of an instance.
    pub(crate) instance: &'c str,
    pub(crate) token: Option<&'c str>,
    /// Digest of the request without its token: see [`digest`].
    pub(crate) digest: [u8; 32],
    /// Name of the error for a token that was used for another request.
    pub(crate) conflict: &'static str,
}

impl Creation<'_> {
    fn key(&self) -> Option<Key> {
        let token = self.token?.to_owned();
        Some(Key { operation: self.operation, instance: self.instance.to_owned(), token })
    }
}

/// Runs a creation once per token. A creation that is refused leaves its token unused.
pub(crate) fn create_once<O: Serialize + DeserializeOwned>(
    cx: &Context,
    creation: &Creation<'_>,
    create: impl FnOnce(&mut State) -> Result<O, Refusal>,
) -> Result<O, Refusal> {
    let mut state = cx.store.lock();
    if creation.token.is_none() {
        return create(&mut state);
    }
    match cx.seams.recalled(creation, state.client_tokens.recall(creation)) {
        Recalled::New => {}
        Recalled::Repeated(output) => {
            if let Ok(output) = serde_json::from_value(output) {
                return Ok(output);
            }
        }
        Recalled::Reused(_) => {
            let message = "ClientToken was used before with another request; use a new token for a new request";
            return Err(Refusal::Named(creation.conflict, message.to_owned()));
        }
    }
    let output = create(&mut state)?;
    state.client_tokens.remember(creation, serde_json::to_value(&output).unwrap_or_default());
    Ok(output)
}

/// Digest of the typed form of a request, so that its spelling does not matter.
pub(crate) fn digest(request: &impl Serialize) -> [u8; 32] {
    Sha256::digest(serde_json::to_vec(request).unwrap_or_default()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_for_tokens_has_an_end() {
        let mut tokens = ClientTokens::default();
        let names: Vec<String> = (0..REMEMBERED + 10).map(|at| format!("token-{at}")).collect();
        let creation = |token| Creation {
            operation: "CreateRule",
            instance: "i",
            token: Some(token),
            digest: [0; 32],
            conflict: "ConflictException",
        };
        for name in &names {
            tokens.remember(&creation(name), Value::Null);
            tokens.remember(&creation(name), Value::Null);
        }
        assert_eq!((tokens.used.len(), tokens.order.len()), (REMEMBERED, REMEMBERED));
        assert!(matches!(tokens.recall(&creation(&names[9])), Recalled::New));
        assert!(matches!(tokens.recall(&creation(&names[10])), Recalled::Repeated(_)));
        tokens.forget("i");
        assert_eq!((tokens.used.len(), tokens.order.len()), (0, 0));
    }
}
