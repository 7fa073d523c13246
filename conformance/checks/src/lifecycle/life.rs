//! The life of one resource: creation, description, listing, update, deletion, and its unique name.

use serde_json::Value;

use crate::case::Finding;
use crate::check::Check;
use crate::client::ownership::other_id;
use crate::client::pager::{key, list_all};
use crate::client::reply::{CONFLICTS, Reply, is_absence, is_conflict};
use crate::client::{Client, Created};
use crate::code::Trial;
use crate::lifecycle::echo::{Echo, differences, echoes};
use crate::resources::{Resource, draft};
use crate::same::{ending, in_progress};
use crate::steps;
use crate::steps::{Judged, Wait, and_then, body, perform, shown, succeed};

/// A resource, with the input that created it.
pub(super) struct Life<'c> {
    pub(super) client: &'c Client,
    pub(super) row: &'static Resource,
    pub(super) check: &'static Check,
    pub(super) sent: Value,
    pub(super) created: Created,
}

/// `lifecycle.create-describe`.
pub(super) async fn create_describe(trial: Trial<'_>, row: &'static Resource) -> Judged {
    let tags = [("contract-test-1", "created"), ("contract-test-2", "")];
    let life = Life::create(trial, row, &tags).await?;
    match life.becomes_ready().await? {
        Some(finding) => Ok(vec![finding]),
        None => life.create_describe().await,
    }
}

/// `lifecycle.create-list`.
pub(super) async fn create_list(trial: Trial<'_>, row: &'static Resource) -> Judged {
    Life::begin(trial, row).await?.create_list().await
}

/// `lifecycle.update-visible`.
pub(super) async fn update_visible(trial: Trial<'_>, row: &'static Resource) -> Judged {
    Life::begin(trial, row).await?.update_visible().await
}

/// `lifecycle.delete-gone`.
pub(super) async fn delete_gone(trial: Trial<'_>, row: &'static Resource) -> Judged {
    Life::begin(trial, row).await?.delete_gone().await
}

/// `lifecycle.duplicate-name`.
pub(super) async fn duplicate_name(trial: Trial<'_>, row: &'static Resource) -> Judged {
    Life::begin(trial, row).await?.duplicate_name().await
}

impl<'c> Life<'c> {
    /// Creates a resource, and waits until it can be used.
    pub(super) async fn begin(trial: Trial<'c>, row: &'static Resource) -> Result<Self, String> {
        Self::begin_tagged(trial, row, &[]).await
    }

    /// The same with tags, if the kind takes any.
    pub(super) async fn begin_tagged(
        trial: Trial<'c>,
        row: &'static Resource,
        tags: &[(&str, &str)],
    ) -> Result<Self, String> {
        let life = Self::create(trial, row, tags).await?;
        match life.becomes_ready().await? {
            Some(finding) => Err(finding.actual),
            None => Ok(life),
        }
    }

    async fn create(trial: Trial<'c>, row: &'static Resource, tags: &[(&str, &str)]) -> Result<Self, String> {
        let mut sent = trial.client.creation(row).await?;
        // Besides the tag of the run, without which a sweep does not know the resource.
        row.add_tags(&mut sent, tags.iter().copied());
        Self::begin_from(trial, row, sent).await
    }

    /// Creates a resource from an input.
    pub(super) async fn begin_from(trial: Trial<'c>, row: &'static Resource, sent: Value) -> Result<Self, String> {
        let Trial { client, check, .. } = trial;
        let created = steps::create(client, row, &sent).await?;
        Ok(Self { client, row, check, sent, created })
    }

    pub(super) async fn describe(&self, id: &str) -> Result<Reply, String> {
        steps::describe(self.client, self.row, &self.sent, id).await
    }

    /// Describes the resource until all `expected` members are shown. The last differences are findings.
    pub(super) async fn shows(&self, id: &str, expected: &Value) -> Judged {
        let mut wait = Wait::brief(self.client);
        loop {
            let reply = self.describe(id).await?;
            let Reply::Success(exchange) = &reply else {
                let Reply::Refused(exchange, _) = &reply else { return Err(reply.describe()) };
                if wait.again().await {
                    continue;
                }
                let expected = format!("success of {} after {}", self.row.describe, self.row.create);
                return Ok(vec![self.check.finding("", expected, reply.describe(), Some(exchange))]);
            };
            let findings = differences(self.check, self.client.schema, self.row, exchange, expected)?;
            if findings.is_empty() {
                return Ok(findings);
            }
            if !wait.again().await {
                let (_, resource) = shown(self.client.schema, self.row, exchange)?;
                if in_progress(&resource) && !self.row.is_instance() {
                    return Err(format!("{} shows that a change is not complete yet", self.row.describe));
                }
                return Ok(findings);
            }
        }
    }

