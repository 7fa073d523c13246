//! The start of the host name that the model gives an operation. Source: Smithy 2.0, traits `endpoint` and `hostLabel`.

use serde_json::Value;

use super::fault::EncodeError;
use crate::schema::{OperationId, Schema};

/// Longest label of a host name (RFC 1035, section 2.3.4).
const LONGEST: usize = 63;

/// Returns the text that a client puts before the host name of the service to send this input, for example `data.`; empty
/// for most operations.
///
/// # Errors
/// A member that is a part of the prefix is absent, or is no label of a host name.
pub fn host_prefix(schema: &Schema, operation: OperationId, input: &Value) -> Result<String, EncodeError> {
    let operation = &schema[operation];
    let mut parts = operation.host_prefix.as_deref().unwrap_or_default().split('{');
    let mut prefix = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, literal) = part.split_once('}').unwrap_or((part, ""));
        let label = input.get(name).and_then(Value::as_str).filter(|text| is_label(text)).ok_or_else(|| {
            let why = format!("is a part of the host name, and must be up to {LONGEST} letters, digits and dashes");
            EncodeError::Member { shape: operation.name.clone(), member: name.to_owned(), why }
        })?;
        prefix.push_str(label);
        prefix.push_str(literal);
    }
    Ok(prefix)
}

fn is_label(text: &str) -> bool {
    (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
