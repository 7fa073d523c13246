//! The front of the service, as at a real account: signatures, a request rate, broken connections. Knows HTTP, but no
//! operations.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use connect_model::schema::TimestampFormat;
use connect_model::wire::message::{HttpRequest, HttpResponse};
use connect_model::wire::timestamp::Reading;
use connect_model::wire::{encode_unmodelled_error, timestamp};
use hyper::body::{Body, Bytes, Frame};

use crate::bucket::{Bucket, Rate};
use crate::sigv4::{self, AccessKeys};

/// Largest difference in seconds between the time of a request and the clock. Source: SigV4, "within five minutes".
const TOLERANCE: f64 = 300.0;

/// Settings of the front. By default it lets every request pass.
#[derive(Clone, Debug, Default)]
pub struct FrontConfig {
    /// Serves only requests that are signed with these keys.
    pub verify: Option<AccessKeys>,
    /// Answers further requests with 429.
    pub rate: Option<Rate>,
    /// Breaks the connection of one in so many requests, alternately before and after the call is performed. 0 for none.
    pub drop_one_in: u64,
    /// Seconds by which its clock is ahead of the clock of this machine.
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

/// The decision on a request.
#[derive(Debug)]
pub(crate) enum Admission {
    /// Perform it and send the response.
    Serve,
    /// Send this response instead.
    Refuse(Box<HttpResponse>),
    /// Break the connection without performing it.
    LoseRequest,
    /// Perform it, and break the connection before the response.
    LoseResponse,
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
            every if (nth / every).is_multiple_of(2) => Admission::LoseResponse,
            _ => Admission::LoseRequest,
        }
    }

    /// The time in `Date` headers. None if it is the time of this machine, which the HTTP server adds itself.
    pub(crate) fn date(&self) -> Option<String> {
        let ahead = self.config.clock_offset;
        (ahead != 0).then(|| timestamp::format(clock(ahead).into(), TimestampFormat::HttpDate)).flatten()
    }

    /// Takes a token from the bucket. Returns true if there was one, or there is no bucket.
    fn take(&self) -> bool {
        let Some(bucket) = &self.bucket else { return true };
        bucket.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Computes the signature over the headers that the request names, and compares. An error is its name at AWS with a
    /// message.
    fn verify(&self, keys: &AccessKeys, request: &HttpRequest) -> Result<(), (&'static str, String)> {
        let Some(authorization) = request.headers.get("authorization") else {
            return Err(("MissingAuthenticationTokenException", "Missing Authentication Token".to_owned()));
        };
        let incomplete = |what: &str| ("IncompleteSignatureException", what.to_owned());
        let (credential, signed, signature) = split_authorization(authorization).ok_or_else(|| {
            incomplete("Authorization header requires 'AWS4-HMAC-SHA256' with Credential, SignedHeaders and Signature")
        })?;
        let [key, day, region, service, "aws4_request"] = credential.split('/').collect::<Vec<_>>()[..] else {
            return Err(incomplete("Credential must be KEY/DATE/REGION/SERVICE/aws4_request"));
        };
        let token = request.headers.get(sigv4::TOKEN);
        if key != keys.id || token != keys.session_token.as_deref() {
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
        let scope = sigv4::Scope { time: date, region, service };
        let computed = sigv4::signature(keys, scope, request, &names).map_err(invalid)?;
        if computed != signature {
            let message = "The request signature we calculated does not match the signature you provided. Check your \
                           AWS Secret Access Key and signing method.";
            return Err(invalid(message.to_owned()));
        }
        Ok(())
    }
}

/// Credential, signed headers and signature of an `Authorization` header.
fn split_authorization(authorization: &str) -> Option<(&str, &str, &str)> {
    let rest = authorization.strip_prefix(sigv4::ALGORITHM)?;
    let part = |name: &str| rest.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
    Some((part("Credential")?, part("SignedHeaders")?, part("Signature")?))
}

/// Parses a time like `20250102T030405Z`.
fn instant(text: &str) -> Option<SystemTime> {
    let digits = text.len() == 16 && text.is_ascii() && text.ends_with('Z') && text.as_bytes()[8] == b'T';
    let extended = digits.then(|| {
        let [year, month, day] = [&text[..4], &text[4..6], &text[6..8]];
        let [hour, minute, second] = [&text[9..11], &text[11..13], &text[13..15]];
        format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z")
    })?;
    timestamp::parse(&extended, TimestampFormat::DateTime, Reading::Server).map(SystemTime::from)
}

/// The time of this machine plus so many seconds.
fn clock(ahead: i64) -> SystemTime {
    let (now, by) = (SystemTime::now(), Duration::from_secs(ahead.unsigned_abs()));
    if ahead < 0 { now.checked_sub(by) } else { now.checked_add(by) }.unwrap_or(now)
}

/// Seconds by which `one` is after `other`; negative if it is before.
fn seconds_after(one: SystemTime, other: SystemTime) -> f64 {
    one.duration_since(other).map_or_else(|before| -before.duration().as_secs_f64(), |after| after.as_secs_f64())
}

/// A body that breaks the connection before its first byte.
#[derive(Debug)]
pub(crate) struct BrokenBody;

impl Body for BrokenBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        Poll::Ready(Some(Err(std::io::Error::other("the connection breaks here on purpose"))))
    }
}
