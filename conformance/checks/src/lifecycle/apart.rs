//! The borders of a resource's life: nothing shows it after its deletion, its name is free again, and no other parent has it.

use connect_model::resources::{self as graph, read_tags};
use connect_transport::exchange::Exchange;
use serde_json::{Value, json};

use crate::case::{Finding, Level};
use crate::client::pager::{list_all, search_named};
use crate::client::reply::{Reply, is_conflict};
use crate::code::Trial;
use crate::lifecycle::life::Life;
use crate::resources::{self, INSTANCE, Resource};
use crate::same::ending;
use crate::steps;
use crate::steps::{Judged, Wait, and_then, body, perform, succeed};

/// Kinds that live in something which their description names.
pub(super) fn has_home(row: &Resource) -> bool {
    let named = row.naming(row.describe, &json!({}), "");
    row.of.parents.iter().any(|(member, _)| named.get(member).is_some())
}

/// `lifecycle.own-parent`.
pub(super) async fn own_parent(trial: Trial<'_>, row: &'static Resource) -> Judged {
    let Trial { client, check, .. } = trial;
    let life = Life::begin_tagged(trial, row, &[("contract-test-home", "here")]).await?;
    let named = life.naming(&life.created.id);
    succeed(client, row.describe, &named).await?;
    let (mut findings, mut judged) = (Vec::new(), 0);
    let mut forms = vec![("", named.clone())];
    if let Some(by_arn) = steps::naming_by_arn(client.schema, row, &life.sent, &life.created)
        && let Reply::Success(_) = perform(client, row.describe, &by_arn).await?
    {
        forms.push((" by its ARN", by_arn));
    }
    for (member, parent) in &row.of.parents {
        let Some(own) = named.get(member) else { continue };
        let other = match parent.map(|parent| row.graph().kinds()[parent].noun.as_str()) {
            _ if member == INSTANCE => steps::quiet_instance(client).await?,
            Some(noun) => match resources::named(client.schema, noun) {
                Some(parent) => client.create(parent).await?.id,
                None => continue,
            },
            None => continue,
        };
        if *own == other {
            continue;
        }
        for (form, named) in &forms {
            let mut elsewhere = named.clone();
            elsewhere[member] = other.clone().into();
            match perform(client, row.describe, &elsewhere).await? {
                Reply::Refused(..) => judged += 1,
                Reply::Success(exchange) => {
                    judged += 1;
                    // One of the same id may live there.
                    let text = String::from_utf8_lossy(&exchange.response.body);
                    if text.contains(&life.created.id) && text.contains(row.name_in(&life.sent)) {
                        let expected = format!("a rejection, as the {} lives under another {member}", row.kind);
                        let actual = format!("200 with the resource{form}");
                        findings.push(check.finding(format!("/{member}"), expected, actual, Some(&exchange)));
                    }
                }
                other @ (Reply::Unsupported(_) | Reply::Trouble(..)) => return Err(other.describe()),
            }
        }
        if member == INSTANCE {
            findings = and_then(findings, life.seen_in(&other)).await?;
            findings = and_then(findings, life.tags_in(&other)).await?;
        }
    }
    if judged == 0 {
        return Err(format!("there is no other parent to look for the {} in", row.kind));
    }
    Ok(findings)
}

/// `lifecycle.name-free`.
pub(super) async fn name_free(trial: Trial<'_>, row: &'static Resource) -> Judged {
    let Trial { client, check, .. } = trial;
    let life = Life::begin(trial, row).await?;
    let named = row.naming(row.delete, &life.sent, &life.created.id);
    let deleted = succeed(client, row.delete, &named).await?;
    let mut wait = Wait::brief(client);
    loop {
        let mut again = client.creation(row).await?;
        row.set_name(&mut again, row.name_in(&life.sent));
        let reply = perform(client, row.create, &again).await?;
        let exchange = match &reply {
            Reply::Success(_) => return Ok(Vec::new()),
            Reply::Refused(exchange, error) => {
                if !is_conflict(exchange.response.status, error.code.as_deref()) {
                    return Err(reply.describe());
                }
                exchange
            }
            Reply::Unsupported(_) | Reply::Trouble(..) => return Err(reply.describe()),
        };
        if wait.again().await {
            continue;
        }
        if let Reply::Success(_) = life.describe(&life.created.id).await? {
            return Err(format!("{} still shows what was deleted", row.describe));
        }
        let expected = "success: what had the name is deleted";
        let finding = check.finding(row.name_pointer(), expected, reply.describe(), Some(exchange));
        return Ok(vec![finding.resting_on([&*deleted, &**exchange])]);
    }
}

