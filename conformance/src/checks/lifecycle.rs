//! Family lifecycle: from creation over changes to deletion, as every later call shows it.

mod echo;
mod tags;

use arbitrary::Unstructured;
use connect_model::schema::{OperationId, Schema};
use connect_model::semantics::{self, Context};
use serde_json::{Value, json};

use self::echo::{Echo, differences, echoes, shown};
use self::tags::life_of_tags;
use super::language::outline;
use super::steps::{self, Wait, naming, perform, succeed};
use super::{Check, pagination, row};
use crate::case::{Finding, Level, Outcome};
use crate::client::{Client, Made};
use crate::reply::Reply;
use crate::resources::{self, Resource};

/// Where the rules on flows and modules come from.
const LIFE: &str = "Connect, life cycle of flows, modules and rules";

/// The checks of the family.
pub const CHECKS: &[Check] = &[
    Check {
        id: "lifecycle.create-describe",
        level: Level::Must,
        rule: "what was created is shown as it was sent",
        source: LIFE,
        passes: "the same name, type, content (as JSON), status, event source and tags, within a short while",
        fails: "another value, or none",
    },
    Check {
        id: "lifecycle.create-list",
        level: Level::Must,
        rule: "what was created is listed",
        source: LIFE,
        passes: "an item of that name in the list, within a short while",
        fails: "a list without it",
    },
    Check {
        id: "lifecycle.update-visible",
        level: Level::Must,
        rule: "what was changed is shown as it is now",
        source: LIFE,
        passes: "the new name or content, within a short while; content may show in the draft first",
        fails: "the old value",
    },
    Check {
        id: "lifecycle.delete-gone",
        level: Level::Must,
        rule: "what was deleted is not found any more",
        source: LIFE,
        passes: "404, or the answer that an id gets that never was, within a short while",
        fails: "a success, or an answer that an unknown id does not get",
    },
    Check {
        id: "lifecycle.duplicate-name",
        level: Level::Must,
        rule: "a name that is taken in the instance is refused as a conflict",
        source: "service model of Amazon Connect: DuplicateResource, ResourceConflict and Idempotency are errors with 409",
        passes: "409, while the same request under another name is accepted",
        fails: "a second resource of that name, or a refusal by another error",
    },
    Check {
        id: "lifecycle.saved-published",
        level: Level::Must,
        rule: "a saved flow is shown as its draft alone, a published one is checked and shown",
        source: "Connect, ContactFlowStatus: PUBLISHED starts validation of the content, SAVED does not",
        passes: "ContactFlowNotPublishedException for a saved flow, its draft under :$SAVED; success for a published \
                 one; a refusal, under PUBLISHED and under no status, of content that is not JSON or has unknown actions",
        fails: "a draft that is shown as published, a flow that cannot be shown, or unusable content that is published",
    },
    Check {
        id: "lifecycle.tags",
        level: Level::Must,
        rule: "tags are added, overwritten and removed by key, and listed as they are",
        source: "Connect, tags: TagResource merges, UntagResource removes keys",
        passes: "ListTagsForResource shows all that was set last and nothing that was removed, within a short while",
        fails: "a tag that is lost, old, or still there",
    },
];

/// Errors for a taken name. Source: facts C2; which of them a module gets is not documented.
const CONFLICTS: &[&str] = &["DuplicateResourceException", "ResourceConflictException", "IdempotencyException"];

/// Errors for a full instance: they say nothing about the name.
const QUOTAS: &[&str] = &["LimitExceededException", "ServiceQuotaExceededException"];

/// The error that a flow without published content gets.
const NOT_PUBLISHED: &str = "ContactFlowNotPublishedException";

