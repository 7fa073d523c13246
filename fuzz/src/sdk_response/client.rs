//! Compares [`super::sdk`] with the SDK's complete client on a replayed connection.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use aws_sdk_connect::Client;
use aws_sdk_connect::config::retry::RetryConfig;
use aws_sdk_connect::config::timeout::TimeoutConfig;
use aws_sdk_connect::config::{
    BehaviorVersion, Config, Credentials, IdentityCache, Region, StalledStreamProtectionConfig,
};
use aws_sdk_connect::error::SdkError;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use connect_model::wire::message::HttpResponse;

use super::SdkResponse;
use super::sdk::{self, Answer};
use crate::target::Target;

/// A connection that returns the same response to every request.
#[derive(Clone, Debug)]
struct Replay(HttpResponse);

impl HttpConnector for Replay {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let response = sdk::message(&self.0);
        HttpConnectorFuture::ready(response.ok_or_else(|| ConnectorError::user("no such headers".into())))
    }
}

impl HttpClient for Replay {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

fn client(response: &HttpResponse) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("id", "secret", None, None, "replay"))
        .identity_cache(IdentityCache::no_cache())
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .http_client(Replay(response.clone()))
        .build();
    Client::from_conf(config)
}

/// Runs a future that never waits.
fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    for _ in 0..1000 {
        if let Poll::Ready(done) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return done;
        }
    }
    unreachable!("the future waits")
}

fn answer<T: std::fmt::Debug, E: std::fmt::Debug>(result: Result<T, SdkError<E>>) -> Option<Answer> {
    match result {
        Ok(output) => sdk::tree(&format!("{output:?}")).map(Answer::Output),
        Err(SdkError::ServiceError(error)) => sdk::tree(&format!("{:?}", error.into_err())).map(Answer::Error),
        Err(other) => unreachable!("not a response of the service: {other:?}"),
    }
}

/// Decodes a response with the complete client.
fn ask(operation: &str, client: &Client) -> Option<Answer> {
    match operation {
        "CreateRule" => answer(run(client.create_rule().instance_id("i").send())),
        "SearchContactFlowModules" => answer(run(client.search_contact_flow_modules().instance_id("i").send())),
        "SearchContactFlows" => answer(run(client.search_contact_flows().instance_id("i").send())),
        "CreateContactFlow" => answer(run(client.create_contact_flow().instance_id("i").send())),
        "DescribeContactFlow" => {
            answer(run(client.describe_contact_flow().instance_id("i").contact_flow_id("f").send()))
        }
        "ListContactFlows" => answer(run(client.list_contact_flows().instance_id("i").send())),
        _ => None,
    }
}

#[test]
fn the_complete_client_returns_the_same() {
    let mut asked = std::collections::BTreeMap::new();
    let mut stream = connect_model::generate::seed::Stream::new(6, "client");
    let operations = [
        "CreateRule",
        "SearchContactFlowModules",
        "SearchContactFlows",
        "CreateContactFlow",
        "DescribeContactFlow",
        "ListContactFlows",
    ];
    let by_hand = operations.iter().flat_map(|name| {
        [" 200\n\n{}", " 200\n\n[]", " 429\nx-amzn-errortype: TooManyRequestsException\n\n", " 502\n\n<html>"]
            .map(|rest| format!("{name}{rest}").into_bytes())
    });
    let seeds = SdkResponse::seeds().into_iter().map(|seed| seed.data);
    let drawn = (0..4000).map(|_| [vec![128], stream.bytes(600)].concat());
    for data in by_hand.chain(seeds).chain(drawn) {
        let Some(case) = SdkResponse::draw(&data) else { continue };
        let response = case.response.http();
        let Some(short) = sdk::read(&case.response.operation, &response) else { continue };
        let Some(whole) = ask(&case.response.operation, &client(&response)) else { continue };
        *asked.entry((case.response.operation.clone(), matches!(whole, Answer::Output(_)))).or_insert(0) += 1;
        assert_eq!(whole, short, "{case:?}");
    }
    assert_eq!(asked.len(), 2 * operations.len(), "{asked:?}");
}
