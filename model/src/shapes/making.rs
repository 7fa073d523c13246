//! Makes typed values from bytes, so that the contract has nothing against them.

use std::collections::HashMap;
use std::sync::LazyLock;

use arbitrary::{Error, Unstructured};

use super::support::Shape;
use crate::generate::{Config, Generator, Side, Subject};
use crate::schema::{Schema, ShapeId};

/// A value of a type. Its first bytes are the knobs, so that small plain values, large ones, and those at the limits of
/// the contract all come; without bytes it is as small as it may be.
pub(super) fn make<T: Shape>(u: &mut Unstructured<'_>) -> arbitrary::Result<T> {
    let subject = subject::<T>().ok_or(Error::IncorrectFormat)?;
    let generator = Generator::new(Schema::connect(), u.arbitrary::<Config>()?);
    // Neither happens: every typed shape has values, and its type reads them.
    let value = generator.make(subject, u).map_err(|_| Error::IncorrectFormat)?;
    T::deserialize(value).map_err(|_| Error::IncorrectFormat)
}

/// What the built-in model knows a type as: an operation's message where it is one, for its members then keep what lies
/// across them.
pub(super) fn subject<T: Shape>() -> Option<Subject> {
    static MESSAGES: LazyLock<HashMap<ShapeId, Subject>> = LazyLock::new(|| {
        let sides = |(id, operation): (_, &crate::schema::Operation)| {
            let input = operation.input.map(|shape| (shape, Subject::Message(id, Side::Input)));
            input.into_iter().chain(operation.output.map(|shape| (shape, Subject::Message(id, Side::Output))))
        };
        Schema::connect().operations().flat_map(sides).collect()
    });
    let shape = Schema::connect().shape_named(T::NAME)?;
    Some(MESSAGES.get(&shape).copied().unwrap_or(Subject::Shape(shape)))
}
