//! The type of a shape: structure, union or enum.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::names::{capitalised, field_name, pascal, plain, type_name, variant_name};
use super::types::{contains_directly, has_default, is_hidden, slot_type};
use crate::export::words;
use crate::schema::{Kind, Member, Members, Schema, ShapeId};
use crate::text::visible;

/// Maximum width of a line; `max_width` in `rustfmt.toml`.
const MAX_WIDTH: usize = 120;

/// The source of a shape's type, if it has a type of its own.
pub(super) fn item(schema: &Schema, id: ShapeId, role: &str) -> Option<String> {
    let shape = &schema[id];
    match &shape.kind {
        Kind::Structure(members) => Some(structure(schema, id, members, role)),
        Kind::Union(members) => Some(union(schema, id, members, role)),
        Kind::Enum(values) => Some(open_enum(&shape.name, values, role)),
        _ => None,
    }
}

fn structure(schema: &Schema, id: ShapeId, members: &Members, role: &str) -> String {
    let name = type_name(&schema[id].name);
    let hides = members.iter().any(|member| is_hidden(schema, &member.slot, 0));
    let mut derives = vec!["Clone"];
    if !hides {
        derives.push("Debug");
    }
    if has_default(schema, id, &mut BTreeSet::new()) {
        derives.push("Default");
    }
    derives.extend(["PartialEq", "Serialize", "Deserialize"]);
    let mut text = format!("/// {role}\n#[derive({})]\n", derives.join(", "));
    if members.iter().any(|member| pascal(&field_name(&member.name)) == member.name) {
        text.push_str("#[serde(rename_all = \"PascalCase\")]\n");
    }
    let by_rule = text.contains("rename_all");
    if members.is_empty() {
        let _ = writeln!(text, "pub struct {name} {{}}");
    } else {
        let _ = writeln!(text, "pub struct {name} {{");
        for member in members {
            field(schema, id, member, by_rule, &mut text);
        }
        text.push_str("}\n");
    }
    if let Some(error) = &schema[id].error {
        let _ = writeln!(
            text,
            "\nimpl ServiceError for {name} {{\n    const CODE: &'static str = {:?};\n    const STATUS: u16 = {};\n}}",
            schema[id].name, error.status
        );
    }
    if hides {
        text.push('\n');
        text.push_str(&hiding_debug(schema, &name, members));
    }
    text
}

fn field(schema: &Schema, owner: ShapeId, member: &Member, by_rule: bool, text: &mut String) {
    let field = field_name(&member.name);
    // The model is that of others, and a line break would end the comment.
    let words = words::member(schema, member);
    let _ = writeln!(text, "    /// {}.", capitalised(&visible(&words)));
    let mut serde = Vec::new();
    let automatic = if by_rule { pascal(&field) } else { plain(&field).to_owned() };
    if automatic != member.name {
        serde.push(format!("rename = {:?}", member.name));
    }
    let mut kind = slot_type(schema, &member.slot);
    if contains_directly(schema, member.slot.target, owner, &mut BTreeSet::new()) {
        kind = format!("Box<{kind}>");
    }
    if !member.required {
        serde.push("skip_serializing_if = \"Option::is_none\"".to_owned());
        kind = format!("Option<{kind}>");
    }
    if !serde.is_empty() {
        let _ = writeln!(text, "    #[serde({})]", serde.join(", "));
    }
    let line = format!("    pub {field}: {kind},\n");
    if line.len() <= MAX_WIDTH + 1 {
        text.push_str(&line);
    } else {
        let _ = writeln!(text, "    pub {field}:\n        {kind},");
    }
}

fn hiding_debug(schema: &Schema, name: &str, members: &Members) -> String {
    let mut calls = vec![format!("f.debug_struct({name:?})")];
    for member in members {
        let field = field_name(&member.name);
        let shown = match (is_hidden(schema, &member.slot, 0), member.required) {
            (false, _) => format!("&self.{field}"),
            (true, true) => "&Hidden".to_owned(),
            (true, false) => format!("&self.{field}.as_ref().map(|_| Hidden)"),
        };
        calls.push(format!(".field({:?}, {shown})", plain(&field)));
    }
    calls.push(".finish()".to_owned());
    let one_line = calls.concat();
    let body = if one_line.len() + 8 <= MAX_WIDTH { one_line } else { calls.join("\n            ") };
    format!(
        "impl fmt::Debug for {name} {{\n    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {{\n        {body}\n    \
         }}\n}}\n"
    )
}

fn union(schema: &Schema, id: ShapeId, members: &Members, role: &str) -> String {
    let name = type_name(&schema[id].name);
    let mut text = format!("open_union! {{\n    /// {role}\n    pub enum {name} {{\n");
    let mut taken = BTreeSet::from(["Unknown".to_owned()]);
    for member in members {
        let mut kind = slot_type(schema, &member.slot);
        if contains_directly(schema, member.slot.target, id, &mut BTreeSet::new()) {
            kind = format!("Box<{kind}>");
        }
        let variant = variant_name(&member.name, &mut taken);
        let _ = writeln!(text, "        /// Member `{}`.\n        {variant}({kind}) = {:?},", member.name, member.name);
    }
    text.push_str("    }\n}\n");
    text
}

fn open_enum(name: &str, values: &[String], role: &str) -> String {
    let mut text = format!("open_enum! {{\n    /// {role}\n    pub enum {} {{\n", type_name(name));
    let mut taken = BTreeSet::from(["Unknown".to_owned()]);
    for value in values {
        let _ = writeln!(text, "        {} = {value:?},", variant_name(value, &mut taken));
    }
    text.push_str("    }\n}\n");
    text
}
