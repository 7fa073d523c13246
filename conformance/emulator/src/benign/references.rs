//! A service that knows what it refers to: a write that names a resource which nobody was told of is refused.

use std::collections::HashSet;
use std::sync::Mutex;

use connect_model::resources::{self, Graph, Role, Source};
use connect_model::schema::{Kind, Schema, ShapeId};
use serde_json::{Number, Value};

use crate::defects::seam::{Invocation, Seams};
use crate::handlers::Answer;
use crate::refusal::Refusal;
use crate::store::lock;

/// Most texts that are remembered.
const MOST: usize = 2_000_000;

/// Every text of an answer.
#[derive(Default)]
pub(super) struct References(Mutex<HashSet<String>>);

impl Seams for References {
    fn invoke(&self, call: &Invocation<'_>) -> Answer {
        if let Some(unknown) = self.unknown(call) {
            return Answer::Performed(Err(Refusal::NotFound(format!("{unknown} does not exist"))));
        }
        let answer = call.perform(call.input);
        if let Answer::Performed(Ok(output)) = &answer {
            self.remember(output);
            let operation = call.schema.operation_named(&call.operation.name);
            // Some kinds are found by the name that the caller chose.
            if let Some(kind) = operation.and_then(|id| resources::shared(call.schema).made_by(id)) {
                self.remember(call.input);
                self.remember_number(kind, output);
            }
        }
        answer
    }
}

impl References {
    /// A resource that a write names inside of what it sets, and that no answer had.
    fn unknown(&self, call: &Invocation<'_>) -> Option<String> {
        let (operation, graph) = (call.schema.operation_named(&call.operation.name)?, resources::shared(call.schema));
        let makes = graph.made_by(operation);
        let writes = |role| matches!(role, Role::Update | Role::Associate);
        if makes.is_none() && !graph.actions_of(operation).any(|(_, action)| writes(action.role)) {
            return None;
        }
        // A new resource has no id yet, and the emulator knows the instances.
        let makes = makes.map(|kind| kind.noun.as_str());
        let named = Named { schema: call.schema, graph, others: [makes.unwrap_or_default(), "Instance"] };
        let known = lock(&self.0);
        // A reference may be an ARN, and may end in a version.
        let bare = |text: &str| text.rsplit('/').next().and_then(|id| id.split(':').next()).map(str::to_owned);
        let is_unknown = |id: &str| !known.contains(id) && bare(id).is_none_or(|id| !known.contains(&id));
        named.first("", call.operation.input?, call.input, &is_unknown)
    }

    /// Remembers the id of a new resource that is a number, such as that of a version.
    fn remember_number(&self, kind: &resources::Kind, output: &Value) {
        let Source::Output(path) = &kind.id else { return };
        let id = path.iter().try_fold(output, |value, name| value.get(name));
        if let Some(Value::Number(number)) = id {
            lock(&self.0).insert(numbered(kind, number));
        }
    }

    fn remember(&self, value: &Value) {
        match value {
            Value::String(text) => {
                let mut known = lock(&self.0);
                if known.len() < MOST {
                    known.insert(text.clone());
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.remember(item)),
            Value::Object(members) => members.values().for_each(|member| self.remember(member)),
            _ => {}
        }
    }
}

/// An id that is a number, with its kind: other numbers are equal to it.
fn numbered(kind: &resources::Kind, number: &Number) -> String {
    format!("{} {number}", kind.noun)
}

/// The ids in an input.
struct Named<'s> {
    schema: &'s Schema,
    graph: &'s Graph,
    /// Nouns of the kinds that are not looked for.
    others: [&'s str; 2],
}

impl Named<'_> {
    /// The first id of which the test is true.
    fn first(&self, name: &str, shape: ShapeId, value: &Value, test: &impl Fn(&str) -> bool) -> Option<String> {
        match (&self.schema[shape].kind, value) {
            (Kind::Structure(members) | Kind::Union(members), Value::Object(object)) => members
                .iter()
                .find_map(|member| self.first(&member.name, member.slot.target, object.get(&member.name)?, test)),
            (Kind::List(list), Value::Array(items)) => {
                let single = name.strip_suffix('s').unwrap_or(name);
                items.iter().find_map(|item| self.first(single, list.member.target, item, test))
            }
            (Kind::String, Value::String(text)) => {
                let kind = self.graph.named_at(self.schema, name, shape)?;
                (!self.others.contains(&&*kind.noun) && test(text))
                    .then(|| format!("the {} {text} at {name}", kind.noun))
            }
            (Kind::Number(_), Value::Number(number)) => {
                let kind = self.graph.named_at(self.schema, name, shape)?;
                (!self.others.contains(&&*kind.noun) && test(&numbered(kind, number)))
                    .then(|| format!("the {} {number} at {name}", kind.noun))
            }
            _ => None,
        }
    }
}
