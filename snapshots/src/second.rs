//! A second contract of the same service: what the schemas of CloudFormation say about the types of Amazon Connect, compared
//! with the model and with the kinds of resource that are found in it.
//!
//! `second-contract.json` has the facts; `scripts/second-contract` compares it with the schemas. The two contracts have
//! different owners, so that neither follows from the other: an error in the inference of the kinds shows here, and so does
//! a bound that only one of the two has.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use connect_model::resources::{self, Graph, Kind, Role, Source};
use connect_model::schema::{self, Bounds, Member, Members, OperationId, Schema, Slot};
use serde_json::{Map, Value};

const DATA: &str = include_str!("../second-contract.json");

/// Differences between the operations of a type and those of its kind, each with the one that is right and why.
const EXPLAINED: &[(&str, &str, &str)] = &[
    ("DataTable", "UpdateDataTablePrimaryValues", "CloudFormation is right: the operation changes values in a table"),
    (
        "IntegrationAssociation",
        "AssociateBot",
        "both are right: for Lex bots the type calls operations of another kind",
    ),
    (
        "IntegrationAssociation",
        "AssociateLambdaFunction",
        "both are right: functions are a kind of their own in the API",
    ),
    ("IntegrationAssociation", "DisassociateBot", "both are right: as AssociateBot"),
    ("IntegrationAssociation", "DisassociateLambdaFunction", "both are right: as AssociateLambdaFunction"),
    ("IntegrationAssociation", "ListBots", "both are right: as AssociateBot"),
    ("IntegrationAssociation", "ListLambdaFunctions", "both are right: as AssociateLambdaFunction"),
    ("PhoneNumber", "SearchAvailablePhoneNumbers", "both are right: it shows numbers that nobody has claimed"),
    ("Workspace", "SearchWorkspaceAssociations", "CloudFormation is right: no required member names the workspace"),
];

/// Types without a creation of their own, with the kind that they are a part of.
const PARTS: &[(&str, &str)] = &[("DataTableRecord", "DataTable"), ("UserHierarchyStructure", "Instance")];

/// The facts of a type.
struct Type {
    name: String,
    /// The operations that each handler calls.
    calls: BTreeMap<String, BTreeSet<String>>,
    facts: Map<String, Value>,
}

impl Type {
    fn names(&self, fact: &str) -> impl Iterator<Item = &str> {
        self.facts.get(fact).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }

    fn operations(&self) -> BTreeSet<&str> {
        self.calls.values().flatten().map(String::as_str).collect()
    }

    fn members(&self) -> impl Iterator<Item = (&str, &Value)> {
        let members = self.facts.get("members").and_then(Value::as_object);
        members.into_iter().flatten().map(|(place, facts)| (place.as_str(), facts))
    }
}

/// The types, without the operations on tags: every type has those.
fn types(schema: &Schema, graph: &Graph) -> (String, Vec<Type>) {
    let document: Value = serde_json::from_str(DATA).unwrap_or_default();
    let tagging = graph.tagging.as_ref();
    let tags: Vec<&str> = tagging
        .into_iter()
        .flat_map(|tagging| [tagging.tag, tagging.untag, tagging.list].map(|operation| schema[operation].name.as_str()))
        .collect();
    let read = |(name, facts): (&String, &Value)| {
        let calls = facts["calls"].as_object().into_iter().flatten().map(|(handler, calls)| {
            let calls = calls.as_array().into_iter().flatten().filter_map(Value::as_str);
            (handler.clone(), calls.filter(|call| !tags.contains(call)).map(str::to_owned).collect())
        });
        Type { name: name.clone(), calls: calls.collect(), facts: facts.as_object().cloned().unwrap_or_default() }
    };
    let types = document["types"].as_object().into_iter().flatten().map(read).collect();
    (document["source"].as_str().unwrap_or_default().to_owned(), types)
}

