//! `keep.setting`: what an operation sets beside a resource, the operation of the same noun shows: `UpdateInstanceAttribute` and
//! `DescribeInstanceAttribute`.

use connect_model::alike::Shared;
use connect_model::generate::Config;
use connect_model::path::SchemaPath;
use connect_model::resources::{self as graph, Kind, Role};
use connect_model::schema::{Kind as ShapeKind, Member, Members, OperationId, Schema};
use connect_transport::exchange::Exchange;
use serde_json::Value;

use crate::case::Finding;
use crate::client::reply::SYNTHESIZED;
use crate::code::{Scope, Subjects, Trial};
use crate::difference::apart;
use crate::resources;
use crate::resources::{INSTANCE, Resource, overwrite};
use crate::same::shows;
use crate::steps;
use crate::steps::{Judged, Wait, body, succeed};

/// Values that are set one after the other, by the label of their generator.
const VALUES: [&str; 2] = ["one", "another"];

/// A fact beside a resource: one operation sets it, and another one shows it.
pub(super) struct Setting {
    /// The kind of resource beside which it is set.
    row: &'static Resource,
    /// The operation that shows it.
    show: OperationId,
    /// The members of its input, which tell one setting from another.
    keys: &'static Members,
    /// JSON Pointer to the structure of its output with the facts, and the members there.
    place: String,
    members: &'static Members,
    /// Members of the input that sets it, each with one of these.
    facts: Vec<Shared>,
}

/// The setting of the operation in scope.
pub(super) fn settings(scope: &Scope<'_>) -> Subjects<Setting> {
    Setting::of(scope.schema, scope.operation).map(|setting| (None, setting)).into_iter().collect()
}

impl Setting {
    fn of(schema: &'static Schema, set: OperationId) -> Option<Self> {
        let noun = schema[set].name.strip_prefix("Update").filter(|_| schema.service.is_connect())?;
        let holder = |operation| user(schema, operation).map(|kind| &kind.noun);
        let show = ["Describe", "Get"].iter().find_map(|verb| schema.operation_named(&format!("{verb}{noun}")))?;
        let row = resources::named(schema, holder(set)?).filter(|row| row.is_instance() || row.is_judged())?;
        let given = schema.input_members(&schema[set])?;
        let keys = schema.input_members(&schema[show])?;
        let are_given = keys.iter().filter(|key| key.required).all(|key| given.get(&key.name).is_some());
        (holder(show) == Some(&row.of.noun) && are_given).then_some(())?;
        // The facts are at the top, else in the first structure that has one.
        let output = schema.output_members(&schema[show])?;
        let inner = |member: &'static Member| match &schema[member.slot.target].kind {
            ShapeKind::Structure(inner) => Some((format!("/{}", member.name), inner)),
            _ => None,
        };
        let places = std::iter::once((String::new(), output)).chain(output.iter().filter_map(inner));
        let mut settings = places.map(|(place, members)| {
            let mut facts = schema.shared(given, members);
            facts.retain(|fact| keys.get(&fact.left[1..]).is_none() && !fact.left.starts_with("/LastModified"));
            Self { row, show, keys, place, members, facts }
        });
        settings.find(|setting| !setting.facts.is_empty())
    }
}

/// The kind that an operation uses, if it is not one of the operations on the kind itself.
fn user(schema: &'static Schema, operation: OperationId) -> Option<&'static Kind> {
    let mut actions = graph::shared(schema).actions_of(operation);
    let (kind, _) = actions.next().filter(|(_, action)| action.role == Role::Use)?;
    actions.all(|(_, action)| action.role == Role::Use).then_some(kind)
}

pub(super) async fn is_shown(trial: Trial<'_>, setting: &Setting) -> Judged {
    let mut named = Value::Null;
    for label in VALUES {
        let (sent, answer) = update(trial, setting.row, label, &named).await?;
        let given = |key: &Member| Some((key.name.clone(), sent.get(&key.name)?.clone()));
        named = setting.keys.iter().filter_map(given).collect();
        let findings = compare(trial, setting, &named, (&sent, &answer)).await?;
        if !findings.is_empty() {
            return Ok(findings);
        }
    }
    Ok(Vec::new())
}

/// Sets values, with all members or with those that are required, of the setting that was named before, else beside a resource
/// that nobody else uses.
async fn update(
    trial: Trial<'_>,
    row: &'static Resource,
    label: &str,
    named: &Value,
) -> Result<(Value, Box<Exchange>), String> {
    let (client, set) = (trial.client, trial.operation);
    let name = &client.schema[set].name;
    let mut named = named.clone();
    if named.is_null() && !row.is_instance() {
        let made = client.create(row).await?;
        named = row.naming(name, &made.sent, &made.id);
    }
    let mut refused = String::new();
    for config in [steps::one_of_each(), Config::sparse()] {
        let mut sent = client.input(set, config, &format!("{name}/setting/{label}"), &SchemaPath::default()).await?;
        if named.is_null() && sent.get(INSTANCE).is_some() {
            let instance = steps::quiet_instance(client).await?;
            client.move_to(&instance, set, &mut sent).await;
            sent[INSTANCE] = instance.into();
        }
        overwrite(&mut sent, named.clone());
        match succeed(client, name, &sent).await {
            Ok(answer) => return Ok((sent, answer)),
            Err(why) => refused = why,
        }
    }
    Err(refused)
}

/// Members that are not shown as they were sent, within a short time.
async fn compare(trial: Trial<'_>, setting: &Setting, named: &Value, (sent, answer): (&Value, &Exchange)) -> Judged {
    let (client, schema) = (trial.client, trial.client.schema);
    let name = &schema[setting.show].name;
    let mut wait = Wait::brief(client);
    loop {
        let exchange = succeed(client, name, named).await?;
        if exchange.response.headers.get(SYNTHESIZED).is_some() {
            return Err(format!("{name} is not kept by the endpoint"));
        }
        let shown = body(schema, &exchange)?;
        let wrong = setting.facts.iter().filter_map(|fact| {
            let (wanted, member) = (sent.pointer(&fact.left)?, setting.members.get(&fact.right[1..])?);
            let pointer = format!("{}{}", setting.place, fact.right);
            let actual = shown.pointer(&pointer).unwrap_or(&Value::Null);
            if !schema.can_show(&member.slot, wanted) || shows(wanted, actual) {
                return None;
            }
            let (expected, actual) = apart(wanted, actual);
            let expected = format!("{expected}, as {} sent it", schema[trial.operation].name);
            let finding = trial.check.finding(pointer, expected, actual, Some(&exchange));
            Some(finding.resting_on([answer, &*exchange]))
        });
        let findings: Vec<Finding> = wrong.collect();
        if findings.is_empty() || !wait.again().await {
            return Ok(findings);
        }
    }
}

#[cfg(test)]
mod tests {
    use connect_model::schema::Operation;

    use super::*;

    #[test]
    fn finds_the_settings_of_the_model() {
        let schema = Schema::connect();
        let of = |(id, operation): (OperationId, &'static Operation)| {
            Setting::of(schema, id).map(|_| operation.name.as_str())
        };
        let expected = [
            "UpdateAttachedFilesConfiguration",
            "UpdateAuthenticationProfile",
            "UpdateContactAttributes",
            "UpdateInstanceAttribute",
            "UpdateTrafficDistribution",
            "UpdateUserHierarchyStructure",
        ];
        assert_eq!(schema.operations().filter_map(of).collect::<Vec<_>>(), expected);
    }
}
