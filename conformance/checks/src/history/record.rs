//! Records the calls of several clients with their times and answers.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use connect_model::wire::encode_request;
use connect_transport::HangUp;
use connect_transport::exchange::Exchange;
use serde_json::Value;

use super::call::{Answer, Call};
use crate::client::Client;
use crate::client::reply::Reply;

/// Bytes of the answers that a history keeps. Usual answers have some thousand bytes, and several histories are recorded at
/// once.
const MOST_BYTES: usize = 4 << 20;

/// Bytes of the body of an exchange: the call has the whole answer.
const SHOWN_BYTES: usize = 16 << 10;

/// Calls so far, each with its exchange.
pub(super) type Calls = Vec<(Call, Option<Box<Exchange>>)>;

/// A record in the making.
pub(super) struct Recorder<'c> {
    client: &'c Client,
    began: Instant,
    calls: Mutex<Calls>,
    /// Bytes of the answers so far.
    bytes: AtomicUsize,
}

impl<'c> Recorder<'c> {
    pub(super) fn new(client: &'c Client) -> Self {
        Self { client, began: Instant::now(), calls: Mutex::default(), bytes: AtomicUsize::new(0) }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The reason why no further calls are recorded, if the answers are too long.
    pub(super) fn is_full(&self) -> Option<String> {
        let is_full = self.bytes.load(Ordering::Relaxed) > MOST_BYTES;
        is_full.then(|| {
            format!("the answers of a history have more than {MOST_BYTES} bytes; the calls behind them were not made")
        })
    }

    /// Calls an operation and records it; returns the output of a success.
    ///
    /// # Errors
    /// The answer, if it is no success, or the reason why nothing was sent.
    pub(super) async fn call(&self, who: u32, operation: &str, input: Value) -> Result<Value, String> {
        let schema = self.client.schema;
        let id = schema.operation_named(operation).ok_or_else(|| format!("the model has no {operation}"))?;
        self.client.permission.check(schema, &schema[id])?;
        if let Some(why) = self.is_full() {
            return Err(why);
        }
        let start = self.now();
        let reply = self.client.call_once(id, &input).await?;
        let end = self.now();
        let words = reply.describe();
        let (answer, exchange) = match reply {
            Reply::Success(exchange) => {
                let body = if exchange.response.body.is_empty() { b"{}" } else { exchange.response.body.as_slice() };
                // A body that cannot be read is the subject of other checks.
                (serde_json::from_slice(body).ok().map(Answer::Output), Some(exchange))
            }
            Reply::Refused(exchange, error) => {
                let status = Some(exchange.response.status);
                (Some(Answer::Error { name: error.code.unwrap_or_default(), status }), Some(exchange))
            }
            Reply::Unsupported(why) => return Err(why),
            Reply::Trouble(..) => (None, None),
        };
        let output = match &answer {
            Some(Answer::Output(output)) => Ok(output.clone()),
            _ => Err(format!("{operation} answered {words}")),
        };
        let end = answer.is_some().then_some(end);
        let exchange = exchange.map(|exchange| {
            self.bytes.fetch_add(exchange.response.body.len(), Ordering::Relaxed);
            Box::new(exchange.evidence_within(SHOWN_BYTES))
        });
        self.lock().push((Call { client: who, start, end, operation: operation.to_owned(), input, answer }, exchange));
        output
    }

    /// Calls an operation and closes the connection before the answer comes.
    pub(super) async fn call_and_leave(&self, who: u32, operation: &str, input: Value, linger: Duration) {
        let schema = self.client.schema;
        let Some(id) = schema.operation_named(operation) else { return };
        let Ok(request) = encode_request(schema, id, &input) else { return };
        let start = self.now();
        // An answer that comes nevertheless is not read.
        let left = self.client.transport().send_and_hang_up(operation, &request, linger).await;
        if matches!(left, Ok(HangUp::HungUp | HangUp::Answered)) {
            let call = Call { client: who, start, end: None, operation: operation.to_owned(), input, answer: None };
            self.lock().push((call, None));
        }
    }

    /// The calls so far.
    pub(super) fn so_far(&self) -> Vec<Call> {
        self.lock().iter().map(|(call, _)| call.clone()).collect()
    }

    /// All calls, with their exchanges.
    pub(super) fn into_calls(self) -> Calls {
        self.calls.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}
