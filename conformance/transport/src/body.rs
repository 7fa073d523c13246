//! The body of a request that is sent in chunks, or whose end must be observed.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::sync::Notify;

/// Bytes, and a signal for the moment when the connection took the last of them.
#[derive(Debug)]
pub(crate) struct RequestBody {
    /// The parts that were not taken yet, the last one first.
    parts: Vec<Bytes>,
    /// Without a length, the connection sends each part as a chunk.
    length: Option<u64>,
    taken: Option<Arc<Notify>>,
}

impl RequestBody {
    /// A body with its length in front.
    pub(crate) fn new(bytes: Vec<u8>, taken: Option<Arc<Notify>>) -> Self {
        let length = Some(bytes.len() as u64);
        let parts = if bytes.is_empty() { Vec::new() } else { vec![Bytes::from(bytes)] };
        Self { parts, length, taken }
    }

    /// A body of two chunks, so that a reader of the first one alone is found out.
    pub(crate) fn chunked(bytes: Vec<u8>, taken: Option<Arc<Notify>>) -> Self {
        let mut first = Bytes::from(bytes);
        let second = first.split_off(first.len() / 2);
        let parts = [second, first].into_iter().filter(|part| !part.is_empty()).collect();
        Self { parts, length: None, taken }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let part = self.parts.pop();
        if self.parts.is_empty()
            && let Some(taken) = &self.taken
        {
            taken.notify_one();
        }
        Poll::Ready(part.map(|part| Ok(Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        self.parts.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map(SizeHint::with_exact).unwrap_or_default()
    }
}
