//! Comparison of two models; every change is classified by compatibility.
//!
//! Compares what affects the wire, from the operations down to the shapes that they use, so a change of an unused shape is
//! not reported. Not compared: media types, streaming, the signing of single operations, and traits that the import drops
//! (documentation, endpoint rules, waiters).

mod in_words;
mod render;
mod rules;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use serde::Serialize;

use self::in_words::InWords;
pub use self::render::{json, markdown, markdown_by_operation, text, text_by_operation};
pub use self::rules::{Class, Rule};
use crate::generate::Side;
use crate::pattern::Pattern;
use crate::schema::{
    Bounds, Kind, Member, Members, Operation, Pagination, PatternId, Schema, ShapeId, Slot, SlotTraits, TimestampFormat,
};

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Compatibility class.
    pub class: Class,
    /// Id of the [`Rule`].
    pub rule: &'static str,
    /// Path of the change: `CreateRule`, `CreateRule.input.Name`, `RuleAction.TaskAction`, `RuleName`. Elements of a list
    /// are `List[]`, keys and values of a map `Map{key}` and `Map{value}`.
    pub path: String,
    /// Description of the change, with the old and the new value.
    pub message: String,
    /// Affected operations, sorted by name; empty for a change of the service itself.
    pub operations: Vec<String>,
}

/// Compares two models. Changes are sorted by class, most severe first, then by rule and path.
pub fn diff(old: &Schema, new: &Schema) -> Vec<Change> {
    let mut diff = Diff { old, new, found: BTreeMap::new(), operation: String::new(), side: Side::Input };
    diff.service();
    let names: BTreeSet<&str> = old.operations().chain(new.operations()).map(|(_, op)| op.name.as_str()).collect();
    for name in names {
        diff.operation = name.to_owned();
        match (old.operation_named(name), new.operation_named(name)) {
            (Some(from), Some(to)) => diff.operation(&old[from], &new[to]),
            (Some(_), None) => diff.add(Rule::OperationRemoved, name, "removed"),
            (None, _) => diff.add(Rule::OperationAdded, name, "added"),
        }
    }
    let changes = diff.found.into_iter();
    let mut changes: Vec<Change> = changes
        .map(|((rule, path, message), operations)| Change {
            class: rule.class(),
            rule: rule.id(),
            path,
            message,
            operations: operations.into_iter().filter(|name| !name.is_empty()).collect(),
        })
        .collect();
    // The sort is stable: within a class, changes stay sorted by rule, path and message.
    changes.sort_by_key(|change| change.class);
    changes
}

struct Diff<'s> {
    old: &'s Schema,
    new: &'s Schema,
    found: BTreeMap<(Rule, String, String), BTreeSet<String>>,
    operation: String,
    side: Side,
}

/// A pair of shapes to compare, and the first part of paths below them.
type Pair = (ShapeId, ShapeId, String);

