//! Lowering of operations: HTTP binding, labels, errors and pagination.

use std::collections::HashMap;

use serde_json::Value;

use super::Lowered;
use super::uri::parse_uri;
use crate::ast::{AstShape, Reference};
use crate::header_names::is_of_sender;
use crate::schema::{Binding, Kind, Member, Operation, Pagination, Schema, Segment, ShapeId, Uri};

/// Lowers one operation. Shapes of the schema are already lowered; its operations are not.
pub(super) fn lower_operation(
    schema: &Schema,
    ids: &HashMap<&str, ShapeId>,
    name: &str,
    definition: &AstShape,
    service: &AstShape,
) -> Lowered<Operation> {
    let structure = |reference: &Option<Reference>, side: &str| -> Lowered<Option<ShapeId>> {
        match reference {
            Some(reference) if reference.target != "smithy.api#Unit" => {
                let id = *ids
                    .get(reference.target.as_str())
                    .ok_or_else(|| format!("{side} is {}, which is not defined", reference.target))?;
                match schema[id].kind {
                    Kind::Structure(_) => Ok(Some(id)),
                    _ => Err(format!("{side} is a {}, not a structure", schema[id].kind.word())),
                }
            }
            _ => Ok(None),
        }
    };
    let input = structure(&definition.input, "input")?;
    let output = structure(&definition.output, "output")?;
    let mut errors = Vec::new();
    for reference in definition.errors.iter().chain(&service.errors) {
        let id =
            *ids.get(reference.target.as_str()).ok_or_else(|| format!("error {} is not defined", reference.target))?;
        if schema[id].error.is_none() {
            return Err(format!("{} is listed as an error, but is not an error structure", schema[id].name));
        }
        if !errors.contains(&id) {
            errors.push(id);
        }
    }
    errors.sort_by(|a, b| schema[*a].name.cmp(&schema[*b].name));
    let http = definition.traits.get("smithy.api#http").ok_or("has no http trait, which restJson1 requires")?;
    let method = http.get("method").and_then(Value::as_str).ok_or("http has no method")?.to_owned();
    if method.is_empty() || !method.bytes().all(|b| b.is_ascii_alphabetic()) {
        return Err(format!("{method:?} is not an HTTP method"));
    }
    let uri = parse_uri(http.get("uri").and_then(Value::as_str).ok_or("http has no uri")?)?;
    let status = http.get("code").and_then(Value::as_u64).unwrap_or(200);
    let status = u16::try_from(status)
        .ok()
        .filter(|code| (100..600).contains(code))
        .ok_or_else(|| format!("http code {status} is not an HTTP status"))?;
    check_labels(schema, input, &uri)?;
    let has = |id: &str| definition.traits.contains_key(id);
    let mut operation = Operation {
        name: name.to_owned(),
        method,
        uri,
        status,
        input,
        output,
        errors,
        pagination: None,
        idempotent: has("smithy.api#idempotent"),
        readonly: has("smithy.api#readonly"),
        deprecated: has("smithy.api#deprecated"),
        host_prefix: definition
            .traits
            .get("smithy.api#endpoint")
            .and_then(|t| t.get("hostPrefix"))
            .and_then(Value::as_str)
            .map(str::to_owned),
        refused: None,
    };
    operation.refused = refused(schema, ids, definition).or_else(|| lost_in_answer(schema, &operation));
    operation.pagination = match definition.traits.get("smithy.api#paginated") {
        Some(paginated) => Some(lower_pagination(schema, &operation, paginated)?),
        None => infer_pagination(schema, &operation),
    };
    Ok(operation)
}

/// Returns why an operation is not supported: event streams are a protocol of their own, and no value may replace a header
/// that decides where a request goes and who signed it.
fn refused(schema: &Schema, ids: &HashMap<&str, ShapeId>, definition: &AstShape) -> Option<String> {
    for (side, reference) in [("input", &definition.input), ("output", &definition.output)] {
        let Some(id) = reference.as_ref().and_then(|r| ids.get(r.target.as_str())) else { continue };
        for member in schema[*id].kind.members().into_iter().flatten() {
            if let Binding::Header(name) = &member.binding
                && side == "input"
                && is_of_sender(name)
            {
                return Some(format!(
                    "member {} of its input is bound to the header {name}, which only the sender sets",
                    member.name
                ));
            }
            let target = &schema[member.slot.target];
            if target.streaming && target.kind.members().is_some() {
                return Some(format!(
                    "member {} of its {side} is an event stream, which this harness does not support",
                    member.name
                ));
            }
        }
    }
    None
}

