//! The subject of a value: a message of an operation, or a shape by itself. Generates, checks and simplifies both.

use std::collections::BTreeSet;

use arbitrary::Unstructured;
use serde_json::Value;

use super::{GenerateError, Generator, Side, side_shape};
use crate::path::SchemaPath;
use crate::schema::{Kind, OperationId, Schema, ShapeId};
use crate::semantics::{self, Context};
use crate::validate::validate;

/// The subject of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Input or output of an operation.
    Message(OperationId, Side),
    /// A shape outside a message.
    Shape(ShapeId),
}

/// The rules beyond the service model that a value breaks: language and kind of each.
pub(super) type Broken = BTreeSet<(&'static str, &'static str)>;

impl Subject {
    /// The shape; none for a message without one.
    pub fn shape(self, schema: &Schema) -> Option<ShapeId> {
        match self {
            Subject::Message(operation, side) => side_shape(schema, operation, side),
            Subject::Shape(shape) => Some(shape),
        }
    }
}

impl Generator<'_> {
    /// A valid value that also satisfies the rules beyond the service model, including those of its parts.
    pub fn make(&self, subject: Subject, u: &mut Unstructured<'_>) -> Result<Value, GenerateError> {
        let mut value = match subject {
            Subject::Message(operation, side) => self.operation(operation, side, u)?,
            Subject::Shape(shape) => self.shape(shape, u)?,
        };
        if let Some(shape) = self.parts_of(subject) {
            let mut ahead = Unstructured::new(u.peek_bytes(u.len()).unwrap_or_default());
            semantics::repair_parts(self.schema, shape, &mut value, &mut ahead);
        }
        Ok(value)
    }

    /// The rules beyond the service model that a value breaks; none if it breaks the model itself.
    pub(super) fn judge(&self, subject: Subject, value: &Value) -> Option<Broken> {
        let valid = |shape| validate(self.schema, shape, value).is_empty();
        if !subject.shape(self.schema).is_none_or(valid) {
            return None;
        }
        let problems = match (self.parts_of(subject), subject) {
            (Some(shape), _) => semantics::check_parts(self.schema, shape, value),
            (None, Subject::Message(operation, _)) if self.has_languages => {
                semantics::check(&self.schema[operation].name, value, &Context::default())
            }
            _ => Vec::new(),
        };
        Some(problems.into_iter().map(|(language, problem)| (language, problem.kind)).collect())
    }

    /// Simpler variants that single shrinking steps cannot reach: the simplest value of all, and `value` with the
    /// simplest text of each language.
    pub(super) fn plainer(&self, subject: Subject, value: &Value) -> Vec<Value> {
        let nothing = &mut Unstructured::new(&[]);
        let mut found: Vec<Value> = self.make(subject, nothing).into_iter().collect();
        if let Some(shape) = subject.shape(self.schema).filter(|_| self.has_languages) {
            let mut plain = value.clone();
            if self.make_texts_plain(shape, &mut plain) {
                match (self.parts_of(subject), subject) {
                    (Some(shape), _) => semantics::repair_parts(self.schema, shape, &mut plain, nothing),
                    (None, Subject::Message(operation, _)) => {
                        let (name, nowhere) = (&self.schema[operation].name, SchemaPath::default());
                        semantics::repair(name, &mut plain, &nowhere, &Context::default(), nothing);
                    }
                    _ => {}
                }
                found.push(plain);
            }
        }
        let length = value.to_string().len();
        found.retain(|plainer| plainer.to_string().len() < length);
        found
    }

    /// The shape whose parts have rules of their own. Inputs are handled as a whole instead.
    fn parts_of(&self, subject: Subject) -> Option<ShapeId> {
        let whole = matches!(subject, Subject::Message(_, Side::Input));
        subject.shape(self.schema).filter(|_| self.has_languages && !whole)
    }

    /// Replaces each language text with the simplest one. Returns true if there was any.
    fn make_texts_plain(&self, shape: ShapeId, value: &mut Value) -> bool {
        if let (Some(make), Value::String(text)) = (self.texts.get(&shape), &mut *value) {
            *text = make(&mut Unstructured::new(&[]));
            return true;
        }
        let mut any = false;
        match (&self.schema[shape].kind, value) {
            (Kind::Structure(members) | Kind::Union(members), Value::Object(map)) => {
                for (name, value) in map {
                    any |= members.get(name).is_some_and(|member| self.make_texts_plain(member.slot.target, value));
                }
            }
            (Kind::List(list), Value::Array(items)) => {
                for item in items {
                    any |= self.make_texts_plain(list.member.target, item);
                }
            }
            _ => {}
        }
        any
    }
}