    /// Waits until the creation of an instance is complete; other kinds can be used at once.
    async fn becomes_ready(&self) -> Result<Option<Finding>, String> {
        if !self.row.is_instance() {
            return Ok(None);
        }
        let mut wait = Wait::for_index(self.client);
        loop {
            let exchange = succeed(self.client, self.row.describe, &self.naming(&self.created.id)).await?;
            let status = body(self.client.schema, &exchange)?["Instance"]["InstanceStatus"].clone();
            let status = status.as_str().unwrap_or("absent");
            match status {
                "CREATION_IN_PROGRESS" if wait.again().await => {}
                "CREATION_IN_PROGRESS" if self.client.target.loopback => {
                    let pointer = "/Instance/InstanceStatus";
                    let actual = format!("{status} after {} s", wait.elapsed().as_secs());
                    return Ok(Some(self.check.finding(pointer, "ACTIVE eventually", actual, Some(&exchange))));
                }
                // The account may not allow another instance.
                "CREATION_IN_PROGRESS" | "CREATION_FAILED" => return Err(format!("the instance is {status}")),
                _ => {
                    let seconds = wait.elapsed().as_secs();
                    self.client.note("creation of an instance", format!("{status} under {} s", seconds + 1));
                    return Ok(None);
                }
            }
        }
    }

    /// The input that names a resource of the same kind, in the same instance.
    pub(super) fn naming(&self, id: &str) -> Value {
        self.row.naming(self.row.describe, &self.sent, id)
    }

    async fn create_describe(&self) -> Judged {
        let (first, mut findings) = (self.describe(&self.created.id).await?, Vec::new());
        if let Reply::Success(exchange) = &first {
            let body = body(self.client.schema, exchange)?;
            let other = other_id(self.client.schema, self.row.of, &body, &self.naming(&self.created.id));
            let expected = || format!("the id {}", self.created.id);
            findings.extend(other.map(|other| self.check.finding("", expected(), other, Some(exchange))));
        }
        if let (Some(function), Reply::Success(exchange)) = (self.sent.get("Function"), &first) {
            let (_, shown) = shown(self.client.schema, self.row, exchange)?;
            let actual = &shown["Function"];
            let fact = match () {
                () if actual == function => "verbatim",
                () if echoes(Echo::Json, function, actual) => "equal as JSON",
                () => "altered",
            };
            self.client.learn("function of a rule comes back", fact);
        }
        let create = self.client.schema.operation_named(self.row.create).ok_or("the creation is not in the model")?;
        let expected = match self.row.template() {
            Some(_) => self.sent.clone(),
            None => self.row.facts(create).shown(&self.sent),
        };
        and_then(findings, self.shows(&self.created.id, &expected)).await
    }

    async fn create_list(&self) -> Judged {
        let name = Some(self.row.name_in(&self.sent)).filter(|name| !name.is_empty() && self.row.lists_names());
        let is_ours = |item: &Value| match name {
            Some(name) => self.row.name_in(item) == name || key(item, Some(self.row.list_id())) == name,
            None => key(item, Some(self.row.list_id())) == self.created.id,
        };
        let mut wait = Wait::brief(self.client);
        loop {
            let (items, exchange) = list_all(self.client, self.row, Some(&self.sent)).await?;
            if items.iter().any(is_ours) {
                return Ok(Vec::new());
            }
            if !wait.again().await {
                let item =
                    name.map_or_else(|| format!("with the id {}", self.created.id), |name| format!("named {name}"));
                let expected = format!("an item {item} in {}", self.row.list_name());
                return Ok(vec![self.check.finding("", expected, "none on any page", exchange.as_ref())]);
            }
        }
    }

    /// Tries each update. If one is rejected, nothing can be concluded, unless another one has a finding.
    async fn update_visible(&self) -> Judged {
        let mut findings = Vec::new();
        let mut refused = None;
        for update in &self.row.updates {
            match self.update(update).await {
                Ok(found) => findings.extend(found),
                Err(why) => refused = Some(why),
            }
        }
        match refused.filter(|_| findings.is_empty()) {
            Some(why) => Err(why),
            None => Ok(findings),
        }
    }

    async fn update(&self, update: &str) -> Judged {
        let changed = steps::change(self.client, self.row, &self.sent, &self.created.id, update).await?;
        let findings = self.shows(&self.created.id, &changed).await?;
        if self.row.template().is_none() || changed.get("Content").is_none() {
            return Ok(findings);
        }
        // It is not documented if an update without qualifier publishes at once. The draft has the change in any case.
        let topic = format!("content after {update}");
        if findings.is_empty() {
            self.client.learn(topic, "shows at once");
            return Ok(findings);
        }
        let findings = self.shows(&draft(&self.created.id), &changed).await?;
        if findings.is_empty() {
            self.client.learn(topic, "shows in the draft only");
        }
        Ok(findings)
    }

