//! Creations that are repeated with their token: in sequence, concurrently, after a lost connection, and elsewhere.

use std::collections::BTreeSet;
use std::time::Duration;

use connect_model::schema::OperationId;
use connect_model::validate::validate_slot;
use connect_model::wire::encode_request;
use futures_util::future::join_all;
use serde_json::Value;

use crate::case::Finding;
use crate::check::Check;
use crate::client::pager::count_named;
use crate::client::reply::{Reply, is_conflict};
use crate::client::{Client, Created, read_created};
use crate::code::Trial;
use crate::idempotency::token_member;
use crate::resources;
use crate::resources::Resource;
use crate::steps;
use crate::steps::{Judged, Tally, perform};
use connect_transport::HangUp;
use connect_transport::exchange::Exchange;

/// Most characters of a long token.
const LONGEST_TOKEN: u64 = 500;

/// Observation of a response without an id.
pub(super) const NO_ID: &str = "no id";

/// Number of concurrent calls with one token.
const CONCURRENT: usize = 8;

/// Time until the first call is interrupted; see [`Creation::interrupt`].
const FIRST_DELAY: Duration = Duration::from_micros(150);

/// Attempts to interrupt a call on this machine, where the right moment is short and resources cost nothing.
const LOCAL_ATTEMPTS: u32 = 48;

/// Attempts to interrupt a call elsewhere.
const REMOTE_ATTEMPTS: u32 = 6;

/// Attempts after which the search for the right moment starts again: other load on the machine may have misled it.
const ROUND: u32 = 8;

/// Fact about an endpoint that answers a replay with the resource of the first call.
const HONOURED: &str = "the same resource";

/// A creation with its token.
struct Creation<'c> {
    client: &'c Client,
    row: &'static Resource,
    check: &'static Check,
    operation: OperationId,
    /// Member of the input with the token.
    token: String,
    input: Value,
}

/// `idempotency.same-token-same-result`.
pub(super) async fn same_result(trial: Trial<'_>, row: &'static Resource) -> Judged {
    Creation::with_honoured_token(trial, row).await?.same_result().await
}

/// `idempotency.same-token-one-resource`.
pub(super) async fn one_resource(trial: Trial<'_>, row: &'static Resource) -> Judged {
    Creation::with_honoured_token(trial, row).await?.one_resource().await
}

/// `idempotency.concurrent-same-token`.
pub(super) async fn concurrently(trial: Trial<'_>, row: &'static Resource) -> Judged {
    Creation::with_honoured_token(trial, row).await?.concurrently().await
}

/// `idempotency.retry-after-disconnect`.
pub(super) async fn after_disconnect(trial: Trial<'_>, row: &'static Resource) -> Judged {
    Creation::with_honoured_token(trial, row).await?.after_disconnect().await
}

/// `idempotency.different-token-distinct`.
pub(super) async fn different_tokens(trial: Trial<'_>, row: &'static Resource) -> Judged {
    Creation::prepare(trial, row).await?.different_tokens().await
}

/// `idempotency.token-of-other-operation`.
pub(super) async fn of_other_operation(trial: Trial<'_>, row: &'static Resource) -> Judged {
    Creation::prepare(trial, row).await?.of_other_operation().await
}

impl<'c> Creation<'c> {
    /// A creation that has not been sent.
    async fn prepare(trial: Trial<'c>, row: &'static Resource) -> Result<Self, String> {
        let Trial { client, operation, check, .. } = trial;
        let token = token_member(client.schema, operation).ok_or("the operation has no token")?;
        let input = client.creation(row).await?;
        Ok(Self { client, row, check, operation, token, input })
    }

    /// The same, on an endpoint that honours tokens. The trait promises more than the service documents, so the rule applies
    /// to a real service only after a replay has returned the same resource.
    async fn with_honoured_token(trial: Trial<'c>, row: &'static Resource) -> Result<Self, String> {
        let creation = Self::prepare(trial, row).await?;
        if !trial.client.target.loopback && !creation.is_honoured().await? {
            return Err(format!("{} has not shown that it honours client tokens", row.create));
        }
        Ok(creation)
    }
}