/// Returns why no answer of an operation can keep the model: its status has no body (RFC 9110, section 6.4.1), but a member in
/// the body is required.
fn lost_in_answer(schema: &Schema, operation: &Operation) -> Option<String> {
    let has_no_body = matches!(operation.status, 100..=199 | 204 | 304);
    let is_lost = |member: &&Member| member.required && matches!(member.binding, Binding::Body | Binding::Payload);
    let lost = schema.output_members(operation)?.iter().find(|member| has_no_body && is_lost(member))?;
    Some(format!(
        "its response has the status {}, so it has no body, where the model requires member {}",
        operation.status, lost.name
    ))
}

/// Checks that labels of the URI template and label members of the input correspond, and that the members are required.
fn check_labels(schema: &Schema, input: Option<ShapeId>, uri: &Uri) -> Lowered<()> {
    let members: Vec<&Member> = input.and_then(|id| schema[id].kind.members()).into_iter().flatten().collect();
    let label_of = |member: &Member| match &member.binding {
        Binding::Label(name) => Some(name.clone()),
        _ => None,
    };
    for segment in &uri.segments {
        if let Segment::Label(label) | Segment::Greedy(label) = segment {
            match members.iter().find(|member| label_of(member).as_ref() == Some(label)) {
                None => return Err(format!("uri {uri} has label {{{label}}}, but no input member is bound to it")),
                Some(member) if !member.required => {
                    return Err(format!("label {{{label}}} is bound to {}, which is not required", member.name));
                }
                Some(_) => {}
            }
        }
    }
    for member in &members {
        if let Some(label) = label_of(member) {
            let there = uri.segments.iter().any(|s| matches!(s, Segment::Label(l) | Segment::Greedy(l) if *l == label));
            if !there {
                return Err(format!("member {} is bound to label {{{label}}}, which uri {uri} lacks", member.name));
            }
        }
    }
    Ok(())
}

fn lower_pagination(schema: &Schema, operation: &Operation, value: &Value) -> Lowered<Pagination> {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let path = |text: &str| text.split('.').map(str::to_owned).collect::<Vec<_>>();
    let input_token = text("inputToken").ok_or("is paginated without inputToken")?.to_owned();
    let output_token = path(text("outputToken").ok_or("is paginated without outputToken")?);
    let input = schema.input_members(operation).ok_or("is paginated, but has no input")?;
    if input.get(&input_token).is_none() {
        return Err(format!("is paginated by input member {input_token}, which does not exist"));
    }
    let page_size = text("pageSize").map(str::to_owned);
    if let Some(member) = page_size.as_ref().filter(|name| input.get(name).is_none()) {
        return Err(format!("its page size is input member {member}, which does not exist"));
    }
    let items = text("items").map(path);
    for (what, path) in [("output token", Some(&output_token)), ("items", items.as_ref())] {
        if let Some(path) = path
            && !output_has(schema, operation, path)
        {
            return Err(format!("its {what} is output member {}, which does not exist", path.join(".")));
        }
    }
    Ok(Pagination { input_token, output_token, items, page_size, inferred: false })
}

fn output_has(schema: &Schema, operation: &Operation, path: &[String]) -> bool {
    let mut members = schema.output_members(operation);
    for (at, name) in path.iter().enumerate() {
        let Some(member) = members.and_then(|m| m.get(name)) else { return false };
        if at + 1 < path.len() {
            members = schema[member.slot.target].kind.members();
        }
    }
    true
}

/// Infers pagination of an operation that has a NextToken in its input and output, but is missing from the paginators
/// file. The items are the only list or map of the output; they are unknown if there are several.
fn infer_pagination(schema: &Schema, operation: &Operation) -> Option<Pagination> {
    let input = schema.input_members(operation)?;
    let output = schema.output_members(operation)?;
    let same = |member: &&Member, name: &str| member.name.eq_ignore_ascii_case(name);
    let input_token = input.iter().find(|m| same(m, "NextToken"))?.name.clone();
    let output_token = output.iter().find(|m| same(m, "NextToken"))?.name.clone();
    let page_size = input
        .iter()
        .find(|m| same(m, "MaxResults") || same(m, "PageSize") || same(m, "MaxItems"))
        .map(|m| m.name.clone());
    let lists: Vec<&Member> =
        output.iter().filter(|m| matches!(schema[m.slot.target].kind, Kind::List(_) | Kind::Map(_))).collect();
    let items = match lists.as_slice() {
        [one] => Some(vec![one.name.clone()]),
        _ => None,
    };
    Some(Pagination { input_token, output_token: vec![output_token], items, page_size, inferred: true })
}
