//! The target of a run: endpoint, instance, region and credentials, from flags, environment and profiles. Does not know
//! how requests are sent.

use connect_model::schema::Service;
use thiserror::Error;

use crate::credentials::{self, Configured, CredentialsError, Keyring, environment};
use crate::endpoint::{Endpoint, EndpointError};
use crate::network;
use crate::parsed::{GrammarError, HostPrefix, Region};

/// Region in signatures if none is configured.
pub const DEFAULT_REGION: &str = "us-east-1";

/// The word for the endpoint that the AWS tools would use.
pub const AWS: &str = "aws";

/// An endpoint with instance, region and credentials.
#[derive(Clone, Debug)]
pub struct Target {
    /// Endpoint of all requests.
    pub endpoint: Endpoint,
    /// Connect instance to work in; discovered or created by the checks if absent.
    pub instance_id: Option<String>,
    /// Region in signatures.
    pub region: Region,
    /// Credentials to sign with; requests are unsigned without them. Their `Debug` output hides the secrets.
    pub credentials: Option<Keyring>,
    /// True if the endpoint is on this machine and does not stand for another, so that requests cannot cost money or
    /// reach people.
    pub loopback: bool,
    /// Another way to the same service, which verifies signatures. Checks of access use it, if there is one.
    pub guarded: Option<Guarded>,
}

/// An endpoint that verifies signatures, and credentials that it accepts.
#[derive(Clone, Debug)]
pub struct Guarded {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// The credentials.
    pub credentials: Keyring,
}

/// The flags of the command line that describe a target.
#[derive(Clone, Debug, Default)]
pub struct TargetFlags {
    /// `--endpoint`: a URL, or [`AWS`].
    pub endpoint: String,
    /// `--instance-id`.
    pub instance_id: Option<String>,
    /// `--region`.
    pub region: Option<String>,
    /// `--profile`.
    pub profile: Option<String>,
    /// `--as-remote`.
    pub as_remote: bool,
}

/// The flags do not give a target.
#[derive(Debug, Error)]
pub enum TargetError {
    /// The URL cannot be used.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// The endpoint of the AWS tools cannot be determined.
    #[error("--endpoint {AWS}: {0}")]
    Aws(String),
    /// This build cannot reach the endpoint.
    #[error("{url}: {why}")]
    Unreachable {
        /// The endpoint.
        url: String,
        /// The reason.
        why: String,
    },
    /// The region, or the start of the host name in the model, is none.
    #[error("{source}, {place}")]
    Grammar {
        /// The text and its rule.
        source: GrammarError,
        /// The places that may name it.
        place: &'static str,
    },
    /// Credentials are not available.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
}

impl Target {
    /// Resolves flags, environment and shared profile files. For a remote endpoint or a named profile, also asks every
    /// credential source of the AWS tools.
    ///
    /// The region is the first of: the flag, the host name (`connect.REGION.amazonaws.com`), `AWS_REGION`,
    /// `AWS_DEFAULT_REGION`, the profile's, [`DEFAULT_REGION`].
    ///
    /// # Errors
    /// The URL cannot be used; configured credentials are not available; an endpoint of AWS has none.
    pub async fn resolve(flags: &TargetFlags, service: &Service) -> Result<Self, TargetError> {
        let (endpoint, region) = resolve_endpoint(flags, service).await?;
        let unreachable = |why| TargetError::Unreachable { url: endpoint.to_string(), why };
        network::check_reachable(&endpoint).map_err(unreachable)?;
        let loopback = endpoint.is_loopback() && !flags.as_remote;
        let credentials = credentials::find(flags.profile.as_deref(), region.as_str(), loopback).await?;
        if credentials.is_none() && endpoint.is_aws() {
            return Err(CredentialsError::Missing(endpoint.to_string()).into());
        }
        Ok(Self { endpoint, instance_id: flags.instance_id.clone(), region, credentials, loopback, guarded: None })
    }

    /// The target for checks of access, if it is another one.
    pub fn guarded(&self) -> Option<Self> {
        let Guarded { endpoint, credentials } = self.guarded.clone()?;
        Some(Self { endpoint, credentials: Some(credentials), guarded: None, ..self.clone() })
    }

    /// A target without credentials, whatever the environment holds.
    pub fn unsigned(endpoint: Endpoint) -> Self {
        let loopback = endpoint.is_loopback();
        Self { endpoint, instance_id: None, region: default_region(), credentials: None, loopback, guarded: None }
    }
}

