//! Rules that a service may have beyond its model. A refusal of a value that such a rule may concern proves nothing, so it is
//! recorded and not judged. Sends nothing.

use connect_model::path::{SchemaPath, Step};
use connect_model::schema::{Kind, Schema, Slot};
use serde_json::Value;

use crate::client::forms::is_free_text;
use crate::parts::visit;

/// Members with rules beyond the model, each in a top-level member, or in any if that is empty, with the source.
const RULED: &[(&str, &str, &str)] = &[
    (
        "MediaConcurrencies",
        "Concurrency",
        "Connect API reference, MediaConcurrency: the maximum depends on the channel",
    ),
    ("", "IdentityManagementType", "Connect API reference, CreateInstance: EXISTING_DIRECTORY needs a DirectoryId"),
];

/// The rule that a value of a top-level member may break although the contract allows it. `focus` leads to the chosen part;
/// everything else in the member was generated together with it.
pub(super) fn rule_for(schema: &Schema, slot: &Slot, top: &str, focus: &SchemaPath, value: &Value) -> Option<String> {
    let chosen = last_member(focus).unwrap_or(top);
    if ["Sha256", "Hash", "Digest", "Checksum"].iter().any(|end| chosen.ends_with(end)) {
        return Some(format!("{chosen} may have to be the digest of something"));
    }
    if names_thing(chosen) {
        return Some(format!("{chosen} may have to name something that exists"));
    }
    let mut found = ruled(schema, slot, top, top, value);
    visit(schema, slot.target, value, &mut |part| {
        found = found.take().or_else(|| ruled(schema, part.slot, top, part.name, part.value));
        found.is_none()
    });
    found
}

/// The rule for one part of a top-level member.
fn ruled(schema: &Schema, slot: &Slot, top: &str, name: &str, value: &Value) -> Option<String> {
    let is_listed =
        |(holder, member, _): &&(&str, &str, &str)| *member == name && (holder.is_empty() || *holder == top);
    if let Some((.., source)) = RULED.iter().find(is_listed) {
        return Some(format!("{name} has a rule beyond the model ({source})"));
    }
    let is_text = matches!(schema[slot.target].kind, Kind::String) && value.is_string();
    let is_open = is_text && slot.traits.pattern.is_none() && !names_thing(name) && !is_free_text(name);
    is_open.then(|| format!("the model does not tell the form of {name}"))
}

/// True for the name of a member that names a thing.
pub(super) fn names_thing(member: &str) -> bool {
    ["Id", "Ids", "Arn", "Arns"].iter().any(|end| member.ends_with(end))
}

/// The last member on a path.
fn last_member(path: &SchemaPath) -> Option<&str> {
    path.0.iter().rev().find_map(|step| match step {
        Step::Member(name) => Some(name.as_str()),
        Step::Element | Step::Key | Step::Value => None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    /// The rule for the value at a path of an input.
    fn rule(operation: &str, path: &[&str], value: &Value) -> Option<String> {
        let schema = Schema::connect();
        let contract = &schema[schema.operation_named(operation).unwrap()];
        let slot = &schema.input_members(contract).unwrap().get(path[0]).unwrap().slot;
        let focus = SchemaPath(path.iter().map(|name| Step::Member((*name).to_owned())).collect());
        rule_for(schema, slot, path[0], &focus, value)
    }

    #[test]
    fn free_text_numbers_and_enums_have_no_rule() {
        assert_eq!(rule("CreateQueue", &["Description"], &json!("a")), None);
        assert_eq!(rule("CreateQueue", &["MaxContacts"], &json!(1)), None);
        assert_eq!(rule("CreateContactFlow", &["Type"], &json!("CONTACT_FLOW")), None);
        assert_eq!(
            rule("CreateTaskTemplate", &["Fields"], &json!([{ "Id": { "Name": "n" }, "Description": "d" }])),
            None
        );
    }

    #[test]
    fn texts_of_unknown_form_names_of_things_and_listed_members_have_one() {
        for (operation, path, value) in [
            ("CreateHoursOfOperation", &["TimeZone"][..], json!("a")),
            ("CreateView", &["Content", "Template"], json!({ "Template": "a" })),
            ("CreateView", &["Content"], json!({ "Template": "a" })),
            ("CreateTaskTemplate", &["ContactHooks", "WrapUpFlowId"], json!({ "WrapUpFlowId": "f" })),
            ("CreateViewVersion", &["ViewContentSha256"], json!("a")),
            ("CreateInstance", &["IdentityManagementType"], json!("EXISTING_DIRECTORY")),
            ("CreateRoutingProfile", &["MediaConcurrencies"], json!([{ "Channel": "VOICE", "Concurrency": 10 }])),
        ] {
            assert!(rule(operation, path, &value).is_some(), "{operation} {path:?}");
        }
    }
}
