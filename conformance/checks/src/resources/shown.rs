//! Values of an input that the description of a resource can show.

use arbitrary::Unstructured;
use connect_model::generate::seed::Stream;
use connect_model::generate::{Config, Generator, Place};
use connect_model::schema::{Operation, Schema, Slot};
use connect_model::validate::validate_slot;
use serde_json::Value;

use super::{created_by, updated_by};

/// The place where the description of what an operation creates or updates shows a member of its input.
pub(crate) fn shown_at(schema: &'static Schema, operation: &str, member: &str) -> Option<&'static Slot> {
    let row = created_by(schema, operation).or_else(|| updated_by(schema, operation))?;
    row.of.described(schema)?.get(member).map(|member| &member.slot)
}

/// True if the model lets the description show a value of the input of a creation or an update. Some models allow less in the
/// description, and no endpoint can keep to both.
pub(crate) fn can_be_shown(schema: &'static Schema, operation: &str, member: &str, value: &Value) -> bool {
    shown_at(schema, operation, member).is_none_or(|slot| schema.can_show(slot, value))
}

/// Replaces values that the description of what an operation creates or updates cannot show, where both sides allow others.
/// Members that `stays` names are left as they are.
pub(crate) fn make_showable(
    schema: &'static Schema,
    operation: &Operation,
    input: &mut Value,
    stays: impl Fn(&str) -> bool,
) {
    let members = schema.input_members(operation);
    let Some(map) = input.as_object_mut() else { return };
    for (name, value) in map {
        let member = members.and_then(|members| members.get(name));
        let (Some(member), Some(slot)) = (member, shown_at(schema, &operation.name, name)) else { continue };
        if stays(name) || value.is_null() || can_be_shown(schema, &operation.name, name, value) {
            continue;
        }
        let bytes = Stream::new(0, &value.to_string()).bytes(512);
        let made = Generator::new(schema, Config::sparse()).place(slot, Place::Body, &mut Unstructured::new(&bytes));
        *value = match made {
            Ok(made) if validate_slot(schema, &member.slot, &made).is_empty() => made,
            _ => continue,
        };
    }
}
