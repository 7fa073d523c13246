//! The life of one resource: created, shown, listed, changed, deleted, and its name.

use serde_json::{Value, json};

use crate::case::Finding;
use crate::check::Check;
use crate::client::pager::count_named;
use crate::client::reply::{CONFLICTS, Reply};
use crate::client::{Client, Made};
use crate::code::Trial;
use crate::lifecycle::Judged;
use crate::lifecycle::echo::{Echo, differences, echoes, shown};
use crate::resources::Resource;
use crate::steps;
use crate::steps::{Wait, body, naming, perform, succeed};

/// A resource that exists, with the input that made it.
pub(super) struct Life<'c> {
    pub(super) client: &'c Client,
    pub(super) row: &'static Resource,
    pub(super) check: &'static Check,
    pub(super) sent: Value,
    pub(super) made: Made,
}

/// `lifecycle.create-describe`.
pub(super) async fn create_describe(trial: Trial<'_>, row: &'static Resource) -> Judged {
    let tags = json!({ "contract-test": "created", "contract-test-2": "" });
    let life = Life::create(trial, row, Some(tags)).await?;
    match life.created().await? {
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
        let life = Self::create(trial, row, None).await?;
        match life.created().await? {
            Some(finding) => Err(finding.actual),
            None => Ok(life),
        }
    }

    async fn create(trial: Trial<'c>, row: &'static Resource, tags: Option<Value>) -> Result<Self, String> {
        let Trial { client, check, .. } = trial;
        let (_, mut sent) =
            client.creation(row).await.ok_or_else(|| format!("no instance to create a {} in", row.kind))?;
        if let Some(tags) = tags {
            sent["Tags"] = tags;
        }
        let made = steps::create(client, row, &sent).await?;
        Ok(Self { client, row, check, sent, made })
    }

    pub(super) async fn describe(&self, id: &str) -> Result<Reply, String> {
        perform(self.client, self.row.describe, &self.named(id)).await
    }

    /// Asks until everything that is `expected` is shown; what is different at the end is a finding.
    pub(super) async fn shows(&self, id: &str, expected: &Value) -> Judged {
        let mut wait = Wait::brief(self.client);
        loop {
            let reply = self.describe(id).await?;
            let Reply::Success(exchange) = &reply else {
                let Reply::Refused(exchange, _) = &reply else { return Err(reply.describe()) };
                if wait.again().await {
                    continue;
                }
                let expected = format!("{} of what {} made", self.row.describe, self.row.create);
                return Ok(vec![self.check.finding("", expected, reply.describe(), Some(exchange))]);
            };
            let findings = differences(self.check, self.client.schema, self.row, exchange, expected)?;
            if findings.is_empty() || !wait.again().await {
                return Ok(findings);
            }
        }
    }

    /// Waits until the creation of an instance is over; anything else can be used at once.
    async fn created(&self) -> Result<Option<Finding>, String> {
        if self.row.id_member != "InstanceId" {
            return Ok(None);
        }
        let mut wait = Wait::for_index(self.client);
        loop {
            let exchange = succeed(self.client, self.row.describe, &self.named(&self.made.id)).await?;
            let status = body(&exchange)?["Instance"]["InstanceStatus"].clone();
            let status = status.as_str().unwrap_or("absent");
            match status {
                "CREATION_IN_PROGRESS" if wait.again().await => {}
                "CREATION_IN_PROGRESS" if self.client.target.loopback => {
                    let pointer = "/Instance/InstanceStatus";
                    let actual = format!("{status} after {} s", wait.elapsed().as_secs());
                    return Ok(Some(self.check.finding(pointer, "ACTIVE in the end", actual, Some(&exchange))));
                }
                // The account may not be able to have one.
                "CREATION_IN_PROGRESS" | "CREATION_FAILED" => return Err(format!("the instance is {status}")),
                _ => {
                    let seconds = wait.elapsed().as_secs();
                    self.client.learn("creation of an instance", format!("{status} under {} s", seconds + 1));
                    return Ok(None);
                }
            }
        }
    }

    /// The input that names it, or something like it.
    pub(super) fn named(&self, id: &str) -> Value {
        naming(self.row, &self.sent, id)
    }

    async fn create_describe(&self) -> Judged {
        if let (Some(function), Reply::Success(exchange)) =
            (self.sent.get("Function"), self.describe(&self.made.id).await?)
        {
            let (_, shown) = shown(self.client.schema, self.row, &exchange)?;
            let actual = &shown["Function"];
            let fact = match () {
                () if actual == function => "verbatim",
                () if echoes(Echo::Json, function, actual) => "equal as JSON",
                () => "altered",
            };
            self.client.learn("function of a rule comes back", fact);
        }
        self.shows(&self.made.id, &self.sent).await
    }

    async fn create_list(&self) -> Judged {
        let name = self.sent[self.row.name_member].as_str().unwrap_or_default();
        let mut wait = Wait::brief(self.client);
        loop {
            let (count, exchange) = count_named(self.client, self.row, name).await?;
            if count > 0 {
                return Ok(Vec::new());
            }
            if !wait.again().await {
                let expected = format!("an item named {name} in {}", self.row.list.0);
                return Ok(vec![self.check.finding("", expected, "none on any page", exchange.as_ref())]);
            }
        }
    }

    /// Each update in turn; one that is refused leaves the whole undecided, unless another one is already wrong.
    async fn update_visible(&self) -> Judged {
        let mut findings = Vec::new();
        let mut refused = None;
        for update in self.row.updates {
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
        let schema = self.client.schema;
        let operation = schema.operation_named(update).ok_or_else(|| format!("the model has no {update}"))?;
        let members = schema.input_members(&schema[operation]).ok_or_else(|| format!("{update} has no input"))?;
        let mut changed = json!({});
        if members.get("Name").is_some() {
            changed["Name"] = self.client.fresh_name().into();
        }
        if members.get("Content").is_some() {
            let content = self.sent["Content"].as_str().unwrap_or_default();
            changed["Content"] = content.replace("contract test", &self.client.fresh_name()).into();
        }
        let mut input = self.named(&self.made.id);
        for member in members.iter() {
            // What an update replaces as a whole, it is given as it was.
            let same = self.sent.get(&member.name).filter(|_| member.required);
            if let Some(value) = changed.get(&member.name).or(same) {
                input[&member.name] = value.clone();
            }
        }
        succeed(self.client, update, &input).await?;
        let findings = self.shows(&self.made.id, &changed).await?;
        if changed.get("Content").is_none() {
            return Ok(findings);
        }
        // Whether an update without qualifier publishes at once is not stated: the draft has it in any case.
        let topic = format!("content after {update}");
        if findings.is_empty() {
            self.client.learn(topic, "shows at once");
            return Ok(findings);
        }
        let findings = self.shows(&draft(&self.made.id), &changed).await?;
        if findings.is_empty() {
            self.client.learn(topic, "shows in the draft only");
        }
        Ok(findings)
    }

    async fn delete_gone(&self) -> Judged {
        let named = self.named(&self.made.id);
        // Without this, a resource that was never there would count as gone.
        succeed(self.client, self.row.describe, &named).await?;
        succeed(self.client, self.row.delete, &named).await?;
        let mut wait = Wait::brief(self.client);
        loop {
            let reply = self.describe(&self.made.id).await?;
            let exchange = match &reply {
                Reply::Refused(exchange, _) if exchange.response.status == 404 => return Ok(Vec::new()),
                Reply::Success(exchange) | Reply::Refused(exchange, _) => exchange,
                Reply::Unsupported(_) | Reply::Trouble(_) => return Err(reply.describe()),
            };
            if wait.again().await {
                continue;
            }
            // How what does not exist is answered is the matter of error.not-found.
            let never = self.describe(&unknown(&self.made.id)).await?;
            if never.refusal().is_some() && never.refusal() == reply.refusal() {
                return Ok(Vec::new());
            }
            return Ok(vec![self.check.finding("", "404 ResourceNotFoundException", reply.describe(), Some(exchange))]);
        }
    }

    async fn duplicate_name(&self) -> Judged {
        let (_, mut again) = self.client.creation(self.row).await.ok_or("no instance any more")?;
        let fresh = again[self.row.name_member].take();
        again[self.row.name_member] = self.sent[self.row.name_member].clone();
        let reply = perform(self.client, self.row.create, &again).await?;
        let exchange = match &reply {
            Reply::Refused(exchange, error) => {
                let (status, code) = (exchange.response.status, error.code.as_deref());
                if reply.is_quota() {
                    return Err(reply.describe());
                }
                // Under another name, and with another token for what may have been kept of the first attempt.
                let (_, mut twin) = self.client.creation(self.row).await.ok_or("no instance any more")?;
                twin[self.row.name_member] = fresh;
                steps::create(self.client, self.row, &twin)
                    .await
                    .map_err(|why| format!("under a free name, too, the request is refused: {why}"))?;
                let conflict = code.map_or(status == 409, |code| CONFLICTS.contains(&code));
                if conflict {
                    self.client.learn(format!("taken name, {}", self.row.create), code.unwrap_or("409 without a name"));
                    return Ok(Vec::new());
                }
                exchange
            }
            Reply::Success(exchange) => exchange,
            Reply::Unsupported(_) | Reply::Trouble(_) => return Err(reply.describe()),
        };
        let expected = format!("409, one of {}", CONFLICTS.join(", "));
        Ok(vec![self.check.finding(format!("/{}", self.row.name_member), expected, reply.describe(), Some(exchange))])
    }
}

/// The draft of a flow or module, as an id.
pub(super) fn draft(id: &str) -> String {
    format!("{id}:$SAVED")
}

/// An id of the same form that nobody has.
fn unknown(id: &str) -> String {
    id.chars().enumerate().map(|(at, c)| if at < 8 && c.is_ascii_hexdigit() { 'd' } else { c }).collect()
}
