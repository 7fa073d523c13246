//! Creations that are repeated with their token: one after the other, at once, after a lost connection, and elsewhere.

use std::collections::BTreeSet;
use std::time::Duration;

use connect_model::schema::OperationId;
use connect_model::wire::encode_request;
use futures_util::future::join_all;
use serde_json::Value;

use crate::case::Finding;
use crate::check::Check;
use crate::client::pager::count_named;
use crate::client::reply::Reply;
use crate::client::{Client, Made, made_of};
use crate::code::Trial;
use crate::idempotency::token_member;
use crate::resources::{RESOURCES, Resource};
use crate::steps;
use crate::steps::perform;
use connect_transport::HangUp;

/// Calls that are under way at once with one token.
const CONCURRENT: usize = 8;

/// How long the first interrupted call is waited for; see [`Creation::interrupted`].
const LINGER: Duration = Duration::from_micros(150);

/// Calls that are interrupted before it counts as impossible: on this machine, where the moment is short and resources
/// cost nothing, and elsewhere.
const ATTEMPTS: (u32, u32) = (48, 6);

/// Calls after which the search for the moment begins anew: other work on the machine may have misled it.
const ROUND: u32 = 8;

/// What was learned of an endpoint that answers a replay with the resource of the first call.
const HONOURED: &str = "the same resource";

type Judged = Result<Vec<Finding>, String>;

/// A creation with its token.
struct Creation<'c> {
    client: &'c Client,
    row: &'static Resource,
    check: &'static Check,
    operation: OperationId,
    /// Member of the input that holds the token.
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
        let (_, input) =
            client.creation(row).await.ok_or_else(|| format!("no instance to create a {} in", row.kind))?;
        Ok(Self { client, row, check, operation, token, input })
    }

    /// The same, of an endpoint that honours tokens. The trait promises more than the service documents: on a real
    /// service the rule applies once it was seen to hold.
    async fn with_honoured_token(trial: Trial<'c>, row: &'static Resource) -> Result<Self, String> {
        let creation = Self::prepare(trial, row).await?;
        if !trial.client.target.loopback && !creation.honoured().await? {
            return Err(format!("{} has not shown that it honours client tokens", row.create));
        }
        Ok(creation)
    }
}

