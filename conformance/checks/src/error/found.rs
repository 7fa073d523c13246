//! `error.found`: a request that names what exists is not answered as if it did not. The counterpart of `error.not-found`.

use connect_model::generate::Config;
use connect_model::path::SchemaPath;
use connect_model::resources::{self as graph, Source};
use connect_model::schema::{Binding, Kind, Member, Schema};
use serde_json::Value;

use crate::client::forms::is_free_text;
use crate::client::reply::{Reply, is_absence};
use crate::code::{Scope, Subjects, Trial};
use crate::judge::Judgement;
use crate::resources;
use crate::resources::{INSTANCE, Resource};
use crate::steps::{Judged, Wait, perform, succeed};

/// The resources that a request names.
pub(super) struct Named {
    /// The kind that the operation creates, if it creates one.
    creates: Option<&'static Resource>,
    /// The members of the input with the ids of resources, each with its kind.
    members: Vec<(String, &'static Resource)>,
}

/// The resources that the required members of an operation name, if they name nothing else, and the run can create and describe
/// each of them.
pub(super) fn named(scope: &Scope<'_>) -> Subjects<Named> {
    of(scope).map(|named| (None, named)).into_iter().collect()
}

fn of(scope: &Scope<'_>) -> Option<Named> {
    let (schema, name) = (scope.schema, scope.name());
    let kinds = graph::shared(schema).kinds();
    let creates = resources::created_by(schema, name);
    let pairs: Vec<(&str, &graph::Kind)> = match creates {
        Some(row) => {
            let parents = row.of.parents.iter().filter_map(|(member, kind)| Some((member.as_str(), (*kind)?)));
            let needs = row.of.needs.iter().filter(|need| need.required);
            let needs = needs.map(|need| (need.place.as_str(), need.kind));
            parents.chain(needs).map(|(member, kind)| (member, &kinds[kind])).collect()
        }
        None => {
            let mut actions = graph::shared(schema).actions_of(scope.operation);
            let (kind, action) = actions.find(|(_, action)| !action.role.lists())?;
            let parent = |source: &Source| {
                let parent = kind.parents.iter().find(|(parent, _)| *source == Source::Input(parent.clone()))?;
                Some(&kinds[parent.1?])
            };
            let of = |(member, source): &'static (String, Source)| {
                let named = if *source == kind.id { Some(kind) } else { parent(source) };
                named.map(|named| (member.as_str(), named))
            };
            action.names.iter().filter_map(of).collect()
        }
    };
    let pairs = pairs.into_iter().filter(|(member, _)| *member != INSTANCE);
    let members = pairs.map(|(member, kind)| Some((member.to_owned(), resources::named(schema, &kind.noun)?)));
    let members = members.collect::<Option<Vec<_>>>()?;
    let is_described = |row: &Resource| row.is_judged() && !row.describe.is_empty() && row.describe != name;
    let is_named = |member: &Member| members.iter().any(|(named, _)| *named == member.name);
    let mut others = schema.input_members(scope.contract)?.iter().filter(|member| member.required);
    let fits = !members.is_empty()
        && members.iter().all(|(_, row)| is_described(row))
        && others.all(|member| member.name == INSTANCE || is_named(member) || names_nothing(schema, member));
    fits.then_some(Named { creates: creates.filter(|row| row.is_judged()), members })
}

/// True for members whose values cannot name another thing, such as a version.
fn names_nothing(schema: &Schema, member: &Member) -> bool {
    match schema[member.slot.target].kind {
        Kind::String => is_free_text(&member.name),
        Kind::Number(_) => !member.name.contains("Version"),
        // In a path, a type may name a thing of its own: `/restapis/ID/gatewayresponses/TYPE`.
        Kind::Enum(_) => !matches!(member.binding, Binding::Label(_)),
        Kind::Boolean | Kind::Timestamp => true,
        _ => false,
    }
}

pub(super) fn found<'t>(trial: Trial<'t>, named: &'t Named) -> Judgement<'t> {
    trial.scenario(judge(trial, named))
}

async fn judge(trial: Trial<'_>, named: &Named) -> Judged {
    let Trial { client, operation, check, .. } = trial;
    let name = &client.schema[operation].name;
    let label = format!("{name}/found");
    let input = match named.creates {
        Some(row) => client.creation(row).await?,
        None => client.input(operation, Config::sparse(), &label, &SchemaPath::default()).await?,
    };
    let mut wait = Wait::brief(client);
    loop {
        let reply = perform(client, name, &input).await?;
        if let Reply::Trouble(why, _) | Reply::Unsupported(why) = &reply {
            return Err(why.clone());
        }
        if !reply.refusal().is_some_and(|(_, code)| code.is_some_and(is_absence)) {
            return Ok(Vec::new());
        }
        // A description shows that the resource exists; other reads may lag for a while.
        let mut shown = Vec::new();
        for (member, row) in &named.members {
            let id = input.get(member).and_then(Value::as_str).ok_or_else(|| format!("no {member} was sent"))?;
            shown.push(succeed(client, row.describe, &row.naming(row.describe, &input, id)).await?);
        }
        if !wait.again().await {
            let all = named.members.iter().map(|(member, row)| format!("{member}, which {} shows", row.describe));
            let expected = format!("no such answer to {}", all.collect::<Vec<_>>().join(", and "));
            let finding = check.finding("", expected, reply.describe(), reply.exchange());
            let exchanges = shown.iter().map(|exchange| &**exchange).chain(reply.exchange());
            return Ok(vec![finding.resting_on(exchanges)]);
        }
    }
}
