//! Draws sequences of requests that build on each other: valid requests that share names, tokens and ids, some then damaged.

use std::sync::OnceLock;

use arbitrary::Unstructured;
use connect_checks::resources::{self, Resource};
use connect_emulator::DEFAULT_INSTANCE_ID;
use connect_model::generate::{Config, Generator, Side};
use connect_model::path::SchemaPath;
use connect_model::resources::Source;
use connect_model::schema::{OperationId, Schema};
use connect_model::semantics::{self, Context};
use connect_model::shapes::CORE_OPERATIONS;
use connect_model::wire::encode_request;
use serde_json::{Map, Value};

use super::MOST;
use crate::language::LONG;
use crate::message::Request;

type Drawn<T> = arbitrary::Result<T>;

/// A request before it is encoded.
struct Draft {
    operation: OperationId,
    input: Value,
}

/// Draws up to [`MOST`] requests.
pub(super) fn requests(u: &mut Unstructured<'_>) -> Drawn<Vec<Request>> {
    let schema = Schema::connect();
    let (mut drafts, mut requests) = (Vec::new(), Vec::new());
    for _ in 0..u.int_in_range(1..=MOST)? {
        if !drafts.is_empty() && u.is_empty() {
            break;
        }
        let draft = draft(schema, &drafts, u)?;
        let Ok(request) = encode_request(schema, draft.operation, &draft.input) else { continue };
        let mut request = Request::from(request);
        request.uri = request.uri.replace("%7B%7B", "{{").replace("%7D%7D", "}}");
        requests.push(if u.ratio(1, 6)? { request.damaged(u)? } else { request });
        drafts.push(draft);
    }
    Ok(requests)
}

/// Percent-encodes all but unreserved characters.
pub(super) fn escaped(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

fn draft(schema: &'static Schema, earlier: &[Draft], u: &mut Unstructured<'_>) -> Drawn<Draft> {
    let repeated = match u.int_in_range(0..=11)? {
        0 => earlier.last(),
        1..=3 => earlier.iter().rev().find(|draft| schema[draft.operation].pagination.is_some()),
        _ => None,
    };
    if let Some(Draft { operation, input }) = repeated {
        let (operation, mut input) = (*operation, input.clone());
        request_next_page(schema, operation, &mut input, earlier, u)?;
        return Ok(Draft { operation, input });
    }
    let operation = operation(schema, u)?;
    let config = Config { max_text: u.int_in_range(0..=64)?, max_items: u.int_in_range(0..=3)?, ..u.arbitrary()? };
    let mut input = Generator::new(schema, config).operation(operation, Side::Input, u).unwrap_or_default();
    let name = schema[operation].name.as_str();
    if u.ratio(3, 4)? {
        take_template(schema, operation, &mut input);
    } else {
        semantics::repair(name, &mut input, &SchemaPath::default(), &Context::default(), u);
    }
    if let Value::Object(input) = &mut input {
        if u.ratio(1, 8)? {
            break_rule(name, input, u)?;
        }
        refer_to_earlier(schema, operation, input, earlier, u)?;
    }
    Ok(Draft { operation, input })
}

/// The kinds whose creations the emulator answers with the same ids each time.
fn kinds() -> impl Iterator<Item = &'static Resource> {
    resources::rows(Schema::connect()).iter().filter(|row| row.template().is_some())
}

