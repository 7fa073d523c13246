//! The seams: the points where the emulator asks before it goes on, so that a defect or a harmless variant can act.
//!
//! The emulator's own code computes every decision as the contract has it and hands it to a seam, which returns the
//! decision that takes effect. The default of every method returns the decision unchanged, so [`Contract`] is the good
//! endpoint. A defect overrides the methods that it needs, and keeps its own state.

use std::borrow::Cow;
use std::time::Instant;

use connect_model::schema::{Operation, Schema};
use connect_model::validate::Violation;
use connect_model::wire::DecodeError;
use connect_model::wire::message::{HttpRequest, HttpResponse};
use serde_json::Value;

use crate::arn::ResourceKind;
use crate::client_tokens::{Creation, Recalled};
use crate::handlers::{Answer, Context};
use crate::pages::{KeyPage, PageRequest};
use crate::refusal::Refusal;
use crate::store::Tags;
use crate::verify::Breach;

/// Behaviour of an endpoint at its seams. The defaults are the contract.
pub(crate) trait Seams: Send + Sync {
    // The caller.

    /// Decides if a request is admitted: `breach` is the rule of access that it breaks, none if it keeps all of them. A request
    /// may be asked about several times, once for each broken rule.
    fn admits(&self, _request: &HttpRequest, breach: Option<Breach>) -> bool {
        breach.is_none()
    }

    /// Changes the response to a request that is not admitted.
    fn refused(&self, _breach: Breach, _response: &mut HttpResponse) {}

    // Request in.

    /// Answers in place of the service. `nth` counts the calls since the start.
    fn stand_in(&self, _nth: u64) -> Option<HttpResponse> {
        None
    }

    /// The request that the service reads.
    fn request<'r>(&self, request: &'r HttpRequest) -> Cow<'r, HttpRequest> {
        Cow::Borrowed(request)
    }

    /// Returns true if a request that is unreadable for that reason is answered with success.
    fn accepts_unreadable(&self, _request: &HttpRequest, _error: &DecodeError) -> bool {
        false
    }

    /// Returns true if members that the model does not define are ignored.
    fn tolerates_unknown_members(&self) -> bool {
        true
    }

    /// Returns true if a violation of the model is not reported.
    fn overlooks(&self, _violation: &Violation) -> bool {
        false
    }

    /// Returns true if a problem of an embedded language is not reported.
    fn overlooks_problem(&self, _operation: &str, _language: &str, _kind: &str) -> bool {
        false
    }

    // The call as a whole.

    /// Performs a valid call.
    fn invoke(&self, invocation: &Invocation<'_>) -> Answer {
        invocation.perform(invocation.input)
    }

    /// Returns true if a call may sleep, and therefore must not block a shared thread.
    fn sleeps(&self) -> bool {
        false
    }

    // Decisions of the store.

    /// Decides if a name is taken.
    fn name_taken(&self, _name: &FullName<'_>, taken: bool) -> bool {
        taken
    }

    /// The tags after a change.
    fn tags(&self, _change: &TagChange<'_>, tags: Tags) -> Tags {
        tags
    }

    /// Returns true if an update is stored.
    fn stores(&self, _update: &Update<'_>) -> bool {
        true
    }

    /// The memory of a client token.
    fn recalled(&self, _creation: &Creation<'_>, recalled: Recalled) -> Recalled {
        recalled
    }

    // Pages and searches.

    /// The position in a page token: `read` if the token is checked as it should be.
    fn token(&self, _token: &str, read: Result<u64, Refusal>) -> Result<u64, Refusal> {
        read
    }

    /// Cuts a page.
    fn cut(&self, page: &PageRequest<'_>) -> Result<KeyPage, Refusal> {
        Ok(page.cut(page.position, page.size))
    }

    /// Decides which candidates of a search match. `input` is that of the call.
    fn matches(&self, _input: &Value, _matches: &mut [bool]) {}

    // Time.

    /// Decides if a list or search shows a resource yet.
    fn visible(&self, _sighting: &Sighting<'_>, visible: bool) -> bool {
        visible
    }

    // Answer out.

    /// Changes the finished response, of successes and errors alike.
    fn answer(&self, _scene: &Scene<'_>, _response: &mut HttpResponse) {}

    /// The reference to the default instance that clients are given: its id or its ARN.
    fn instance_name(&self, id: &str, _arn: String) -> String {
        id.to_owned()
    }
}

/// The endpoint without defects.
pub(crate) struct Contract;

impl Seams for Contract {}

/// A valid call on its way to its handler.
pub(crate) struct Invocation<'a> {
    pub(crate) cx: &'a Context,
    pub(crate) schema: &'static Schema,
    pub(crate) operation: &'a Operation,
    pub(crate) input: &'a Value,
    /// True if the operation has a handler; otherwise its answer is generated.
    pub(crate) has_handler: bool,
    pub(crate) perform: &'a dyn Fn(&Value) -> Answer,
    pub(crate) generate: &'a dyn Fn(&Value) -> Answer,
}

impl Invocation<'_> {
    /// Performs the call with this input, as the contract has it.
    pub(crate) fn perform(&self, input: &Value) -> Answer {
        (self.perform)(input)
    }

    /// Generates an answer although the operation may have a handler.
    pub(crate) fn generate(&self, input: &Value) -> Answer {
        (self.generate)(input)
    }
}

/// The name of a resource, with its namespace.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FullName<'a> {
    pub(crate) instance: Cow<'a, str>,
    pub(crate) kind: ResourceKind,
    pub(crate) name: Cow<'a, str>,
}

impl<'a> FullName<'a> {
    pub(crate) fn new(instance: &'a str, kind: ResourceKind, name: &'a str) -> Self {
        Self { instance: Cow::Borrowed(instance), kind, name: Cow::Borrowed(name) }
    }

    pub(crate) fn into_owned(self) -> FullName<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        FullName { instance: owned(self.instance), kind: self.kind, name: owned(self.name) }
    }
}

/// A change of tags.
pub(crate) enum TagChange<'a> {
    /// The tags of a new resource. No name for instances.
    Created(Option<FullName<'a>>),
    /// TagResource adds tags.
    Added { before: &'a Tags, added: &'a Tags },
    /// UntagResource removes tags.
    Removed { before: &'a Tags },
}

/// An update that is about to be stored.
pub(crate) struct Update<'a> {
    /// The name before the update.
    pub(crate) before: FullName<'a>,
    /// The name after the update.
    pub(crate) name: &'a str,
}

/// A resource that a list or search comes across.
pub(crate) struct Sighting<'a> {
    pub(crate) id: &'a str,
    pub(crate) created: Instant,
    pub(crate) by: Reader,
}

/// Operations that show many resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    List,
    Search,
}

/// The context of a response.
pub(crate) struct Scene<'a> {
    pub(crate) schema: &'a Schema,
    /// None when no operation was found.
    pub(crate) operation: Option<&'a Operation>,
    /// Name of the error; none for success.
    pub(crate) error: Option<&'a str>,
    /// Number of the call since the start.
    pub(crate) nth: u64,
}
