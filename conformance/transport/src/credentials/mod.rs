//! Credentials from every source of the AWS tools, renewed before they expire. For an endpoint on this machine, the network
//! is used only for a profile that was named: a run on a laptop must not wait for metadata services.

#[cfg_attr(not(feature = "aws"), path = "without_aws.rs")]
mod aws;
#[cfg(feature = "aws")]
mod aws_http;
mod source;

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError as ProviderError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use tokio::sync::Mutex;

pub(crate) use aws::configured;
pub use source::CredentialsError;
pub(crate) use source::{Configured, profile_name};

use crate::error::chain;
use source::{Source, environment_keys};

/// Timeout of a provider; a program that a profile names may have to ask others.
const PROVIDER_TIMEOUT: Duration = Duration::from_secs(60);

/// Time before the expiry at which credentials are renewed.
const EARLY: Duration = Duration::from_secs(5 * 60);

/// Pause after a failed renewal.
const RETRY_PAUSE: Duration = Duration::from_secs(10);

/// Finds credentials. The order is: `profile` if named; `AWS_ACCESS_KEY_ID` and its companions; the profile that
/// `AWS_PROFILE` names; then, for an endpoint on this machine, the keys in the default profile, and for any other, every
/// source of the AWS tools. `None` if none is configured.
///
/// # Errors
/// A named profile gives none; the environment has half of a key pair; for a remote endpoint, a configured source fails.
/// For an endpoint on this machine, a default profile that needs the network counts as none.
pub async fn find(profile: Option<&str>, region: &str, loopback: bool) -> Result<Option<Keyring>, CredentialsError> {
    if let Some(name) = profile {
        return profile_keys(name, region).await.map(Some);
    }
    if let Some(keys) = environment_keys()? {
        return Ok(Some(keys.into()));
    }
    if let Some(name) = environment("AWS_PROFILE") {
        return profile_keys(&name, region).await.map(Some);
    }
    if loopback {
        return Ok(Keyring::of(Source::DefaultKeys, region).await.ok());
    }
    match Keyring::of(Source::Chain, region).await {
        Ok(keyring) => Ok(Some(keyring)),
        Err(Failure::NotConfigured(_)) => Ok(None),
        Err(Failure::Failed(why)) => Err(CredentialsError::Chain(why)),
    }
}

/// A variable of the environment. Empty variables, which CI sets for missing configuration, count as absent.
pub fn environment(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|value| !value.trim().is_empty())
}

async fn profile_keys(name: &str, region: &str) -> Result<Keyring, CredentialsError> {
    let keyring = Keyring::of(Source::Profile(name), region).await;
    keyring.map_err(|why| {
        let problem = match why {
            // The provider says only that it is not enabled.
            Failure::NotConfigured(_) => "there is no such profile, or it names no source of credentials".to_owned(),
            Failure::Failed(why) => why,
        };
        CredentialsError::Profile { profile: name.to_owned(), problem }
    })
}

/// The reason why a source gives no credentials.
enum Failure {
    /// The source is not configured.
    NotConfigured(String),
    /// The source is configured and failed.
    Failed(String),
}

/// Credentials that are renewed before they expire, once for all signers. Shared by clones.
#[derive(Clone)]
pub struct Keyring(Arc<Shared>);

struct Shared {
    /// None for keys that are never renewed.
    provider: Option<SharedCredentialsProvider>,
    held: RwLock<Held>,
    /// Locked while the provider is asked.
    asking: Mutex<()>,
}

/// The credentials that a provider has given.
struct Held {
    last: Credentials,
    /// Credentials that were replaced: these are secrets, too.
    earlier: Vec<Credentials>,
    /// Time of the next renewal.
    due: Option<SystemTime>,
    /// Error of the last renewal, if it failed.
    failed: Option<String>,
    /// Until this time, a rejection by the endpoint triggers no renewal: the last one gave the same credentials.
    paused_until: Option<SystemTime>,
}

