//! Places where credentials may come from, profiles as far as they matter here, and the errors that users see. Asks
//! nobody.

use aws_credential_types::Credentials;
use thiserror::Error;

use super::environment;

/// The profile that is used if none is named.
pub(crate) const DEFAULT_PROFILE: &str = "default";

/// Credentials are not available.
#[derive(Debug, Error)]
pub enum CredentialsError {
    /// The profile does not exist or gives none.
    #[error(
        "profile `{profile}` gives no credentials: {problem}; check ~/.aws/credentials and ~/.aws/config, or leave out \
         --profile (AWS_PROFILE)"
    )]
    Profile {
        /// Its name.
        profile: String,
        /// The provider's message.
        problem: String,
    },
    /// The environment has half of a key pair.
    #[error(
        "credentials in the environment cannot be used: {0} is not set; set both AWS_ACCESS_KEY_ID and \
         AWS_SECRET_ACCESS_KEY, or neither"
    )]
    Environment(&'static str),
    /// A configured source failed.
    #[error("credentials are not available: {0}; sources asked, in this order: {SOURCES}")]
    Chain(String),
    /// No source has any.
    #[error("{0} takes signed requests only, and there are no credentials; sources asked, in this order: {SOURCES}")]
    Missing(String),
}

/// The sources of [`Source::Chain`], after the environment.
const SOURCES: &str = "the environment (AWS_ACCESS_KEY_ID), the default profile, a web identity \
                       (AWS_WEB_IDENTITY_TOKEN_FILE), the container (AWS_CONTAINER_CREDENTIALS_FULL_URI or \
                       …RELATIVE_URI), the metadata service of the instance (IMDS)";

/// A source of credentials.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source<'n> {
    /// A profile by name, with everything it refers to.
    Profile(&'n str),
    /// The keys in the default profile.
    DefaultKeys,
    /// Every source, as AWS tools use them.
    Chain,
}

/// Settings of a profile.
#[derive(Clone, Debug, Default)]
pub(crate) struct Configured {
    /// `region`, or that of the profile that it takes its credentials from.
    pub(crate) region: Option<String>,
    /// `endpoint_url` of the service, else that of all services.
    pub(crate) endpoint_url: Option<String>,
    /// `ignore_configured_endpoint_urls`.
    pub(crate) ignores_endpoints: bool,
}

/// Name of the profile that region, endpoint and credentials are read from.
pub(crate) fn profile_name(flag: Option<&str>) -> String {
    flag.map(str::to_owned).or_else(|| environment("AWS_PROFILE")).unwrap_or_else(|| DEFAULT_PROFILE.to_owned())
}

/// Keys in the environment.
///
/// # Errors
/// Half of a key pair is missing.
pub(crate) fn environment_keys() -> Result<Option<Credentials>, CredentialsError> {
    let value = |name| environment(name).map(|value| value.trim().to_owned());
    match (value("AWS_ACCESS_KEY_ID"), value("AWS_SECRET_ACCESS_KEY")) {
        (Some(key), Some(secret)) => {
            Ok(Some(Credentials::new(key, secret, value("AWS_SESSION_TOKEN"), None, "environment")))
        }
        (None, None) => Ok(None),
        (Some(_), None) => Err(CredentialsError::Environment("AWS_SECRET_ACCESS_KEY")),
        (None, Some(_)) => Err(CredentialsError::Environment("AWS_ACCESS_KEY_ID")),
    }
}
