//! Tags of a resource, before and after changes.

use connect_model::resources::{self as graph, Tagging, Tags, read_tags, tag_member};
use connect_model::schema::{Member, OperationId, Schema};
use connect_model::validate::excerpt;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::case::{Finding, Level};
use crate::check::Check;
use crate::client::pager::{Pager, collected};
use crate::client::reply::Reply;
use crate::client::run_tag::MAX_TAGS;
use crate::client::{Client, Created};
use crate::code::Trial;
use crate::resources::Resource;
use crate::steps;
use crate::steps::{Judged, Wait, and_then, body, described, perform, shown, succeed};
use crate::tagging::valid_tags;
use connect_transport::exchange::Exchange;

/// Longest key of a tag. Source: service model of Amazon Connect, TagKey.
const LONGEST_KEY: usize = 128;

/// Number of concurrent additions.
const CONCURRENT: usize = 6;

/// A tagged resource, with the input that created it.
struct Tagged<'c> {
    client: &'c Client,
    tagging: &'static Tagging,
    created: Created,
    sent: Value,
    values: Values,
}

/// The values of tags that take the place of an empty one and of [`TEXT`], where the contract does not allow these.
#[derive(Clone, Copy)]
struct Values {
    blank: &'static str,
    text: &'static str,
}

/// Letters of several scripts, one of them beyond the Basic Multilingual Plane. Source: AWS General Reference, tags have letters,
/// numbers and spaces of any script.
const TEXT: &str = "\u{e9} \u{5e9} \u{10348}";

/// A change of the tags of a resource.
enum Change {
    /// Adds or overwrites tags.
    Add(&'static [(&'static str, &'static str)]),
    /// Removes keys.
    Remove(&'static [&'static str]),
}

/// The tags of a new resource.
const FIRST: Change = Change::Add(&[("Ct-A", "1"), ("Ct-B", "2")]);

/// The changes after that.
const CHANGES: [Change; 2] = [Change::Add(&[("Ct-B", TEXT), ("ct-c", "")]), Change::Remove(&["Ct-A", "ct-c"])];

/// The keys of all changes.
const KEYS: [&str; 3] = ["Ct-A", "Ct-B", "ct-c"];

impl Change {
    /// The tags of our keys after the change.
    fn apply(&self, before: &Tags, values: Values) -> Tags {
        let mut after = before.clone();
        match self {
            Self::Add(_) => after.extend(self.added(values)),
            Self::Remove(keys) => after.retain(|key, _| !keys.contains(&key.as_str())),
        }
        after.retain(|key, _| KEYS.contains(&key.as_str()));
        after
    }

    /// The tags that it adds.
    fn added(&self, values: Values) -> Tags {
        let Self::Add(tags) = self else { return Tags::new() };
        let value = |value: &str| match value {
            "" => values.blank.to_owned(),
            TEXT => values.text.to_owned(),
            other => other.to_owned(),
        };
        tags.iter().map(|(key, text)| ((*key).to_owned(), value(text))).collect()
    }
}

impl<'c> Tagged<'c> {
    /// A new resource with two tags. It is not documented if rules can be tagged by their ARN: a rejection is recorded.
    async fn new(client: &'c Client, row: &'static Resource) -> Result<Self, String> {
        let tagging = graph::shared(client.schema).tagging.as_ref().ok_or("the model has no operations on tags")?;
        let sent = client.creation(row).await?;
        let created = steps::create(client, row, &sent).await?;
        let mut tagged = Self { client, tagging, created, sent, values: Values { blank: "", text: TEXT } };
        for (blank, text) in [("", TEXT), ("none", TEXT), ("", "3"), ("none", "3")] {
            tagged.values = Values { blank, text };
            if tagged.written(&CHANGES[0].added(tagged.values)).is_some() {
                break;
            }
        }
        let reply = tagged.change(&FIRST).await?;
        match &reply {
            Reply::Success(_) => Ok(tagged),
            other => {
                let tag = tagged.name(tagging.tag);
                client.learn(format!("{tag} on a {}", row.kind), other.outline());
                Err(format!("{tag} on a {} answered {}", row.kind, other.describe()))
            }
        }
    }