/// Members of the answer to a creation with the id and the ARN.
fn given(row: &'static Resource) -> impl Iterator<Item = &'static str> {
    let id = match &row.of.id {
        Source::Output(path) => path.first(),
        Source::Input(_) => None,
    };
    id.into_iter().chain(row.of.arn.iter().flatten()).map(String::as_str)
}

/// Draws an operation, mostly a core one.
fn operation(schema: &Schema, u: &mut Unstructured<'_>) -> Drawn<OperationId> {
    static ALL: OnceLock<[Vec<OperationId>; 3]> = OnceLock::new();
    let [creations, performed, all] = ALL.get_or_init(|| {
        let named = |name: &&str| schema.operation_named(name);
        [
            kinds().filter_map(|row| schema.operation_named(row.create)).collect(),
            CORE_OPERATIONS.iter().filter_map(named).collect(),
            schema.operations().map(|(id, _)| id).collect(),
        ]
    });
    let some = match u.int_in_range(0..=9)? {
        0..=3 => creations,
        4..=8 => performed,
        _ => all,
    };
    Ok(*u.choose(some)?)
}

/// Replaces generated members by those of a template, which is accepted.
fn take_template(schema: &'static Schema, operation: OperationId, input: &mut Value) {
    let operation = &schema[operation];
    let template =
        match (resources::created_by(schema, &operation.name), resources::updated_by(schema, &operation.name)) {
            (Some(row), _) => row.input(),
            (_, Some(row)) => {
                schema.input_members(operation).map(|members| row.template_for(members)).into_iter().collect()
            }
            _ => return,
        };
    if let (Value::Object(input), Value::Object(template)) = (input, template) {
        input.extend(template);
    }
}

/// Breaks one of the operation's semantic rules.
fn break_rule(operation: &str, input: &mut Map<String, Value>, u: &mut Unstructured<'_>) -> Drawn<()> {
    let mut breaches = semantics::breaches(operation);
    breaches.retain(|breach| !LONG.contains(&breach.kind));
    if !breaches.is_empty() {
        let broken = semantics::broken(operation, u.choose(&breaches)?, &Context::default(), u);
        input.extend(broken.map(|broken| broken.invalid).unwrap_or_default());
    }
    Ok(())
}

/// Sets ids to placeholders for earlier responses, and names and tokens to values from small sets.
fn refer_to_earlier(
    schema: &Schema,
    operation: OperationId,
    input: &mut Map<String, Value>,
    earlier: &[Draft],
    u: &mut Unstructured<'_>,
) -> Drawn<()> {
    let operation = &schema[operation];
    let Some(members) = schema.input_members(operation) else { return Ok(()) };
    let answers = |create: &'static str, member: &'static str| {
        let made = earlier.iter().enumerate().filter(move |(_, draft)| schema[draft.operation].name == create);
        made.map(move |(at, _)| format!("{{{{{}.{member}}}}}", at + 1))
    };
    for member in members.iter().map(|member| member.name.as_str()) {
        let row = kinds().find(|row| row.id_member == member);
        let replacement = match (member, row) {
            ("InstanceId", _) => {
                let mut known: Vec<String> = answers("CreateInstance", "Id").collect();
                known.extend([DEFAULT_INSTANCE_ID.to_owned(), DEFAULT_INSTANCE_ID.to_owned()]);
                Some(u.choose(&known)?.clone())
            }
            (_, Some(row)) => {
                let made: Vec<String> = given(row).flat_map(|member| answers(row.create, member)).collect();
                let suffix = *u.choose(&["", "", "", ":$SAVED", ":$LATEST", ":1", ":2"])?;
                if made.is_empty() { None } else { Some(format!("{}{suffix}", u.choose(&made)?)) }
            }
            ("resourceArn", _) => {
                let made: Vec<String> = kinds()
                    .filter_map(|row| Some((row, row.of.arn.as_ref()?.first()?)))
                    .flat_map(|(row, arn)| answers(row.create, arn))
                    .collect();
                if made.is_empty() { None } else { Some(u.choose(&made)?.clone()) }
            }
            ("FlowContentSha256", _) => answers("CreateContactFlow", "FlowContentSha256").next_back(),
            ("Name" | "InstanceAlias", _) if u.ratio(7, 8)? => Some(format!("n{}", u.int_in_range(0..=3)?)),
            ("ClientToken", _) if u.ratio(1, 2)? => Some(format!("t{}", u.int_in_range(0..=1)?)),
            _ => None,
        };
        if let Some(replacement) = replacement {
            input.insert(member.to_owned(), replacement.into());
        }
    }
    if let Some(pagination) = &operation.pagination {
        // Keeps an unknown token in one of eight cases.
        if u.ratio(7, 8)? {
            input.remove(&pagination.input_token);
        }
        if let Some(size) = &pagination.page_size {
            input.insert(size.clone(), u.int_in_range(1..=3)?.into());
        }
    }
    Ok(())
}

/// Requests the next page of an earlier request, with its token or a damaged one.
fn request_next_page(
    schema: &Schema,
    operation: OperationId,
    input: &mut Value,
    earlier: &[Draft],
    u: &mut Unstructured<'_>,
) -> Drawn<()> {
    let Some(pagination) = &schema[operation].pagination else { return Ok(()) };
    let Some(at) = earlier.iter().rposition(|draft| draft.operation == operation) else { return Ok(()) };
    let token = format!("{{{{{}.{}}}}}", at + 1, pagination.output_token.join("."));
    let token = match u.int_in_range(0..=7)? {
        0 => format!("{token}0"),
        1 => format!("0{token}"),
        _ => token,
    };
    input[&pagination.input_token] = token.into();
    if let Some(size) = pagination.page_size.as_ref().filter(|_| u.ratio(1, 4).unwrap_or_default()) {
        input[size] = u.int_in_range(1..=100)?.into();
    }
    Ok(())
}