    async fn delete_gone(&self) -> Judged {
        let input = self.naming(&self.created.id);
        // Without this step, a resource that never existed would count as deleted.
        let described = succeed(self.client, self.row.describe, &input).await?;
        let (_, before) = shown(self.client.schema, self.row, &described)?;
        // A cache by ARN would show this answer after the deletion.
        let _ = self.describe_by_arn().await;
        let named = self.row.naming(self.row.delete, &self.sent, &self.created.id);
        succeed(self.client, self.row.delete, &named).await?;
        let mut wait = Wait::brief(self.client);
        loop {
            let reply = self.describe(&self.created.id).await?;
            let exchange = match &reply {
                reply if self.is_absent(reply) => return self.unlisted().await,
                Reply::Success(exchange) | Reply::Refused(exchange, _) => exchange,
                Reply::Unsupported(_) | Reply::Trouble(..) => return Err(reply.describe()),
            };
            if wait.again().await {
                continue;
            }
            if let Some(state) = self.ending(&before, &reply)? {
                return Err(format!("{} shows it as {state}: the deletion is not complete", self.row.describe));
            }
            // error.not-found judges the response to unknown ids.
            let never = self.describe(&unknown(&self.created.id)).await?;
            if never.refusal().is_some() && never.refusal() == reply.refusal() {
                return self.unlisted().await;
            }
            return Ok(vec![self.check.finding("", "404 ResourceNotFoundException", reply.describe(), Some(exchange))]);
        }
    }

    /// True for a refusal that says that something does not exist, by 404, or by an error of that name with the status that
    /// the model of another service has for it.
    fn is_absent(&self, reply: &Reply) -> bool {
        let Reply::Refused(exchange, error) = reply else { return false };
        let (status, schema) = (exchange.response.status, self.client.schema);
        let modelled = error.modelled.and_then(|shape| schema[shape].error).map(|error| error.status);
        status == 404
            || (!schema.service.is_connect()
                && error.code.as_deref().is_some_and(is_absence)
                && modelled == Some(status))
    }

    /// The status by which a resource shows that its deletion is not complete.
    fn ending(&self, before: &Value, reply: &Reply) -> Result<Option<String>, String> {
        let Reply::Success(exchange) = reply else { return Ok(None) };
        let (_, resource) = shown(self.client.schema, self.row, exchange)?;
        Ok(ending(before, &resource).map(str::to_owned))
    }

    async fn duplicate_name(&self) -> Judged {
        let mut again = self.client.creation(self.row).await?;
        let fresh = self.row.name_in(&again).to_owned();
        self.row.set_name(&mut again, self.row.name_in(&self.sent));
        let reply = perform(self.client, self.row.create, &again).await?;
        let exchange = match &reply {
            Reply::Refused(exchange, error) => {
                let (status, code) = (exchange.response.status, error.code.as_deref());
                if reply.is_quota() {
                    return Err(reply.describe());
                }
                // The twin has another name, and a new token, since the endpoint may remember the first one.
                let mut twin = self.client.creation(self.row).await?;
                self.row.set_name(&mut twin, fresh);
                steps::create(self.client, self.row, &twin)
                    .await
                    .map_err(|why| format!("the request is also rejected with a free name: {why}"))?;
                // The names of other services' errors are their own.
                let is_connect = self.client.schema.service.is_connect();
                let named = code.filter(|_| is_connect);
                let conflict = named.map_or_else(|| is_conflict(status, code), |code| CONFLICTS.contains(&code));
                if conflict {
                    self.client.learn(format!("taken name, {}", self.row.create), code.unwrap_or("409 without a name"));
                    return Ok(Vec::new());
                }
                exchange
            }
            Reply::Success(exchange) => exchange,
            Reply::Unsupported(_) | Reply::Trouble(..) => return Err(reply.describe()),
        };
        let expected = match self.client.schema.service.is_connect() {
            true => format!("409, one of {}", CONFLICTS.join(", ")),
            false => "409".to_owned(),
        };
        let pointer = self.row.name_pointer();
        let finding = self.check.finding(pointer, expected, reply.describe(), Some(exchange));
        let by_name = exchange.response.status == 409;
        Ok(vec![if by_name { finding.by_name_alone(self.client.target.loopback) } else { finding }])
    }
}

/// An unknown id of the same form.
fn unknown(id: &str) -> String {
    id.chars().enumerate().map(|(at, c)| if at < 8 && c.is_ascii_hexdigit() { 'd' } else { c }).collect()
}
