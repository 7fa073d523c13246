//! One request and its response, as evidence.

use connect_model::wire::message::{Headers, HttpRequest, HttpResponse};

/// Bytes of a response body that a finding keeps, and of the response's headers.
const EVIDENCE: (usize, usize) = (64 << 10, 8 << 10);

/// A request and what came back, redacted of credentials only.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Operation that was called.
    pub operation: String,
    /// As sent, without the signature.
    pub request: HttpRequest,
    /// As received.
    pub response: HttpResponse,
    /// From the first byte out to the last byte in.
    pub duration: std::time::Duration,
    /// What of the response is not kept; nothing while it is to be judged.
    pub omitted: Omitted,
}

/// What of a response was left out of the evidence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Omitted {
    /// Bytes at the end of the body.
    pub body_bytes: usize,
    /// Headers, each whole.
    pub headers: usize,
}

impl Exchange {
    /// A copy for a finding, of which only so much is kept as a reader needs: an endpoint that answers everything at
    /// length must not fill the memory.
    pub fn evidence(&self) -> Self {
        let (most_body, most_headers) = EVIDENCE;
        let HttpResponse { status, headers, body } = &self.response;
        let kept = &body[..body.len().min(most_body)];
        let (shown, left_out) = first_headers(headers, most_headers);
        Self {
            operation: self.operation.clone(),
            request: self.request.clone(),
            response: HttpResponse { status: *status, headers: shown, body: kept.to_vec() },
            duration: self.duration,
            omitted: Omitted {
                body_bytes: self.omitted.body_bytes + body.len() - kept.len(),
                headers: self.omitted.headers + left_out,
            },
        }
    }
}

/// Headers, in order, of no more than so many bytes, and how many others there are.
pub fn first_headers(headers: &Headers, most: usize) -> (Headers, usize) {
    let mut left = most;
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
    fn evidence_is_cut_once_and_counts_what_it_leaves_out() {
        let mut response = HttpResponse { body: vec![b'x'; EVIDENCE.0 + 7], ..HttpResponse::default() };
        for name in ["a", "b", "c"] {
            response.headers.push(name, "v".repeat(EVIDENCE.1 / 2 - 1));
        }
        let exchange = Exchange {
            operation: "ListRules".to_owned(),
            request: HttpRequest::default(),
            response,
            duration: std::time::Duration::ZERO,
            omitted: Omitted::default(),
        };
        let evidence = exchange.evidence();
        assert_eq!(evidence.response.body.len(), EVIDENCE.0);
        assert_eq!(evidence.omitted, Omitted { body_bytes: 7, headers: 1 });
        let again = evidence.evidence();
        assert_eq!((again.response, again.omitted), (evidence.response, evidence.omitted));
    }
}
