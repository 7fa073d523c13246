//! Asks the AWS SDK for Rust what a response says, without a connection.
//!
//! Each operation of the SDK is a plugin whose configuration holds its name and the reader of its responses. The reader
//! is called as the SDK's orchestrator calls it, and what it answers is known by its `Debug` output alone: the types
//! have no other form that all of them share. Knows nothing of our model.

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

/// What the SDK makes of a response.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    /// An output structure.
    Output(Tree),
    /// A variant of the operation's error type. Also what it answers when it cannot read the response.
    Error(Tree),
}

/// Names of the operations that the SDK has.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    operations().keys().map(String::as_str)
}

/// The answer of an operation of the SDK. None if the SDK has no such operation, or if no HTTP library could hand it
/// these headers.
pub(super) fn read(operation: &str, response: &HttpResponse) -> Option<Answer> {
    let reader = operations().get(operation)?.load::<SharedResponseDeserializer>()?;
    let mut message = message(response)?;
    let config = ConfigBag::base();
    // What the orchestrator does: the headers alone first, for operations that stream.
    let answer = reader
        .deserialize_streaming_with_config(&mut message, &config)
        .unwrap_or_else(|| reader.deserialize_nonstreaming_with_config(&message, &config));
    let (text, is_output) = match answer {
        Ok(output) => (format!("{output:?}"), true),
        Err(error) => match error.as_operation_error() {
            Some(error) => (format!("{error:?}"), false),
            None => unreachable!("{operation}: the reader fails with what is no error of the operation: {error:?}"),
        },
    };
    let tree = erased(&text).and_then(tree);
    let tree = tree.unwrap_or_else(|| unreachable!("{operation}: this is no debug output: {text}"));
    Some(if is_output { Answer::Output(tree) } else { Answer::Error(tree) })
}

/// Reads the debug output of an output or an error.
pub(super) fn tree(text: &str) -> Option<Tree> {
    debug::parse(text).ok()
}

/// What the SDK's box for values of any type holds.
fn erased(text: &str) -> Option<&str> {
    const BOXES: [(&str, &str); 2] = [("Output(TypeErasedBox[!Clone]:", ")"), ("Error(TypeErasedError:", ")")];
    BOXES.iter().find_map(|(before, after)| text.strip_prefix(before)?.strip_suffix(after))
}

/// The response as the SDK sees it. Space around the text of a header does not arrive.
pub(super) fn message(response: &HttpResponse) -> Option<SdkResponse> {
    let status = StatusCode::try_from(response.status).ok()?;
    let mut message = SdkResponse::new(status, SdkBody::from(response.body.clone()));
    for (name, value) in &response.headers.0 {
        message.headers_mut().try_append(name.clone(), value.trim().to_owned()).ok()?;
    }
    Some(message)
}

/// The configuration of each operation by name.
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

    /// The lines of the table, as the source of the SDK asks for them.
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
    fn the_table_is_what_the_sdk_has() {
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
