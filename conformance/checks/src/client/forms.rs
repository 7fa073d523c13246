//! Usual forms of texts that a model leaves open: a service that takes any text for a role by its model refuses one that is
//! no ARN of a role. Source: AWS General Reference, Amazon Resource Names, and the ids of EC2. Sends nothing.

use connect_model::schema::{Kind, Schema, ShapeId, Slot};
use connect_model::semantics;
use connect_model::validate::validate_slot;
use serde_json::Value;

use crate::parts::{Part, visit};

/// Endings of names of members, in lower case and without separators, each with a text of the usual form. A number tells the
/// items of a list and repeated requests apart: `#` is a number, and each `%` one of its last digits. The first ending that
/// fits counts.
const FORMS: &[(&str, &str)] = &[
    ("policyarn", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
    ("rolearn", "arn:aws:iam::123456789012:role/contract-test-#"),
    ("role", "arn:aws:iam::123456789012:role/contract-test-#"),
    ("principalarn", "arn:aws:iam::123456789012:role/contract-test-#"),
    ("userarn", "arn:aws:iam::123456789012:user/contract-test-#"),
    ("kmskey", "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-12345678%%%%"),
    ("kmskeyid", "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-12345678%%%%"),
    ("keyarn", "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-12345678%%%%"),
    ("topicarn", "arn:aws:sns:us-east-1:123456789012:contract-test-#"),
    ("sqsarn", "arn:aws:sqs:us-east-1:123456789012:contract-test-#"),
    ("lambdaarn", "arn:aws:lambda:us-east-1:123456789012:function:contract-test-#"),
    ("functionarn", "arn:aws:lambda:us-east-1:123456789012:function:contract-test-#"),
    ("bucketarn", "arn:aws:s3:::contract-test-#"),
    ("streamarn", "arn:aws:kinesis:us-east-1:123456789012:stream/contract-test-#"),
    ("loggrouparn", "arn:aws:logs:us-east-1:123456789012:log-group:contract-test-#:*"),
    ("secretarn", "arn:aws:secretsmanager:us-east-1:123456789012:secret:contract-test-#"),
    ("certificatearn", "arn:aws:acm:us-east-1:123456789012:certificate/1234abcd-12ab-34cd-56ef-12345678%%%%"),
    ("vpcid", "vpc-0123456789abc%%%%"),
    ("subnet", "subnet-0123456789abc%%%%"),
    ("subnetid", "subnet-0123456789abc%%%%"),
    ("securitygroup", "sg-0123456789abc%%%%"),
    ("securitygroupid", "sg-0123456789abc%%%%"),
    ("cidr", "10.1%%.0.0/16"),
    ("cidrblock", "10.1%%.0.0/16"),
    ("ipaddress", "192.0.2.1%%"),
    ("email", "contract-test-#@example.com"),
    ("emailaddress", "contract-test-#@example.com"),
    ("url", "https://example.com/#"),
    ("uri", "https://example.com/#"),
    ("hostname", "host-#.example.com"),
    ("domainname", "contract-test-#.example.com"),
    ("availabilityzone", "us-east-1a"),
    ("accountid", "12345678%%%%"),
    ("timezone", "UTC"),
    ("origin", "https://contract-test-#.example.com"),
    ("effectivefrom", "2030-01-1%"),
    ("effectivetill", "2030-02-1%"),
    ("scheduleexpression", "rate(5 minutes)"),
];

/// Ends of the names of members that hold free text. Other texts without a pattern may have a form that the model does not
/// tell, such as a time zone, a language or a path.
const FREE: &[&str] = &[
    "description",
    "title",
    "comment",
    "comments",
    "note",
    "notes",
    "message",
    "instruction",
    "instructions",
    "label",
    "text",
    "subject",
    "summary",
    "reason",
    "displayname",
    "firstname",
    "lastname",
];

/// True for the name of a member that holds free text.
pub(crate) fn is_free_text(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "name" || FREE.iter().any(|end| name.ends_with(end))
}

/// The name of a member in lower case and without separators.
pub(crate) fn plain_name(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|char| char.to_ascii_lowercase()).collect()
}

