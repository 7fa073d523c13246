//! The body of a request on the raw path, which reports when the connection has taken all of it.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http_body_util::Full;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::sync::Notify;

/// Bytes, and a signal for the moment when the connection took the last of them.
#[derive(Debug)]
pub(crate) struct RequestBody {
    bytes: Full<Bytes>,
    taken: Option<Arc<Notify>>,
}

impl RequestBody {
    pub(crate) fn new(bytes: Vec<u8>, taken: Option<Arc<Notify>>) -> Self {
        Self { bytes: Full::new(Bytes::from(bytes)), taken }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let frame = Pin::new(&mut self.bytes).poll_frame(context);
        if self.bytes.is_end_stream()
            && let Some(taken) = &self.taken
        {
            taken.notify_one();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.bytes.size_hint()
    }
}
