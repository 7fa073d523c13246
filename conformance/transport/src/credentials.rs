//! Credentials from everywhere that AWS tools find them, and others when those expire. On this machine the network is
//! asked only for a profile that was named: a harness that stalls on a laptop helps nobody.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError as ProviderError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use thiserror::Error;
use tokio::sync::Mutex;

use crate::aws;

/// The profile that is taken where none is named.
pub(crate) const DEFAULT_PROFILE: &str = "default";

/// For one question for credentials; a program that a profile names may have to ask for others itself.
const PATIENCE: Duration = Duration::from_secs(60);

/// Others are asked for so long before the old ones expire.
const EARLY: Duration = Duration::from_secs(5 * 60);

/// After a question that came to nothing, the next has to wait.
const AGAIN: Duration = Duration::from_secs(10);

/// Credentials that cannot be had.
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
        /// What the provider said.
        problem: String,
    },
    /// The environment holds half of a key pair.
    #[error(
        "credentials in the environment cannot be used: {0} is not set; set both AWS_ACCESS_KEY_ID and \
         AWS_SECRET_ACCESS_KEY, or neither"
    )]
    Environment(&'static str),
    /// Somebody should have had some, and failed.
    #[error("credentials cannot be had: {0}; asked were, in this order, {TRIED}")]
    Chain(String),
    /// Nobody has any.
    #[error("{0} takes signed requests only, and there are no credentials; asked were, in this order, {TRIED}")]
    Nobody(String),
}

/// What [`Source::Chain`] asks after the environment.
const TRIED: &str = "the environment (AWS_ACCESS_KEY_ID), the default profile, a web identity \
                     (AWS_WEB_IDENTITY_TOKEN_FILE), the container (AWS_CONTAINER_CREDENTIALS_FULL_URI or …RELATIVE_URI), \
                     the metadata service of the instance (IMDS)";

/// Who is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source<'n> {
    /// A profile by name, whatever it takes.
    Profile(&'n str),
    /// The default profile as far as it holds keys.
    DefaultKeys,
    /// Everybody, as every AWS tool does.
    Chain,
}

/// Credentials by precedence: `profile` if named; `AWS_ACCESS_KEY_ID` and its companions; the profile that `AWS_PROFILE`
/// names; then on this machine the keys of the default profile, elsewhere everybody whom AWS tools ask. `None` when
/// nobody set any up.
///
/// # Errors
/// A profile that was named and gives none; half of a key pair in the environment; elsewhere, somebody who was set up and
/// fails. A default profile that needs the network counts as none on this machine.
pub async fn find(profile: Option<&str>, region: &str, loopback: bool) -> Result<Option<Keyring>, CredentialsError> {
    if let Some(name) = profile {
        return of_profile(name, region).await.map(Some);
    }
    if let Some(keys) = of_environment()? {
        return Ok(Some(keys.into()));
    }
    if let Some(name) = environment("AWS_PROFILE") {
        return of_profile(&name, region).await.map(Some);
    }
    if loopback {
        return Ok(Keyring::of(Source::DefaultKeys, region).await.ok());
    }
    match Keyring::of(Source::Chain, region).await {
        Ok(keyring) => Ok(Some(keyring)),
        Err(Refusal::Nobody(_)) => Ok(None),
        Err(Refusal::Trouble(why)) => Err(CredentialsError::Chain(why)),
    }
}

/// What a profile says of where to go.
#[derive(Clone, Debug, Default)]
pub(crate) struct Configured {
    /// `region`, or that of the profile that it takes its credentials from.
    pub(crate) region: Option<String>,
    /// `endpoint_url` of the service, else that of all services.
    pub(crate) endpoint_url: Option<String>,
    /// `ignore_configured_endpoint_urls`.
    pub(crate) ignores_endpoints: bool,
}

/// The profile that a region, an endpoint and credentials are read from.
pub(crate) fn profile_name(flag: Option<&str>) -> String {
    flag.map(str::to_owned).or_else(|| environment("AWS_PROFILE")).unwrap_or_else(|| DEFAULT_PROFILE.to_owned())
}

/// A variable of the environment; empty ones, as CI leaves what nobody configured, count as absent.
pub fn environment(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|value| !value.trim().is_empty())
}