/// Checks that make sense for an operation.
pub fn planned(schema: &Schema, operation: OperationId) -> Vec<&'static Check> {
    let name = schema[operation].name.as_str();
    if name == "TagResource" {
        return vec![row(CHECKS, "lifecycle.tags")];
    }
    let Some(kind) = resources::created_by(name).filter(|kind| kind.id_member != "InstanceId") else {
        return Vec::new();
    };
    let drafts = schema
        .operation_named(kind.describe)
        .is_some_and(|describe| schema.error_of(&schema[describe], NOT_PUBLISHED).is_some());
    CHECKS
        .iter()
        .filter(|check| match check.id {
            "lifecycle.update-visible" => !kind.updates.is_empty(),
            "lifecycle.saved-published" => drafts,
            "lifecycle.tags" => false,
            _ => true,
        })
        .collect()
}

/// Carries one check out.
pub async fn run(client: &Client, operation: OperationId, check: &'static Check) -> Outcome {
    if let Some(why) = client.unsupported(operation).await {
        return Outcome::unsupported(why, 0);
    }
    let result = match resources::created_by(&client.schema[operation].name) {
        Some(row) => life(client, row, check).await,
        None => life_of_tags(client, check).await,
    };
    match result {
        Ok(findings) => Outcome::from_findings(findings, 0),
        Err(why) => Outcome::indeterminate(why, 0),
    }
}

type Judged = Result<Vec<Finding>, String>;

/// A resource that exists, with the input that made it.
struct Life<'c> {
    client: &'c Client,
    row: &'static Resource,
    check: &'static Check,
    sent: Value,
    made: Made,
}

async fn life(client: &Client, row: &'static Resource, check: &'static Check) -> Judged {
    let (_, mut sent) = client.creation(row).await.ok_or_else(|| format!("no instance to create a {} in", row.kind))?;
    match check.id {
        "lifecycle.saved-published" => return saved_published(client, row, &sent, check).await,
        "lifecycle.create-describe" => sent["Tags"] = json!({ "contract-test": "created", "contract-test-2": "" }),
        _ => {}
    }
    let made = steps::create(client, row, &sent).await?;
    let life = Life { client, row, check, sent, made };
    match check.id {
        "lifecycle.create-describe" => life.create_describe().await,
        "lifecycle.create-list" => life.create_list().await,
        "lifecycle.update-visible" => life.update_visible().await,
        "lifecycle.delete-gone" => life.delete_gone().await,
        "lifecycle.duplicate-name" => life.duplicate_name().await,
        other => Err(format!("{other} is no scenario of a {}", row.kind)),
    }
}

