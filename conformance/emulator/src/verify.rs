//! Decides if the caller of a request is who it says: verifies its SigV4 signature, in a header or in the URL. Knows HTTP, but
//! no operations.
//!
//! Source: AWS Identity and Access Management user guide, "AWS Signature Version 4 for API requests".

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use connect_model::schema::TimestampFormat;
use connect_model::wire::message::{HttpRequest, HttpResponse};
use connect_model::wire::timestamp::Reading;
use connect_model::wire::{encode_unmodelled_error, timestamp};

use crate::defects::seam::{Contract, Seams};
use crate::front::clock;
use crate::sigv4::{self, AccessKeys};

/// Largest difference in seconds between the time of a request and the clock. Source: SigV4, "within five minutes".
const TOLERANCE: f64 = 300.0;

/// Longest validity of a signed URL, in seconds. Source: SigV4, `X-Amz-Expires`.
const LONGEST: u32 = 604_800;

/// A rule of access that a request breaks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Breach {
    /// It has no signature.
    Unsigned,
    /// A part of the signature is missing.
    Incomplete,
    /// The algorithm is another.
    Algorithm,
    /// Nobody has the key.
    UnknownKey,
    /// The session token of the key is missing.
    NoToken,
    /// The session token is not that of the key.
    OtherToken,
    /// It is signed for another region.
    Region,
    /// It is signed for another service.
    Service,
    /// It is signed for another day than it says.
    Day,
    /// It does not say when it was signed.
    Undated,
    /// It was signed so many seconds ago, or its URL is no longer valid.
    Old(f64),
    /// It was signed so many seconds in the future.
    Early(f64),
    /// The body is not the one whose hash was signed.
    Body,
    /// The signature is that of another request, or was made with another secret.
    Unmatched,
}

/// The refusal of a request.
struct Refused {
    breach: Breach,
    /// Name of the error at AWS.
    code: &'static str,
    message: String,
}

/// The signature of a request, as it stands there.
struct Claim {
    algorithm: String,
    credential: String,
    signed_headers: String,
    signature: String,
    /// The time of signing; empty if there is none.
    date: String,
    token: Option<String>,
    /// Seconds for which a signed URL is valid.
    expires: Option<String>,
}

/// Verifies signatures that are made with one pair of keys, for one service in one region.
pub(crate) struct Verifier {
    pub(crate) keys: AccessKeys,
    pub(crate) region: String,
    pub(crate) service: String,
    /// Seconds by which the clock is ahead of the clock of this machine.
    pub(crate) clock_offset: i64,
    pub(crate) seams: Arc<dyn Seams>,
}

/// The name of the error with which a request is refused whose signature is not valid now for these keys, in a region and for a
/// service; none if it is valid.
pub fn refused_signature(keys: &AccessKeys, region: &str, service: &str, request: &HttpRequest) -> Option<String> {
    let (region, service) = (region.to_owned(), service.to_owned());
    let verifier = Verifier { keys: keys.clone(), region, service, clock_offset: 0, seams: Arc::new(Contract) };
    verifier.verify(request).err().map(|refused| refused.code.to_owned())
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("keys", &self.keys).finish_non_exhaustive()
    }
}

impl Verifier {
    /// The response to a request that is not served; none if it is.
    pub(crate) fn refuse(&self, request: &HttpRequest) -> Option<HttpResponse> {
        let verified = self.verify(request).and_then(|()| {
            let admitted = self.seams.admits(request, None);
            if admitted { Ok(()) } else { Err(unmatched()) }
        });
        verified.err().map(|Refused { breach, code, message }| {
            let mut response = encode_unmodelled_error(code, 403, &message);
            self.seams.refused(breach, &mut response);
            response
        })
    }