/// The kind of a type: the one that an operation of its creation makes, and preferably of its name.
fn kind_of<'g>(schema: &Schema, graph: &'g Graph, of: &Type) -> Option<&'g Kind> {
    let made = || {
        let calls = of.calls.get("create").into_iter().flatten();
        calls.filter_map(|call| graph.made_by(schema.operation_named(call)?)).next()
    };
    graph.kind(&of.name).or_else(made)
}

/// The operations on a kind, by role. None for a creation.
fn operations_on(kind: &Kind) -> Vec<(Option<Role>, OperationId)> {
    let creations = [kind.create].into_iter().chain(kind.others.iter().copied()).map(|operation| (None, operation));
    creations.chain(kind.actions.iter().map(|action| (Some(action.role), action.operation))).collect()
}

/// The handler that has to call an operation of a role. None for roles that CloudFormation does not tell apart.
fn handler(role: Option<Role>) -> Option<&'static str> {
    match role {
        None => Some("create"),
        Some(Role::Describe) => Some("read"),
        Some(Role::List | Role::Search) => Some("list"),
        Some(Role::Update) => Some("update"),
        Some(Role::Delete) => Some("delete"),
        Some(Role::Associate | Role::Disassociate | Role::Use) => None,
    }
}

/// The comparison of the operations.
struct Judged {
    /// Operations that both name, of those that the graph gives a role which CloudFormation has.
    right: usize,
    claimed: usize,
    /// Operations that the graph has on the kind, of those that the handlers of the type call.
    found: usize,
    wanted: usize,
    /// Type, operation and the difference.
    differences: Vec<(String, String, String)>,
    /// Operations that the model does not have.
    unknown: BTreeSet<String>,
}

fn judge(schema: &Schema, graph: &Graph, types: &[Type]) -> Judged {
    let mut judged =
        Judged { right: 0, claimed: 0, found: 0, wanted: 0, differences: Vec::new(), unknown: BTreeSet::new() };
    let called: BTreeSet<&str> = types.iter().flat_map(Type::operations).collect();
    for of in types {
        let own = kind_of(schema, graph, of);
        let part = PARTS.iter().find(|(name, _)| *name == of.name).and_then(|(_, kind)| graph.kind(kind));
        let Some(kind) = own.or(part) else {
            judged.differences.push((of.name.clone(), String::new(), "no kind".to_owned()));
            continue;
        };
        let on_kind = operations_on(kind);
        // Kinds that live in a kind are parts of its type. All live in an instance, and are no parts of that.
        let within = graph.kinds().iter().filter(|inner| {
            kind.noun != "Instance" && inner.parents.iter().any(|(_, held)| *held == Some(graph.position(kind)))
        });
        let mut known: BTreeSet<&str> = on_kind.iter().map(|(_, operation)| schema[*operation].name.as_str()).collect();
        known.extend(within.flat_map(operations_on).map(|(_, operation)| schema[operation].name.as_str()));
        for call in of.operations() {
            if schema.operation_named(call).is_none() {
                judged.unknown.insert(call.to_owned());
                continue;
            }
            // A handler also reads resources of other types.
            if types.iter().any(|other| other.name != of.name && is_about(call, &other.name)) && !known.contains(call) {
                continue;
            }
            judged.wanted += 1;
            if known.contains(call) {
                judged.found += 1;
            } else {
                judged.differences.push((of.name.clone(), call.to_owned(), "not on the kind".to_owned()));
            }
        }
        for (role, operation) in on_kind.into_iter().filter(|_| own.is_some()) {
            let (Some(handler), name) = (handler(role), schema[operation].name.as_str()) else { continue };
            // CloudFormation does not need every operation.
            if !called.contains(name) {
                continue;
            }
            judged.claimed += 1;
            if of.calls.get(handler).is_some_and(|calls| calls.contains(name)) {
                judged.right += 1;
            } else {
                let text = format!("the handler {handler} does not call it");
                judged.differences.push((of.name.clone(), name.to_owned(), text));
            }
        }
    }
    judged
}

