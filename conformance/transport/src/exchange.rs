//! One request and its response, as evidence for a finding.

use connect_model::wire::message::{Headers, HttpRequest, HttpResponse};

/// Bytes of a response body that a finding keeps.
const MAX_BODY: usize = 64 << 10;

/// Bytes of a response's headers that a finding keeps.
const MAX_HEADERS: usize = 8 << 10;

/// A request and its response, complete but for credentials.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The operation called.
    pub operation: String,
    /// As sent, without the signature.
    pub request: HttpRequest,
    /// As received.
    pub response: HttpResponse,
    /// The moment before the first byte was sent.
    pub sent: std::time::SystemTime,
    /// Time from the first byte sent to the last byte received.
    pub duration: std::time::Duration,
    /// Parts of the response that were dropped; none before the response is judged.
    pub omitted: Omitted,
}

/// Parts of a response that the evidence omits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Omitted {
    /// Bytes at the end of the body.
    pub body_bytes: usize,
    /// Number of headers.
    pub headers: usize,
}

impl Exchange {
    /// An exchange of which only the response is known: its request is empty, and it took no time.
    pub fn answered(operation: impl Into<String>, response: HttpResponse) -> Self {
        Self {
            operation: operation.into(),
            request: HttpRequest::default(),
            response,
            sent: std::time::SystemTime::UNIX_EPOCH,
            duration: std::time::Duration::ZERO,
            omitted: Omitted::default(),
        }
    }

    /// A copy for a finding, of limited size: an endpoint with long responses must not fill the memory.
    pub fn evidence(&self) -> Self {
        self.evidence_within(MAX_BODY)
    }

    /// The same, with at most `max_body` bytes of the response body.
    pub fn evidence_within(&self, max_body: usize) -> Self {
        let HttpResponse { status, headers, body } = &self.response;
        let kept = &body[..body.len().min(max_body)];
        let (shown, left_out) = first_headers(headers, MAX_HEADERS);
        Self {
            operation: self.operation.clone(),
            request: self.request.clone(),
            response: HttpResponse { status: *status, headers: shown, body: kept.to_vec() },
            sent: self.sent,
            duration: self.duration,
            omitted: Omitted {
                body_bytes: self.omitted.body_bytes + body.len() - kept.len(),
                headers: self.omitted.headers + left_out,
            },
        }
    }
}

/// The headers that fit into `max` bytes, in order, and the number of the others.
pub fn first_headers(headers: &Headers, max: usize) -> (Headers, usize) {
    let mut left = max;
    let fits = |(name, value): &&(String, String)| match left.checked_sub(name.len() + value.len()) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    let shown: Vec<_> = headers.0.iter().filter(fits).cloned().collect();
    let left_out = headers.0.len() - shown.len();
    (Headers(shown), left_out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_is_truncated_once_and_counts_omissions() {
        let mut response = HttpResponse { body: vec![b'x'; MAX_BODY + 7], ..HttpResponse::default() };
        for name in ["a", "b", "c"] {
            response.headers.push(name, "v".repeat(MAX_HEADERS / 2 - 1));
        }
        let exchange = Exchange::answered("ListRules", response);
        let evidence = exchange.evidence();
        assert_eq!(evidence.response.body.len(), MAX_BODY);
        assert_eq!(evidence.omitted, Omitted { body_bytes: 7, headers: 1 });
        let again = evidence.evidence();
        assert_eq!((again.response, again.omitted), (evidence.response, evidence.omitted));
    }
}
