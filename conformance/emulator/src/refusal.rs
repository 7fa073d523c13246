//! Reasons to refuse a call, without HTTP. Knows which errors an operation models.

use connect_model::schema::{Kind, Member, Operation, Schema, ShapeId};
use serde_json::{Map, Value, json};

use crate::validation::Field;

/// A call that is answered with an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The input is invalid. The name of the error depends on the operation: see [`Refusal::name`].
    Invalid(String),
    /// The input breaks the model: in one sentence, and place by place. Named like [`Refusal::Invalid`].
    Violations(String, Vec<Field>),
    /// A resource in the input does not exist.
    NotFound(String),
    /// An error by name, with its message.
    Named(&'static str, String),
    /// The content of a flow is invalid: `InvalidContactFlowException`, which has `problems` and no message.
    FlowProblems(Vec<String>),
    /// The content of a module is invalid: `InvalidContactFlowModuleException`, which has `Problems` and no message.
    ModuleProblems(Vec<String>),
}

/// Errors for invalid input, in order of preference. The last three belong to other services.
const INVALID: &[&str] = &[
    "InvalidRequestException",
    "InvalidParameterException",
    "ValidationException",
    "BadRequestException",
    "ClientException",
];

/// Other errors for invalid input, by the words in their names.
const INVALID_WORDS: &[&str] = &["Validation", "BadRequest", "InvalidRequest", "InvalidParameter"];

/// Name and status for an operation that models no error for invalid input, as in Smithy servers.
pub(crate) const VALIDATION: (&str, u16) = ("ValidationException", 400);

/// Errors for a name that is taken, by the words in their names, in order of preference. Some services say that the name is
/// in use.
const CONFLICT: &[&str] =
    &["DuplicateResource", "ResourceConflict", "AlreadyExists", "ResourceExists", "Conflict", "Duplicate", "InUse"];

/// Words in the names of errors for what does not exist, in order of preference.
const NOT_FOUND: &[&str] = &["NotFound", "NoSuch", "NotExist"];

impl Refusal {
    /// The error of an operation for a resource that does not exist, if it models one.
    pub(crate) fn modelled_not_found(schema: &'static Schema, operation: &Operation) -> Option<&'static str> {
        let plain = "ResourceNotFoundException";
        let by_word = || NOT_FOUND.iter().find_map(|word| modelled(schema, operation, word));
        schema.error_of(operation, plain).map(|_| plain).or_else(by_word)
    }

    /// The error of an operation for a name that is taken, if it models one.
    pub(crate) fn conflict(schema: &'static Schema, operation: &Operation) -> Option<&'static str> {
        CONFLICT.iter().find_map(|word| modelled(schema, operation, word))
    }

    /// The error of an operation for a resource that another one uses, if it models one.
    pub(crate) fn in_use(schema: &'static Schema, operation: &Operation) -> Option<&'static str> {
        modelled(schema, operation, "InUse")
    }

    /// The name of the error for this operation. The choice of Connect between several errors for invalid input is not
    /// specified; the emulator prefers `InvalidRequestException`.
    pub(crate) fn name(&self, schema: &'static Schema, operation: &Operation) -> &'static str {
        let models = |name: &&&'static str| schema.error_of(operation, name).is_some();
        let by_word = || INVALID_WORDS.iter().find_map(|word| modelled(schema, operation, word));
        let invalid = || INVALID.iter().find(models).copied().or_else(by_word).unwrap_or(VALIDATION.0);
        match self {
            Refusal::Invalid(_) | Refusal::Violations(..) => invalid(),
            Refusal::NotFound(_) => Self::modelled_not_found(schema, operation).unwrap_or_else(invalid),
            Refusal::Named(name, _) => name,
            Refusal::FlowProblems(_) => "InvalidContactFlowException",
            Refusal::ModuleProblems(_) => "InvalidContactFlowModuleException",
        }
    }

    /// The message.
    pub(crate) fn message(&self) -> String {
        match self {
            Refusal::Invalid(message)
            | Refusal::Violations(message, _)
            | Refusal::NotFound(message)
            | Refusal::Named(_, message) => message.clone(),
            Refusal::FlowProblems(problems) | Refusal::ModuleProblems(problems) => problems.join("; "),
        }
    }

    /// The members of the error structure that say what is wrong. Places are listed in the member that Smithy's framework
    /// has for them.
    pub(crate) fn value(&self, schema: &Schema, error: ShapeId) -> Map<String, Value> {
        let members = schema[error].kind.members();
        let list = |problems: &[String]| -> Value { problems.iter().map(|text| json!({ "message": text })).collect() };
        let (name, value) = match self {
            Refusal::FlowProblems(problems) => ("problems", list(problems)),
            Refusal::ModuleProblems(problems) => ("Problems", list(problems)),
            _ => {
                let mut names = members.into_iter().flatten().map(|member| member.name.as_str());
                let name = names.find(|name| name.eq_ignore_ascii_case("message")).unwrap_or("message");
                (name, Value::String(self.message()))
            }
        };
        let mut told = Map::from_iter([(name.to_owned(), value)]);
        if let Refusal::Violations(_, fields) = self
            && let Some(member) = members.and_then(|members| members.get(FIELDS))
            && let Some(list) = field_list(schema, member, fields)
        {
            told.insert(FIELDS.to_owned(), list);
        }
        told
    }
}

/// The member of `ValidationException` with the places.
const FIELDS: &str = "fieldList";

/// The value of that member; none if its elements need more than the framework has. The services that call the place a name
/// are told the place as well.
fn field_list(schema: &Schema, member: &Member, fields: &[Field]) -> Option<Value> {
    let Kind::List(list) = &schema[member.slot.target].kind else { return None };
    let parts = schema[list.member.target].kind.members()?;
    let told = |field: &Field| -> Option<Value> {
        let text = |part: &Member| match part.name.as_str() {
            "path" | "name" => Some(field.path.clone()),
            "message" => Some(field.message.clone()),
            _ => None,
        };
        let mut element = Map::new();
        for part in parts {
            match text(part) {
                Some(text) => drop(element.insert(part.name.clone(), text.into())),
                None if part.required => return None,
                None => {}
            }
        }
        Some(Value::Object(element))
    };
    fields.iter().map(told).collect::<Option<Vec<Value>>>().map(Value::Array)
}

/// The first modelled error with a word in its name.
fn modelled(schema: &'static Schema, operation: &Operation, word: &str) -> Option<&'static str> {
    let mut names = operation.errors.iter().map(|id| schema[*id].name.as_str());
    names.find(|name| name.contains(word))
}
