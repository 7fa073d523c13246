//! Finds AWS credentials in the environment and in shared profile files. Asks no metadata service and no network: a
//! harness that stalls for seconds on a laptop, or signs as somebody unexpected on a server, helps nobody.

use aws_config::environment::credentials::EnvironmentVariableCredentialsProvider;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError as ProviderError;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use thiserror::Error;

/// Credentials that were asked for by name, or begun, and cannot be used.
#[derive(Debug, Error)]
pub enum CredentialsError {
    /// The profile does not exist or holds no keys.
    #[error(
        "profile `{profile}` gives no credentials: {problem}; check ~/.aws/credentials and ~/.aws/config, or leave out \
         --profile (AWS_PROFILE) to send unsigned"
    )]
    Profile {
        /// Its name.
        profile: String,
        /// What the provider said.
        problem: String,
    },
    /// The environment holds half of a key pair.
    #[error(
        "credentials in the environment cannot be used: {0}; set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or neither"
    )]
    Environment(String),
}

/// Credentials by precedence: `profile` if named; `AWS_ACCESS_KEY_ID` and its companions; the profile that `AWS_PROFILE`
/// names; the default profile. `None` when nobody set any up.
///
/// # Errors
/// A profile that was named and gives none; half of a key pair in the environment. A default profile that needs the
/// network (single sign-on, assumed roles) counts as none.
pub async fn find(profile: Option<&str>) -> Result<Option<Credentials>, CredentialsError> {
    if let Some(name) = profile {
        return from_profile(name).await.map(Some);
    }
    match EnvironmentVariableCredentialsProvider::new().provide_credentials().await {
        Ok(credentials) => return Ok(Some(credentials)),
        Err(ProviderError::CredentialsNotLoaded(_)) if environment("AWS_ACCESS_KEY_ID").is_none() => {}
        Err(error) => return Err(CredentialsError::Environment(chain(&error))),
    }
    match environment("AWS_PROFILE") {
        Some(name) => from_profile(&name).await.map(Some),
        None => Ok(from_profile("default").await.ok()),
    }
}

/// A variable of the environment; empty ones, as CI leaves what nobody configured, count as absent.
pub(crate) fn environment(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|value| !value.is_empty())
}

async fn from_profile(name: &str) -> Result<Credentials, CredentialsError> {
    let provider = ProfileFileCredentialsProvider::builder()
        .configure(&ProviderConfig::without_region().with_http_client(offline()))
        .profile_name(name)
        .build();
    (provider.provide_credentials().await)
        .map_err(|error| CredentialsError::Profile { profile: name.to_owned(), problem: chain(&error) })
}

/// An HTTP client that refuses. Without any, the providers panic as soon as a profile asks for more than keys.
fn offline() -> SharedHttpClient {
    #[derive(Debug)]
    struct Refuse;
    impl HttpConnector for Refuse {
        fn call(&self, _request: HttpRequest) -> HttpConnectorFuture {
            let why = "it needs the network (single sign-on, an assumed role or a metadata service)";
            HttpConnectorFuture::ready(Err(ConnectorError::user(why.into())))
        }
    }
    http_client_fn(|_settings, _components| SharedHttpConnector::new(Refuse))
}

/// An error with its causes on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let more = next.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = next.source();
    }
    text
}
