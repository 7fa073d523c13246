//! A request in, a response out: route, decode, validate, perform or synthesize, encode; and the seams where a defect
//! acts. Knows no sockets.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use connect_model::schema::{Operation, OperationId, Schema};
use connect_model::validate::{Violation, validate};
use connect_model::wire::message::{HttpRequest, HttpResponse};
use connect_model::wire::{
    Limits as WireLimits, RouteError, Router, encode_error, encode_response, encode_unmodelled_error, inspect_request,
};
use serde_json::Value;

use crate::arn;
use crate::arn::{DEFAULT_INSTANCE_ID, Place};
use crate::defects::{Fault, Scene};
use crate::handlers;
use crate::handlers::{Answer, Context, Handlers, Races};
use crate::pages::Pages;
use crate::policy::{Policy, Race, Tokens};
use crate::refusal::{Refusal, VALIDATION};
use crate::store::Store;
use crate::synthesize::Synthesizer;
use crate::{Config, SYNTHESIZED};

/// Largest request body in bytes; API Gateway takes no more.
pub(crate) const BODY_LIMIT: usize = 10 * 1024 * 1024;

/// The endpoint without its socket.
pub struct Service {
    build: Arc<Build>,
    cx: Context,
    calls: AtomicU64,
}

/// What no call changes.
struct Build {
    schema: &'static Schema,
    config: Config,
    router: Router<'static>,
    handlers: Handlers,
    synthesizer: Synthesizer,
    fault: Option<&'static Fault>,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("config", &self.build.config).finish_non_exhaustive()
    }
}

/// A response, and what it says.
struct Reply {
    response: HttpResponse,
    operation: Option<OperationId>,
    /// Name of the error; none for success.
    error: Option<String>,
}

impl Service {
    /// An endpoint for a model. The core families are performed when the model is Amazon Connect's. A model that was
    /// read from a file is to be leaked (`Box::leak`): it lives as long as the process.
    pub fn new(schema: &'static Schema, config: &Config) -> Self {
        let fault = config.defect.map(|defect| &defect.fault).or(config.benign.map(|benign| &benign.fault));
        let handlers = if schema.service.sdk_id == "Connect" { Handlers::connect() } else { Handlers::none() };
        Self::begin(Arc::new(Build {
            schema,
            config: config.clone(),
            router: Router::new(schema),
            handlers,
            synthesizer: Synthesizer::new(schema, config.seed),
            fault,
        }))
    }

    /// The same endpoint before its first call. Costs little: only what calls change is made anew.
    pub fn afresh(&self) -> Self {
        Self::begin(Arc::clone(&self.build))
    }

    fn begin(build: Arc<Build>) -> Self {
        let config = &build.config;
        let mut policy = Policy::default();
        policy.lag.searches = config.search_lag;
        if let Some(Fault::Policy(turn)) = build.fault {
            turn(&mut policy);
        }
        let store = Store::new(config.seed);
        {
            let mut state = store.lock();
            handlers::add_instance(&mut state, DEFAULT_INSTANCE_ID, "emulator");
            handlers::seed(&mut state, DEFAULT_INSTANCE_ID, config.resources);
        }
        let cx = Context {
            place: Place { region: config.region.clone(), account: config.account.clone() },
            policy,
            limits: config.limits,
            store,
            pages: Pages::new(config.seed, policy.paging),
            races: Races::default(),
        };
        Self { build, cx, calls: AtomicU64::new(0) }
    }

