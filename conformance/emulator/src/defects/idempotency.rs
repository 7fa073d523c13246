//! Defects: repeated calls that do not have the same result.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use connect_model::schema::Kind;
use serde_json::{Value, json};

use crate::client_tokens::{Creation, Recalled};
use crate::defects::edits::edit;
use crate::defects::hooks::{PerCall, on_body, on_call};
use crate::defects::seam::{FullName, Invocation, Seams};
use crate::defects::{Defect, Family, targets};
use crate::handlers::Answer;
use crate::refusal::Refusal;
use crate::store::lock;

pub(super) const ROWS: &[Defect] = &[
    Defect {
        id: "token-ignored",
        family: Family::Idempotency,
        summary: "a call that is repeated with its ClientToken creates a second resource",
        kills: &[
            "idempotency.same-token-same-result",
            "idempotency.same-token-one-resource",
            "idempotency.concurrent-same-token",
            "idempotency.retry-after-disconnect",
            "lifecycle.walk",
        ],
        may: &[],
        seams: || Arc::new(IgnoredTokens::default()),
    },
    Defect {
        id: "token-unread",
        family: Family::Idempotency,
        summary: "client tokens are ignored, and a repeated call is rejected because its name is taken",
        kills: &["idempotency.same-token-same-result", "idempotency.retry-after-disconnect"],
        may: &["lifecycle.walk"],
        seams: || on_call(|call| perform_with_token(call, |_| None)),
    },
    Defect {
        id: "token-shared-by-operations",
        family: Family::Idempotency,
        summary: "a client token that another operation used returns the resource of that operation",
        kills: &["idempotency.token-of-other-operation"],
        may: &[],
        seams: || Arc::new(SharedTokens::default()),
    },
    Defect {
        id: "token-too-greedy",
        family: Family::Idempotency,
        summary: "client tokens that differ only in their last four characters count as equal",
        kills: &["idempotency.different-token-distinct"],
        may: &[],
        seams: || Arc::new(GreedyTokens),
    },
    Defect {
        id: "race-on-token",
        family: Family::Idempotency,
        summary: "concurrent calls with the same ClientToken each create a resource",
        kills: &["idempotency.concurrent-same-token"],
        may: &["idempotency.retry-after-disconnect", "history.tokens", "history.names", "history.paging"],
        seams: || Arc::new(TokenRace::default()),
    },
    Defect {
        id: "read-not-repeatable",
        family: Family::Idempotency,
        summary: "timestamps change with every read",
        kills: &["idempotency.repeated-read-equal"],
        may: &[
            "pagination.complete",
            "pagination.token-repeatable",
            "keep.plausible",
            "keep.repeated-read",
            "keep.views-agree",
        ],
        seams: || {
            on_body(|scene, body| {
                if scene.operation.is_some_and(|operation| operation.method == "GET") {
                    edit(scene, body, |kind, value| {
                        if let (Kind::Timestamp, Some(time)) = (kind, value.as_f64()) {
                            *value = json!(time - 1.0 - scene.nth as f64);
                        }
                    });
                }
            })
        },
    },
    Defect {
        id: "delete-always-ok",
        family: Family::Idempotency,
        summary: "the deletion of a resource that does not exist succeeds",
        kills: &["idempotency.repeated-delete"],
        may: &["error.not-found", "lifecycle.walk"],
        seams: || on_call(delete_anything),
    },
    Defect {
        id: "token-without-case",
        family: Family::Idempotency,
        summary: "client tokens that differ in the case of letters count as equal",
        kills: &["idempotency.different-token-distinct"],
        may: &[],
        seams: || on_call(|call| perform_with_token(call, |token| Some(token.to_ascii_lowercase()))),
    },
    Defect {
        id: "token-cut",
        family: Family::Idempotency,
        summary: "only the first 64 characters of a client token count",
        kills: &["idempotency.different-token-distinct"],
        may: &["invalid.length-max"],
        seams: || on_call(|call| perform_with_token(call, |token| Some(token.chars().take(64).collect()))),
    },
];

/// Creations with a client token that have a handler.
const CREATIONS: [&str; 3] = ["CreateRule", "CreateContactFlowModule", "CreateInstance"];

/// The client token of a creation.
fn token<'c>(call: &Invocation<'c>) -> Option<&'c str> {
    let creates = CREATIONS.contains(&call.operation.name.as_str());
    call.input.get("ClientToken").filter(|_| creates)?.as_str()
}

