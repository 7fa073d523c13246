//! Seams with one function: most rows need no more. A defect with state or several seams implements [`Seams`] itself.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::thread::ThreadId;

use connect_model::validate::Violation;
use connect_model::wire::DecodeError;
use connect_model::wire::message::{HttpRequest, HttpResponse};
use serde_json::Value;

use crate::defects::seam::{Invocation, Scene, Seams, Sighting, TagChange};
use crate::handlers::Answer;
use crate::pages::{KeyPage, PageRequest};
use crate::store::{Tags, lock};
use crate::verify::Breach;

/// Defines a constructor of seams that override one method with a function.
macro_rules! hook {
    ($(#[$doc:meta])* $name:ident($function:ty), $($method:tt)+) => {
        $(#[$doc])*
        pub(crate) fn $name(function: $function) -> Arc<dyn Seams> {
            struct Hook($function);
            impl Seams for Hook {
                $($method)+
            }
            Arc::new(Hook(function))
        }
    };
}

hook! {
    /// Answers in place of the service, depending on the number of the call.
    in_place(fn(u64) -> Option<HttpResponse>),
    fn stand_in(&self, nth: u64) -> Option<HttpResponse> {
        (self.0)(nth)
    }
}

hook! {
    /// Decides which requests are admitted, given the rule of access that they break.
    on_admission(fn(&HttpRequest, Option<Breach>) -> bool),
    fn admits(&self, request: &HttpRequest, breach: Option<Breach>) -> bool {
        (self.0)(request, breach)
    }
}

hook! {
    /// Edits the responses to requests that are not admitted.
    on_refusal(fn(Breach, &mut HttpResponse)),
    fn refused(&self, breach: Breach, response: &mut HttpResponse) {
        (self.0)(breach, response);
    }
}

hook! {
    /// Edits requests before they are read.
    on_request(fn(&mut HttpRequest)),
    fn request<'r>(&self, request: &'r HttpRequest) -> Cow<'r, HttpRequest> {
        let mut edited = request.clone();
        (self.0)(&mut edited);
        Cow::Owned(edited)
    }
}

hook! {
    /// Answers unreadable requests with success.
    accept_unreadable(fn(&DecodeError) -> bool),
    fn accepts_unreadable(&self, _: &HttpRequest, error: &DecodeError) -> bool {
        (self.0)(error)
    }
}

hook! {
    /// Overlooks violations of the model. Input that a handler cannot read for that reason gets a generated answer.
    overlook(fn(&Violation) -> bool),
    fn overlooks(&self, violation: &Violation) -> bool {
        (self.0)(violation)
    }
    fn invoke(&self, call: &Invocation<'_>) -> Answer {
        match call.perform(call.input) {
            Answer::Unreadable(_) => call.generate(call.input),
            answer => answer,
        }
    }
}

hook! {
    /// Overlooks problems of embedded languages, by operation, language and kind of problem.
    overlook_problem(fn(&str, &str, &str) -> bool),
    fn overlooks_problem(&self, operation: &str, language: &str, kind: &str) -> bool {
        (self.0)(operation, language, kind)
    }
}

hook! {
    /// Performs calls in another way.
    on_call(fn(&Invocation<'_>) -> Answer),
    fn invoke(&self, call: &Invocation<'_>) -> Answer {
        (self.0)(call)
    }
}

hook! {
    /// Changes the tags that a call leaves.
    on_tags(fn(&TagChange<'_>, Tags) -> Tags),
    fn tags(&self, change: &TagChange<'_>, tags: Tags) -> Tags {
        (self.0)(change, tags)
    }
}

hook! {
    /// Cuts pages in another way.
    on_cut(fn(&PageRequest<'_>) -> KeyPage),
    fn cut(&self, page: &PageRequest<'_>) -> Result<KeyPage, crate::refusal::Refusal> {
        Ok((self.0)(page))
    }
}

hook! {
    /// Changes which resources match a search, given its input.
    on_matches(fn(&Value, &mut [bool])),
    fn matches(&self, input: &Value, matches: &mut [bool]) {
        (self.0)(input, matches);
    }
}

hook! {
    /// Decides if a list or search shows a resource yet.
    on_sighting(fn(&Sighting<'_>, bool) -> bool),
    fn visible(&self, sighting: &Sighting<'_>, visible: bool) -> bool {
        (self.0)(sighting, visible)
    }
}

hook! {
    /// Edits the JSON body of successes.
    on_body(fn(&Scene<'_>, &mut Value)),
    fn answer(&self, scene: &Scene<'_>, response: &mut HttpResponse) {
        if scene.error.is_none()
            && let Ok(mut body) = serde_json::from_slice::<Value>(&response.body)
        {
            (self.0)(scene, &mut body);
            response.body = body.to_string().into_bytes();
        }
    }
}

hook! {
    /// Edits finished responses, of successes and errors alike.
    on_response(fn(&Scene<'_>, &mut HttpResponse)),
    fn answer(&self, scene: &Scene<'_>, response: &mut HttpResponse) {
        (self.0)(scene, response);
    }
}

/// Edits the JSON body of the successes of one operation.
pub(crate) fn on_answer_of(
    operation: &'static str,
    edit: impl Fn(&mut Value) + Send + Sync + 'static,
) -> Arc<dyn Seams> {
    struct Answers<F>(&'static str, F);
    impl<F: Fn(&mut Value) + Send + Sync> Seams for Answers<F> {
        fn answer(&self, scene: &Scene<'_>, response: &mut HttpResponse) {
            if scene.error.is_none()
                && scene.operation.is_some_and(|operation| operation.name == self.0)
                && let Ok(mut body) = serde_json::from_slice::<Value>(&response.body)
            {
                (self.1)(&mut body);
                response.body = body.to_string().into_bytes();
            }
        }
    }
    Arc::new(Answers(operation, edit))
}

/// Edits every item that an operation lists.
pub(crate) fn on_items(operation: &'static str, edit: fn(&mut Value)) -> Arc<dyn Seams> {
    on_answer_of(operation, move |body| {
        let members = body.as_object_mut().into_iter().flat_map(|body| body.values_mut());
        members.filter_map(Value::as_array_mut).flatten().for_each(edit);
    })
}

/// A value of the current thread, and so of the call that it performs.
pub(crate) struct PerCall<T>(Mutex<HashMap<ThreadId, T>>);

impl<T> Default for PerCall<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> PerCall<T> {
    pub(crate) fn set(&self, value: T) {
        lock(&self.0).insert(std::thread::current().id(), value);
    }

    pub(crate) fn get(&self) -> Option<T> {
        lock(&self.0).get(&std::thread::current().id()).cloned()
    }

    pub(crate) fn clear(&self) {
        lock(&self.0).remove(&std::thread::current().id());
    }
}