/// True if an operation is named by a type: `DescribeView` by `View`.
fn is_about(operation: &str, noun: &str) -> bool {
    ["Describe", "Get", "List", "Create", "Update", "Delete"].iter().any(|verb| {
        operation
            .strip_prefix(verb)
            .is_some_and(|rest| rest == noun || resources::plurals(noun).iter().any(|p| p == rest))
    })
}

/// The page.
pub(crate) fn page(schema: &Schema) -> String {
    let graph = Graph::of(schema);
    let (source, types) = types(schema, &graph);
    let judged = judge(schema, &graph, &types);
    let mut text = format!("{} types of CloudFormation, from {source}\n", types.len());
    let share = |part: usize, whole: usize| format!("{:.1} % ({part} of {whole})", 100.0 * part as f64 / whole as f64);
    let _ =
        writeln!(text, "  roles of operations that CloudFormation has, too: {}", share(judged.right, judged.claimed));
    let _ =
        writeln!(text, "  operations of CloudFormation that are on the kind: {}", share(judged.found, judged.wanted));
    for of in &types {
        match kind_of(schema, &graph, of) {
            Some(kind) if kind.noun == of.name => {}
            Some(kind) => drop(writeln!(text, "  {} is the kind {}", of.name, kind.noun)),
            None => {
                let part = PARTS.iter().find(|(name, _)| *name == of.name).map_or("nothing", |(_, kind)| kind);
                let _ = writeln!(text, "  {} has no creation; it is a part of {part}", of.name);
            }
        }
    }
    for operation in &judged.unknown {
        let _ = writeln!(text, "  {operation} is not in the model");
    }
    text.push_str("\nOperations on which the two differ\n");
    for (name, operation, difference) in &judged.differences {
        let _ = writeln!(text, "  {name} {operation}: {difference}; {}", explanation(name, operation));
    }
    for of in &types {
        let Some(kind) = kind_of(schema, &graph, of) else { continue };
        let differences = Compared::new(schema, kind, of).differences();
        if !differences.is_empty() {
            let _ = writeln!(text, "\n{}", of.name);
            for difference in differences {
                let _ = writeln!(text, "  {difference}");
            }
        }
    }
    text
}

fn explanation(name: &str, operation: &str) -> &'static str {
    let found = EXPLAINED.iter().find(|(of, call, _)| *of == name && *call == operation);
    found.map_or("unexplained", |(_, _, why)| why)
}

/// A type beside its kind.
struct Compared<'c> {
    schema: &'c Schema,
    kind: &'c Kind,
    of: &'c Type,
    /// Members of the creation, then those of the description.
    asked: Option<&'c Members>,
    shown: Option<&'c Members>,
}

impl<'c> Compared<'c> {
    fn new(schema: &'c Schema, kind: &'c Kind, of: &'c Type) -> Self {
        let asked = schema.input_members(&schema[kind.create]);
        Self { schema, kind, of, asked, shown: kind.described(schema) }
    }

    /// The member that a property stands for; true if it has another name and another form there, as an ARN for an id.
    fn member(&self, members: Option<&'c Members>, property: &str) -> Option<(&'c Member, bool)> {
        let members = members?;
        let arn = || {
            let stem = property.strip_suffix("Arn").or_else(|| property.strip_suffix("Arns"))?;
            [format!("{stem}Id"), format!("{stem}Ids")].iter().find_map(|name| members.get(name))
        };
        let same = members.get(property).map(|member| (member, false));
        same.or_else(|| arn().map(|member| (member, true)))
    }

