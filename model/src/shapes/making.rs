//! Typed values from bytes; all of them conform to the contract.

use std::collections::HashMap;
use std::sync::LazyLock;

use arbitrary::{Error, Unstructured};

use super::support::Shape;
use crate::generate::{Config, Generator, Side, Subject};
use crate::schema::{Schema, ShapeId};

/// Makes a value of a type. The first bytes determine the configuration, so that small values, large values and values at
/// the limits all occur. Without bytes, the value is as small as possible.
pub(super) fn make<T: Shape>(u: &mut Unstructured<'_>) -> arbitrary::Result<T> {
    let subject = subject::<T>().ok_or(Error::IncorrectFormat)?;
    let generator = Generator::new(Schema::connect(), u.arbitrary::<Config>()?);
    // Neither error occurs: every typed shape has values, and its type deserializes them.
    let value = generator.make(subject, u).map_err(|_| Error::IncorrectFormat)?;
    T::deserialize(value).map_err(|_| Error::IncorrectFormat)
}

/// Returns the subject of a type in the built-in model. A message of an operation is preferred to its plain shape, since
/// rules across its members then apply.
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
