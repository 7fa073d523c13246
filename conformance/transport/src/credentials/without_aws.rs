//! Stands in for `aws` in builds without that feature: reads no profiles.

use aws_credential_types::provider::SharedCredentialsProvider;

use super::source::{Configured, Source};

pub(crate) async fn provider(source: Source<'_>, _: &str) -> Result<SharedCredentialsProvider, String> {
    let what = match source {
        Source::Profile(name) => format!("the profile `{name}`"),
        Source::DefaultKeys | Source::Chain => "profiles".to_owned(),
    };
    Err(format!("this build cannot read {what}; build with the feature `aws`"))
}

pub(crate) async fn configured(_: &str, _: &str) -> Result<Configured, String> {
    Ok(Configured::default())
}