impl Life<'_> {
    async fn describe(&self, id: &str) -> Result<Reply, String> {
        perform(self.client, self.row.describe, &naming(self.row, &self.sent, id)).await
    }

    /// Asks until everything that is `expected` is shown; what is different at the end is a finding.
    async fn shows(&self, id: &str, expected: &Value) -> Judged {
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
            let (count, exchange) = pagination::count_named(self.client, self.row, name).await?;
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
        let mut input = naming(self.row, &self.sent, &self.made.id);
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
        let named = naming(self.row, &self.sent, &self.made.id);
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
                if is_quota(code) {
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

async fn saved_published(client: &Client, row: &'static Resource, template: &Value, check: &'static Check) -> Judged {
    let named = |status: &str| {
        let mut input = template.clone();
        input["Status"] = status.into();
        input[row.name_member] = client.fresh_name().into();
        input
    };
    let mut findings = Vec::new();

    let sent = named("SAVED");
    let made = steps::create(client, row, &sent).await?;
    let saved = Life { client, row, check, sent, made };
    let reply = saved.describe(&saved.made.id).await?;
    match &reply {
        // An error without a name is the matter of error.discriminator.
        Reply::Refused(exchange, error) if error.code.is_none() && exchange.response.status == 404 => {}
        Reply::Refused(_, error) if error.code.as_deref() == Some(NOT_PUBLISHED) => {}
        Reply::Success(exchange) | Reply::Refused(exchange, _) => {
            let expected = format!("404 {NOT_PUBLISHED} for a flow that was only saved");
            findings.push(check.finding("", expected, reply.describe(), Some(exchange)));
        }
        Reply::Unsupported(_) | Reply::Trouble(_) => return Err(reply.describe()),
    }
    findings.extend(saved.shows(&draft(&saved.made.id), &json!({ "Content": saved.sent["Content"] })).await?);

    let sent = named("PUBLISHED");
    let made = steps::create(client, row, &sent).await?;
    let published = Life { client, row, check, sent, made };
    findings.extend(published.shows(&published.made.id, &published.sent).await?);

    // The twin of these requests has just been accepted. What the error says is the matter of invalid.flow-content.
    for (what, content) in unusable(client, row) {
        for status in [Some("PUBLISHED"), None] {
            let mut input = named("PUBLISHED");
            input["Content"] = content.as_str().into();
            if let (None, Some(members)) = (status, input.as_object_mut()) {
                members.remove("Status");
            }
            let reply = perform(client, row.create, &input).await?;
            // That no status means published was observed, and is not written anywhere.
            let level = if status.is_some() { check.level } else { Level::Should };
            let status = status.unwrap_or("no status");
            match &reply {
                Reply::Refused(_, error) if is_quota(error.code.as_deref()) => return Err(reply.describe()),
                Reply::Refused(exchange, _) if exchange.response.status < 500 => {
                    client.learn(format!("{what} under {status}"), outline(&reply));
                }
                Reply::Success(exchange) | Reply::Refused(exchange, _) => {
                    let expected = format!("a refusal (4xx) to publish {what} under {status}");
                    let finding = check.finding("/Content", expected, reply.describe(), Some(exchange));
                    findings.push(Finding { level, ..finding });
                }
                Reply::Unsupported(_) | Reply::Trouble(_) => return Err(reply.describe()),
            }
        }
        // That a draft is not checked is documented; how far, is not known.
        let mut input = named("SAVED");
        input["Content"] = content.into();
        client.learn(format!("{what} under SAVED"), outline(&perform(client, row.create, &input).await?));
    }
    Ok(findings)
}

/// Contents that cannot be published, and what they are.
fn unusable(client: &Client, row: &Resource) -> Vec<(&'static str, String)> {
    let mut contents = vec![("content that is not JSON", "{".to_owned())];
    let unknown = semantics::breaches(row.create).into_iter().find(|breach| breach.kind == "unknown-action-type");
    let bytes = client.bytes("lifecycle.saved-published/content");
    let broken = unknown.and_then(|breach| {
        // Wrong in any flow, whatever its type.
        semantics::broken(row.create, breach, &Context::default(), &mut Unstructured::new(&bytes))
    });
    if let Some(Value::String(content)) = broken.and_then(|mut broken| broken.invalid.remove("Content")) {
        contents.push(("content with an unknown action", content));
    }
    contents
}

fn is_quota(code: Option<&str>) -> bool {
    code.is_some_and(|code| QUOTAS.contains(&code))
}

/// The draft of a flow or module, as an id.
fn draft(id: &str) -> String {
    format!("{id}:$SAVED")
}

/// An id of the same form that nobody has.
fn unknown(id: &str) -> String {
    id.chars().enumerate().map(|(at, c)| if at < 8 && c.is_ascii_hexdigit() { 'd' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_lives_through_the_same() {
        let schema = Schema::connect();
        let ids = |name: &str| {
            let operation = schema.operation_named(name).unwrap_or_else(|| unreachable!("{name}"));
            planned(schema, operation).iter().map(|check| check.id).collect::<Vec<_>>()
        };
        assert_eq!(ids("CreateInstance"), [""; 0]);
        assert_eq!(ids("TagResource"), ["lifecycle.tags"]);
        assert_eq!(ids("CreateRule").len(), 5);
        assert_eq!(ids("CreateContactFlowModule").len(), 5);
        assert!(ids("CreateContactFlow").contains(&"lifecycle.saved-published"));
    }
}
