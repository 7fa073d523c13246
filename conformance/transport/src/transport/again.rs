//! Decides if a rejected request is signed again: the clocks differ, or the credentials have expired.

use std::sync::atomic::Ordering;
use std::time::SystemTime;

use connect_model::schema::TimestampFormat;
use connect_model::wire::message::HttpResponse;
use connect_model::wire::timestamp::{self, Reading};

use crate::signing::seconds_after;
use crate::transport::Transport;

/// Smallest difference of clocks, in seconds, that explains a rejected signature: signatures are valid for five minutes.
const SKEWED: i64 = 240;

/// Largest difference of clocks that is believed, in seconds: ten years. Times of signatures end with the year 9999.
const FARTHEST: i64 = 10 * 365 * 86_400;

/// Part of the name of the error for an expired session token. Source: Connect API reference, common errors.
const EXPIRED: &str = "ExpiredToken";

impl Transport {
    /// Returns true if a rejection's `Date` shows that the clocks differ. From then on, requests are signed for the
    /// endpoint's time, as AWS SDKs do.
    pub(super) fn notes_skew(&self, response: &HttpResponse) -> bool {
        if !matches!(response.status, 400 | 401 | 403) {
            return false;
        }
        let date = response.headers.get("date").unwrap_or_default();
        let Some(there) = timestamp::parse(date, TimestampFormat::HttpDate, Reading::Client) else { return false };
        // `Date` has whole seconds, the fraction cut off.
        let ahead = seconds_after(there.into(), SystemTime::now()).ceil() as i64;
        let is_news = ahead.abs() <= FARTHEST && (ahead - self.skew()).abs() >= SKEWED;
        if is_news {
            self.skew.store(ahead, Ordering::Relaxed);
        }
        is_news
    }

    /// Returns true if a response rejects expired credentials and they have been renewed more often than `renewals`.
    pub(super) async fn has_renewed(&self, response: &HttpResponse, renewals: usize) -> bool {
        let error_type = response.headers.get("x-amzn-errortype").unwrap_or_default();
        let is_expiry = matches!(response.status, 400 | 401 | 403) && error_type.contains(EXPIRED);
        match &self.signer {
            Some(signer) if is_expiry => signer.keyring().renewed(renewals).await,
            _ => false,
        }
    }

    pub(super) fn renewals(&self) -> usize {
        self.signer.as_ref().map_or(0, |signer| signer.keyring().renewals())
    }
}
