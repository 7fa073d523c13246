//! Decodes responses with the AWS SDK for Rust, without a connection.
//!
//! Each operation of the SDK is a plugin whose configuration has its name and its deserialiser. The deserialiser is called
//! as by the SDK's orchestrator. The result is read from its `Debug` output, the only format that all output types share.
//! Knows nothing of our model.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use aws_smithy_runtime_api::client::orchestrator::{HttpResponse as SdkResponse, Metadata};
use aws_smithy_runtime_api::client::ser_de::{DeserializeResponse, SharedResponseDeserializer};
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::{ConfigBag, FrozenLayer};
use connect_model::wire::message::HttpResponse;

use super::debug::{self, Tree};
use super::operations;

/// A response decoded by the SDK.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    /// An output structure.
    Output(Tree),
    /// A variant of the operation's error type, which also reports a response that cannot be decoded.
    Error(Tree),
}

/// Names of the SDK's operations.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    operations().keys().map(String::as_str)
}

/// Decodes a response. `None` if the SDK lacks the operation, or if an HTTP library would reject the headers.
pub(super) fn read(operation: &str, response: &HttpResponse) -> Option<Answer> {
    let reader = operations().get(operation)?.load::<SharedResponseDeserializer>()?;
    let mut message = message(response)?;
    let config = ConfigBag::base();
    // Like the orchestrator: first without the body, for streaming operations.
    let answer = reader
        .deserialize_streaming_with_config(&mut message, &config)
        .unwrap_or_else(|| reader.deserialize_nonstreaming_with_config(&message, &config));
    let (text, is_output) = match answer {
        Ok(output) => (format!("{output:?}"), true),
        Err(error) => match error.as_operation_error() {
            Some(error) => (format!("{error:?}"), false),
            None => unreachable!("{operation}: the deserialiser returns an unexpected error: {error:?}"),
        },
    };
    let tree = erased(&text).and_then(tree);
    let tree = tree.unwrap_or_else(|| unreachable!("{operation}: cannot parse the debug output: {text}"));
    Some(if is_output { Answer::Output(tree) } else { Answer::Error(tree) })
}

/// Parses the debug output of an output or an error.
pub(super) fn tree(text: &str) -> Option<Tree> {
    debug::parse(text).ok()
}

/// Debug output of the value inside the SDK's type-erased box.
fn erased(text: &str) -> Option<&str> {
    const BOXES: [(&str, &str); 2] = [("Output(TypeErasedBox[!Clone]:", ")"), ("Error(TypeErasedError:", ")")];
    BOXES.iter().find_map(|(before, after)| text.strip_prefix(before)?.strip_suffix(after))
}

/// Converts a response to the SDK's type. White space around header values is removed.
pub(super) fn message(response: &HttpResponse) -> Option<SdkResponse> {
    let status = StatusCode::try_from(response.status).ok()?;
    let mut message = SdkResponse::new(status, SdkBody::from(response.body.clone()));
    for (name, value) in &response.headers.0 {
        message.headers_mut().try_append(name.clone(), value.trim().to_owned()).ok()?;
    }
    Some(message)
}

/// Configurations of the operations by name.
fn operations() -> &'static BTreeMap<String, FrozenLayer> {
    static OPERATIONS: OnceLock<BTreeMap<String, FrozenLayer>> = OnceLock::new();
    OPERATIONS.get_or_init(|| {
        let layers = operations::plugins().into_iter().flatten();
        layers.filter_map(|layer| Some((layer.load::<Metadata>()?.name().to_owned(), layer))).collect()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::path::Path;
    use std::process::Command;

    use serde_json::Value;

    /// Lines of the table, generated from the source of the SDK.
    fn rows_of_source() -> Vec<String> {
        let cargo = Command::new(env!("CARGO"))
            .args(["metadata", "--format-version=1", "--offline", "--locked", "--features=sdk"])
            .args(["--filter-platform", "host-tuple"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        assert!(cargo.status.success(), "{}", String::from_utf8_lossy(&cargo.stderr));
        let metadata: Value = serde_json::from_slice(&cargo.stdout).unwrap();
        let packages = metadata["packages"].as_array().unwrap();
        let sdk = packages.iter().find(|package| package["name"] == "aws-sdk-connect").unwrap();
        let source = Path::new(sdk["manifest_path"].as_str().unwrap()).parent().unwrap().join("src/operation");
        let files = std::fs::read_dir(source).unwrap().map(|entry| entry.unwrap().path());
        let modules = files.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
        let mut rows: Vec<String> = modules
            .map(|path| {
                let text = std::fs::read_to_string(&path).unwrap();
                let (_, rest) = text.split_once("\npub struct ").unwrap();
                format!("    {}::{},\n", path.file_stem().unwrap().to_str().unwrap(), rest.split_once(';').unwrap().0)
            })
            .collect();
        rows.sort();
        rows
    }

    #[test]
    fn the_table_lists_the_operations_of_the_sdk() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sdk_response/operations.rs");
        let text = std::fs::read_to_string(&path).unwrap();
        let (before, _) = text.split_once("\nplugins! {\n").unwrap();
        let now = format!("{before}\nplugins! {{\n{}}}\n", rows_of_source().concat());
        if std::env::var_os("UPDATE_SDK_OPERATIONS").is_some() {
            std::fs::write(&path, now).unwrap();
        } else {
            assert_eq!(text, now, "stale: run this test with UPDATE_SDK_OPERATIONS=1");
        }
    }
}