/// The usual text for a member, told apart from others by a number, and by the run if one is given.
fn usual(name: &str, nth: u64, run: Option<&str>) -> Option<String> {
    let name = plain_name(name);
    let (_, form) = FORMS.iter().find(|(end, _)| name.ends_with(end))?;
    let digits = form.matches('%').count();
    let last = format!("{nth:0digits$}");
    let mut last = last[last.len() - digits..].chars();
    let numbered = form.chars().filter_map(|char| if char == '%' { last.next() } else { Some(char) });
    let number = run.map_or_else(|| nth.to_string(), |run| format!("{run}-{nth}"));
    Some(numbered.collect::<String>().replace('#', &number))
}

/// The usual text for a member, if it has one that the contract allows.
pub(crate) fn usual_text(schema: &Schema, slot: &Slot, name: &str) -> Option<Value> {
    allowed(schema, slot, usual(name, 0, None))
}

/// The same for a thing of a run, with a number of the run. A form with few digits repeats.
pub(super) fn usual_text_of_run(schema: &Schema, slot: &Slot, name: &str, (run, number): (&str, u64)) -> Option<Value> {
    // Different runs begin at different numbers.
    let first = u64::from_str_radix(run, 16).unwrap_or_default();
    allowed(schema, slot, usual(name, first.wrapping_add(number), Some(run)))
}

fn allowed(schema: &Schema, slot: &Slot, text: Option<String>) -> Option<Value> {
    text.map(Value::from).filter(|text| validate_slot(schema, slot, text).is_empty())
}

/// Gives the texts of a value their usual forms, where the contract allows those and `is_free` lets the part change.
pub(super) fn give_usual_forms(
    schema: &Schema,
    shape: ShapeId,
    value: &mut Value,
    is_free: impl Fn(&Part<'_, '_>) -> bool,
) {
    give_forms(schema, shape, value, 0, is_free);
}

/// Gives the usual texts of a value other numbers, so that it is about other things than one with another `number`.
pub(crate) fn renumber(schema: &Schema, shape: ShapeId, value: &mut Value, number: u64) {
    let is_usual = |part: &Part<'_, '_>| part.value.as_str() == usual(part.name, part.nth as u64, None).as_deref();
    give_forms(schema, shape, value, number, is_usual);
}

fn give_forms(
    schema: &Schema,
    shape: ShapeId,
    value: &mut Value,
    number: u64,
    is_free: impl Fn(&Part<'_, '_>) -> bool,
) {
    let mut found = Vec::new();
    visit(schema, shape, value, &mut |part| {
        let is_text = matches!(schema[part.slot.target].kind, Kind::String)
            && part.value.is_string()
            && !semantics::is_language(schema, part.slot.target);
        let text = if is_text && is_free(part) { usual(part.name, part.nth as u64 + number, None) } else { None };
        found.extend(allowed(schema, part.slot, text).map(|text| (part.pointer.clone(), text)));
        true
    });
    for (pointer, text) in found {
        if let Some(place) = value.pointer_mut(&pointer) {
            *place = text;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn names_tell_the_form() {
        let role = "arn:aws:iam::123456789012:role/contract-test-0";
        assert_eq!(usual("ExecutionRoleArn", 0, None).as_deref(), Some(role));
        assert_eq!(usual("role", 0, None).as_deref(), Some(role));
        assert_eq!(usual("subnetId", 12, None).as_deref(), Some("subnet-0123456789abc0012"));
        assert_eq!(usual("accountId", 123_456, None).as_deref(), Some("123456783456"));
        assert_eq!(
            usual("PeerRoleArn", 345, None).as_deref(),
            Some("arn:aws:iam::123456789012:role/contract-test-345")
        );
        let of_run = usual("Origin", 7, Some("0badcafe"));
        assert_eq!(of_run.as_deref(), Some("https://contract-test-0badcafe-7.example.com"));
        assert_eq!(usual("Description", 0, None), None);
    }

    #[test]
    fn only_what_the_contract_allows_is_changed() {
        let schema = Schema::connect();
        let create = &schema[schema.operation_named("CreateEmailAddress").unwrap()];
        let mut value = json!({ "InstanceId": "i", "EmailAddress": "x", "DisplayName": "x", "Description": "x" });
        give_usual_forms(schema, create.input.unwrap(), &mut value, |part| part.name != "DisplayName");
        assert_eq!(value["Description"], "x");
        assert_eq!(value["EmailAddress"], "contract-test-0@example.com");
        value["DisplayName"] = "contract-test-0@example.com".into();
        renumber(schema, create.input.unwrap(), &mut value, 7);
        assert_eq!(value["EmailAddress"], "contract-test-7@example.com");
        assert_eq!(value["DisplayName"], "contract-test-0@example.com");
    }
}
