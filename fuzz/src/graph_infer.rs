//! Inference of the kinds of resource, which reads models of anyone.
//!
//! A case is a small service: operations with verbs, nouns and members of which the rules of the inference make something.
//!
//! | property | as an equation |
//! |---|---|
//! | the graph is a function of the model | `graph(m) = graph(m)` |
//! | every name in it is one of the model | operations, members of inputs and answers, members of items |
//! | a plan makes everything before it is needed | `plan(k)` ends in `k`, and holders come first; or the kinds of a circle are named |

use arbitrary::Unstructured;
use connect_model::resources::{Graph, Kind, Source};
use connect_model::schema::{Members, OperationId, Schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::seeds;
use crate::target::{Seed, Target, text_or_drawn};

/// The target; see the module.
pub struct GraphInfer;

/// A service.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    operations: Vec<Shown>,
}

/// An operation with the members of its input and of its answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shown {
    name: String,
    input: Vec<Part>,
    output: Vec<Part>,
}

/// A member.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    name: String,
    form: Form,
    required: bool,
}

/// The form of the value of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Form {
    /// A text of a shape with the name of the member.
    Own,
    /// A text of a shape that all such members share.
    Text,
    /// A list of texts.
    Texts,
    /// A structure that has an id, an ARN and a name.
    Thing,
    /// A list of such structures.
    Things,
}

/// Result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The model does not load.
    Refused,
    /// It has no kind of resource.
    NoKinds,
    /// Every kind has a plan.
    Planned,
    /// Some kinds need one another.
    Circle,
}

impl Target for GraphInfer {
    const NAME: &'static str = "graph_infer";
    const PROPERTY: &'static str =
        "graph(m) = graph(m); every name in it is one of m; a plan makes what is needed first";
    type Case = Case;
    type Outcome = Outcome;

    fn draw(data: &[u8]) -> Option<Case> {
        text_or_drawn(data, Self::plain, |u| draw(u).map(Some))
    }

    fn check(case: &Case) -> Outcome {
        let Ok(schema) = Schema::from_text("service-2.json", model(case).to_string().into_bytes()) else {
            return Outcome::Refused;
        };
        let graph = Graph::of(&schema);
        assert_eq!(graph.json(&schema, &[]), Graph::of(&schema).json(&schema, &[]));
        assert!(graph.text(&schema, &[]).lines().count() >= graph.kinds().len());
        for kind in graph.kinds() {
            names_exist(&schema, kind);
        }
        for link in &graph.links {
            let own = [Some(link.make), Some(link.end), Some(link.list), link.update];
            assert!(own.into_iter().flatten().all(|id| !schema[id].name.is_empty()));
            assert!(link.holder.is_none_or(|holder| holder < graph.kinds().len()));
        }
        let plans: Vec<_> = graph.kinds().iter().map(|kind| (kind, graph.plan(kind))).collect();
        let mut outcome = if plans.is_empty() { Outcome::NoKinds } else { Outcome::Planned };
        for (kind, plan) in plans {
            match plan {
                Ok(order) => is_ordered(&graph, kind, &order),
                Err(circle) => {
                    assert!(!circle.is_empty() && circle.iter().all(|noun| graph.kind(noun).is_some()));
                    outcome = Outcome::Circle;
                }
            }
        }
        outcome
    }

    fn seeds() -> Vec<Seed> {
        let features = |case: &Case| {
            let verbs =
                case.operations.iter().filter_map(|one| VERBS.into_iter().find(|verb| one.name.starts_with(verb)));
            verbs.map(str::to_owned).chain([format!("{:?}", Self::check(case))]).collect()
        };
        seeds::covering::<Self>(3000, 300, features).into_iter().chain(seeds::drawn(Self::NAME)).collect()
    }
}

