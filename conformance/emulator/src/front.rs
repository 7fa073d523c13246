//! The front of the service, as at a real account: signatures, a request rate, broken connections. Knows HTTP, but no
//! operations.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use connect_model::schema::TimestampFormat;
use connect_model::wire::message::{HttpRequest, HttpResponse};
use connect_model::wire::{encode_unmodelled_error, timestamp};
use hyper::body::{Body, Bytes, Frame};

use crate::bucket::{Bucket, Rate};
use crate::defects::seam::Seams;
use crate::sigv4::AccessKeys;
use crate::verify::Verifier;

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
    verifier: Option<Verifier>,
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
    /// The front of a service of this name in a region.
    pub(crate) fn new(config: &FrontConfig, region: &str, service: &str, seams: &Arc<dyn Seams>) -> Self {
        let verifier = |keys: &AccessKeys| Verifier {
            keys: keys.clone(),
            region: region.to_owned(),
            service: service.to_owned(),
            clock_offset: config.clock_offset,
            seams: Arc::clone(seams),
        };
        Self {
            config: config.clone(),
            verifier: config.verify.as_ref().map(verifier),
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
        if let Some(response) = self.verifier.as_ref().and_then(|verifier| verifier.refuse(request)) {
            return Admission::Refuse(Box::new(response));
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
}

/// The time of this machine plus so many seconds.
pub(crate) fn clock(ahead: i64) -> SystemTime {
    let (now, by) = (SystemTime::now(), Duration::from_secs(ahead.unsigned_abs()));
    if ahead < 0 { now.checked_sub(by) } else { now.checked_add(by) }.unwrap_or(now)
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