impl Diff<'_> {
    fn add(&mut self, rule: Rule, path: &str, message: impl Into<String>) {
        self.found.entry((rule, path.to_owned(), message.into())).or_default().insert(self.operation.clone());
    }

    /// Adds a change whose rule depends on the side.
    fn sided(&mut self, input: Rule, output: Rule, path: &str, message: impl Into<String>) {
        self.add(if self.side == Side::Input { input } else { output }, path, message);
    }

    /// Adds a change if two values differ.
    fn differ<T: PartialEq + InWords>(&mut self, rule: Rule, path: &str, what: &str, old: &T, new: &T) {
        if old != new {
            self.add(rule, path, format!("{what} was {}, is {}", old.in_words(), new.in_words()));
        }
    }

    fn service(&mut self) {
        let (old, new) = (&self.old.service, &self.new.service);
        let path = old.name.clone();
        self.differ(Rule::ServiceChanged, &path, "version", &old.version, &new.version);
        self.differ(Rule::ServiceChanged, &path, "signing name", &old.signing_name, &new.signing_name);
        self.differ(Rule::ServiceChanged, &path, "endpoint prefix", &old.endpoint_prefix, &new.endpoint_prefix);
    }

    fn operation(&mut self, old: &Operation, new: &Operation) {
        let name = old.name.clone();
        self.differ(Rule::MethodChanged, &name, "method", &old.method, &new.method);
        self.differ(Rule::PathChanged, &name, "path", &old.uri.text, &new.uri.text);
        self.differ(Rule::PathChanged, &name, "host prefix", &old.host_prefix, &new.host_prefix);
        self.differ(Rule::StatusChanged, &name, "status", &old.status, &new.status);
        self.differ(Rule::DeprecationChanged, &name, "deprecated", &old.deprecated, &new.deprecated);
        self.idempotency(&name, "idempotent", old.idempotent, new.idempotent);
        self.pagination(&name, old.pagination.as_ref(), new.pagination.as_ref());
        self.root(Side::Input, format!("{name}.input"), old.input, new.input);
        self.root(Side::Output, format!("{name}.output"), old.output, new.output);
        self.errors(old, new);
    }

    fn idempotency(&mut self, path: &str, what: &str, old: bool, new: bool) {
        match (old, new) {
            (false, true) => self.add(Rule::IdempotencyGained, path, format!("is now {what}")),
            (true, false) => self.add(Rule::IdempotencyLost, path, format!("is no longer {what}")),
            _ => {}
        }
    }

    fn pagination(&mut self, path: &str, old: Option<&Pagination>, new: Option<&Pagination>) {
        let (old, new) = match (old, new) {
            (None, None) => return,
            (None, Some(new)) => return self.add(Rule::PaginationAdded, path, format!("pages by {}", new.input_token)),
            (Some(old), None) => {
                return self.add(Rule::PaginationRemoved, path, format!("paged by {}", old.input_token));
            }
            (Some(old), Some(new)) => (old, new),
        };
        self.differ(Rule::PaginationChanged, path, "input token", &old.input_token, &new.input_token);
        self.differ(Rule::PaginationChanged, path, "output token", &old.output_token, &new.output_token);
        // A fact that was not declared was inferred by callers, so declaring it changes nothing for them.
        let rule = |both: bool| if both { Rule::PaginationChanged } else { Rule::PaginationDeclared };
        self.differ(rule(old.items.is_some() && new.items.is_some()), path, "items", &old.items, &new.items);
        let both = old.page_size.is_some() && new.page_size.is_some();
        self.differ(rule(both), path, "page size", &old.page_size, &new.page_size);
        self.differ(Rule::PaginationDeclared, path, "inferred", &old.inferred, &new.inferred);
    }

    fn errors(&mut self, old: &Operation, new: &Operation) {
        for from in &old.errors {
            let error = &self.old[*from];
            let Some(to) = self.new.error_of(new, &error.name) else {
                self.add(Rule::ErrorRemoved, &error.name, "no longer listed");
                continue;
            };
            self.differ(Rule::ErrorStatusChanged, &error.name, "error", &error.error, &self.new[to].error);
            self.root(Side::Output, error.name.clone(), Some(*from), Some(to));
        }
        for to in &new.errors {
            let name = &self.new[*to].name;
            if self.old.error_of(old, name).is_none() {
                self.add(Rule::ErrorAdded, name, "newly listed");
            }
        }
    }

    /// Compares two structures and everything below them. A missing structure counts as one without members.
    fn root(&mut self, side: Side, path: String, old: Option<ShapeId>, new: Option<ShapeId>) {
        self.side = side;
        let mut queue: Vec<Pair> = Vec::new();
        match (old, new) {
            (Some(from), Some(to)) => queue.push((from, to, path)),
            (None, None) => {}
            (from, to) => {
                let nothing = Members::default();
                let from = from.and_then(|id| self.old[id].kind.members()).unwrap_or(&nothing);
                let to = to.and_then(|id| self.new[id].kind.members()).unwrap_or(&nothing);
                self.structures(&path, from, to, &mut queue);
            }
        }
        let mut seen = BTreeSet::new();
        while let Some((from, to, path)) = queue.pop() {
            if seen.insert((from, to)) {
                self.shapes(from, to, &path, &mut queue);
            }
        }
    }

    fn shapes(&mut self, from: ShapeId, to: ShapeId, path: &str, queue: &mut Vec<Pair>) {
        let (old, new) = (&self.old[from], &self.new[to]);
        if old.name != new.name && (old.kind.members().is_some() || matches!(old.kind, Kind::Enum(_))) {
            self.add(Rule::ShapeRenamed, path, format!("shape {} is now {}", old.name, new.name));
        }
        match (&old.kind, &new.kind) {
            (Kind::Structure(old), Kind::Structure(new)) => self.structures(path, old, new, queue),
            (Kind::Union(old), Kind::Union(new)) => self.unions(path, old, new, queue),
            (Kind::List(old), Kind::List(new)) => {
                self.sparse(path, old.sparse, new.sparse);
                self.slots(
                    &format!("{path}[]"),
                    (&old.member, TimestampFormat::EpochSeconds),
                    (&new.member, TimestampFormat::EpochSeconds),
                    queue,
                );
            }
            (Kind::Map(old), Kind::Map(new)) => {
                self.sparse(path, old.sparse, new.sparse);
                self.slots(
                    &format!("{path}{{key}}"),
                    (&old.key, TimestampFormat::EpochSeconds),
                    (&new.key, TimestampFormat::EpochSeconds),
                    queue,
                );
                self.slots(
                    &format!("{path}{{value}}"),
                    (&old.value, TimestampFormat::EpochSeconds),
                    (&new.value, TimestampFormat::EpochSeconds),
                    queue,
                );
            }
            (Kind::Enum(old), Kind::Enum(new)) => self.values(path, old, new),
            (Kind::IntEnum(old), Kind::IntEnum(new)) => self.values(path, old, new),
            (Kind::Enum(_), Kind::String) => self.loosened(path, "an enum", "any text"),
            (Kind::String, Kind::Enum(_)) => self.tightened(path, "any text", "an enum"),
            _ => {}
        }
    }

    fn structures(&mut self, path: &str, old: &Members, new: &Members, queue: &mut Vec<Pair>) {
        for member in old {
            let path = format!("{path}.{}", member.name);
            match new.get(&member.name) {
                None => self.sided(Rule::InputMemberRemoved, Rule::OutputMemberRemoved, &path, "removed"),
                Some(other) => self.members(&path, member, other, queue),
            }
        }
        for member in new.iter().filter(|member| old.get(&member.name).is_none()) {
            let path = format!("{path}.{}", member.name);
            if member.required {
                self.sided(Rule::RequiredInputAdded, Rule::RequiredOutputAdded, &path, "added, required");
            } else {
                self.sided(Rule::InputMemberAdded, Rule::OutputMemberAdded, &path, "added, optional");
            }
        }
    }

    fn unions(&mut self, path: &str, old: &Members, new: &Members, queue: &mut Vec<Pair>) {
        for member in old {
            let path = format!("{path}.{}", member.name);
            match new.get(&member.name) {
                None => self.sided(Rule::InputValueRemoved, Rule::OutputValueRemoved, &path, "union member removed"),
                Some(other) => self.members(&path, member, other, queue),
            }
        }
        for member in new.iter().filter(|member| old.get(&member.name).is_none()) {
            let path = format!("{path}.{}", member.name);
            self.sided(Rule::InputValueAdded, Rule::OutputValueAdded, &path, "union member added");
        }
    }

    fn members(&mut self, path: &str, old: &Member, new: &Member, queue: &mut Vec<Pair>) {
        match (old.required, new.required) {
            (false, true) => self.sided(Rule::InputNowRequired, Rule::OutputNowRequired, path, "is now required"),
            (true, false) => {
                self.sided(Rule::InputNoLongerRequired, Rule::OutputNoLongerRequired, path, "is now optional");
            }
            _ => {}
        }
        self.differ(Rule::JsonNameChanged, path, "key", &old.json_name, &new.json_name);
        self.differ(Rule::BindingChanged, path, "place", &old.binding, &new.binding);
        self.differ(Rule::DeprecationChanged, path, "deprecated", &old.deprecated, &new.deprecated);
        self.idempotency(path, "an idempotency token", old.idempotency_token, new.idempotency_token);
        self.slots(
            path,
            (&old.slot, old.binding.timestamp_format()),
            (&new.slot, new.binding.timestamp_format()),
            queue,
        );
    }

    /// Compares two slots, each with the default timestamp format of its place, and queues their targets if they have the
    /// same type.
    fn slots(
        &mut self,
        path: &str,
        (old, old_form): (&Slot, TimestampFormat),
        (new, new_form): (&Slot, TimestampFormat),
        queue: &mut Vec<Pair>,
    ) {
        let (from, to) = (&self.old[old.target], &self.new[new.target]);
        let (was, is) = (wire_type(&from.kind), wire_type(&to.kind));
        if was != is {
            return self.add(Rule::TypeChanged, path, format!("was {was}, is {is}"));
        }
        // A change of the shape's own traits is reported once, under the name of the shape.
        let own = |slot: &SlotTraits, base: &SlotTraits| constraints(slot) == constraints(base);
        let of_shape = own(&old.traits, &from.base) && own(&new.traits, &to.base);
        let place = if of_shape { from.name.clone() } else { path.to_owned() };
        self.traits(&place, &old.traits, &new.traits);
        if matches!(from.kind, Kind::Timestamp) {
            let forms =
                [(old, old_form), (new, new_form)].map(|(slot, usual)| slot.traits.timestamp_format.unwrap_or(usual));
            self.differ(Rule::TimestampFormatChanged, &place, "form", &forms[0], &forms[1]);
        }
        self.differ(Rule::DefaultChanged, path, "default", &old.traits.default, &new.traits.default);
        queue.push((old.target, new.target, from.name.clone()));
    }

    fn traits(&mut self, path: &str, old: &SlotTraits, new: &SlotTraits) {
        self.bounds(path, " length", length(old), length(new));
        self.bounds(path, "", old.range, new.range);
        match (old.unique_items, new.unique_items) {
            (false, true) => self.tightened(path, "repeated elements", "distinct elements"),
            (true, false) => self.loosened(path, "distinct elements", "repeated elements"),
            _ => {}
        }
        let was = old.pattern.map(|id| self.old[id].source().to_owned());
        let is = new.pattern.map(|id| self.new[id].source().to_owned());
        match (was, is) {
            (None, Some(is)) => self.tightened(path, "no pattern", &format!("pattern {is}")),
            (Some(was), None) => self.loosened(path, &format!("pattern {was}"), "no pattern"),
            (Some(was), Some(is)) if was != is => self.pattern(path, &was, &is),
            _ => {}
        }
        self.differ(Rule::SensitivityChanged, path, "sensitive", &old.sensitive, &new.sensitive);
    }

    /// Compares two patterns by the strings that only one of them matches; length constraints are ignored.
    fn pattern(&mut self, path: &str, was: &str, is: &str) {
        let (old, new) = (Pattern::new(was), Pattern::new(is));
        let message = format!("was pattern {was}, is pattern {is}");
        let changed = (Rule::InputPatternChanged, Rule::OutputPatternChanged);
        let (input, output, what) = match (old.beyond(&new), new.beyond(&old)) {
            (Ok(None), Ok(None)) => {
                return self.add(Rule::PatternRespelled, path, format!("{message}, which matches the same strings"));
            }
            (Ok(Some(lost)), Ok(None)) => {
                let tightened = (Rule::InputConstraintTightened, Rule::OutputConstraintTightened);
                (tightened.0, tightened.1, format!("no longer matches {lost:?}"))
            }
            (Ok(None), Ok(Some(gained))) => {
                let loosened = (Rule::InputConstraintLoosened, Rule::OutputConstraintLoosened);
                (loosened.0, loosened.1, format!("also matches {gained:?}"))
            }
            (Ok(Some(lost)), Ok(Some(gained))) => {
                (changed.0, changed.1, format!("no longer matches {lost:?}, but matches {gained:?}"))
            }
            _ => (changed.0, changed.1, "may match fewer strings; this could not be determined".to_owned()),
        };
        self.sided(input, output, path, format!("{message}: it {what}"));
    }

    fn bounds<T: PartialOrd + Display + Copy>(
        &mut self,
        path: &str,
        what: &str,
        old: Option<Bounds<T>>,
        new: Option<Bounds<T>>,
    ) {
        let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
        let say = |side: &str, bound: Option<T>| match bound {
            Some(bound) => format!("{side}{what} {bound}"),
            None => format!("no {side}{what}"),
        };
        let (was, is) = (say("minimum", old.min), say("minimum", new.min));
        match (old.min, new.min) {
            (None, Some(_)) => self.tightened(path, &was, &is),
            (Some(_), None) => self.loosened(path, &was, &is),
            (Some(a), Some(b)) if b > a => self.tightened(path, &was, &is),
            (Some(a), Some(b)) if b < a => self.loosened(path, &was, &is),
            _ => {}
        }
        let (was, is) = (say("maximum", old.max), say("maximum", new.max));
        match (old.max, new.max) {
            (None, Some(_)) => self.tightened(path, &was, &is),
            (Some(_), None) => self.loosened(path, &was, &is),
            (Some(a), Some(b)) if b < a => self.tightened(path, &was, &is),
            (Some(a), Some(b)) if b > a => self.loosened(path, &was, &is),
            _ => {}
        }
    }

    fn values<T: PartialEq + Display>(&mut self, path: &str, old: &[T], new: &[T]) {
        for value in old.iter().filter(|value| !new.contains(value)) {
            self.sided(Rule::InputValueRemoved, Rule::OutputValueRemoved, path, format!("value {value} removed"));
        }
        for value in new.iter().filter(|value| !old.contains(value)) {
            self.sided(Rule::InputValueAdded, Rule::OutputValueAdded, path, format!("value {value} added"));
        }
    }

    fn sparse(&mut self, path: &str, old: bool, new: bool) {
        match (old, new) {
            (true, false) => self.tightened(path, "nulls", "no nulls"),
            (false, true) => {
                let message = "was no nulls, is nulls";
                self.sided(Rule::InputConstraintLoosened, Rule::OutputNullsAdmitted, path, message);
            }
            _ => {}
        }
    }

    fn tightened(&mut self, path: &str, was: &str, is: &str) {
        let message = format!("was {was}, is {is}");
        self.sided(Rule::InputConstraintTightened, Rule::OutputConstraintTightened, path, message);
    }

    fn loosened(&mut self, path: &str, was: &str, is: &str) {
        let message = format!("was {was}, is {is}");
        self.sided(Rule::InputConstraintLoosened, Rule::OutputConstraintLoosened, path, message);
    }
}

/// Returns the bounds of a length. A minimum of 0 is the same as none.
fn length(traits: &SlotTraits) -> Option<Bounds<u64>> {
    let bounds = traits.length?;
    let min = bounds.min.filter(|min| *min > 0);
    (min.is_some() || bounds.max.is_some()).then_some(Bounds { min, max: bounds.max })
}

/// Returns the type of a value on the wire: an enum is a string.
fn wire_type(kind: &Kind) -> &'static str {
    match kind {
        Kind::Enum(_) => Kind::String.word(),
        kind => kind.word(),
    }
}

type Constraints = (Option<Bounds<u64>>, Option<Bounds<f64>>, Option<PatternId>, bool, Option<TimestampFormat>, bool);

/// Returns the traits that [`Diff::traits`] compares.
fn constraints(traits: &SlotTraits) -> Constraints {
    (length(traits), traits.range, traits.pattern, traits.unique_items, traits.timestamp_format, traits.sensitive)
}

#[cfg(test)]
mod tests;