/// Every operation and member that a kind names is in the model.
fn names_exist(schema: &Schema, kind: &Kind) {
    let input = |id: OperationId| schema.input_members(&schema[id]);
    let has = |members: Option<&Members>, name: &str| members.is_some_and(|members| members.get(name).is_some());
    let created = input(kind.create);
    let is_source = |source: &Source| match source {
        Source::Input(member) => has(created, member),
        Source::Output(path) => has(schema.output_members(&schema[kind.create]), &path[0]),
    };
    assert!(is_source(&kind.id), "{}: {:?}", kind.noun, kind.id);
    assert!(kind.name.as_deref().is_none_or(|name| has(created, name)), "{}: {:?}", kind.noun, kind.name);
    assert!(kind.token.as_deref().is_none_or(|token| has(created, token)));
    for action in &kind.actions {
        let members = input(action.operation);
        let name = &schema[action.operation].name;
        assert!(action.names.iter().all(|(member, source)| has(members, member) && is_source(source)), "{name}");
        if let Some(id) = &action.item_id {
            let items = schema.item_members(&schema[action.operation]);
            assert!(items.is_none() || has(items, id), "{name}: {id}");
        }
    }
    for need in &kind.needs {
        let first = need.place.split(['.', '[']).next().unwrap_or_default();
        assert!(has(created, first), "{}: {}", kind.noun, need.place);
    }
}

/// A plan ends in its kind, names nothing twice, and has the holders of each before it.
fn is_ordered(graph: &Graph, kind: &Kind, order: &[&Kind]) {
    assert_eq!(order.last().map(|last| &last.noun), Some(&kind.noun));
    for (at, one) in order.iter().enumerate() {
        let before = &order[..at];
        let is_before = |other: usize| before.iter().any(|known| graph.position(known) == other);
        assert!(before.iter().all(|other| other.noun != one.noun), "{} twice", one.noun);
        let holders =
            one.parents.iter().filter_map(|(_, holder)| *holder).filter(|holder| *holder != graph.position(one));
        assert!(holders.into_iter().all(is_before), "{} before its holder", one.noun);
    }
}

const VERBS: [&str; 17] = [
    "Create",
    "Delete",
    "Describe",
    "Get",
    "List",
    "Search",
    "Update",
    "Associate",
    "Disassociate",
    "Put",
    "Add",
    "Remove",
    "Register",
    "Deregister",
    "Tag",
    "Enable",
    "Disable",
];

const NOUNS: [&str; 9] =
    ["Queue", "Queues", "Flow", "FlowVersion", "FlowAssociation", "User", "Users", "Resource", "UserGroup"];

const MEMBERS: [&str; 14] = [
    "QueueId",
    "FlowId",
    "UserId",
    "Id",
    "Name",
    "Arn",
    "ResourceArn",
    "Version",
    "QueueIds",
    "ParentQueueId",
    "Group",
    "Tags",
    "QueueConfigs",
    "UserName",
];

const FORMS: [Form; 5] = [Form::Own, Form::Text, Form::Texts, Form::Thing, Form::Things];

/// Operations on few nouns, most of which name the id of theirs.
fn draw(u: &mut Unstructured<'_>) -> arbitrary::Result<Case> {
    let first = u.choose_index(NOUNS.len())?;
    let mut operations: Vec<Shown> = Vec::new();
    for _ in 0..u.int_in_range(2..=14)? {
        let noun = NOUNS[(first + u.int_in_range(0..=2)?) % NOUNS.len()];
        let name = format!("{}{noun}", u.choose(&VERBS)?);
        let (mut input, mut output) = (parts(u)?, parts(u)?);
        if u.ratio(3, 4)? {
            let of = if name.starts_with("Create") { &mut output } else { &mut input };
            of.retain(|part| part.name != format!("{noun}Id"));
            of.push(Part { name: format!("{noun}Id"), form: Form::Own, required: true });
        }
        let other = format!("{}Id", NOUNS[(first + u.int_in_range(0..=2)?) % NOUNS.len()]);
        if u.ratio(1, 3)? && input.iter().all(|part| part.name != other) {
            input.push(Part { name: other, form: Form::Own, required: true });
        }
        if operations.iter().all(|one| one.name != name) {
            operations.push(Shown { name, input, output });
        }
    }
    Ok(Case { operations })
}