impl Life<'_> {
    /// Findings if the description by ARN, a list or a search still shows the deleted resource.
    pub(super) async fn unlisted(&self) -> Judged {
        let mut findings = Vec::new();
        if self.row.is_instance() {
            return Ok(findings);
        }
        // Not every endpoint takes an ARN for an id.
        findings.extend(self.gone_by_arn().await.unwrap_or_default());
        for (readers, is_search) in [(self.row.list, false), (self.row.search, true)] {
            let Some((reader, id)) = readers else { continue };
            let mut wait = if is_search { Wait::for_index(self.client) } else { Wait::brief(self.client) };
            loop {
                // Other checks judge lists and searches that fail.
                let Ok((items, exchange)) = self.items(is_search, &self.sent).await else { break };
                let Some(item) = items.iter().find(|item| item[id] == *self.created.id) else { break };
                if wait.again().await {
                    continue;
                }
                if let Some(state) = ending(&Value::Null, item) {
                    return Err(format!("{reader} shows it as {state}: the deletion is not complete"));
                }
                let expected = format!("no item with the id of the deleted {}", self.row.kind);
                let actual = format!("{reader} shows {} after {}", self.created.id, self.row.delete);
                findings.push(self.check.finding("", expected, actual, exchange.as_ref()));
                break;
            }
        }
        Ok(findings)
    }

    /// The items of the list with the parents of a creation, or those that the search finds there by the name of the resource.
    async fn items(&self, is_search: bool, sent: &Value) -> Result<(Vec<Value>, Option<Exchange>), String> {
        match is_search {
            true => search_named(self.client, self.row, sent, self.row.name_in(&self.sent)).await,
            false => list_all(self.client, self.row, Some(sent)).await,
        }
    }

    /// Findings if a list or a search of another instance shows the resource, or if its name is taken there.
    async fn seen_in(&self, instance: &str) -> Judged {
        let (client, row) = (self.client, self.row);
        let mut there = client.creation_in(row, instance).await?;
        let name = row.name_in(&self.sent);
        row.set_name(&mut there, name);
        let mut findings = Vec::new();
        for (readers, is_search) in [(row.list, false), (row.search, true)] {
            let Some((reader, id)) = readers else { continue };
            // Other checks judge lists and searches that fail.
            let Ok((items, exchange)) = self.items(is_search, &there).await else { continue };
            if items.iter().any(|item| item[id] == *self.created.id) {
                let expected = format!("no {} of another instance", row.kind);
                let actual = format!("{reader} shows {}", self.created.id);
                findings.push(self.check.finding(format!("/{INSTANCE}"), expected, actual, exchange.as_ref()));
            }
        }
        if !name.is_empty()
            && row.has_unique_names()
            && let Ok(reply) = perform(client, row.create, &there).await
            && reply.refusal().is_some_and(|(status, code)| is_conflict(status, code) && !reply.is_quota())
        {
            let expected = format!("success: the {} of that name is in another instance", row.kind);
            let finding = self.check.finding(row.name_pointer(), expected, reply.describe(), reply.exchange());
            findings.push(finding.at_most(Level::Should));
        }
        Ok(findings)
    }

    /// A finding if the ARN of the resource leads to its tags with another instance in it.
    async fn tags_in(&self, instance: &str) -> Judged {
        let (schema, last) = (self.client.schema, |text: &str| text.rsplit('/').next().unwrap_or_default().to_owned());
        let own = self.sent[INSTANCE].as_str().map(last).unwrap_or_default();
        let (Some(arn), Some(tagging), Some(member)) =
            (&self.created.arn, &graph::shared(schema).tagging, self.row.tag_member())
        else {
            return Ok(Vec::new());
        };
        let elsewhere = arn.replace(&format!(":instance/{own}/"), &format!(":instance/{}/", last(instance)));
        let ours = read_tags(&self.sent[&member.name]);
        let name = &schema[tagging.list].name;
        let list = async |arn: &str| perform(self.client, name, &json!({ &tagging.arn: arn })).await;
        // Other checks judge tags that are not shown.
        if elsewhere == *arn || ours.is_empty() || !matches!(list(arn).await?, Reply::Success(_)) {
            return Ok(Vec::new());
        }
        match list(&elsewhere).await? {
            Reply::Success(exchange) => {
                let shown = read_tags(&body(schema, &exchange)?[&tagging.tags]);
                let is_ours = ours.iter().all(|(key, value)| shown.get(key) == Some(value));
                let expected = format!("a rejection: {elsewhere} is in another instance");
                let finding = || {
                    self.check.finding(
                        format!("/{}", tagging.arn),
                        expected,
                        "200 with the tags of the resource",
                        Some(&exchange),
                    )
                };
                Ok(is_ours.then(finding).into_iter().collect())
            }
            Reply::Refused(..) => Ok(Vec::new()),
            other @ (Reply::Unsupported(_) | Reply::Trouble(..)) => Err(other.describe()),
        }
    }

    /// Describes the resource by its ARN; none if it has none, or the contract allows none there.
    pub(super) async fn describe_by_arn(&self) -> Result<Option<Reply>, String> {
        match steps::naming_by_arn(self.client.schema, self.row, &self.sent, &self.created) {
            Some(named) => Ok(Some(perform(self.client, self.row.describe, &named).await?)),
            None => Ok(None),
        }
    }

    /// A finding if the description by ARN still shows what the description by id does not.
    async fn gone_by_arn(&self) -> Result<Option<Finding>, String> {
        let mut wait = Wait::brief(self.client);
        loop {
            let reply = self.describe_by_arn().await?;
            let Some(Reply::Success(exchange)) = &reply else { return Ok(None) };
            // An endpoint that describes anything shows no resource of ours.
            let is_ours = String::from_utf8_lossy(&exchange.response.body).contains(&self.created.id);
            if !is_ours {
                return Ok(None);
            }
            if wait.again().await {
                continue;
            }
            let expected = "404 ResourceNotFoundException by its ARN, as by its id";
            return Ok(Some(self.check.finding("", expected, "200 with the deleted resource", Some(exchange))));
        }
    }
}
