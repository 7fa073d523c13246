//! Several defects at once: each seam asks them one after another.
//!
//! A decision passes through all of them in order, and the answer of one is the input of the next. Calls and pages are
//! nested: the first defect is the outermost, and what it takes for the contract is the behaviour of the others. So a defect
//! that performs no call (`reject-everything`, the answers in place of the service) leaves nothing for those behind it to
//! change, and of two defects that answer in place of the service the first one answers.

use std::borrow::Cow;
use std::cell::Cell;
use std::sync::Arc;

use connect_model::validate::Violation;
use connect_model::wire::DecodeError;
use connect_model::wire::message::{HttpRequest, HttpResponse};
use serde_json::Value;

use crate::client_tokens::{Creation, Recalled};
use crate::defects::seam::{FullName, Invocation, Scene, Seams, Sighting, TagChange, Update};
use crate::handlers::Answer;
use crate::pages::{KeyPage, PageRequest, Size};
use crate::refusal::Refusal;
use crate::store::Tags;
use crate::verify::Breach;

/// Defects that act together, the outermost first.
pub(super) struct Chain(pub(super) Vec<Arc<dyn Seams>>);

impl Chain {
    fn any(&self, has: impl Fn(&dyn Seams) -> bool) -> bool {
        self.0.iter().any(|seams| has(seams.as_ref()))
    }

    fn fold<T>(&self, value: T, next: impl Fn(&dyn Seams, T) -> T) -> T {
        self.0.iter().fold(value, |value, seams| next(seams.as_ref(), value))
    }
}

/// Performs a call with nested defects.
fn invoke(seams: &[Arc<dyn Seams>], call: &Invocation<'_>) -> Answer {
    let Some((outer, inner)) = seams.split_first() else { return call.perform(call.input) };
    let perform = |input: &Value| invoke(inner, &Invocation { input, ..*call });
    outer.invoke(&Invocation { perform: &perform, ..*call })
}

/// Cuts a page with nested defects. The refusal of an inner one is the result of all.
fn cut(seams: &[Arc<dyn Seams>], page: &PageRequest<'_>) -> Result<KeyPage, Refusal> {
    let Some((outer, rest)) = seams.split_first() else { return Ok(page.cut(page.position, page.size)) };
    let refused = Cell::new(None);
    let inner = |position: u64, size: Size| {
        let keys = |after: u64| Box::new((page.keys)(after)) as Box<dyn Iterator<Item = u64> + '_>;
        cut(rest, &PageRequest { position, size, keys: &keys, inner: page.inner }).unwrap_or_else(|refusal| {
            refused.set(Some(refusal));
            KeyPage { keys: Vec::new(), next: None }
        })
    };
    let keys = |after: u64| Box::new((page.keys)(after)) as Box<dyn Iterator<Item = u64> + '_>;
    let whole = outer.cut(&PageRequest { position: page.position, size: page.size, keys: &keys, inner: Some(&inner) });
    refused.take().map_or(whole, Err)
}

impl Seams for Chain {
    fn admits(&self, request: &HttpRequest, breach: Option<Breach>) -> bool {
        // Each is asked, since some remember the requests.
        let admitted: Vec<bool> = self.0.iter().map(|seams| seams.admits(request, breach)).collect();
        if breach.is_some() { admitted.contains(&true) } else { !admitted.contains(&false) }
    }

    fn refused(&self, breach: Breach, response: &mut HttpResponse) {
        self.0.iter().for_each(|seams| seams.refused(breach, response));
    }

    fn stand_in(&self, nth: u64) -> Option<HttpResponse> {
        self.0.iter().find_map(|seams| seams.stand_in(nth))
    }

    fn request<'r>(&self, request: &'r HttpRequest) -> Cow<'r, HttpRequest> {
        self.fold(Cow::Borrowed(request), |seams, request| Cow::Owned(seams.request(&request).into_owned()))
    }

    fn accepts_unreadable(&self, request: &HttpRequest, error: &DecodeError) -> bool {
        self.any(|seams| seams.accepts_unreadable(request, error))
    }

    fn tolerates_unknown_members(&self) -> bool {
        !self.any(|seams| !seams.tolerates_unknown_members())
    }

    fn overlooks(&self, violation: &Violation) -> bool {
        self.any(|seams| seams.overlooks(violation))
    }

    fn overlooks_problem(&self, operation: &str, language: &str, kind: &str) -> bool {
        self.any(|seams| seams.overlooks_problem(operation, language, kind))
    }

    fn invoke(&self, invocation: &Invocation<'_>) -> Answer {
        invoke(&self.0, invocation)
    }

    fn sleeps(&self) -> bool {
        self.any(|seams| seams.sleeps())
    }

    fn name_taken(&self, name: &FullName<'_>, taken: bool) -> bool {
        self.fold(taken, |seams, taken| seams.name_taken(name, taken))
    }

    fn tags(&self, change: &TagChange<'_>, tags: Tags) -> Tags {
        self.fold(tags, |seams, tags| seams.tags(change, tags))
    }

    fn stores(&self, update: &Update<'_>) -> bool {
        // Each is asked, since some count the updates.
        self.fold(true, |seams, stores| seams.stores(update) && stores)
    }

    fn recalled(&self, creation: &Creation<'_>, recalled: Recalled) -> Recalled {
        self.fold(recalled, |seams, recalled| seams.recalled(creation, recalled))
    }

    fn token(&self, token: &str, read: Result<u64, Refusal>) -> Result<u64, Refusal> {
        self.fold(read, |seams, read| seams.token(token, read))
    }

    fn cut(&self, page: &PageRequest<'_>) -> Result<KeyPage, Refusal> {
        cut(&self.0, page)
    }

    fn matches(&self, input: &Value, matches: &mut [bool]) {
        self.0.iter().for_each(|seams| seams.matches(input, matches));
    }

    fn visible(&self, sighting: &Sighting<'_>, visible: bool) -> bool {
        self.fold(visible, |seams, visible| seams.visible(sighting, visible))
    }

    fn answer(&self, scene: &Scene<'_>, response: &mut HttpResponse) {
        self.0.iter().for_each(|seams| seams.answer(scene, response));
    }

    fn instance_name(&self, id: &str, arn: String) -> String {
        let given = self.0.iter().map(|seams| seams.instance_name(id, arn.clone()));
        given.into_iter().find(|name| name != id).unwrap_or_else(|| id.to_owned())
    }
}