    fn verify(&self, request: &HttpRequest) -> Result<(), Refused> {
        let refuse = |breach, code, message: String| self.unless_overlooked(request, Refused { breach, code, message });
        let incomplete = |what: &str| refuse(Breach::Incomplete, "IncompleteSignatureException", what.to_owned());
        let invalid = |breach, message| refuse(breach, "InvalidSignatureException", message);
        let Some(claim) = Claim::of(request) else {
            let message = "Missing Authentication Token".to_owned();
            return refuse(Breach::Unsigned, "MissingAuthenticationTokenException", message);
        };
        let Some(claim) = claim else {
            return incomplete("the signature requires Credential, SignedHeaders and Signature");
        };
        if claim.algorithm != sigv4::ALGORITHM {
            let message = format!("Unsupported AWS 'algorithm': '{}'", claim.algorithm);
            refuse(Breach::Algorithm, "IncompleteSignatureException", message)?;
        }
        let [key, day, region, service, "aws4_request"] = claim.credential.split('/').collect::<Vec<_>>()[..] else {
            return incomplete("Credential must be KEY/DATE/REGION/SERVICE/aws4_request");
        };
        let unrecognized = |breach| {
            let message = "The security token included in the request is invalid.".to_owned();
            refuse(breach, "UnrecognizedClientException", message)
        };
        if key != self.keys.id {
            return unrecognized(Breach::UnknownKey);
        }
        match (&claim.token, &self.keys.session_token) {
            (None, Some(_)) => unrecognized(Breach::NoToken)?,
            (given, ours) if given != ours => unrecognized(Breach::OtherToken)?,
            _ => {}
        }
        if region != self.region {
            let message = format!("Credential should be scoped to a valid region: '{}'", self.region);
            invalid(Breach::Region, message)?;
        }
        if service != self.service {
            let message = format!("Credential should be scoped to correct service: '{}'", self.service);
            invalid(Breach::Service, message)?;
        }
        let Some(signed) = instant(&claim.date) else {
            let message = "X-Amz-Date must be like 20250102T030405Z".to_owned();
            return refuse(Breach::Undated, "IncompleteSignatureException", message);
        };
        if let Some(breach) = self.out_of_time(signed, claim.expires.as_deref()) {
            let message = format!("Signature expired or not yet current: {} is not now", claim.date);
            invalid(breach, message)?;
        }
        let names: Vec<&str> = claim.signed_headers.split(';').collect();
        let mut required = vec!["host"];
        if claim.expires.is_none() {
            required.push("x-amz-date");
            required.extend(claim.token.is_some().then_some(sigv4::TOKEN));
        }
        if required.iter().any(|name| !names.contains(name)) {
            return incomplete("host, date and token must be signed");
        }
        if !claim.date.starts_with(day) {
            let message = format!("Date in Credential scope does not match {}", claim.date);
            refuse(Breach::Day, "IncompleteSignatureException", message)?;
        }
        let scope = sigv4::Scope { time: &claim.date, region, service };
        let signed = without_signature(request);
        let signature =
            |payload: &str| sigv4::signature(&self.keys.secret, scope, &signed, &names, payload).unwrap_or_default();
        let payload = sigv4::payload_hash(&request.body);
        if signature(&payload) == claim.signature {
            return Ok(());
        }
        match request.headers.get("x-amz-content-sha256") {
            Some(declared) if declared != payload && signature(declared) == claim.signature => {
                let message = "The provided 'x-amz-content-sha256' header does not match what was computed.".to_owned();
                invalid(Breach::Body, message)
            }
            _ => self.unless_overlooked(request, unmatched()),
        }
    }

    fn unless_overlooked(&self, request: &HttpRequest, refused: Refused) -> Result<(), Refused> {
        if self.seams.admits(request, Some(refused.breach)) { Ok(()) } else { Err(refused) }
    }

    /// The rule of time that a signature breaks.
    fn out_of_time(&self, signed: SystemTime, expires: Option<&str>) -> Option<Breach> {
        let away = seconds_after(signed, clock(self.clock_offset));
        let valid_for = match expires {
            None => TOLERANCE,
            // A validity that is no number has expired.
            Some(text) => text.parse().ok().filter(|seconds: &u32| *seconds <= LONGEST).map_or(-1.0, f64::from),
        };
        if away > TOLERANCE { Some(Breach::Early(away)) } else { (-away > valid_for).then_some(Breach::Old(-away)) }
    }
}

fn unmatched() -> Refused {
    let message = "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
                   Access Key and signing method.";
    Refused { breach: Breach::Unmatched, code: "InvalidSignatureException", message: message.to_owned() }
}

/// Parameters of a signed URL begin with this.
pub(crate) const PARAMETER: &str = "X-Amz-";

impl Claim {
    /// The signature in the header or in the URL. Outer none for a request without one, inner none if it is incomplete.
    fn of(request: &HttpRequest) -> Option<Option<Self>> {
        match request.headers.get("authorization") {
            Some(authorization) => Some(Self::of_header(request, authorization)),
            None => {
                let parameter = |name: &str| parameter(&request.uri, name);
                parameter("Algorithm")?;
                Some((|| {
                    Some(Self {
                        algorithm: parameter("Algorithm")?,
                        credential: parameter("Credential")?,
                        signed_headers: parameter("SignedHeaders")?,
                        signature: parameter("Signature")?,
                        date: parameter("Date").unwrap_or_default(),
                        token: parameter("Security-Token"),
                        expires: Some(parameter("Expires")?),
                    })
                })())
            }
        }
    }

    fn of_header(request: &HttpRequest, authorization: &str) -> Option<Self> {
        let (algorithm, rest) = authorization.split_once(' ')?;
        let part = |name: &str| {
            let value = rest.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
            value.map(str::to_owned)
        };
        Some(Self {
            algorithm: algorithm.to_owned(),
            credential: part("Credential")?,
            signed_headers: part("SignedHeaders")?,
            signature: part("Signature")?,
            date: request.headers.get("x-amz-date").unwrap_or_default().to_owned(),
            token: request.headers.get(sigv4::TOKEN).map(str::to_owned),
            expires: None,
        })
    }
}

/// The value of a parameter of a signed URL, decoded.
fn parameter(uri: &str, name: &str) -> Option<String> {
    let (_, query) = uri.split_once('?')?;
    let value = query.split('&').find_map(|pair| pair.strip_prefix(PARAMETER)?.strip_prefix(name)?.strip_prefix('='));
    value.map(sigv4::percent_decode)
}

/// The request as it was signed: the signature in its URL covers all other parameters.
fn without_signature(request: &HttpRequest) -> HttpRequest {
    let mut signed = request.clone();
    if let Some((path, query)) = request.uri.split_once('?') {
        let kept: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with("X-Amz-Signature=")).collect();
        signed.uri = format!("{path}?{}", kept.join("&"));
    }
    signed
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

/// Seconds by which `one` is after `other`; negative if it is before.
fn seconds_after(one: SystemTime, other: SystemTime) -> f64 {
    one.duration_since(other).map_or_else(|before| -before.duration().as_secs_f64(), |after| after.as_secs_f64())
}
