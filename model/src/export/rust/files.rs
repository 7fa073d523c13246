//! The text of generated files around the types.

use std::fmt::Write as _;

use super::HEADER;
use super::names::type_name;
use super::usage::{COMMON, ERRORS};
use crate::schema::{Kind, Operation, Schema, ShapeId};

/// A file of types.
pub(super) fn file_text(file: &str, items: &[String]) -> String {
    let body = items.join("\n");
    let about = match file {
        ERRORS => "Error structures, and shapes used only by them.".to_owned(),
        COMMON => "Shapes of several families of operations.".to_owned(),
        family => format!("Shapes of the operations on {family}."),
    };
    let mut text = format!("{HEADER}\n\n//! {about}\n\n");
    let mut std = String::new();
    if body.contains("BTreeMap<") {
        std.push_str("use std::collections::BTreeMap;\n");
    }
    if body.contains("impl fmt::Debug") {
        std.push_str("use std::fmt;\n");
    }
    if !std.is_empty() {
        text.push_str(&std);
        text.push('\n');
    }
    if body.contains("#[derive(") {
        text.push_str("use serde::{Deserialize, Serialize};\n\n");
    }
    let support: Vec<&str> = [("Hidden", "Hidden)"), ("open_enum", "open_enum!"), ("open_union", "open_union!")]
        .into_iter()
        .filter(|(_, mark)| body.contains(mark))
        .map(|(name, _)| name)
        .collect();
    match support.as_slice() {
        [] => {}
        [one] => {
            let _ = writeln!(text, "use super::support::{one};");
        }
        several => {
            let _ = writeln!(text, "use super::support::{{{}}};", several.join(", "));
        }
    }
    text.push_str("#[allow(unused_imports, reason = \"the model decides which files use others\")]\n");
    text.push_str("use super::*;\n\n");
    text.push_str(&body);
    text
}

/// The file of operations.
pub(super) fn ops_text(schema: &Schema, operations: &[&Operation]) -> String {
    let mut text = format!(
        "{HEADER}\n\n//! The operations as types with name, input and output, and a map from names to operations.\n\n\
         pub use super::support::Visitor;\nuse super::support::by_name;\nuse super::*;\n"
    );
    let name_of = |id: Option<ShapeId>| id.map_or("Nothing".to_owned(), |id| type_name(&schema[id].name));
    let mut sorted = operations.to_vec();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    let named: Vec<_> = sorted.iter().map(|operation| (operation.name.clone(), operation.name.as_str())).collect();
    text.push_str(&by_name(
        "Shows a visitor the operation of that name; none if it has no typed shapes.",
        "visit(Visitor), NAMES",
        &named,
    ));
    for operation in sorted {
        let name = &operation.name;
        let _ = writeln!(
            text,
            "\n/// `{} {}`.\n#[derive(Clone, Copy, Debug)]\npub struct {name};\n\nimpl Operation for {name} {{\n    \
             const NAME: &'static str = {name:?};\n    type Input = {};\n    type Output = {};\n}}",
            operation.method,
            operation.uri,
            name_of(operation.input),
            name_of(operation.output)
        );
    }
    text
}

/// The file that makes each type a shape of the model and maps names to types.
pub(super) fn index_text(schema: &Schema, shapes: impl Iterator<Item = ShapeId>) -> String {
    let typed = shapes
        .map(|id| &schema[id])
        .filter(|shape| matches!(shape.kind, Kind::Structure(_) | Kind::Union(_) | Kind::Enum(_)));
    let mut typed: Vec<_> = typed.map(|shape| (type_name(&shape.name), shape)).collect();
    typed.sort_by(|a, b| a.0.cmp(&b.0));
    let named = |errors: bool| -> Vec<(String, &str)> {
        let wanted = typed.iter().filter(|(_, shape)| !errors || shape.error.is_some());
        wanted.map(|(name, shape)| (name.clone(), shape.name.as_str())).collect()
    };
    let mut text = format!(
        "{HEADER}\n\n//! Makes the types shapes of the model, and maps names to types.\n\n\
         use super::support::{{by_name, shapes_of_the_model}};\nuse super::*;\n"
    );
    text.push_str("\nshapes_of_the_model! {\n");
    rows(&named(false), "    ", &mut text);
    text.push_str("}\n");
    text.push_str(&by_name(
        "Shows a visitor the error of that name; none if it has no type.",
        "visit_error(ErrorVisitor), ERRORS",
        &named(true),
    ));
    text
}

/// An invocation of the macro `by_name`.
fn by_name(about: &str, head: &str, named: &[(String, &str)]) -> String {
    let mut text = format!("\nby_name! {{\n    /// {about}\n    {head} {{\n");
    rows(named, "        ", &mut text);
    text.push_str("    }\n}\n");
    text
}

fn rows(named: &[(String, &str)], indent: &str, text: &mut String) {
    for (name, shape) in named {
        let _ = writeln!(text, "{indent}{name} = {shape:?},");
    }
}