/// Resolves a URL or the word [`AWS`] to an endpoint and the region to sign for. The word stands for the first of:
/// `AWS_ENDPOINT_URL_` with the name of the service, `AWS_ENDPOINT_URL`, `endpoint_url` in the profile, and AWS's own host
/// in the configured region.
///
/// # Errors
/// The URL cannot be used; for the word, there is no region, or the profile files cannot be read.
pub async fn resolve_endpoint(flags: &TargetFlags, service: &Service) -> Result<(Endpoint, Region), TargetError> {
    let is_word = flags.endpoint == AWS;
    let profile = credentials::profile_name(flags.profile.as_deref());
    let configured = match credentials::configured(&profile, &service.sdk_id).await {
        Err(why) if is_word => return Err(TargetError::Aws(why)),
        // A profile that is needed for credentials is read again later, and fails then.
        read => read.unwrap_or_default(),
    };
    let region_of = |text: Option<String>, place| {
        text.map(|text| text.parse().map_err(|source| TargetError::Grammar { source, place })).transpose()
    };
    let given = region_of(flags.region.clone(), "in --region")?;
    let of_environment = environment("AWS_REGION").or_else(|| environment("AWS_DEFAULT_REGION"));
    let of_environment = region_of(of_environment, "in AWS_REGION or AWS_DEFAULT_REGION")?;
    let of_profile = region_of(configured.region.clone(), "in the profile")?;
    let endpoint = if is_word {
        let region = given.as_ref().or(of_environment.as_ref()).or(of_profile.as_ref());
        match (configured_url(&configured, &service.sdk_id), region) {
            (Some(url), _) => url.parse()?,
            (None, Some(region)) => regional_url(service, region)?.parse()?,
            (None, None) => {
                let missing = "which region? Give --region, AWS_REGION or a profile with a region";
                return Err(TargetError::Aws(missing.to_owned()));
            }
        }
    } else {
        flags.endpoint.parse::<Endpoint>()?
    };
    let of_host = region_of(endpoint.region().map(str::to_owned), "in the host name")?;
    Ok((endpoint, given.or(of_host).or(of_environment).or(of_profile).unwrap_or_else(default_region)))
}

/// The configured endpoint of a service, else that of all services.
fn configured_url(configured: &Configured, sdk_id: &str) -> Option<String> {
    let ignores = match environment("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") {
        Some(value) => value.eq_ignore_ascii_case("true"),
        None => configured.ignores_endpoints,
    };
    if ignores {
        return None;
    }
    let variable = format!("AWS_ENDPOINT_URL_{}", sdk_id.replace([' ', '-'], "_").to_uppercase());
    environment(&variable).or_else(|| environment("AWS_ENDPOINT_URL")).or_else(|| configured.endpoint_url.clone())
}

/// AWS's own endpoint in a region. The host belongs to AWS, whatever the model says. Source: AWS general reference, service
/// endpoints.
fn regional_url(service: &Service, region: &Region) -> Result<String, TargetError> {
    let suffix = if region.as_str().starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    let place = "in the model, as the endpoint prefix of the service";
    let prefix: HostPrefix =
        service.endpoint_prefix.parse().map_err(|source| TargetError::Grammar { source, place })?;
    Ok(format!("https://{prefix}.{region}.{suffix}"))
}

#[expect(clippy::unwrap_used, reason = "the constant is a region")]
fn default_region() -> Region {
    DEFAULT_REGION.parse().unwrap()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use connect_model::schema::Schema;

    use super::*;

    #[test]
    fn the_word_aws_never_names_a_host_of_another() {
        let region = default_region();
        for prefix in [
            "evil.example/",
            "evil.example#",
            "user@evil.example:1/",
            "",
            "a..b",
            "x\n",
            "a1b2c3.execute-api",
            "x.s3",
            "a.elb",
        ] {
            let service = Service { endpoint_prefix: prefix.to_owned(), ..Schema::connect().service.clone() };
            let error = regional_url(&service, &region).unwrap_err().to_string();
            assert!(error.ends_with("in the model, as the endpoint prefix of the service"), "{prefix}: {error}");
        }
        let url = regional_url(&Schema::connect().service, &region).unwrap();
        assert_eq!(url, "https://connect.us-east-1.amazonaws.com");
        let lex = Service { endpoint_prefix: "runtime.lex".to_owned(), ..Schema::connect().service.clone() };
        assert_eq!(regional_url(&lex, &region).unwrap(), "https://runtime.lex.us-east-1.amazonaws.com");
    }
}