/// Shows neither secrets nor access keys.
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
        let held = Held { last: keys, earlier: Vec::new(), due, failed: None, paused_until: None };
        Self(Arc::new(Shared { provider, held: RwLock::new(held), asking: Mutex::new(()) }))
    }

    /// Credentials of a provider, which is asked at once.
    ///
    /// # Errors
    /// The provider's message.
    pub async fn ask(provider: SharedCredentialsProvider) -> Result<Self, String> {
        let keys = ask(&provider).await.map_err(Failure::into_text)?;
        Ok(Self::new(Some(provider), keys))
    }

    async fn of(source: Source<'_>, region: &str) -> Result<Self, Failure> {
        let provider = aws::provider(source, region).await.map_err(Failure::Failed)?;
        let keys = ask(&provider).await?;
        Ok(Self::new(Some(provider), keys))
    }

    /// Credentials to sign with now. Waits for the provider only if the present ones have expired.
    ///
    /// # Errors
    /// The credentials have expired, and the provider gives no new ones. It is not asked again for some seconds.
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
                // Another task asks already, and the present credentials are still valid.
                Err(_) => return self.held().usable(),
            }
        };
        if self.held().is_due() {
            self.renew(provider).await;
        }
        drop(guard);
        self.held().usable()
    }

    /// Number of times the credentials have changed.
    pub fn renewals(&self) -> usize {
        self.held().earlier.len()
    }

    /// Renews the credentials because an endpoint says that they have expired. Returns true if they have changed since
    /// the number of renewals was `since`.
    pub async fn renewed(&self, since: usize) -> bool {
        let Some(provider) = &self.0.provider else { return false };
        let guard = self.0.asking.lock().await;
        let is_paused = self.held().paused_until.is_some_and(|until| SystemTime::now() < until);
        if self.renewals() == since && !is_paused {
            self.renew(provider).await;
            if self.renewals() == since {
                self.held_mut().paused_until = Some(SystemTime::now() + RETRY_PAUSE);
            }
        }
        drop(guard);
        self.renewals() != since
    }

    /// Key ids, keys and tokens of all credentials so far, none of which a report may show.
    pub fn secrets(&self) -> Vec<String> {
        let held = self.held();
        let all = held.earlier.iter().chain([&held.last]);
        all.flat_map(|keys| [keys.access_key_id(), keys.secret_access_key(), keys.session_token().unwrap_or_default()])
            .filter(|secret| !secret.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// Asks the provider. The caller holds the lock `asking`.
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
                    held.paused_until = None;
                }
            }
            Err(failure) => {
                held.due = Some(now + RETRY_PAUSE);
                held.failed = Some(failure.into_text());
            }
        }
    }

    fn held(&self) -> RwLockReadGuard<'_, Held> {
        self.0.held.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn held_mut(&self) -> RwLockWriteGuard<'_, Held> {
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

    /// The credentials, unless they have expired and the provider failed. A provider may hand out credentials that have
    /// expired by our clock only.
    fn usable(&self) -> Result<Credentials, String> {
        match &self.failed {
            Some(why) if self.has_expired() => {
                Err(format!("the credentials have expired and cannot be renewed: {why}"))
            }
            _ => Ok(self.last.clone()),
        }
    }
}

impl Failure {
    fn into_text(self) -> String {
        match self {
            Failure::NotConfigured(why) | Failure::Failed(why) => why,
        }
    }
}

async fn ask(provider: &SharedCredentialsProvider) -> Result<Credentials, Failure> {
    let provider = provider.clone();
    // The library panics at some answers, for example at a role name with a line break.
    let asked = tokio::spawn(async move { provider.provide_credentials().await });
    match tokio::time::timeout(PROVIDER_TIMEOUT, asked).await {
        Ok(Ok(Ok(keys))) => Ok(keys),
        Ok(Ok(Err(error @ ProviderError::CredentialsNotLoaded(_)))) => {
            Err(Failure::NotConfigured(without_tokens(&chain(&error))))
        }
        Ok(Ok(Err(error))) => Err(Failure::Failed(without_tokens(&chain(&error)))),
        Ok(Err(_panic)) => Err(Failure::Failed("its answer cannot be read".to_owned())),
        Err(_elapsed) => Err(Failure::Failed(format!("no response within {} s", PROVIDER_TIMEOUT.as_secs_f64()))),
    }
}

