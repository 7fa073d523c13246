//! The content of a flow, typed and lossless: members of the right type have fields of their own, and everything else
//! (unknown members, known ones of the wrong type) is kept in `rest`.
//!
//! Reading any JSON object and writing it again gives an equal object. No validation happens here.

use serde_json::{Map, Value};

use crate::planted;

/// JSON members by name.
pub type Members = Map<String, Value>;

/// An element of a list: of its type, or any other value.
#[derive(Clone, Debug, PartialEq)]
pub enum Part<T> {
    /// An element of its type.
    Typed(T),
    /// A value that is not an object.
    Other(Value),
}

impl<T> Part<T> {
    /// The typed element.
    pub fn typed(&self) -> Option<&T> {
        match self {
            Part::Typed(inner) => Some(inner),
            Part::Other(_) => None,
        }
    }

    /// The typed element, mutable.
    pub fn typed_mut(&mut self) -> Option<&mut T> {
        match self {
            Part::Typed(inner) => Some(inner),
            Part::Other(_) => None,
        }
    }
}

/// The whole content.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Flow {
    /// `Version` of the language.
    pub version: Option<String>,
    /// `StartAction`: identifier of the first action.
    pub start: Option<String>,
    /// `Metadata`, which only editors read.
    pub metadata: Option<Members>,
    /// `Actions`.
    pub actions: Option<Vec<Part<Action>>>,
    /// Everything else.
    pub rest: Members,
}

/// A step of a flow.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Action {
    /// `Identifier`, unique in the flow.
    pub identifier: Option<String>,
    /// `Type`.
    pub kind: Option<String>,
    /// `Parameters`. Absent is the same as none.
    pub parameters: Option<Members>,
    /// `Transitions`.
    pub transitions: Option<Transitions>,
    /// Everything else.
    pub rest: Members,
}

/// The continuation of a flow after an action.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Transitions {
    /// `NextAction`, in the absence of errors and conditions.
    pub next: Option<String>,
    /// `Errors`.
    pub errors: Option<Vec<Part<ErrorBranch>>>,
    /// `Conditions`.
    pub conditions: Option<Vec<Part<ConditionBranch>>>,
    /// Everything else.
    pub rest: Members,
}

/// The continuation of a flow after an error.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ErrorBranch {
    /// `ErrorType`.
    pub error: Option<String>,
    /// `NextAction`.
    pub next: Option<String>,
    /// Everything else.
    pub rest: Members,
}

/// The continuation of a flow under a condition.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConditionBranch {
    /// `NextAction`.
    pub next: Option<String>,
    /// `Condition`.
    pub condition: Option<Condition>,
    /// Everything else.
    pub rest: Members,
}

/// A comparison with the result of an action.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Condition {
    /// `Operator`.
    pub operator: Option<String>,
    /// `Operands`: strings, or nested conditions.
    pub operands: Option<Vec<Value>>,
    /// Everything else.
    pub rest: Members,
}

/// A structure of the language, read from and written to JSON objects.
pub trait Structure: Sized {
    /// Names of its members.
    const NAMES: &'static [&'static str];

    /// Reads any object.
    fn read(members: Members) -> Self;

    /// Writes the members that it was read from.
    fn write(self) -> Members;

    /// The members that have no field.
    fn rest(&self) -> &Members;

    /// Known members whose values have the wrong type; null counts as absent.
    fn malformed(&self) -> impl Iterator<Item = &'static str> {
        let rest = self.rest();
        let is_odd = |name: &str| rest.get(name).is_some_and(|value| !value.is_null());
        Self::NAMES.iter().copied().filter(move |name| is_odd(name))
    }
}

fn text(members: &mut Members, name: &str) -> Option<String> {
    if !members.get(name)?.is_string() {
        return None;
    }
    match members.remove(name)? {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn object(members: &mut Members, name: &str) -> Option<Members> {
    if !members.get(name)?.is_object() {
        return None;
    }
    match members.remove(name)? {
        Value::Object(inner) => Some(inner),
        _ => None,
    }
}

fn values(members: &mut Members, name: &str) -> Option<Vec<Value>> {
    if !members.get(name)?.is_array() {
        return None;
    }
    match members.remove(name)? {
        Value::Array(items) => Some(items),
        _ => None,
    }
}

fn parts<T: Structure>(members: &mut Members, name: &str) -> Option<Vec<Part<T>>> {
    let part = |value| match value {
        Value::Object(inner) => Part::Typed(T::read(inner)),
        other => Part::Other(other),
    };
    values(members, name).map(|items| items.into_iter().map(part).collect())
}

fn put(members: &mut Members, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        members.insert(name.to_owned(), value.into());
    }
}

fn list<T: Structure>(parts: Option<Vec<Part<T>>>) -> Option<Vec<Value>> {
    let value = |part| match part {
        Part::Typed(inner) => Value::Object(T::write(inner)),
        Part::Other(value) => value,
    };
    parts.map(|parts| parts.into_iter().map(value).collect())
}

impl Structure for Flow {
    const NAMES: &'static [&'static str] = &["Version", "StartAction", "Metadata", "Actions"];

    fn read(mut members: Members) -> Self {
        Self {
            version: text(&mut members, "Version"),
            start: text(&mut members, "StartAction"),
            metadata: object(&mut members, "Metadata"),
            actions: parts(&mut members, "Actions"),
            rest: members,
        }
    }

    fn write(self) -> Members {
        let mut members = self.rest;
        put(&mut members, "Version", self.version);
        put(&mut members, "StartAction", self.start);
        put(&mut members, "Metadata", self.metadata);
        put(&mut members, "Actions", list(self.actions));
        members
    }

    fn rest(&self) -> &Members {
        &self.rest
    }
}