impl Creation<'_> {
    /// Creates the resource.
    async fn first(&self) -> Result<Created, String> {
        self.begin().await.map(|(created, _)| created)
    }

    /// The same, with the exchange.
    async fn begin(&self) -> Result<(Created, Box<Exchange>), String> {
        let exchange = steps::succeed(self.client, self.row.create, &self.input).await?;
        Ok((read_created(self.row, &self.input, &exchange)?, exchange))
    }

    /// Repeats the request.
    async fn repeat(&self) -> Result<Reply, String> {
        self.client.call(self.operation, &self.input).await
    }

    /// True if the endpoint has answered a replay with the same resource, now or earlier in this run.
    async fn is_honoured(&self) -> Result<bool, String> {
        let topic = format!("replayed token, {}", self.row.create);
        let known = self.client.learned();
        if known.get(&topic).is_some_and(|facts| facts.contains_key(HONOURED)) {
            return Ok(true);
        }
        let input = self.client.creation(self.row).await?;
        let created = steps::create(self.client, self.row, &input).await?;
        let reply = self.client.call(self.operation, &input).await?;
        let fact = self.fact(&reply, &created);
        self.client.learn(topic, &*fact);
        Ok(fact == HONOURED)
    }

    /// The fact to record for a reply to a request with the token of `created`.
    fn fact(&self, reply: &Reply, created: &Created) -> String {
        match reply {
            Reply::Success(exchange) => match read_created(self.row, &self.input, exchange) {
                Ok(again) if again.id == created.id => HONOURED.to_owned(),
                _ => "another resource".to_owned(),
            },
            other => other.outline(),
        }
    }

    async fn same_result(&self) -> Judged {
        let (created, first) = self.begin().await?;
        let reply = self.repeat().await?;
        let fact = self.fact(&reply, &created);
        self.client.learn(format!("replayed token, {}", self.row.create), &*fact);
        if fact == HONOURED {
            self.learn_mismatch(&created).await?;
            return Ok(Vec::new());
        }
        let (exchange, actual) = match &reply {
            Reply::Success(exchange) => {
                let again = read_created(self.row, &self.input, exchange);
                (exchange, again.map_or(NO_ID.to_owned(), |again| again.id))
            }
            Reply::Refused(exchange, _) if !reply.is_quota() => (exchange, reply.describe()),
            _ => return Err(reply.describe()),
        };
        let finding = self.check.finding(self.row.id_pointer(), created.id, actual, Some(exchange));
        Ok(vec![finding.resting_on([&*first, exchange])])
    }

    /// Records the response to another request with the token, which is not documented.
    async fn learn_mismatch(&self, created: &Created) -> Result<(), String> {
        let mut other = self.input.clone();
        self.row.set_name(&mut other, self.client.unused_name(self.row).unwrap_or_default());
        let reply = self.client.call(self.operation, &other).await?;
        self.client.learn(format!("token with another request, {}", self.row.create), self.fact(&reply, created));
        Ok(())
    }

    async fn one_resource(&self) -> Judged {
        let (_, first) = self.begin().await?;
        let reply = self.repeat().await?;
        // A rejection leaves one resource, too; same-token-same-result judges it.
        let Reply::Success(second) = reply else { return Err(format!("the repeated call: {}", reply.describe())) };
        self.is_single(&[&first, &second]).await
    }

    /// Two creations that differ in name and in the last character of their tokens.
    async fn different_tokens(&self) -> Judged {
        let text = self.input[&self.token].as_str().unwrap_or_default();
        let with_end = |text: &str| {
            let start: String = text.chars().take(text.chars().count().saturating_sub(1)).collect();
            format!("{start}{}", if text.ends_with('1') { '2' } else { '1' })
        };
        let member = self.client.schema.input_members(&self.client.schema[self.operation]);
        let member = member.and_then(|members| members.get(&self.token)).ok_or("the operation has no token")?;
        let most = member.slot.traits.length.and_then(|bounds| bounds.max).unwrap_or(0).min(LONGEST_TOKEN) as usize;
        let fresh = || self.client.fresh_token();
        let long = format!("{}{}", fresh(), "x".repeat(most.saturating_sub(fresh().len())));
        let lower = fresh().to_ascii_lowercase();
        let upper = lower.to_ascii_uppercase();
        let pairs = [(text, &*with_end(text)), (&lower, &upper), (&long, &with_end(&long))];
        let is_valid = |token: &str| validate_slot(self.client.schema, &member.slot, &token.into()).is_empty();
        let mut tally = Tally::default();
        for (one, other) in pairs {
            if one != other && is_valid(one) && is_valid(other) && tally.findings.is_empty() {
                tally.add(self.distinct(one, other).await);
            }
        }
        tally.end()
    }

    /// Two creations with two tokens.
    async fn distinct(&self, one: &str, other: &str) -> Judged {
        let mut input = self.input.clone();
        input[&self.token] = one.into();
        self.row.set_name(&mut input, self.client.unused_name(self.row).unwrap_or_default());
        let first = steps::succeed(self.client, self.row.create, &input).await?;
        let created = read_created(self.row, &input, &first)?;
        let before = input.clone();
        input[&self.token] = other.into();
        self.row.set_name(&mut input, self.client.unused_name(self.row).unwrap_or_default());
        self.row.makes_two(&before, &input)?;
        let second = self.client.call(self.operation, &input).await?;
        let (exchange, actual) = match &second {
            Reply::Success(exchange) => match read_created(self.row, &input, exchange) {
                Ok(other) if other.id != created.id => return Ok(Vec::new()),
                _ => (exchange, format!("{} again", created.id)),
            },
            Reply::Refused(exchange, error)
                if !second.is_quota()
                    // Without a name, something else of the two may be allowed only once.
                    && (self.row.name_member.is_some()
                        || !is_conflict(exchange.response.status, error.code.as_deref())) =>
            {
                (exchange, second.describe())
            }
            _ => return Err(second.describe()),
        };
        let pointer = self.row.id_pointer();
        let finding = self.check.finding(pointer, "a new id for a new token", actual, Some(exchange));
        Ok(vec![finding.resting_on([&*first, exchange])])
    }

    async fn concurrently(&self) -> Judged {
        let request =
            encode_request(self.client.schema, self.operation, &self.input).map_err(|error| error.to_string())?;
        let replies = join_all((0..CONCURRENT).map(|_| self.client.send(self.operation, &request))).await;
        let successes: Vec<_> = replies
            .iter()
            .filter_map(|reply| match reply {
                Reply::Success(exchange) => Some((read_created(self.row, &self.input, exchange).ok()?.id, exchange)),
                _ => None,
            })
            .collect();
        let ids: BTreeSet<&String> = successes.iter().map(|(id, _)| id).collect();
        let Some((id, exchange)) = successes.last() else {
            return Err(format!("none of {CONCURRENT} concurrent calls succeeded: {}", replies[0].describe()));
        };
        if ids.len() > 1 {
            let actual = format!("{} ids from {CONCURRENT} concurrent calls", ids.len());
            let finding = self.check.finding(self.row.id_pointer(), "one id", actual, Some(exchange));
            return Ok(vec![finding.resting_on(replies.iter().filter_map(Reply::exchange))]);
        }
        if successes.len() == 1 {
            // An endpoint that ignores tokens and requires unique names also gives one success.
            let created = Created { id: id.clone(), arn: None, sent: self.input.clone() };
            let reply = self.repeat().await?;
            if self.fact(&reply, &created) != HONOURED {
                let reply = reply.describe();
                return Err(format!("one success, possibly because of the unique name; a later replay: {reply}"));
            }
        }
        self.is_single(&replies.iter().filter_map(Reply::exchange).collect::<Vec<_>>()).await
    }

    /// Closes the connection after the request, checks that it has arrived, and repeats it.
    async fn after_disconnect(mut self) -> Judged {
        self.interrupt().await?;
        let reply = self.repeat().await?;
        match &reply {
            Reply::Success(exchange) => self.is_single(&[&**exchange]).await,
            Reply::Refused(exchange, _) if !reply.is_quota() => {
                // The rejection counts only if an uninterrupted creation succeeds.
                self.client.create(self.row).await.map_err(|why| format!("an uninterrupted creation: {why}"))?;
                let expected = "success of the repeated call with the same token";
                Ok(vec![self.check.finding("", expected, reply.describe(), Some(exchange))])
            }
            _ => Err(reply.describe()),
        }
    }

    /// Sends a creation and closes the connection so that the request arrives and its response is lost. If the connection
    /// is closed too early, the request may not arrive; too late, the response has come. A binary search finds the moment
    /// in between, with another resource for each attempt.
    async fn interrupt(&mut self) -> Result<(), String> {
        let start = (Duration::ZERO, None, FIRST_DELAY);
        let (mut early, mut late, mut delay) = start;
        let attempts = if self.client.target.loopback { LOCAL_ATTEMPTS } else { REMOTE_ATTEMPTS };
        for attempt in 0..attempts {
            if attempt % ROUND == 0 {
                (early, late, delay) = start;
            }
            let request =
                encode_request(self.client.schema, self.operation, &self.input).map_err(|error| error.to_string())?;
            let name = &self.client.schema[self.operation].name;
            match self.client.transport().send_and_hang_up(name, &request, delay).await {
                Ok(HangUp::HungUp) => {
                    if self.has_arrived().await? {
                        return Ok(());
                    }
                    early = delay;
                }
                Ok(HangUp::Answered) => late = Some(delay),
                Err(error) => return Err(format!("{}: {error}", error.class())),
            }
            delay = late.map_or(delay * 2, |late| (early + late) / 2);
            self.input = self.client.creation(self.row).await?;
        }
        Err(format!(
            "{attempts} calls were interrupted too early or too late: none of them arrived and lost its response"
        ))
    }

    /// True if the list shows the resource within a short time.
    async fn has_arrived(&self) -> Result<bool, String> {
        let pause = Duration::from_millis(if self.client.target.loopback { 10 } else { 2_000 });
        for _ in 0..3 {
            if self.count().await?.0 > 0 {
                return Ok(true);
            }
            tokio::time::sleep(pause).await;
        }
        Ok(false)
    }

    /// Uses the token of another operation. If that works, records the effect of a token in another instance.
    async fn of_other_operation(&self) -> Judged {
        let (mut findings, mut tried, mut reason) = (Vec::new(), 0, "no other operation takes a token".to_owned());
        let others = resources::rows(self.client.schema).iter().filter(|other| other.create != self.row.create);
        for other in others {
            let Some(member) = self
                .client
                .schema
                .operation_named(other.create)
                .and_then(|operation| token_member(self.client.schema, operation))
            else {
                continue;
            };
            match self.after(other, &member).await {
                Ok(found) => {
                    tried += 1;
                    findings.extend(found);
                }
                Err(why) => reason = why,
            }
        }
        if tried == 0 {
            return Err(reason);
        }
        if findings.is_empty() {
            self.learn_elsewhere().await?;
        }
        Ok(findings)
    }

    /// Creates a resource with the token of a new resource of another kind.
    async fn after(&self, other: &'static Resource, member: &str) -> Result<Option<Finding>, String> {
        let mut input = self.client.creation(other).await?;
        let token = self.client.fresh_token();
        input[member] = token.clone().into();
        let first = steps::succeed(self.client, other.create, &input).await?;
        let theirs = read_created(other, &input, &first)?;
        let mut input = self.client.creation(self.row).await?;
        input[&self.token] = token.into();
        let reply = perform(self.client, self.row.create, &input).await?;
        let topic = format!("token of {}, {}", other.create, self.row.create);
        let (exchange, actual) = match &reply {
            Reply::Success(exchange) => match read_created(self.row, &input, exchange) {
                Ok(created) if created.id != theirs.id => {
                    self.client.learn(topic, "another resource");
                    return Ok(None);
                }
                Ok(_) => (exchange, format!("the {} {}", other.kind, theirs.id)),
                Err(_) => {
                    // shape.required judges an id that is always missing.
                    self.client.create(self.row).await.map_err(|why| format!("also with a fresh token: {why}"))?;
                    (exchange, "a success without an id".to_owned())
                }
            },
            Reply::Refused(..) if !reply.is_quota() => {
                // The rejection counts only if a fresh token is accepted.
                self.client.create(self.row).await.map_err(|why| format!("also with a fresh token: {why}"))?;
                self.client.learn(topic, reply.outline());
                return Ok(None);
            }
            _ => return Err(reply.describe()),
        };
        let expected = format!("a new {} for a token of {}", self.row.kind, other.create);
        let finding = self.check.finding(self.row.id_pointer(), expected, actual, Some(exchange));
        Ok(Some(finding.resting_on([&*first, exchange])))
    }

    /// Records the response to the token in another instance.
    async fn learn_elsewhere(&self) -> Result<(), String> {
        let other = steps::quiet_instance(self.client).await?;
        if self.row.is_instance() || self.input["InstanceId"] == *other {
            return Ok(());
        }
        let created = self.first().await?;
        let mut input = self.input.clone();
        input["InstanceId"] = other.into();
        let reply = self.client.call(self.operation, &input).await?;
        self.client.learn(format!("token in another instance, {}", self.row.create), self.fact(&reply, &created));
        Ok(())
    }

    /// Number of listed resources with the name.
    async fn count(&self) -> Result<(usize, Option<Exchange>), String> {
        count_named(self.client, self.row, &self.input).await
    }

    /// Judges if the list has one resource of the name, after the exchanges that created it.
    async fn is_single(&self, before: &[&Exchange]) -> Judged {
        let (count, exchange) = self.count().await?;
        match count {
            0 => Err(format!("{} does not show the new resource", self.row.list_name())),
            1 => Ok(Vec::new()),
            _ => {
                let name = self.row.name_in(&self.input);
                let kind = self.row.kind;
                let (expected, actual) = (format!("one {kind} named {name}"), format!("{count} {kind}s of that name"));
                let finding = self.check.finding("", expected, actual, exchange.as_ref());
                Ok(vec![finding.resting_on(before.iter().copied().chain(exchange.as_ref()))])
            }
        }
    }
}