    fn name(&self, operation: OperationId) -> &'static str {
        &self.client.schema[operation].name
    }

    async fn change(&self, change: &Change) -> Result<Reply, String> {
        match change {
            Change::Add(_) => self.add(change.added(self.values)).await,
            Change::Remove(keys) => {
                let input = json!({ &self.tagging.arn: self.created.arn, &self.tagging.keys: keys });
                perform(self.client, self.name(self.tagging.untag), &input).await
            }
        }
    }

    async fn add(&self, tags: Tags) -> Result<Reply, String> {
        let arn = self.created.arn.as_deref().ok_or("the answer of the creation has no ARN")?;
        steps::add_tags(self.client, arn, &tags).await
    }

    /// Tags as a value of the request that adds them, if the contract allows it.
    fn written(&self, tags: &Tags) -> Option<Value> {
        let (schema, tagging) = (self.client.schema, self.tagging);
        let member = schema.input_members(&schema[tagging.tag])?.get(&tagging.tags)?;
        valid_tags(schema, member, tags)
    }

    /// The listed tags.
    async fn list(&self) -> Result<(Tags, Box<Exchange>), String> {
        let input = json!({ &self.tagging.arn: self.created.arn });
        let list = &self.client.schema[self.tagging.list];
        let items = list.pagination.as_ref().and_then(|pagination| pagination.items.as_deref());
        if items.is_some_and(|path| path.iter().eq([&self.tagging.tags])) {
            let pages = Pager::new(self.client, self.tagging.list, input)?.all(None).await?;
            let mut tags = Tags::new();
            for page in &pages {
                tags.extend(read_tags(&body(self.client.schema, &page.exchange)?[&self.tagging.tags]));
            }
            let last = collected(pages).1.ok_or("there is no page of tags")?;
            return Ok((tags, Box::new(last)));
        }
        let exchange = succeed(self.client, self.name(self.tagging.list), &input).await?;
        Ok((read_tags(&body(self.client.schema, &exchange)?[&self.tagging.tags]), exchange))
    }

    /// Applies a change; does nothing if there is none.
    async fn apply(&self, change: Option<&Change>) -> Result<(), String> {
        let Some(change) = change else { return Ok(()) };
        match self.change(change).await? {
            Reply::Success(_) => Ok(()),
            other => Err(format!("{} answered {}", self.operation_of(change), other.describe())),
        }
    }

    /// A refused addition adds none of its tags.
    async fn refused_additions(&self, check: &Check) -> Judged {
        // One wrong key sorts after the right ones, the other one before them: an endpoint may read tags from either end.
        let right = ["ct-1-refused", "ct-2-refused"].map(|key| (key.to_owned(), "1".to_owned()));
        for (wrong, words) in [("k".repeat(LONGEST_KEY + 1), "a long key"), ("aws:ct".to_owned(), "a reserved key")] {
            let tags: Tags = right.iter().cloned().chain([(wrong, "1".to_owned())]).collect();
            let reply = self.add(tags.clone()).await?;
            // The family invalid judges what is accepted.
            let Some((400..=499, _)) = reply.refusal().filter(|_| !reply.is_quota()) else { return Ok(Vec::new()) };
            let mut wait = Wait::brief(self.client);
            loop {
                let (listed, exchange) = self.list().await?;
                let Some(added) = tags.keys().find(|key| listed.contains_key(*key)) else { break };
                if !wait.again().await {
                    let expected = format!("no tag of an addition that was refused for {words}");
                    let pointer = format!("/{}", self.tagging.tags);
                    let finding = check.finding(pointer, expected, excerpt(&added.as_str().into()), Some(&exchange));
                    return Ok(vec![finding.resting_on(reply.exchange().into_iter().chain([&*exchange]))]);
                }
            }
        }
        Ok(Vec::new())
    }

    /// The addition to which a resource would have one tag more than it may have is refused.
    async fn too_many(&self, check: &Check) -> Judged {
        // Other services have other limits.
        if !self.client.schema.service.is_connect() {
            return Ok(Vec::new());
        }
        let count = |tags: &Tags| tags.keys().filter(|key| !key.starts_with("aws:")).count();
        let (before, _) = self.list().await?;
        let full = (count(&before)..MAX_TAGS).map(|number| (format!("ct-many-{number}"), "1".to_owned())).collect();
        let filled = self.add(full).await?;
        let (Reply::Success(_), Ok((listed, _))) = (&filled, self.list().await) else { return Ok(Vec::new()) };
        if count(&listed) != MAX_TAGS {
            return Ok(Vec::new());
        }
        let reply = self.add(Tags::from([("ct-one-more".to_owned(), "1".to_owned())])).await?;
        let (listed, exchange) = self.list().await?;
        if !matches!(reply, Reply::Success(_)) || count(&listed) == MAX_TAGS {
            self.client.learn("one tag more than a resource may have", reply.outline());
            return Ok(Vec::new());
        }
        let expected = format!("a refusal: a resource has at most {MAX_TAGS} tags");
        let actual = format!("{}, and {} tags are listed", reply.describe(), count(&listed));
        let finding = check.finding(format!("/{}", self.tagging.tags), expected, actual, Some(&exchange));
        Ok(vec![finding.at_most(Level::Should).resting_on(reply.exchange().into_iter().chain([&*exchange]))])
    }

    fn operation_of(&self, change: &Change) -> &'static str {
        match change {
            Change::Add(_) => self.name(self.tagging.tag),
            Change::Remove(_) => self.name(self.tagging.untag),
        }
    }
}