    /// The model that is served.
    pub fn schema(&self) -> &'static Schema {
        self.build.schema
    }

    /// Answers a request. Any bytes are welcome; the answer is never 5xx unless a defect says so.
    pub fn handle(&self, request: &HttpRequest) -> HttpResponse {
        let nth = self.calls.fetch_add(1, Ordering::Relaxed);
        let Reply { mut response, operation, error } = match self.build.fault {
            Some(Fault::Front(stands_in)) => match stands_in(nth) {
                Some(response) => Reply { response, operation: None, error: Some("front".to_owned()) },
                None => self.answer(request),
            },
            Some(Fault::Request(edit)) => {
                let mut request = request.clone();
                edit(&mut request);
                self.answer(&request)
            }
            _ => self.answer(request),
        };
        response.headers.set("x-amzn-requestid", arn::uuid(!self.build.config.seed, nth));
        if response.headers.get("content-type").is_none() {
            response.headers.set("content-type", "application/json");
        }
        let operation = operation.map(|id| &self.build.schema[id]);
        let scene = Scene { schema: self.build.schema, operation, error: error.as_deref(), nth };
        match self.build.fault {
            Some(Fault::Body(edit)) if error.is_none() => {
                if let Ok(mut body) = serde_json::from_slice::<Value>(&response.body) {
                    edit(&scene, &mut body);
                    response.body = body.to_string().into_bytes();
                }
            }
            Some(Fault::Reply(edit)) => edit(&scene, &mut response),
            _ => {}
        }
        response
    }

    /// By what the instance goes that it begins with: its id, or its ARN where a variant says so.
    pub fn instance_name(&self) -> String {
        match self.build.fault {
            Some(Fault::ByArn) => self.cx.place.instance(DEFAULT_INSTANCE_ID),
            _ => DEFAULT_INSTANCE_ID.to_owned(),
        }
    }

    /// A call may sleep, and should not do so on a thread that others wait for.
    pub(crate) fn may_sleep(&self) -> bool {
        self.cx.policy.tokens == Tokens::Raced || self.cx.policy.race != Race::None
    }

    fn answer(&self, request: &HttpRequest) -> Reply {
        let route = match self.build.router.route(&request.method, &request.uri) {
            Ok(route) => route,
            Err(error @ RouteError::BadEscape { .. }) => {
                return Self::front(None, "SerializationException", 400, &error.to_string());
            }
            Err(error) => return Self::front(None, "UnknownOperationException", 404, &error.to_string()),
        };
        let id = route.operation;
        let operation = &self.build.schema[id];
        if let Some(why) = &operation.refused {
            return Self::front(Some(id), "UnknownOperationException", 404, why);
        }
        let limits = WireLimits { bytes: BODY_LIMIT, ..WireLimits::default() };
        let input = match inspect_request(self.build.schema, &route, request, &limits) {
            Ok(read) => match read.unknown.first() {
                Some(unknown) if self.cx.policy.refuses_unknown_members => {
                    return Self::front(Some(id), "SerializationException", 400, &format!("{unknown}: no such member"));
                }
                _ => read.value,
            },
            Err(error) if matches!(self.build.fault, Some(Fault::Misread(misreads)) if misreads(&error)) => {
                return self.synthesize(id, &Value::Null);
            }
            Err(error) => return Self::front(Some(id), error.code(), error.status(), &error.to_string()),
        };
        let violations = operation.input.map(|shape| validate(self.build.schema, shape, &input)).unwrap_or_default();
        let (overlooked, violations): (Vec<_>, Vec<_>) =
            violations.into_iter().partition(|violation| self.overlooks(violation));
        if violations.iter().any(|violation| violation.kind.is_structural()) {
            return Self::front(Some(id), "SerializationException", 400, &tell(&violations));
        }
        if !violations.is_empty() {
            return self.refuse(id, &Refusal::Invalid(tell(&violations)));
        }
        if let Some(Fault::Refuse(refuse)) = self.build.fault {
            let scene = Scene { schema: self.build.schema, operation: Some(operation), error: None, nth: 0 };
            if let Some(refusal) = refuse(&scene) {
                return self.refuse(id, &refusal);
            }
        }
        match self.build.handlers.perform(&self.cx, &operation.name, &input) {
            Some(Answer::Done(Ok(output))) => self.succeed(id, &output, false),
            Some(Answer::Done(Err(refusal))) => self.refuse(id, &refusal),
            Some(Answer::Unreadable(why)) if overlooked.is_empty() => {
                Self::front(Some(id), "SerializationException", 400, &why)
            }
            Some(Answer::Unreadable(_)) | None => self.synthesize(id, &input),
        }
    }

    fn synthesize(&self, id: OperationId, input: &Value) -> Reply {
        match self.build.synthesizer.output(id, input, &self.cx.pages) {
            Ok(output) => self.succeed(id, &output, true),
            Err(refusal) => self.refuse(id, &refusal),
        }
    }

    fn overlooks(&self, violation: &Violation) -> bool {
        matches!(self.build.fault, Some(Fault::Overlook(overlooks)) if overlooks(violation))
    }

    fn succeed(&self, id: OperationId, output: &Value, synthesized: bool) -> Reply {
        match encode_response(self.build.schema, id, output) {
            Ok(mut response) => {
                if synthesized {
                    response.headers.set(SYNTHESIZED, "true");
                }
                Reply { response, operation: Some(id), error: None }
            }
            // Our own output does not fit the model: a fault of this program, which a test over all operations excludes.
            Err(error) => Self::front(Some(id), "InternalFailure", 500, &error.to_string()),
        }
    }

    fn refuse(&self, id: OperationId, refusal: &Refusal) -> Reply {
        let operation: &Operation = &self.build.schema[id];
        let name = refusal.name(self.build.schema, operation);
        let Some(shape) = self.build.schema.error_of(operation, name).or_else(|| self.build.schema.error_named(name))
        else {
            return Self::front(Some(id), name, VALIDATION.1, &refusal.message());
        };
        let mut value = self.build.synthesizer.smallest(shape);
        value.extend(refusal.value(self.build.schema[shape].kind.members()));
        let response = encode_error(self.build.schema, shape, &Value::Object(value));
        Reply { response, operation: Some(id), error: Some(name.to_owned()) }
    }

    /// An error that the model does not know: from the front of the service, where requests are read.
    fn front(operation: Option<OperationId>, name: &str, status: u16, message: &str) -> Reply {
        let response = encode_unmodelled_error(name, status, message);
        Reply { response, operation, error: Some(name.to_owned()) }
    }
}

/// Violations as one sentence, the first few in full.
fn tell(violations: &[Violation]) -> String {
    const SHOWN: usize = 5;
    let mut text = format!("{} validation error(s) detected", violations.len());
    for violation in violations.iter().take(SHOWN) {
        text.push_str(&format!("; {violation}"));
    }
    if violations.len() > SHOWN {
        text.push_str("; …");
    }
    text
}
