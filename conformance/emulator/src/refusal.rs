//! Reasons to refuse a call, without HTTP. Knows which errors an operation models.

use connect_model::schema::{Members, Operation, Schema};
use serde_json::{Map, Value, json};

/// A call that is answered with an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The input is invalid. The name of the error depends on the operation: see [`Refusal::name`].
    Invalid(String),
    /// A resource in the input does not exist.
    NotFound(String),
    /// An error by name, with its message.
    Named(&'static str, String),
    /// The content of a flow is invalid: `InvalidContactFlowException`, which has `problems` and no message.
    FlowProblems(Vec<String>),
    /// The content of a module is invalid: `InvalidContactFlowModuleException`, which has `Problems` and no message.
    ModuleProblems(Vec<String>),
}

/// Errors for invalid input, in order of preference. The last two belong to other services.
const INVALID: &[&str] =
    &["InvalidRequestException", "InvalidParameterException", "ValidationException", "BadRequestException"];

/// Name and status for an operation that models no error for invalid input, as in Smithy servers.
pub(crate) const VALIDATION: (&str, u16) = ("ValidationException", 400);

impl Refusal {
    /// The name of the error for this operation. The choice of Connect between several errors for invalid input is not
    /// specified; the emulator prefers `InvalidRequestException`.
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

    /// The message.
    pub(crate) fn message(&self) -> String {
        match self {
            Refusal::Invalid(message) | Refusal::NotFound(message) | Refusal::Named(_, message) => message.clone(),
            Refusal::FlowProblems(problems) | Refusal::ModuleProblems(problems) => problems.join("; "),
        }
    }

    /// The value of the error structure, which has these members.
    pub(crate) fn value(&self, members: Option<&Members>) -> Map<String, Value> {
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
        Map::from_iter([(name.to_owned(), value)])
    }
}