impl Creation<'_> {
    /// Makes the resource; the text says how that was refused.
    async fn first(&self) -> Result<Made, String> {
        steps::create(self.client, self.row, &self.input).await
    }

    async fn again(&self) -> Result<Reply, String> {
        self.client.call(self.operation, &self.input).await
    }

    /// Whether the endpoint has answered a replay as it should, now or earlier in this run.
    async fn honoured(&self) -> Result<bool, String> {
        let topic = format!("replayed token, {}", self.row.create);
        let known = self.client.learned();
        if known.get(&topic).is_some_and(|facts| facts.contains_key(HONOURED)) {
            return Ok(true);
        }
        let (_, input) = self.client.creation(self.row).await.ok_or("no instance any more")?;
        let made = steps::create(self.client, self.row, &input).await?;
        let reply = self.client.call(self.operation, &input).await?;
        let fact = self.told(&reply, &made);
        self.client.learn(topic, &*fact);
        Ok(fact == HONOURED)
    }

    /// What an answer to the token of `made` says, to be counted.
    fn told(&self, reply: &Reply, made: &Made) -> String {
        match reply {
            Reply::Success(exchange) => match made_of(self.row, &exchange.response.body) {
                Some(again) if again.id == made.id => HONOURED.to_owned(),
                _ => "another resource".to_owned(),
            },
            other => other.outline(),
        }
    }

    async fn same_result(&self) -> Judged {
        let made = self.first().await?;
        let reply = self.again().await?;
        let fact = self.told(&reply, &made);
        self.client.learn(format!("replayed token, {}", self.row.create), &*fact);
        if fact == HONOURED {
            self.learn_mismatch(&made).await?;
            return Ok(Vec::new());
        }
        let (exchange, actual) = match &reply {
            Reply::Success(exchange) => {
                let again = made_of(self.row, &exchange.response.body);
                (exchange, again.map_or("no id".to_owned(), |again| again.id))
            }
            Reply::Refused(exchange, _) if !reply.is_quota() => (exchange, reply.describe()),
            _ => return Err(reply.describe()),
        };
        Ok(vec![self.check.finding(format!("/{}", self.row.id), made.id, actual, Some(exchange))])
    }

    /// The answer to the token with another request is not documented.
    async fn learn_mismatch(&self, made: &Made) -> Result<(), String> {
        let mut other = self.input.clone();
        other[self.row.name_member] = self.client.fresh_name().into();
        let reply = self.client.call(self.operation, &other).await?;
        self.client.learn(format!("token with another request, {}", self.row.create), self.told(&reply, made));
        Ok(())
    }

    async fn one_resource(&self) -> Judged {
        self.first().await?;
        let reply = self.again().await?;
        // A refusal leaves one resource, too; that it is no way to answer is the matter of same-token-same-result.
        let Reply::Success(_) = reply else { return Err(format!("the repeated call: {}", reply.describe())) };
        self.one_of_that_name().await
    }

    /// Two creations that differ in name and in the last character of their tokens.
    async fn different_tokens(&self) -> Judged {
        let made = self.first().await?;
        let mut input = self.input.clone();
        let text = input[&self.token].as_str().unwrap_or_default();
        let mut other: String = text.chars().take(text.chars().count().saturating_sub(1)).collect();
        other.push(if text.ends_with('1') { '2' } else { '1' });
        input[&self.token] = other.into();
        input[self.row.name_member] = self.client.fresh_name().into();
        let second = self.client.call(self.operation, &input).await?;
        let (exchange, actual) = match &second {
            Reply::Success(exchange) => match made_of(self.row, &exchange.response.body) {
                Some(again) if again.id != made.id => return Ok(Vec::new()),
                _ => (exchange, format!("{} again", made.id)),
            },
            Reply::Refused(exchange, _) if !second.is_quota() => (exchange, second.describe()),
            _ => return Err(second.describe()),
        };
        let pointer = format!("/{}", self.row.id);
        Ok(vec![self.check.finding(pointer, "a new id for a new token", actual, Some(exchange))])
    }

    async fn concurrently(&self) -> Judged {
        let request =
            encode_request(self.client.schema, self.operation, &self.input).map_err(|error| error.to_string())?;
        let replies = join_all((0..CONCURRENT).map(|_| self.client.send(self.operation, &request))).await;
        let successes: Vec<_> = replies
            .iter()
            .filter_map(|reply| match reply {
                Reply::Success(exchange) => Some((made_of(self.row, &exchange.response.body)?.id, exchange)),
                _ => None,
            })
            .collect();
        let ids: BTreeSet<&String> = successes.iter().map(|(id, _)| id).collect();
        let Some((id, exchange)) = successes.last() else {
            return Err(format!("none of {CONCURRENT} concurrent calls succeeded: {}", replies[0].describe()));
        };
        if ids.len() > 1 {
            let actual = format!("{} ids from {CONCURRENT} concurrent calls", ids.len());
            return Ok(vec![self.check.finding(format!("/{}", self.row.id), "one id", actual, Some(exchange))]);
        }
        if successes.len() == 1 {
            // One success and else refusals is also what unique names bring about where nobody reads tokens.
            let made = Made { id: id.clone(), arn: String::new() };
            let reply = self.again().await?;
            if self.told(&reply, &made) != HONOURED {
                let answer = reply.describe();
                return Err(format!("one success, which the name may have brought about; a later replay: {answer}"));
            }
        }
        self.one_of_that_name().await
    }

    /// Hangs up when the request is out, sees that it has arrived, and calls again.
    async fn after_disconnect(mut self) -> Judged {
        self.interrupted().await?;
        let reply = self.again().await?;
        match &reply {
            Reply::Success(_) => self.one_of_that_name().await,
            Reply::Refused(exchange, _) if !reply.is_quota() => {
                // Does a creation that nobody interrupted succeed at all?
                self.client.make(self.row).await.map_err(|why| format!("an undisturbed creation: {why}"))?;
                let expected = "success of the call that is repeated with the same token";
                Ok(vec![self.check.finding("", expected, reply.describe(), Some(exchange))])
            }
            _ => Err(reply.describe()),
        }
    }

    /// A creation whose answer nobody waits for, and that has arrived all the same. Who hangs up early may be taken for
    /// one who never asked, who hangs up late has his answer: the moment between is searched for, each time with another
    /// resource.
    async fn interrupted(&mut self) -> Result<(), String> {
        let begin = (Duration::ZERO, None, LINGER);
        let (mut early, mut late, mut linger) = begin;
        let attempts = if self.client.target.loopback { ATTEMPTS.0 } else { ATTEMPTS.1 };
        for attempt in 0..attempts {
            if attempt % ROUND == 0 {
                (early, late, linger) = begin;
            }
            let request =
                encode_request(self.client.schema, self.operation, &self.input).map_err(|error| error.to_string())?;
            let name = &self.client.schema[self.operation].name;
            match self.client.transport().send_and_hang_up(name, &request, linger).await {
                Ok(HangUp::HungUp) => {
                    if self.arrived().await? {
                        return Ok(());
                    }
                    early = linger;
                }
                Ok(HangUp::Answered) => late = Some(linger),
                Err(error) => return Err(format!("{}: {error}", error.class())),
            }
            linger = late.map_or(linger * 2, |late| (early + late) / 2);
            (_, self.input) = self.client.creation(self.row).await.ok_or("no instance any more")?;
        }
        Err(format!("{attempts} calls were interrupted too early or too late: none of them was lost on the way back"))
    }

    /// Whether the list shows the resource by now.
    async fn arrived(&self) -> Result<bool, String> {
        let pause = Duration::from_millis(if self.client.target.loopback { 10 } else { 2_000 });
        for _ in 0..3 {
            if self.named().await?.0 > 0 {
                return Ok(true);
            }
            tokio::time::sleep(pause).await;
        }
        Ok(false)
    }

    /// The token that another operation has used; and, to be recorded, what it does in another instance.
    async fn of_other_operation(&self) -> Judged {
        let (mut findings, mut tried, mut why_not) = (Vec::new(), 0, "no other operation takes a token".to_owned());
        let others = RESOURCES.iter().filter(|other| other.create != self.row.create);
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
                Err(why) => why_not = why,
            }
        }
        if tried == 0 {
            return Err(why_not);
        }
        if findings.is_empty() {
            self.learn_elsewhere().await?;
        }
        Ok(findings)
    }

    /// Creates with the token with which `other` was just created.
    async fn after(&self, other: &'static Resource, member: &str) -> Result<Option<Finding>, String> {
        let (_, mut input) = self.client.creation(other).await.ok_or("no instance any more")?;
        let token = self.client.fresh_token();
        input[member] = token.clone().into();
        let theirs = steps::create(self.client, other, &input).await?;
        let (_, mut input) = self.client.creation(self.row).await.ok_or("no instance any more")?;
        input[&self.token] = token.into();
        let reply = perform(self.client, self.row.create, &input).await?;
        let topic = format!("token of {}, {}", other.create, self.row.create);
        let (exchange, actual) = match &reply {
            Reply::Success(exchange) => match made_of(self.row, &exchange.response.body) {
                Some(made) if made.id != theirs.id => {
                    self.client.learn(topic, "another resource");
                    return Ok(None);
                }
                Some(_) => (exchange, format!("the {} {}", other.kind, theirs.id)),
                None => {
                    // Which answers have an id is the matter of shape.required.
                    self.client.make(self.row).await.map_err(|why| format!("with a fresh token, too: {why}"))?;
                    (exchange, "a success without an id".to_owned())
                }
            },
            Reply::Refused(..) if !reply.is_quota() => {
                // Is it refused for its token?
                self.client.make(self.row).await.map_err(|why| format!("with a fresh token, too: {why}"))?;
                self.client.learn(topic, reply.outline());
                return Ok(None);
            }
            _ => return Err(reply.describe()),
        };
        let expected = format!("a {} of its own for a token that {} has used", self.row.kind, other.create);
        Ok(Some(self.check.finding(format!("/{}", self.row.id), expected, actual, Some(exchange))))
    }

    async fn learn_elsewhere(&self) -> Result<(), String> {
        let other = steps::quiet_instance(self.client).await?;
        if self.row.id_member == "InstanceId" || self.input["InstanceId"] == *other {
            return Ok(());
        }
        let made = self.first().await?;
        let mut input = self.input.clone();
        input["InstanceId"] = other.into();
        let reply = self.client.call(self.operation, &input).await?;
        self.client.learn(format!("token in another instance, {}", self.row.create), self.told(&reply, &made));
        Ok(())
    }

    /// How often the whole list shows the name.
    async fn named(&self) -> Result<(usize, Option<connect_transport::exchange::Exchange>), String> {
        let wanted = self.input[self.row.name_member].as_str().unwrap_or_default();
        count_named(self.client, self.row, wanted).await
    }

    async fn one_of_that_name(&self) -> Judged {
        let (count, exchange) = self.named().await?;
        match count {
            0 => Err(format!("{} does not hold what was just created", self.row.list.0)),
            1 => Ok(Vec::new()),
            _ => {
                let name = &self.input[self.row.name_member];
                let expected = format!("one {} named {name}", self.row.kind);
                Ok(vec![self.check.finding("", expected, count.to_string(), exchange.as_ref())])
            }
        }
    }
}