/// Performs a call with another client token, or none, if it is a creation.
fn perform_with_token(call: &Invocation<'_>, other: fn(&str) -> Option<String>) -> Answer {
    let Some(token) = token(call) else { return call.perform(call.input) };
    let mut input = call.input.clone();
    if let Value::Object(members) = &mut input {
        members.remove("ClientToken");
        members.extend(other(token).map(|token| ("ClientToken".to_owned(), token.into())));
    }
    call.perform(&input)
}

/// Creates a second resource of the same name.
#[derive(Default)]
struct IgnoredTokens {
    repeats: PerCall<()>,
}

impl Seams for IgnoredTokens {
    fn invoke(&self, call: &Invocation<'_>) -> Answer {
        let answer = call.perform(call.input);
        self.repeats.clear();
        answer
    }

    fn recalled(&self, _: &Creation<'_>, recalled: Recalled) -> Recalled {
        if !matches!(recalled, Recalled::New) {
            self.repeats.set(());
        }
        Recalled::New
    }

    fn name_taken(&self, _: &FullName<'_>, taken: bool) -> bool {
        taken && self.repeats.get().is_none()
    }
}

/// Keeps one memory for all operations and instances.
#[derive(Default)]
struct SharedTokens(Mutex<HashMap<String, Value>>);

impl Seams for SharedTokens {
    fn invoke(&self, call: &Invocation<'_>) -> Answer {
        let answer = call.perform(call.input);
        if let (Some(token), Answer::Performed(Ok(output))) = (token(call), &answer) {
            let mut memory = lock(&self.0);
            // A repeated call returns those members of the remembered output that its own output has, too.
            if !memory.get(token).is_some_and(|first| is_part(output, first)) {
                memory.insert(token.to_owned(), output.clone());
            }
        }
        answer
    }

    fn recalled(&self, creation: &Creation<'_>, _: Recalled) -> Recalled {
        let memory = lock(&self.0);
        creation.token.and_then(|token| memory.get(token)).cloned().map_or(Recalled::New, Recalled::Repeated)
    }
}

/// Returns true if an object has no member that the other one does not have.
fn is_part(part: &Value, whole: &Value) -> bool {
    part.as_object().is_some_and(|part| part.iter().all(|(name, value)| whole.get(name) == Some(value)))
}

/// Compares tokens without their last four characters, and does not compare the requests.
struct GreedyTokens;

impl Seams for GreedyTokens {
    fn invoke(&self, call: &Invocation<'_>) -> Answer {
        perform_with_token(call, |token| {
            Some(token.char_indices().rev().nth(3).map_or(token, |(end, _)| &token[..end]).to_owned())
        })
    }

    fn recalled(&self, _: &Creation<'_>, recalled: Recalled) -> Recalled {
        match recalled {
            Recalled::Reused(output) => Recalled::Repeated(output),
            recalled => recalled,
        }
    }
}

/// Looks up tokens first, and remembers them later.
#[derive(Default)]
struct TokenRace {
    /// Remembered tokens, with operation and instance.
    known: Mutex<HashSet<(String, String, String)>>,
    /// Calls that did not find their token.
    racing: PerCall<()>,
    /// Racing calls whose token was remembered since.
    repeats: PerCall<()>,
}

impl Seams for TokenRace {
    fn sleeps(&self) -> bool {
        true
    }

    fn invoke(&self, call: &Invocation<'_>) -> Answer {
        let Some(token) = token(call) else { return call.perform(call.input) };
        let instance = targets::instance_id(call).unwrap_or_default();
        let key = (call.operation.name.clone(), instance.to_owned(), token.to_owned());
        if !lock(&self.known).contains(&key) {
            std::thread::sleep(Duration::from_millis(30));
            self.racing.set(());
        }
        let answer = call.perform(call.input);
        self.racing.clear();
        self.repeats.clear();
        if matches!(answer, Answer::Performed(Ok(_))) {
            lock(&self.known).insert(key);
        }
        answer
    }

    fn recalled(&self, _: &Creation<'_>, recalled: Recalled) -> Recalled {
        if self.racing.get().is_none() || matches!(recalled, Recalled::New) {
            return recalled;
        }
        self.repeats.set(());
        Recalled::New
    }

    fn name_taken(&self, _: &FullName<'_>, taken: bool) -> bool {
        taken && self.repeats.get().is_none()
    }
}

fn delete_anything(call: &Invocation<'_>) -> Answer {
    match call.perform(call.input) {
        Answer::Performed(Err(Refusal::NotFound(_))) if targets::is_deletion(call) => Answer::Performed(Ok(json!({}))),
        answer => answer,
    }
}