fn parts(u: &mut Unstructured<'_>) -> arbitrary::Result<Vec<Part>> {
    let mut parts: Vec<Part> = Vec::new();
    for _ in 0..u.int_in_range(0..=4)? {
        let name = (*u.choose(&MEMBERS)?).to_owned();
        if parts.iter().all(|part| part.name != name) {
            parts.push(Part { name, form: *u.choose(&FORMS)?, required: u.arbitrary()? });
        }
    }
    Ok(parts)
}

/// The model in the format of botocore.
fn model(case: &Case) -> Value {
    let mut shapes = Map::new();
    let text = json!({ "type": "string" });
    shapes.insert("Text".to_owned(), text.clone());
    shapes.insert("Texts".to_owned(), json!({ "type": "list", "member": { "shape": "Text" } }));
    let members = ["Id", "Arn", "Name"].map(|name| (name.to_owned(), json!({ "shape": "Text" })));
    shapes.insert("Thing".to_owned(), json!({ "type": "structure", "members": Map::from_iter(members) }));
    shapes.insert("Things".to_owned(), json!({ "type": "list", "member": { "shape": "Thing" } }));
    let mut operations = Map::new();
    for one in &case.operations {
        for (end, parts) in [("Input", &one.input), ("Output", &one.output)] {
            let mut members = Map::new();
            for part in parts {
                let shape = match part.form {
                    Form::Own => format!("{}Text", part.name),
                    other => format!("{other:?}"),
                };
                shapes.entry(shape.clone()).or_insert_with(|| text.clone());
                members.insert(part.name.clone(), json!({ "shape": shape }));
            }
            let required: Vec<&str> =
                parts.iter().filter(|part| part.required).map(|part| part.name.as_str()).collect();
            let shape = json!({ "type": "structure", "required": required, "members": members });
            shapes.insert(format!("{}{end}", one.name), shape);
        }
        operations.insert(
            one.name.clone(),
            json!({
                "name": one.name,
                "http": { "method": "POST", "requestUri": format!("/{}", one.name) },
                "input": { "shape": format!("{}Input", one.name) },
                "output": { "shape": format!("{}Output", one.name) },
            }),
        );
    }
    json!({
        "metadata": { "endpointPrefix": "x", "protocol": "rest-json", "apiVersion": "1", "serviceId": "X" },
        "operations": operations,
        "shapes": shapes,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::smoke::{assert_cases_round_trip, assert_reached};

    #[test]
    fn random_services_reach_every_outcome() {
        assert_reached::<GraphInfer>(
            6000,
            300,
            [(Outcome::NoKinds, 100), (Outcome::Planned, 500), (Outcome::Circle, 1)],
        );
        assert_cases_round_trip::<GraphInfer>(300, 300);
    }

    #[test]
    fn a_service_has_its_kinds() {
        let part = |name: &str, required| Part { name: name.to_owned(), form: Form::Own, required };
        let shown = |name: &str, input: Vec<Part>, output| Shown { name: name.to_owned(), input, output };
        let operations = vec![
            shown("CreateQueue", vec![part("Name", true)], vec![part("QueueId", false)]),
            shown("DeleteQueue", vec![part("QueueId", true)], Vec::new()),
        ];
        let case = Case { operations };
        assert_eq!(GraphInfer::check(&case), Outcome::Planned);
        let schema = Schema::from_text("x", model(&case).to_string().into_bytes()).unwrap();
        assert_eq!(Graph::of(&schema).kinds()[0].noun, "Queue");
        assert_eq!(GraphInfer::check(&Case { operations: Vec::new() }), Outcome::Refused);
    }
}
