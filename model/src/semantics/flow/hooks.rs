//! The flow language in the inputs of operations: breaches of their `Content`, and content for a flow type.

use arbitrary::Unstructured;
use serde_json::{Map, Value};

use super::check;
use super::generate::{self, Shape};
use super::home::Home;
use super::kinds::{KINDS, LANGUAGE};
use super::mutate::mutant;
use crate::constraint::size::pick;
use crate::path::{SchemaPath, Step};
use crate::semantics::{Breach, Broken, Context, Problem};

/// The owner of an operation's content.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Belongs {
    /// A new flow, of the type in the input.
    NewFlow,
    /// An existing flow.
    Flow,
    /// A module.
    Module,
}

fn belongs(operation: &str) -> Option<Belongs> {
    match operation {
        "CreateContactFlow" => Some(Belongs::NewFlow),
        "UpdateContactFlowContent" => Some(Belongs::Flow),
        "CreateContactFlowModule" | "UpdateContactFlowModuleContent" => Some(Belongs::Module),
        _ => None,
    }
}

/// Breaches of an operation's content. The service model covers the length of a module's content.
pub(in crate::semantics) fn breaches(operation: &str) -> impl Iterator<Item = &'static Breach> {
    let belongs = belongs(operation);
    let modelled = move |kind: &str| kind == "too-long" && belongs == Some(Belongs::Module);
    KINDS.iter().filter(move |breach| belongs.is_some() && !modelled(breach.kind))
}

/// Content with a breach and content without, as members of the input.
pub(in crate::semantics) fn broken(
    operation: &str,
    breach: &Breach,
    context: &Context<'_>,
    u: &mut Unstructured<'_>,
) -> Option<Broken> {
    let belongs = belongs(operation)?;
    let home = match belongs {
        Belongs::Module => Home::Module,
        Belongs::Flow => context.flow_type.and_then(Home::of_type).unwrap_or(Home::ContactFlow),
        Belongs::NewFlow => Home::ALL[pick(u, 0, Home::ALL.len() as u64 - 2) as usize],
    };
    let mutant = mutant(breach.kind, home, u)?;
    let members = |content: String| {
        let mut members = Map::from_iter([("Content".to_owned(), Value::String(content))]);
        if belongs == Belongs::NewFlow {
            members.insert("Type".to_owned(), home.word().into());
            members.insert("Status".to_owned(), "PUBLISHED".into());
        }
        members
    };
    Some(Broken { valid: members(mutant.valid), invalid: members(mutant.invalid) })
}

/// Problems of an input's content. A flow that is only saved is not checked.
pub(in crate::semantics) fn check_input(
    operation: &str,
    input: &Value,
    context: &Context<'_>,
) -> Vec<(&'static str, Problem)> {
    let text = |name: &str| input.get(name).and_then(Value::as_str);
    let home = match belongs(operation) {
        Some(Belongs::NewFlow) if text("Status") == Some("SAVED") => return Vec::new(),
        Some(Belongs::NewFlow) => text("Type").and_then(Home::of_type),
        Some(Belongs::Flow) => context.flow_type.and_then(Home::of_type),
        Some(Belongs::Module) => Some(Home::Module),
        None => return Vec::new(),
    };
    let problems = text("Content").map(|content| check(content, home)).unwrap_or_default();
    problems.into_iter().map(|problem| (LANGUAGE, problem)).collect()
}

/// Replaces the content with one for the flow's type.
pub(in crate::semantics) fn repair(
    operation: &str,
    input: &mut Value,
    focus: &SchemaPath,
    context: &Context<'_>,
    u: &mut Unstructured<'_>,
) {
    let kind = match belongs(operation) {
        Some(Belongs::NewFlow) => input.get("Type").and_then(Value::as_str),
        Some(Belongs::Flow) => context.flow_type,
        // Content for modules is valid as generated.
        Some(Belongs::Module) | None => return,
    };
    let Some(home) = kind.and_then(Home::of_type) else { return };
    let focused = matches!(focus.0.first(), Some(Step::Member(name)) if name == "Content");
    if let Some(content) = input.get_mut("Content").filter(|_| !focused) {
        *content = generate::flow(home, Shape::default(), u).to_text().into();
    }
}

/// Content that is valid in a flow of any type.
pub(in crate::semantics) fn flow_text(u: &mut Unstructured<'_>) -> String {
    // Actions allowed in campaigns are allowed everywhere.
    generate::flow(Home::Campaign, Shape::default(), u).to_text()
}

/// Content that is valid in a module.
pub(in crate::semantics) fn module_text(u: &mut Unstructured<'_>) -> String {
    generate::flow(Home::Module, Shape::default(), u).to_text()
}