fn of_environment() -> Result<Option<Credentials>, CredentialsError> {
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

async fn of_profile(name: &str, region: &str) -> Result<Keyring, CredentialsError> {
    let keyring = Keyring::of(Source::Profile(name), region).await;
    keyring.map_err(|why| CredentialsError::Profile { profile: name.to_owned(), problem: why.into_text() })
}

/// Why a source gives no credentials.
enum Refusal {
    /// It was not set up.
    Nobody(String),
    /// It was, and failed.
    Trouble(String),
}

/// Credentials that are renewed before they expire, by one question for all who sign. Shared by clones.
#[derive(Clone)]
pub struct Keyring(Arc<Shared>);

struct Shared {
    /// None for keys that nobody renews.
    provider: Option<SharedCredentialsProvider>,
    held: RwLock<Held>,
    /// Held while the provider is asked.
    asking: Mutex<()>,
}

/// What is known of a provider's answers. There is always a last one.
struct Held {
    last: Credentials,
    /// What the last one replaced: these are secrets, too.
    earlier: Vec<Credentials>,
    /// When to ask again.
    due: Option<SystemTime>,
    /// What came of asking, if it came to nothing.
    failed: Option<String>,
    /// Until then it is in vain to ask since an endpoint refuses what is held.
    vain_until: Option<SystemTime>,
}

/// No secret, and no access key either.
impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("expires", &self.held().last.expiry()).finish_non_exhaustive()
    }
}

impl From<Credentials> for Keyring {
    fn from(keys: Credentials) -> Self {
        Self::new(None, keys)
    }
}

impl Keyring {
    fn new(provider: Option<SharedCredentialsProvider>, keys: Credentials) -> Self {
        let due = due(&keys, SystemTime::now());
        let held = Held { last: keys, earlier: Vec::new(), due, failed: None, vain_until: None };
        Self(Arc::new(Shared { provider, held: RwLock::new(held), asking: Mutex::new(()) }))
    }

    /// Credentials of a provider, which is asked at once.
    ///
    /// # Errors
    /// What the provider says.
    pub async fn ask(provider: SharedCredentialsProvider) -> Result<Self, String> {
        let keys = ask(&provider).await.map_err(Refusal::into_text)?;
        Ok(Self::new(Some(provider), keys))
    }

    async fn of(source: Source<'_>, region: &str) -> Result<Self, Refusal> {
        let provider = aws::provider(source, region).await.map_err(Refusal::Trouble)?;
        let keys = ask(&provider).await?;
        Ok(Self::new(Some(provider), keys))
    }

    /// Credentials to sign with now. Waits for the provider only when there are none that hold.
    ///
    /// # Errors
    /// They have expired, and the provider gives no others. It is not asked again for some seconds.
    pub async fn keys(&self) -> Result<Credentials, String> {
        let Some(provider) = &self.0.provider else { return Ok(self.held().last.clone()) };
        if !self.held().is_due() {
            return self.held().usable();
        }
        let guard = if self.held().has_expired() {
            self.0.asking.lock().await
        } else {
            match self.0.asking.try_lock() {
                Ok(guard) => guard,
                // Somebody asks already, and what there is still holds.
                Err(_) => return self.held().usable(),
            }
        };
        if self.held().is_due() {
            self.renew(provider).await;
        }
        drop(guard);
        self.held().usable()
    }

    /// How often the credentials have become others.
    pub fn renewals(&self) -> usize {
        self.held().earlier.len()
    }

    /// Asks for others since an endpoint says that these have expired. True if there are others than there were after
    /// so many renewals.
    pub async fn renewed(&self, since: usize) -> bool {
        let Some(provider) = &self.0.provider else { return false };
        let guard = self.0.asking.lock().await;
        let in_vain = self.held().vain_until.is_some_and(|until| SystemTime::now() < until);
        if self.renewals() == since && !in_vain {
            self.renew(provider).await;
            if self.renewals() == since {
                self.held_mut().vain_until = Some(SystemTime::now() + AGAIN);
            }
        }
        drop(guard);
        self.renewals() != since
    }

