//! Credentials, region and endpoint from the sources of the AWS tools. The only module that knows `aws-config`.

use aws_config::Region;
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::meta::region::ProvideRegion;
use aws_config::profile::region::ProfileFileRegionProvider;
use aws_config::profile::{self, ProfileFileCredentialsProvider};
use aws_config::provider_config::ProviderConfig;
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_runtime::env_config::EnvConfigValue;
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_types::os_shim_internal::{Env, Fs};

use super::aws_http;
use super::source::{Configured, DEFAULT_PROFILE, Source};
use crate::error::chain;

/// A provider for the credentials of a source, which also renews them. Calls to AWS that it makes (an assumed role, single
/// sign-on) go to `region`.
///
/// # Errors
/// None: this build has every source.
pub(crate) async fn provider(source: Source<'_>, region: &str) -> Result<SharedCredentialsProvider, String> {
    let region = Region::new(region.to_owned());
    let configured =
        |client| ProviderConfig::without_region().with_region(Some(region.clone())).with_http_client(client);
    let of_profile = |name: &str, client| {
        let builder = ProfileFileCredentialsProvider::builder().configure(&configured(client)).profile_name(name);
        SharedCredentialsProvider::new(builder.build())
    };
    Ok(match source {
        Source::Profile(name) => of_profile(name, aws_http::client()),
        Source::DefaultKeys => of_profile(DEFAULT_PROFILE, aws_http::offline()),
        // The order of `DefaultCredentialsChain`; the environment was read before.
        Source::Chain => {
            let config = configured(aws_http::client());
            let identity = WebIdentityTokenCredentialsProvider::builder().configure(&config).build();
            let container = EcsCredentialsProvider::builder().configure(&config).build();
            let instance = ImdsCredentialsProvider::builder().configure(&config).build();
            let profile = of_profile(DEFAULT_PROFILE, aws_http::client());
            let chain = CredentialsProviderChain::first_try("profile", profile)
                .or_else("web identity", identity)
                .or_else("container", container)
                .or_else("instance", OptionalInstance(instance));
            SharedCredentialsProvider::new(chain)
        }
    })
}

/// The metadata service, which is asked without being configured: its failure counts as no credentials.
#[derive(Debug)]
struct OptionalInstance(ImdsCredentialsProvider);

impl ProvideCredentials for OptionalInstance {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            self.0.provide_credentials().await.map_err(CredentialsError::not_loaded)
        })
    }

    fn fallback_on_interrupt(&self) -> Option<Credentials> {
        self.0.fallback_on_interrupt()
    }
}

/// Reads the settings of a profile for a service, by the service's `sdk_id`. A missing profile has none.
///
/// # Errors
/// A profile file cannot be read.
pub(crate) async fn configured(profile: &str, sdk_id: &str) -> Result<Configured, String> {
    let (env, name) = (Env::real(), profile.to_owned());
    let sections = profile::load(&Fs::real(), &env, &EnvConfigFiles::default(), Some(name.clone().into())).await;
    let sections = sections.map_err(|error| chain(&error))?;
    let region = ProfileFileRegionProvider::builder().profile_name(name).build().region().await;
    let url = EnvConfigValue::new().profile("endpoint_url").service_id(sdk_id);
    let ignores = sections.get("ignore_configured_endpoint_urls");
    Ok(Configured {
        region: region.map(|region| region.to_string()),
        endpoint_url: url.load(&env, Some(&sections)).map(|(url, _)| url.into_owned()),
        ignores_endpoints: ignores.is_some_and(|value| value.eq_ignore_ascii_case("true")),
    })
}