/// Time of the next renewal: [`EARLY`] before the expiry, or after three quarters of a shorter lifetime.
fn due(keys: &Credentials, now: SystemTime) -> Option<SystemTime> {
    let left = keys.expiry()?.duration_since(now).unwrap_or_default();
    let wait = if left.is_zero() { RETRY_PAUSE } else { left.saturating_sub(EARLY).max(left * 3 / 4) };
    // An expiry beyond the range of the clock counts as none.
    now.checked_add(wait)
}

fn is_same(one: &Credentials, other: &Credentials) -> bool {
    let parts = |keys: &Credentials| {
        let token = keys.session_token().unwrap_or_default();
        [keys.access_key_id(), keys.secret_access_key(), token].map(str::to_owned)
    };
    parts(one) == parts(other)
}

/// The message of a provider without what may be a secret: an answer of STS or of the portal of SSO may repeat the request, and
/// the provider quotes it. A token is a long run with capital letters and digits, or a very long run of any; most names,
/// ARNs and paths are none.
fn without_tokens(message: &str) -> String {
    let is_of_token = |c: char| c.is_ascii_alphanumeric() || "+/=_-%.~".contains(c);
    let mut shown = String::new();
    let mut rest = message;
    while !rest.is_empty() {
        let (run, after) = rest.split_at(rest.find(|c| !is_of_token(c)).unwrap_or(rest.len()));
        if run.starts_with('/') {
            let segments: Vec<&str> =
                run.split('/').map(|segment| if is_token(segment) { REMOVED } else { segment }).collect();
            shown.push_str(&segments.join("/"));
        } else {
            shown.push_str(if is_token(run) { REMOVED } else { run });
        }
        let (between, next) = after.split_at(after.find(is_of_token).unwrap_or(after.len()));
        shown.push_str(between);
        rest = next;
    }
    shown
}

fn is_token(run: &str) -> bool {
    let has = |is_kind: fn(&char) -> bool| run.chars().any(|c| is_kind(&c));
    let is_mixed = has(char::is_ascii_uppercase) && has(char::is_ascii_digit);
    run.len() >= TOKEN && (is_mixed || run.len() >= 2 * TOKEN)
}

/// Characters of the shortest token.
const TOKEN: usize = 20;