    /// Everything of all credentials so far that no report may show.
    pub fn secrets(&self) -> Vec<String> {
        let held = self.held();
        let all = held.earlier.iter().chain([&held.last]);
        all.flat_map(|keys| [keys.access_key_id(), keys.secret_access_key(), keys.session_token().unwrap_or_default()])
            .filter(|secret| !secret.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// The caller holds `asking`.
    async fn renew(&self, provider: &SharedCredentialsProvider) {
        let answer = ask(provider).await;
        let now = SystemTime::now();
        let mut held = self.held_mut();
        match answer {
            Ok(keys) => {
                held.due = due(&keys, now);
                held.failed = None;
                if !is_same(&keys, &held.last) {
                    let last = std::mem::replace(&mut held.last, keys);
                    held.earlier.push(last);
                    held.vain_until = None;
                }
            }
            Err(refusal) => {
                held.due = Some(now + AGAIN);
                held.failed = Some(refusal.into_text());
            }
        }
    }

    fn held(&self) -> RwLockReadGuard<'_, Held> {
        self.0.held.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn held_mut(&self) -> std::sync::RwLockWriteGuard<'_, Held> {
        self.0.held.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn is_due(&self) -> bool {
        self.due.is_some_and(|due| due <= SystemTime::now())
    }

    fn has_expired(&self) -> bool {
        self.last.expiry().is_some_and(|expiry| expiry <= SystemTime::now())
    }

    /// A provider that hands out what has expired by our clock may know better; one that fails does not.
    fn usable(&self) -> Result<Credentials, String> {
        match &self.failed {
            Some(why) if self.has_expired() => {
                Err(format!("the credentials have expired, and there are no others: {why}"))
            }
            _ => Ok(self.last.clone()),
        }
    }
}

impl Refusal {
    fn into_text(self) -> String {
        match self {
            Refusal::Nobody(why) | Refusal::Trouble(why) => why,
        }
    }
}

async fn ask(provider: &SharedCredentialsProvider) -> Result<Credentials, Refusal> {
    match tokio::time::timeout(PATIENCE, provider.provide_credentials()).await {
        Ok(Ok(keys)) => Ok(keys),
        Ok(Err(error @ ProviderError::CredentialsNotLoaded(_))) => Err(Refusal::Nobody(chain(&error))),
        Ok(Err(error)) => Err(Refusal::Trouble(chain(&error))),
        Err(_elapsed) => Err(Refusal::Trouble(format!("no answer within {PATIENCE:?}"))),
    }
}

/// When to ask for others: a while before the end, and not at once where they hold for less than that.
fn due(keys: &Credentials, now: SystemTime) -> Option<SystemTime> {
    let left = keys.expiry()?.duration_since(now).unwrap_or_default();
    let wait = if left.is_zero() { AGAIN } else { left.saturating_sub(EARLY).max(left * 3 / 4) };
    // Years too many to count are as good as for ever.
    now.checked_add(wait)
}

fn is_same(one: &Credentials, other: &Credentials) -> bool {
    let parts = |keys: &Credentials| {
        let token = keys.session_token().unwrap_or_default();
        [keys.access_key_id(), keys.secret_access_key(), token].map(str::to_owned)
    };
    parts(one) == parts(other)
}

/// An error with its causes on one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let more = next.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = next.source();
    }
    text.lines().map(str::trim).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use std::sync::atomic::{AtomicU64, Ordering};

    use aws_credential_types::provider::future;

    use super::*;

    /// Hands out keys with numbers, the first two for so many seconds, and fails where it is told to.
    #[derive(Clone, Debug, Default)]
    struct Numbered {
        asked: Arc<AtomicU64>,
        fails_from: Option<u64>,
        seconds: f64,
    }