    /// The member or element at a place such as `Config[].StartTime.Hours`; none if a name on the way differs.
    fn slot(&self, place: &str) -> Option<&'c Slot> {
        let mut members = [self.asked, self.shown].into_iter().flatten();
        let first = place.split(['.', '[']).next()?;
        let start = members.find(|members| members.get(first).is_some());
        let mut at: Option<&'c Slot> = None;
        for part in place.split('.') {
            let (name, elements) = (part.trim_end_matches("[]"), part.matches("[]").count());
            let inner = match at {
                None => start?,
                Some(slot) => self.schema[slot.target].kind.members()?,
            };
            at = Some(&inner.get(name)?.slot);
            for _ in 0..elements {
                let schema::Kind::List(list) = &self.schema[at?.target].kind else { return None };
                at = Some(&list.member);
            }
        }
        at
    }

    fn differences(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.identifier(&mut found);
        self.required(&mut found);
        self.writable(&mut found);
        // The same for every type.
        let is_tags = |place: &str| place.starts_with("Tags");
        for (place, facts) in self.of.members().filter(|(place, _)| !is_tags(place)) {
            let Some(slot) = self.slot(place) else { continue };
            self.bounds(place, facts, slot, &mut found);
        }
        found
    }

    /// An identifier that is none of the members that name a resource of the kind.
    fn identifier(&self, found: &mut Vec<String>) {
        let id = match &self.kind.id {
            Source::Input(name) => Some(name.as_str()),
            Source::Output(path) => path.last().map(String::as_str),
        };
        let arn = self.kind.arn.as_ref().and_then(|path| path.last()).map(String::as_str);
        let parents: Vec<&str> = self.kind.parents.iter().map(|(member, _)| member.as_str()).collect();
        for name in self.of.names("identifier") {
            let stem = name.to_ascii_lowercase();
            let stem = stem.trim_end_matches("arn").trim_end_matches("id");
            let is_own = |own: &str| own.to_ascii_lowercase().trim_end_matches("arn").trim_end_matches("id") == stem;
            let is_arn = name.to_ascii_lowercase() == format!("{}arn", self.of.name.to_ascii_lowercase());
            if !is_arn && !id.into_iter().chain(arn).chain(parents.iter().copied()).any(is_own) {
                found.push(format!("identifier {name}; model: {}", id.unwrap_or("none")));
            }
        }
    }

    fn required(&self, found: &mut Vec<String>) {
        let Some(asked) = self.asked else { return };
        let wanted: Vec<&str> = self.of.names("required").collect();
        for property in &wanted {
            if let Some((member, _)) = self.member(Some(asked), property).filter(|(member, _)| !member.required) {
                found.push(format!("{property} required; model: {} optional", member.name));
            }
        }
        let has = |member: &&Member| {
            !wanted
                .iter()
                .any(|property| self.member(Some(asked), property).is_some_and(|(own, _)| own.name == member.name))
        };
        // One ARN of CloudFormation stands for several members of the model.
        let is_parent = |member: &Member| self.kind.parents.iter().any(|(parent, _)| *parent == member.name);
        let required = asked.iter().filter(|member| member.required && !member.idempotency_token && !is_parent(member));
        for member in required.filter(has) {
            let is_property = self.of.members().any(|(place, _)| place == member.name);
            let word = if is_property { "optional" } else { "absent" };
            found.push(format!("{} {word}; model: required", member.name));
        }
    }

    /// Read-only properties that the creation takes, and properties of the creation alone that an update takes.
    fn writable(&self, found: &mut Vec<String>) {
        for property in self.of.names("readOnly") {
            if self.asked.is_some_and(|asked| asked.get(property).is_some()) {
                found.push(format!("{property} read-only; model: {} takes it", self.schema[self.kind.create].name));
            }
        }
        for property in self.of.names("createOnly") {
            for update in self.kind.all(Role::Update) {
                let operation = &self.schema[update.operation];
                let taken = self.member(self.schema.input_members(operation), property);
                if taken.is_some_and(|(member, _)| !update.is_named_by(&member.name)) {
                    found.push(format!("{property} set at creation alone; model: {} takes it", operation.name));
                }
            }
        }
    }

    fn bounds(&self, place: &str, facts: &Value, slot: &Slot, found: &mut Vec<String>) {
        let traits = &slot.traits;
        let mut differ = |word: &str, theirs: String, ours: String| {
            if theirs != ours {
                found.push(format!("{place} {word} {theirs}; model: {ours}"));
            }
        };
        for word in ["length", "items"] {
            if let Some(Value::Array(pair)) = facts.get(word) {
                differ(word, written(&pair[0], &pair[1]), bounds(traits.length.as_ref()));
            }
        }
        if let Some(Value::Array(pair)) = facts.get("range") {
            differ("range", written(&pair[0], &pair[1]), bounds(traits.range.as_ref()));
        }
        // CloudFormation names resources by their ARNs where the API takes ids.
        let pattern = facts.get("pattern").and_then(Value::as_str).filter(|pattern| !pattern.starts_with("^arn:"));
        if let Some(pattern) = pattern {
            let ours = traits.pattern.map_or("none", |pattern| self.schema[pattern].source());
            differ("pattern", escaped(pattern), escaped(ours));
        }
        if let Some(Value::Array(values)) = facts.get("enum") {
            let theirs: BTreeSet<&str> = values.iter().filter_map(Value::as_str).collect();
            let ours: BTreeSet<&str> = match &self.schema[slot.target].kind {
                schema::Kind::Enum(values) => values.iter().map(String::as_str).collect(),
                _ => return differ("enum", words(&theirs), "none".to_owned()),
            };
            let only =
                |of: &BTreeSet<&'_ str>, others: &BTreeSet<&str>| words(&of.difference(others).copied().collect());
            if theirs != ours {
                found.push(format!(
                    "{place} enum: only in CloudFormation {}; only in the model {}",
                    only(&theirs, &ours),
                    only(&ours, &theirs)
                ));
            }
        }
    }
}

