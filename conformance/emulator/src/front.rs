//! What stands before the service, as at a real account: signatures, a rate, connections that break. Knows HTTP and
//! nothing of operations.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use connect_model::schema::TimestampFormat;
use connect_model::wire::message::{HttpRequest, HttpResponse};
use connect_model::wire::timestamp::Reading;
use connect_model::wire::{encode_unmodelled_error, timestamp};
use hyper::body::{Body, Bytes, Frame};

use crate::bucket::{Bucket, Rate};
use crate::sigv4;

/// Requests that are so many seconds older or newer are refused. Source: SigV4, "within five minutes".
const TOLERANCE: f64 = 300.0;

/// What an emulator asks of its callers before it looks at what they say. By default nothing.
#[derive(Clone, Debug, Default)]
pub struct FrontConfig {
    /// Only requests that these keys signed are served.
    pub verify: Option<Credentials>,
    /// More requests than this are answered with 429.
    pub rate: Option<Rate>,
    /// Of so many requests, one gets no whole answer; in turns before and after it was performed. 0 for none.
    pub drop_one_in: u64,
    /// Its clock is that far from that of this machine, in seconds.
    pub clock_offset: i64,
}

/// The front of one emulator.
#[derive(Debug)]
pub(crate) struct Front {
    config: FrontConfig,
    region: String,
    service: String,
    bucket: Option<Mutex<Bucket>>,
    nth: AtomicU64,
}

/// What is to become of a request.
#[derive(Debug)]
pub(crate) enum Admission {
    /// It is performed and answered.
    Serve,
    /// It is answered with this instead.
    Refuse(Box<HttpResponse>),
    /// It is not performed, and its connection breaks.
    LoseRequest,
    /// It is performed, and its connection breaks before the answer is out.
    LoseAnswer,
}

impl Front {
    pub(crate) fn new(config: &FrontConfig, region: &str, service: &str) -> Self {
        Self {
            config: config.clone(),
            region: region.to_owned(),
            service: service.to_owned(),
            bucket: config.rate.map(Bucket::new).map(Mutex::new),
            nth: AtomicU64::new(0),
        }
    }

    /// Decides on a request.
    pub(crate) fn admit(&self, request: &HttpRequest) -> Admission {
        let nth = self.nth.fetch_add(1, Ordering::Relaxed) + 1;
        if !self.take() {
            let response = encode_unmodelled_error("TooManyRequestsException", 429, "Too Many Requests");
            return Admission::Refuse(Box::new(response));
        }
        if let Some(keys) = &self.config.verify
            && let Err((code, message)) = self.verify(keys, request)
        {
            return Admission::Refuse(Box::new(encode_unmodelled_error(code, 403, &message)));
        }
        match self.config.drop_one_in {
            0 => Admission::Serve,
            every if !nth.is_multiple_of(every) => Admission::Serve,
            every if (nth / every).is_multiple_of(2) => Admission::LoseAnswer,
            _ => Admission::LoseRequest,
        }
    }

    /// The time in `Date` headers; none where it is that of this machine, which HTTP servers fill in by themselves.
    pub(crate) fn date(&self) -> Option<String> {
        let ahead = self.config.clock_offset;
        (ahead != 0).then(|| timestamp::format(clock(ahead).into(), TimestampFormat::HttpDate)).flatten()
    }

    /// Takes a token out of the bucket, if there is one.
    fn take(&self) -> bool {
        let Some(bucket) = &self.bucket else { return true };
        bucket.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Computes the signature again over what the request says is signed. Errors are the names that AWS gives them, with
    /// a message.
    fn verify(&self, keys: &Credentials, request: &HttpRequest) -> Result<(), (&'static str, String)> {
        let Some(authorization) = request.headers.get("authorization") else {
            return Err(("MissingAuthenticationTokenException", "Missing Authentication Token".to_owned()));
        };
        let incomplete = |what: &str| ("IncompleteSignatureException", what.to_owned());
        let (credential, signed, signature) = parts(authorization).ok_or_else(|| {
            incomplete("Authorization header requires 'AWS4-HMAC-SHA256' with Credential, SignedHeaders and Signature")
        })?;
        let [key, day, region, service, "aws4_request"] = credential.split('/').collect::<Vec<_>>()[..] else {
            return Err(incomplete("Credential must be KEY/DATE/REGION/SERVICE/aws4_request"));
        };
        let token = request.headers.get("x-amz-security-token");
        if key != keys.access_key_id() || token != keys.session_token() {
            let message = "The security token included in the request is invalid.";
            return Err(("UnrecognizedClientException", message.to_owned()));
        }
        let invalid = |what: String| ("InvalidSignatureException", what);
        if region != self.region {
            return Err(invalid(format!("Credential should be scoped to a valid region: '{}'", self.region)));
        }
        if service != self.service {
            return Err(invalid(format!("Credential should be scoped to correct service: '{}'", self.service)));
        }
        let date = request.headers.get("x-amz-date").unwrap_or_default();
        let at = instant(date).ok_or_else(|| incomplete("X-Amz-Date must be like 20250102T030405Z"))?;
        let away = seconds_after(at, clock(self.config.clock_offset));
        if away.abs() > TOLERANCE {
            return Err(invalid(format!("Signature expired: {date} is {away:.0} s away from the time here")));
        }
        let names: Vec<&str> = signed.split(';').collect();
        if !date.starts_with(day) || !names.contains(&"host") || !names.contains(&"x-amz-date") {
            return Err(incomplete("host and x-amz-date must be signed, and the scope must be of the same day"));
        }
        let computed = sigv4::signature(keys, &self.region, &self.service, request, &names, at).map_err(invalid)?;
        if computed != signature {
            let message = "The request signature we calculated does not match the signature you provided. Check your \
                           AWS Secret Access Key and signing method.";
            return Err(invalid(message.to_owned()));
        }
        Ok(())
    }
}

/// Credential, signed headers and signature of an `Authorization` header.
pub(crate) fn parts(authorization: &str) -> Option<(&str, &str, &str)> {
    let rest = authorization.strip_prefix("AWS4-HMAC-SHA256")?;
    let part = |name: &str| rest.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
    Some((part("Credential")?, part("SignedHeaders")?, part("Signature")?))
}

/// The instant of `20250102T030405Z`.
fn instant(text: &str) -> Option<SystemTime> {
    let digits = text.len() == 16 && text.is_ascii() && text.ends_with('Z') && text.as_bytes()[8] == b'T';
    let extended = digits.then(|| {
        let [year, month, day] = [&text[..4], &text[4..6], &text[6..8]];
        let [hour, minute, second] = [&text[9..11], &text[11..13], &text[13..15]];
        format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z")
    })?;
    timestamp::parse(&extended, TimestampFormat::DateTime, Reading::Server).map(SystemTime::from)
}

/// The clock of this machine, so many seconds ahead.
fn clock(ahead: i64) -> SystemTime {
    let (now, by) = (SystemTime::now(), Duration::from_secs(ahead.unsigned_abs()));
    if ahead < 0 { now.checked_sub(by) } else { now.checked_add(by) }.unwrap_or(now)
}

/// Seconds from the second instant to the first; negative if the first is earlier.
fn seconds_after(one: SystemTime, other: SystemTime) -> f64 {
    one.duration_since(other).map_or_else(|before| -before.duration().as_secs_f64(), |after| after.as_secs_f64())
}

/// A body that breaks off before its first byte, and its connection with it.
#[derive(Debug)]
pub(crate) struct Broken;

impl Body for Broken {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        Poll::Ready(Some(Err(std::io::Error::other("the connection breaks here, on purpose"))))
    }
}