/// Adds, overwrites and removes tags, and checks the list after each change.
pub(super) async fn life_of_tags(trial: Trial<'_>, row: &'static Resource) -> Judged {
    let Trial { client, check, .. } = trial;
    let tagged = Tagged::new(client, row).await?;
    let mut findings = Vec::new();
    // The tags before a change, as they were listed: a wrong one is not judged again.
    let mut before: Option<Tags> = None;
    for change in std::iter::once(None).chain(CHANGES.iter().map(Some)) {
        findings = and_then(findings, async {
            tagged.apply(change).await?;
            let expected = change.unwrap_or(&FIRST).apply(before.as_ref().unwrap_or(&Tags::new()), tagged.values);
            let mut wait = Wait::brief(client);
            loop {
                let (listed, exchange) = tagged.list().await?;
                let wrong: Vec<Finding> = KEYS
                    .iter()
                    .filter(|key| listed.get(**key) != expected.get(**key))
                    .map(|key| {
                        let text = |tags: &Tags| tags.get(*key).map(|value| excerpt(&value.as_str().into()));
                        let wanted = text(&expected).unwrap_or_else(|| "absent".to_owned());
                        let actual = text(&listed).unwrap_or_else(|| "absent".to_owned());
                        let after = tagged.operation_of(change.unwrap_or(&FIRST));
                        let pointer = format!("/{}/{key}", tagged.tagging.tags);
                        check.finding(pointer, wanted, format!("{actual} after {after}"), Some(&exchange))
                    })
                    .collect();
                if wrong.is_empty() || !wait.again().await {
                    before = Some(listed);
                    return Ok(wrong);
                }
            }
        })
        .await?;
    }
    if !findings.is_empty() {
        return Ok(findings);
    }
    let missing = tagged.change(&Change::Remove(&["ct-never"])).await?;
    client.learn("removing a tag that is not there", missing.outline());
    and_then(tagged.refused_additions(check).await?, tagged.too_many(check)).await
}

/// The member of the description of a kind with its tags.
fn shown_member(schema: &'static Schema, row: &'static Resource) -> Option<&'static Member> {
    tag_member(schema, described(schema, row).ok()?)
}

/// True if the description of a kind shows its tags.
pub(super) fn are_shown(schema: &'static Schema, row: &'static Resource) -> bool {
    shown_member(schema, row).is_some()
}

/// Makes the same changes, and checks the described resource after each.
pub(super) async fn shown_as_listed(trial: Trial<'_>, row: &'static Resource) -> Judged {
    let Trial { client, check, .. } = trial;
    let tagged = Tagged::new(client, row).await?;
    let member = shown_member(client.schema, row).ok_or_else(|| format!("{} shows no tags", row.describe))?;
    let mut compared = false;
    let mut findings = Vec::new();
    for change in std::iter::once(None).chain(CHANGES.iter().map(Some)) {
        findings = and_then(findings, async {
            tagged.apply(change).await?;
            let mut wait = Wait::brief(client);
            loop {
                let (mut listed, _) = tagged.list().await?;
                // The description may have narrower rules for tags.
                let one = |(key, value): (&String, &String)| Tags::from([(key.clone(), value.clone())]);
                listed.retain(|key, value| valid_tags(client.schema, member, &one((key, value))).is_some());
                let named = row.naming(row.describe, &tagged.sent, &tagged.created.id);
                let exchange = succeed(client, row.describe, &named).await?;
                let (wrapper, resource) = shown(client.schema, row, &exchange)?;
                // Without tags, the member may be absent, null or empty.
                let shown = read_tags(&resource[&member.name]);
                if listed == shown {
                    compared |= !listed.is_empty();
                    return Ok(Vec::new());
                }
                if !wait.again().await {
                    let [expected, actual] = [listed, shown].map(|tags| excerpt(&json!(tags)));
                    let pointer = format!("{wrapper}/{}", member.name);
                    return Ok(vec![check.finding(pointer, expected, actual, Some(&exchange))]);
                }
            }
        })
        .await?;
    }
    if !findings.is_empty() {
        return Ok(findings);
    }
    if compared { Ok(Vec::new()) } else { Err("the endpoint listed no tags".to_owned()) }
}

/// Adds tags concurrently.
pub(super) async fn concurrent(trial: Trial<'_>, row: &'static Resource) -> Judged {
    let Trial { client, check, .. } = trial;
    let tagged = Tagged::new(client, row).await?;
    let keys: Vec<String> = (0..CONCURRENT).map(|number| format!("ct-at-once-{number}")).collect();
    let add = |key: &String| tagged.add(Tags::from([(key.clone(), "1".to_owned())]));
    let replies = join_all(keys.iter().map(add)).await;
    let added = keys.iter().zip(&replies).filter(|(_, reply)| matches!(reply, Ok(Reply::Success(_))));
    let added: Vec<&String> = added.map(|(key, _)| key).collect();
    if added.len() < 2 {
        return Err(format!("only {} of {CONCURRENT} concurrent additions succeeded", added.len()));
    }
    let mut wait = Wait::brief(client);
    loop {
        let (listed, exchange) = tagged.list().await?;
        let missing = added.iter().filter(|key| !listed.contains_key(key.as_str())).count();
        if missing == 0 {
            return Ok(Vec::new());
        }
        if !wait.again().await {
            let expected = format!("all {} concurrently added tags", added.len());
            let pointer = format!("/{}", tagged.tagging.tags);
            return Ok(vec![check.finding(pointer, expected, format!("{missing} missing"), Some(&exchange))]);
        }
    }
}