fn words(values: &BTreeSet<&str>) -> String {
    if values.is_empty() { "none".to_owned() } else { values.iter().copied().collect::<Vec<_>>().join(" ") }
}

/// A pattern with its line breaks and tabs as escapes.
fn escaped(pattern: &str) -> String {
    pattern.replace('\r', "\\r").replace('\n', "\\n").replace('\t', "\\t")
}

/// Bounds of the file, as `1–127`. A length has no bound below 0.
fn written(least: &Value, most: &Value) -> String {
    let text = |value: &Value| value.as_f64().filter(|number| *number != 0.0).map(|number| number.to_string());
    format!("{}–{}", text(least).unwrap_or_default(), text(most).unwrap_or_default())
}

/// Bounds of the model in the same form.
fn bounds<T: ToString>(bounds: Option<&Bounds<T>>) -> String {
    let text = |value: Option<&T>| value.map(T::to_string).filter(|text| text != "0").unwrap_or_default();
    bounds.map_or_else(
        || "none".to_owned(),
        |bounds| format!("{}–{}", text(bounds.min.as_ref()), text(bounds.max.as_ref())),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The goals of the kinds that are found in the model, with CloudFormation as the judge.
    #[test]
    fn the_kinds_agree_with_cloudformation() {
        let schema = Schema::connect();
        let graph = Graph::of(schema);
        let (_, types) = types(schema, &graph);
        assert_eq!(types.len(), 39);
        let judged = judge(schema, &graph, &types);
        assert!(judged.claimed > 150 && judged.wanted > 200, "{} claims, {} calls", judged.claimed, judged.wanted);
        assert!(judged.right * 100 >= judged.claimed * 98, "{} of {}", judged.right, judged.claimed);
        assert!(judged.found * 100 >= judged.wanted * 95, "{} of {}", judged.found, judged.wanted);
        let named: Vec<_> = judged.differences.iter().map(|(of, call, _)| (of.as_str(), call.as_str())).collect();
        let explained: Vec<_> = EXPLAINED.iter().map(|(of, call, _)| (*of, *call)).collect();
        let unexplained: Vec<_> = named.iter().filter(|name| !explained.contains(name)).collect();
        let stale: Vec<_> = explained.iter().filter(|name| !named.contains(name)).collect();
        assert!(unexplained.is_empty() && stale.is_empty(), "unexplained {unexplained:?}, stale {stale:?}");
    }
}