    impl ProvideCredentials for Numbered {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            future::ProvideCredentials::new(async {
                let number = self.asked.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(30)).await;
                if self.fails_from.is_some_and(|from| number >= from) {
                    return Err(ProviderError::provider_error("line one\n  line two"));
                }
                let left = if number < 2 { Duration::from_secs_f64(self.seconds) } else { Duration::from_secs(3600) };
                Ok(Credentials::new(
                    format!("AKID{number}"),
                    "SECRET",
                    Some("TOKEN".to_owned()),
                    Some(SystemTime::now() + left),
                    "test",
                ))
            })
        }
    }

    async fn keyring(provider: &Numbered) -> Keyring {
        Keyring::ask(SharedCredentialsProvider::new(provider.clone())).await.unwrap()
    }

    /// What many at once get.
    async fn all_at_once(keyring: &Keyring) -> Vec<Result<String, String>> {
        let one = || async { keyring.keys().await.map(|keys| keys.access_key_id().to_owned()) };
        futures_util::future::join_all((0..50).map(|_| one())).await
    }

    #[tokio::test]
    async fn one_asks_for_all_when_credentials_have_expired() {
        let provider = Numbered { seconds: 0.05, ..Numbered::default() };
        let keyring = keyring(&provider).await;
        for round in 1..=2 {
            tokio::time::sleep(Duration::from_millis(60)).await;
            assert_eq!(all_at_once(&keyring).await, vec![Ok(format!("AKID{round}")); 50]);
            assert_eq!(provider.asked.load(Ordering::SeqCst), round + 1);
        }
        assert_eq!((keyring.renewals(), keyring.secrets().len()), (2, 9));
        assert_eq!(all_at_once(&keyring).await, vec![Ok("AKID2".to_owned()); 50]);
        assert_eq!(provider.asked.load(Ordering::SeqCst), 3);
        let shown = format!("{keyring:?}");
        assert!(!shown.contains("SECRET") && !shown.contains("TOKEN") && !shown.contains("AKID"), "{shown}");
    }

    #[tokio::test]
    async fn while_the_old_hold_nobody_waits_but_who_asks() {
        let provider = Numbered { seconds: 0.4, ..Numbered::default() };
        let keyring = keyring(&provider).await;
        tokio::time::sleep(Duration::from_millis(310)).await;
        let got = all_at_once(&keyring).await;
        assert_eq!(got.iter().filter(|key| **key == Ok("AKID1".to_owned())).count(), 1, "{got:?}");
        assert_eq!(got.iter().filter(|key| **key == Ok("AKID0".to_owned())).count(), 49, "{got:?}");
        assert_eq!(provider.asked.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_failure_is_told_to_all_and_not_repeated_at_once() {
        let provider = Numbered { seconds: 0.05, fails_from: Some(1), ..Numbered::default() };
        let keyring = keyring(&provider).await;
        tokio::time::sleep(Duration::from_millis(60)).await;
        let why = all_at_once(&keyring).await.pop().unwrap().unwrap_err();
        assert!(why.contains("expired") && why.contains("line one; line two"), "{why}");
        assert!(all_at_once(&keyring).await.iter().all(Result::is_err));
        assert_eq!(provider.asked.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn an_endpoint_that_calls_them_expired_is_believed_once() {
        let provider = Numbered { seconds: 3600.0, fails_from: Some(2), ..Numbered::default() };
        let keyring = keyring(&provider).await;
        let answers = futures_util::future::join_all((0..10).map(|_| keyring.renewed(0))).await;
        assert_eq!((answers, provider.asked.load(Ordering::SeqCst)), (vec![true; 10], 2));
        let answers = futures_util::future::join_all((0..10).map(|_| keyring.renewed(1))).await;
        assert_eq!((answers, provider.asked.load(Ordering::SeqCst)), (vec![false; 10], 3));
        // What there is still holds by our clock.
        assert_eq!(keyring.keys().await.unwrap().access_key_id(), "AKID1");
        // Nobody renews what was only given.
        assert!(!Keyring::from(Credentials::new("A", "B", None, None, "test")).renewed(0).await);
    }

    #[test]
    fn others_are_asked_for_a_while_before_the_end() {
        let now = SystemTime::now();
        let wait = |left: u64| {
            let keys = Credentials::new("A", "B", None, Some(now + Duration::from_secs(left)), "test");
            due(&keys, now).unwrap().duration_since(now).unwrap().as_secs()
        };
        assert_eq!([3600, 1200, 400, 0].map(wait), [3300, 900, 300, 10]);
        assert_eq!(due(&Credentials::new("A", "B", None, None, "test"), now), None);
    }
}
