//! The kinds of a service as text and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Action, Graph, Kind, Role, Source};
use crate::schema::{OperationId, Schema};

impl Graph {
    /// The kinds with these nouns, or all, as text, one block each: for people, and for reviews of a new model.
    pub fn text(&self, schema: &Schema, nouns: &[String]) -> String {
        let mut text = String::new();
        for kind in self.chosen(nouns) {
            let _ = writeln!(text, "{}", self.block(schema, kind));
        }
        for link in self.links.iter().filter(|_| nouns.is_empty()) {
            let names = [Some(link.make), link.update, Some(link.end), Some(link.list)].into_iter().flatten();
            let names = names.map(|id| schema[id].name.as_str()).collect::<Vec<_>>().join(", ");
            let holder = link.holder.map_or("the service", |holder| &self.kinds[holder].noun);
            let how = if link.member.is_some() { "Described with" } else { "Listed in" };
            let _ = writeln!(text, "{how} {holder}: {names}");
        }
        if let Some(tags) = self.tagging.as_ref().filter(|_| nouns.is_empty()) {
            let names = [tags.tag, tags.untag, tags.list].map(|id| schema[id].name.as_str()).join(", ");
            let _ = writeln!(text, "Tags: {names}, by {}", tags.arn);
        }
        text
    }

    fn chosen(&self, nouns: &[String]) -> impl Iterator<Item = &Kind> {
        self.kinds.iter().filter(move |kind| nouns.is_empty() || nouns.contains(&kind.noun))
    }

    /// One kind as text.
    fn block(&self, schema: &Schema, kind: &Kind) -> String {
        let mut text = format!("{}\n", kind.noun);
        let mut line = |key: &str, value: String| {
            if !value.is_empty() {
                let _ = writeln!(text, "  {key:<14}{value}");
            }
        };
        let others = kind.others.iter().map(|other| format!(", {}", schema[*other].name));
        line("create", format!("{}{}", schema[kind.create].name, others.collect::<String>()));
        line("id", kind.id.to_string());
        line("arn", kind.arn.as_deref().map(|path| path.join(".")).unwrap_or_default());
        line("name", kind.name.clone().unwrap_or_default());
        line("token", kind.token.clone().unwrap_or_default());
        let parents = kind.parents.iter().map(|(member, parent)| match parent {
            Some(parent) => format!("{} ({member})", self.kinds[*parent].noun),
            None => format!("unknown ({member})"),
        });
        line("lives in", parents.collect::<Vec<_>>().join(", "));
        for (key, required) in [("needs", true), ("may name", false)] {
            let needs = kind.needs.iter().filter(|need| need.required == required);
            let needs = needs.map(|need| format!("{} ({})", self.kinds[need.kind].noun, need.place));
            line(key, needs.collect::<Vec<_>>().join(", "));
        }
        for action in &kind.actions {
            line(action.role.word(), described(schema, kind, action));
        }
        line("reason", kind.reason.clone().unwrap_or_default());
        text
    }

    /// The kinds with these nouns, or all, as JSON.
    pub fn json(&self, schema: &Schema, nouns: &[String]) -> Value {
        let name = |id: OperationId| schema[id].name.clone();
        let kinds = self.chosen(nouns).map(|kind| {
            let actions = kind.actions.iter().map(|action| {
                json!({
                    "role": action.role.word(),
                    "operation": name(action.operation),
                    "names": action.names.iter().map(|(member, source)| (member.clone(), source.to_string().into()))
                        .collect::<serde_json::Map<String, Value>>(),
                    "itemId": action.item_id,
                    "rule": action.rule.word(),
                    "confidence": action.rule.confidence(),
                })
            });
            let needs = kind.needs.iter().map(
                |need| json!({ "kind": self.kinds[need.kind].noun, "place": need.place, "required": need.required }),
            );
            let parents = kind.parents.iter().map(|(member, parent)| {
                json!({ "member": member, "kind": parent.map(|parent| self.kinds[parent].noun.as_str()) })
            });
            let plan = self.plan(kind);
            json!({
                "noun": kind.noun,
                "create": name(kind.create),
                "others": kind.others.iter().map(|other| name(*other)).collect::<Vec<_>>(),
                "id": kind.id.to_string(),
                "arn": kind.arn.as_deref().map(|path| path.join(".")),
                "name": kind.name,
                "token": kind.token,
                "parents": parents.collect::<Vec<_>>(),
                "needs": needs.collect::<Vec<_>>(),
                "plan": plan.map(|plan| plan.iter().map(|kind| kind.noun.as_str()).collect::<Vec<_>>()).ok(),
                "actions": actions.collect::<Vec<_>>(),
                "reason": kind.reason,
            })
        });
        json!({ "service": schema.service.sdk_id, "kinds": kinds.collect::<Vec<_>>(), "stale": self.stale })
    }
}

/// An action with the member that names the resource, and with the confidence of a rule that is not sure.
fn described(schema: &Schema, kind: &Kind, action: &Action) -> String {
    let mut text = schema[action.operation].name.clone();
    let is_list = matches!(action.role, Role::List | Role::Search);
    let member = if is_list { action.item_id.as_deref() } else { kind.id_member(action) };
    if let Some(member) = member {
        let _ = write!(text, " ({member})");
    }
    if action.rule.confidence() < 0.95 {
        let _ = write!(text, ", by {} ({:.0} %)", action.rule.word(), action.rule.confidence() * 100.0);
    }
    text
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Source::Output(path) => write!(f, "answer {}", path.join(".")),
            Source::Input(member) => write!(f, "request {member}"),
        }
    }
}