impl Structure for Action {
    const NAMES: &'static [&'static str] = &["Identifier", "Type", "Parameters", "Transitions"];

    fn read(mut members: Members) -> Self {
        Self {
            identifier: text(&mut members, "Identifier"),
            kind: text(&mut members, "Type"),
            parameters: object(&mut members, "Parameters"),
            transitions: object(&mut members, "Transitions").map(Transitions::read),
            rest: members,
        }
    }

    fn write(self) -> Members {
        let mut members = self.rest;
        put(&mut members, "Identifier", self.identifier);
        put(&mut members, "Type", self.kind);
        put(&mut members, "Parameters", self.parameters);
        put(&mut members, "Transitions", self.transitions.map(Transitions::write));
        members
    }

    fn rest(&self) -> &Members {
        &self.rest
    }
}

impl Structure for Transitions {
    const NAMES: &'static [&'static str] = &["NextAction", "Errors", "Conditions"];

    fn read(mut members: Members) -> Self {
        Self {
            next: text(&mut members, "NextAction"),
            errors: parts(&mut members, "Errors"),
            conditions: parts(&mut members, "Conditions"),
            rest: members,
        }
    }

    fn write(self) -> Members {
        let mut members = self.rest;
        put(&mut members, "NextAction", self.next);
        put(&mut members, "Errors", list(self.errors));
        put(&mut members, "Conditions", list(self.conditions));
        members
    }

    fn rest(&self) -> &Members {
        &self.rest
    }
}

impl Structure for ErrorBranch {
    const NAMES: &'static [&'static str] = &["ErrorType", "NextAction"];

    fn read(mut members: Members) -> Self {
        Self { error: text(&mut members, "ErrorType"), next: text(&mut members, "NextAction"), rest: members }
    }

    fn write(self) -> Members {
        let mut members = self.rest;
        put(&mut members, "ErrorType", self.error);
        put(&mut members, "NextAction", self.next);
        members
    }

    fn rest(&self) -> &Members {
        &self.rest
    }
}

impl Structure for ConditionBranch {
    const NAMES: &'static [&'static str] = &["NextAction", "Condition"];

    fn read(mut members: Members) -> Self {
        Self {
            next: text(&mut members, "NextAction"),
            condition: object(&mut members, "Condition").map(Condition::read),
            rest: members,
        }
    }

    fn write(self) -> Members {
        let mut members = self.rest;
        put(&mut members, "NextAction", self.next);
        put(&mut members, "Condition", self.condition.map(Condition::write));
        members
    }

    fn rest(&self) -> &Members {
        &self.rest
    }
}

impl Structure for Condition {
    const NAMES: &'static [&'static str] = &["Operator", "Operands"];

    fn read(mut members: Members) -> Self {
        Self { operator: text(&mut members, "Operator"), operands: values(&mut members, "Operands"), rest: members }
    }

    fn write(self) -> Members {
        let mut members = if planted::is("flow_language") { Members::new() } else { self.rest };
        put(&mut members, "Operator", self.operator);
        put(&mut members, "Operands", self.operands);
        members
    }

    fn rest(&self) -> &Members {
        &self.rest
    }
}

impl Flow {
    /// The content as sent in a request.
    pub fn to_text(self) -> String {
        Value::Object(self.write()).to_string()
    }

    /// The actions that are objects.
    pub fn typed_actions(&self) -> impl Iterator<Item = &Action> {
        self.actions.iter().flatten().filter_map(Part::typed)
    }
}

impl Action {
    /// Identifiers of the actions that can follow.
    pub fn followers(&self) -> impl Iterator<Item = &str> {
        let transitions = self.transitions.as_ref();
        let next = transitions.and_then(|transitions| transitions.next.as_deref());
        let errors = transitions.and_then(|transitions| transitions.errors.as_ref()).into_iter().flatten();
        let conditions = transitions.and_then(|transitions| transitions.conditions.as_ref()).into_iter().flatten();
        next.into_iter()
            .chain(errors.filter_map(|part| part.typed()?.next.as_deref()))
            .chain(conditions.filter_map(|part| part.typed()?.next.as_deref()))
    }
}
