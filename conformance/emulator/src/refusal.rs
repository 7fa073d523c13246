//! Why a call is refused, before anybody thinks of HTTP. Knows which error name an operation models for it.

use connect_model::schema::{Members, Operation, Schema};
use serde_json::{Map, Value, json};

/// A call that is answered with an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The input breaks a rule. Answered with the operation's own word for it; see [`Refusal::name`].
    Invalid(String),
    /// Something that the input names does not exist.
    NotFound(String),
    /// An error by name, with its message.
    Named(&'static str, String),
    /// The content of a flow is bad: `InvalidContactFlowException`, which has `problems` and no message.
    FlowProblems(Vec<String>),
    /// The content of a module is bad: `InvalidContactFlowModuleException`, which has `Problems` and no message.
    ModuleProblems(Vec<String>),
}

/// Errors for bad input, the preferred one first; the last two are those of other services.
const INVALID: &[&str] =
    &["InvalidRequestException", "InvalidParameterException", "ValidationException", "BadRequestException"];

/// Name and status of the answer when an operation models no error for bad input: those of Smithy servers.
pub(crate) const VALIDATION: (&str, u16) = ("ValidationException", 400);

impl Refusal {
    /// The error's name for this operation. Which of its errors for bad input Connect picks is not specified; we prefer
    /// `InvalidRequestException`.
    pub(crate) fn name(&self, schema: &Schema, operation: &Operation) -> &'static str {
        let models = |name: &&&'static str| schema.error_of(operation, name).is_some();
        let invalid = || INVALID.iter().find(models).copied().unwrap_or(VALIDATION.0);
        match self {
            Refusal::Invalid(_) => invalid(),
            Refusal::NotFound(_) => match schema.error_of(operation, "ResourceNotFoundException") {
                Some(_) => "ResourceNotFoundException",
                None => invalid(),
            },
            Refusal::Named(name, _) => name,
            Refusal::FlowProblems(_) => "InvalidContactFlowException",
            Refusal::ModuleProblems(_) => "InvalidContactFlowModuleException",
        }
    }

    /// One sentence for people.
    pub(crate) fn message(&self) -> String {
        match self {
            Refusal::Invalid(message) | Refusal::NotFound(message) | Refusal::Named(_, message) => message.clone(),
            Refusal::FlowProblems(problems) | Refusal::ModuleProblems(problems) => problems.join("; "),
        }
    }

    /// Members of the error structure, whose members are `members`.
    pub(crate) fn value(&self, members: Option<&Members>) -> Map<String, Value> {
        let list = |problems: &[String]| -> Value { problems.iter().map(|text| json!({ "message": text })).collect() };
        let (name, value) = match self {
            Refusal::FlowProblems(problems) => ("problems", list(problems)),
            Refusal::ModuleProblems(problems) => ("Problems", list(problems)),
            _ => {
                let mut spellings = members.into_iter().flatten().map(|member| member.name.as_str());
                let name = spellings.find(|name| name.eq_ignore_ascii_case("message")).unwrap_or("message");
                (name, Value::String(self.message()))
            }
        };
        Map::from_iter([(name.to_owned(), value)])
    }
}