/// Stands for a token.
const REMOVED: &str = "REMOVED";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use std::sync::atomic::{AtomicU64, Ordering};

    use aws_credential_types::provider::future;

    use super::*;

    #[test]
    fn the_message_of_a_provider_has_no_tokens() {
        let rows = [
            (
                "AccessDenied: User: arn:aws:sts::111122223333:assumed-role/nightly/contract-test-1 is not authorized",
                None,
            ),
            ("profile `sandbox` refers to /home/ci-7/.aws/sso/cache/f0c.json, which is missing", None),
            ("\"x-amz-security-token\": \"SESSIONTOKEN0123456789\"", Some("\"x-amz-security-token\": \"REMOVED\"")),
            ("error at AssumeRoleWithWebIdentity of STS", None),
            ("token FwoGZXIvYXdzEHoaDKq9+Tok/enSECRET==abcd was repeated", Some("token REMOVED was repeated")),
            ("Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7", Some("REMOVED")),
            (
                "at https://portal.example/federation/eyJhbGciOiJIUzI1NiIsInR5cCI",
                Some("at https://portal.example/federation/REMOVED"),
            ),
        ];
        for (message, expected) in rows {
            assert_eq!(without_tokens(message), expected.unwrap_or(message));
        }
    }

    /// Gives numbered keys, the first two valid for `seconds`, and fails from a given number on.
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

    /// Keys that fifty concurrent callers get.
    async fn concurrently(keyring: &Keyring) -> Vec<Result<String, String>> {
        let one = || async { keyring.keys().await.map(|keys| keys.access_key_id().to_owned()) };
        futures_util::future::join_all((0..50).map(|_| one())).await
    }

    #[tokio::test]
    async fn expired_credentials_are_renewed_once_for_all() {
        let provider = Numbered { seconds: 0.05, ..Numbered::default() };
        let keyring = keyring(&provider).await;
        for round in 1..=2 {
            tokio::time::sleep(Duration::from_millis(60)).await;
            assert_eq!(concurrently(&keyring).await, vec![Ok(format!("AKID{round}")); 50]);
            assert_eq!(provider.asked.load(Ordering::SeqCst), round + 1);
        }
        assert_eq!((keyring.renewals(), keyring.secrets().len()), (2, 9));
        assert_eq!(concurrently(&keyring).await, vec![Ok("AKID2".to_owned()); 50]);
        assert_eq!(provider.asked.load(Ordering::SeqCst), 3);
        let shown = format!("{keyring:?}");
        assert!(!shown.contains("SECRET") && !shown.contains("TOKEN") && !shown.contains("AKID"), "{shown}");
    }

    #[tokio::test]
    async fn only_the_renewing_caller_waits_while_credentials_are_valid() {
        let provider = Numbered { seconds: 0.4, ..Numbered::default() };
        let keyring = keyring(&provider).await;
        tokio::time::sleep(Duration::from_millis(310)).await;
        let got = concurrently(&keyring).await;
        assert_eq!(got.iter().filter(|key| **key == Ok("AKID1".to_owned())).count(), 1, "{got:?}");
        assert_eq!(got.iter().filter(|key| **key == Ok("AKID0".to_owned())).count(), 49, "{got:?}");
        assert_eq!(provider.asked.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_failed_renewal_is_reported_to_all_and_not_repeated_at_once() {
        let provider = Numbered { seconds: 0.05, fails_from: Some(1), ..Numbered::default() };
        let keyring = keyring(&provider).await;
        tokio::time::sleep(Duration::from_millis(60)).await;
        let why = concurrently(&keyring).await.pop().unwrap().unwrap_err();
        assert!(why.contains("expired") && why.contains("line one; line two"), "{why}");
        assert!(concurrently(&keyring).await.iter().all(Result::is_err));
        assert_eq!(provider.asked.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_rejection_as_expired_renews_once() {
        let provider = Numbered { seconds: 3600.0, fails_from: Some(2), ..Numbered::default() };
        let keyring = keyring(&provider).await;
        let answers = futures_util::future::join_all((0..10).map(|_| keyring.renewed(0))).await;
        assert_eq!((answers, provider.asked.load(Ordering::SeqCst)), (vec![true; 10], 2));
        let answers = futures_util::future::join_all((0..10).map(|_| keyring.renewed(1))).await;
        assert_eq!((answers, provider.asked.load(Ordering::SeqCst)), (vec![false; 10], 3));
        // The credentials are still valid by our clock.
        assert_eq!(keyring.keys().await.unwrap().access_key_id(), "AKID1");
        // Fixed keys are never renewed.
        assert!(!Keyring::from(Credentials::new("A", "B", None, None, "test")).renewed(0).await);
    }

    #[test]
    fn renewal_is_due_before_the_expiry() {
        let now = SystemTime::now();
        let wait = |left: u64| {
            let keys = Credentials::new("A", "B", None, Some(now + Duration::from_secs(left)), "test");
            due(&keys, now).unwrap().duration_since(now).unwrap().as_secs()
        };
        assert_eq!([3600, 1200, 400, 0].map(wait), [3300, 900, 300, 10]);
        assert_eq!(due(&Credentials::new("A", "B", None, None, "test"), now), None);
    }
}
