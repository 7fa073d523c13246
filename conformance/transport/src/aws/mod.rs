//! What a run needs of AWS's own crates: where their tools find credentials, region and endpoint, and the network to
//! find them on. The only place that knows `aws-config`.

mod far;
mod http;

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

pub(crate) use far::Far;

use crate::credentials::{Configured, DEFAULT_PROFILE, Source, chain};
use crate::target::Endpoint;

/// Whether this build reaches an endpoint.
///
/// # Errors
/// None: it reaches all.
pub(crate) fn reach(_: &Endpoint) -> Result<(), String> {
    Ok(())
}

/// What gives the credentials of a source, and gives others when those expire. Calls to AWS that this takes (an assumed
/// role, single sign-on) go to `region`.
///
/// # Errors
/// None: this build can ask everybody.
pub(crate) async fn provider(source: Source<'_>, region: &str) -> Result<SharedCredentialsProvider, String> {
    let region = Region::new(region.to_owned());
    let configured =
        |client| ProviderConfig::without_region().with_region(Some(region.clone())).with_http_client(client);
    let of_profile = |name: &str, client| {
        let builder = ProfileFileCredentialsProvider::builder().configure(&configured(client)).profile_name(name);
        SharedCredentialsProvider::new(builder.build())
    };
    Ok(match source {
        Source::Profile(name) => of_profile(name, http::client()),
        Source::DefaultKeys => of_profile(DEFAULT_PROFILE, http::offline()),
        // The order is that of `DefaultCredentialsChain`; the environment was looked at before.
        Source::Chain => {
            let config = configured(http::client());
            let identity = WebIdentityTokenCredentialsProvider::builder().configure(&config).build();
            let container = EcsCredentialsProvider::builder().configure(&config).build();
            let instance = ImdsCredentialsProvider::builder().configure(&config).build();
            let profile = of_profile(DEFAULT_PROFILE, http::client());
            let chain = CredentialsProviderChain::first_try("profile", profile)
                .or_else("web identity", identity)
                .or_else("container", container)
                .or_else("instance", Unbidden(instance));
            SharedCredentialsProvider::new(chain)
        }
    })
}

/// A provider that nobody set up, and that may fail: the metadata service is asked just in case, and where it is
/// forbidden or says something else, there is none.
#[derive(Debug)]
struct Unbidden(ImdsCredentialsProvider);

impl ProvideCredentials for Unbidden {
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

/// Reads a profile for a service by the name that the SDKs give it. A profile that is not there says nothing.
///
/// # Errors
/// A file of profiles cannot be read.
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
