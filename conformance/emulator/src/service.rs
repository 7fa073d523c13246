//! A request in, a response out: route, read, validate, perform or generate, encode. Does not know sockets.

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

use crate::arn::Account;
use crate::defects::seam::{Invocation, Scene, Seams};
use crate::handlers::{self, Answer, Context, Handlers};
use crate::ids::{self, DEFAULT_INSTANCE_ID};
use crate::kinds::Kinds;
use crate::pages::Pages;
use crate::refusal::{Refusal, VALIDATION};
use crate::store::Store;
use crate::synthesize::Synthesizer;
use crate::validation;
use crate::{Config, SYNTHESIZED};

/// Largest request body in bytes, as at API Gateway.
pub(crate) const BODY_LIMIT: usize = 10 * 1024 * 1024;

/// The endpoint without its socket.
pub struct Service {
    build: Arc<Build>,
    cx: Context,
    calls: AtomicU64,
}

/// The parts that no call changes.
struct Build {
    schema: &'static Schema,
    config: Config,
    router: Router<'static>,
    handlers: Handlers,
    kinds: Kinds,
    synthesizer: Synthesizer,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("config", &self.build.config).finish_non_exhaustive()
    }
}

/// A response with its meaning.
struct Reply {
    response: HttpResponse,
    operation: Option<OperationId>,
    /// Name of the error; none for success.
    error: Option<String>,
}

impl Service {
    /// Creates an endpoint for a model. The handlers apply if the model is that of Amazon Connect. Leak a model that was
    /// read from a file (`Box::leak`): it lives as long as the process.
    pub fn new(schema: &'static Schema, config: &Config) -> Self {
        let handlers = if schema.service.is_connect() { Handlers::connect() } else { Handlers::none() };
        Self::start(Arc::new(Build {
            schema,
            config: config.clone(),
            router: Router::new(schema),
            kinds: Kinds::new(schema, &handlers, config.seed),
            handlers,
            synthesizer: Synthesizer::new(schema, config.seed),
        }))
    }

    /// The same endpoint before its first call. Cheap: creates only the parts that calls change.
    pub fn afresh(&self) -> Self {
        Self::start(Arc::clone(&self.build))
    }

    fn start(build: Arc<Build>) -> Self {
        let config = &build.config;
        let seams = config.seams();
        let store = Store::new(config.seed);
        {
            let mut state = store.lock();
            handlers::add_instance(&mut state, DEFAULT_INSTANCE_ID, "emulator");
            handlers::seed(&mut state, DEFAULT_INSTANCE_ID, config.resources);
        }
        let cx = Context {
            account: Account { region: config.region.clone(), id: config.account.clone() },
            limits: config.limits,
            search_lag: config.search_lag,
            store,
            pages: Pages::new(config.seed, Arc::clone(&seams)),
            seams,
        };
        Self { build, cx, calls: AtomicU64::new(0) }
    }

    /// The model that is served.
    pub fn schema(&self) -> &'static Schema {
        self.build.schema
    }

    /// Answers a request. Accepts any bytes; the response is never 5xx unless a defect makes it so, but for 501 where the
    /// model requires an output that cannot be generated.
    pub fn handle(&self, request: &HttpRequest) -> HttpResponse {
        let nth = self.calls.fetch_add(1, Ordering::Relaxed);
        let Reply { mut response, operation, error } = match self.cx.seams.stand_in(nth) {
            Some(response) => Reply { response, operation: None, error: Some("front".to_owned()) },
            None => self.answer(&self.cx.seams.request(request)),
        };
        response.headers.set("x-amzn-requestid", ids::uuid(!self.build.config.seed, nth));
        if response.headers.get("content-type").is_none() {
            response.headers.set("content-type", "application/json");
        }
        let operation = operation.map(|id| &self.build.schema[id]);
        let scene = Scene { schema: self.build.schema, operation, error: error.as_deref(), nth };
        self.cx.seams.answer(&scene, &mut response);
        response
    }

    /// The name of the first instance for clients to use: its id, or its ARN under a harmless variant.
    pub fn instance_name(&self) -> String {
        self.cx.seams.instance_name(DEFAULT_INSTANCE_ID, self.cx.account.instance(DEFAULT_INSTANCE_ID))
    }

    /// Operations whose answers are generated, since nothing that they would read or change is stored.
    pub fn synthesized(&self) -> Vec<&'static str> {
        let operations = self.build.schema.operations().filter(|(_, operation)| operation.refused.is_none());
        operations.filter(|(id, _)| !self.performs(*id)).map(|(_, operation)| operation.name.as_str()).collect()
    }

    fn performs(&self, id: OperationId) -> bool {
        self.build.handlers.contains(&self.build.schema[id].name) || self.build.kinds.contains(id)
    }

    /// The behaviour at the seams.
    pub(crate) fn seams(&self) -> &Arc<dyn Seams> {
        &self.cx.seams
    }

    /// Returns true if a call may sleep, and therefore must not block a shared thread.
    pub(crate) fn may_sleep(&self) -> bool {
        self.cx.seams.sleeps()
    }

    fn answer(&self, request: &HttpRequest) -> Reply {
        let route = match self.build.router.route(&request.method, &request.uri) {
            Ok(route) => route,
            Err(error @ RouteError::BadEscape { .. }) => {
                return Self::unmodelled(None, "SerializationException", 400, &error.to_string());
            }
            Err(error) => return Self::unmodelled(None, "UnknownOperationException", 404, &error.to_string()),
        };
        let id = route.operation;
        let operation = &self.build.schema[id];
        if let Some(reason) = &operation.refused {
            return Self::unmodelled(Some(id), "UnknownOperationException", 404, reason);
        }
        let limits = WireLimits { bytes: BODY_LIMIT, ..WireLimits::default() };
        let input = match inspect_request(self.build.schema, &route, request, &limits) {
            Ok(read) => match read.unknown.first() {
                Some(unknown) if !self.cx.seams.tolerates_unknown_members() => {
                    let message = format!("{unknown}: no such member");
                    return Self::unmodelled(Some(id), "SerializationException", 400, &message);
                }
                _ => read.value,
            },
            Err(error) if self.cx.seams.accepts_unreadable(request, &error) => {
                return self.reply(id, self.generate(id, &Value::Null));
            }
            Err(error) => return Self::unmodelled(Some(id), error.code(), error.status(), &error.to_string()),
        };
        let mut violations =
            operation.input.map(|shape| validate(self.build.schema, shape, &input)).unwrap_or_default();
        violations.retain(|violation| !self.cx.seams.overlooks(violation));
        if violations.iter().any(|violation| violation.kind.is_structural()) {
            return Self::unmodelled(Some(id), "SerializationException", 400, &summary(&violations));
        }
        if !violations.is_empty() {
            return self.refuse(id, &self.refusal(id, &input, &violations));
        }
        let generate = |input: &Value| self.generate(id, input);
        let perform = |input: &Value| {
            let answer = self.build.handlers.perform(&self.cx, &operation.name, input);
            let answer = answer.or_else(|| self.build.kinds.perform(&self.cx, id, input));
            match answer {
                Some(Answer::Performed(Ok(output))) => self.with_samples(id, output, || generate(input)),
                answer => answer.unwrap_or_else(|| generate(input)),
            }
        };
        let answer = self.cx.seams.invoke(&Invocation {
            cx: &self.cx,
            schema: self.build.schema,
            operation,
            input: &input,
            has_handler: self.performs(id),
            perform: &perform,
            generate: &generate,
        });
        self.reply(id, answer)
    }

    /// An output whose list has generated items if no other operation fills it.
    fn with_samples(&self, id: OperationId, mut output: Value, generate: impl FnOnce() -> Answer) -> Answer {
        let has_items = |list: &Value| match list {
            Value::Array(items) => !items.is_empty(),
            Value::Object(entries) => !entries.is_empty(),
            _ => false,
        };
        let Some(samples) = self.build.kinds.samples(id).filter(|samples| !has_items(&output[samples.list])) else {
            return Answer::Performed(Ok(output));
        };
        match (generate(), &mut output) {
            (Answer::Generated(Ok(Value::Object(mut page))), Value::Object(members)) => {
                for member in [samples.list, samples.token] {
                    members.extend(page.remove(member).map(|value| (member.to_owned(), value)));
                }
                Answer::Performed(Ok(output))
            }
            (answer @ Answer::Generated(Err(_)), _) => answer,
            _ => Answer::Performed(Ok(output)),
        }
    }

    fn generate(&self, id: OperationId, input: &Value) -> Answer {
        match self.build.synthesizer.output(id, input, &self.cx.pages) {
            Ok(answered) => Answer::Generated(answered),
            Err(why) => Answer::NotOffered(why),
        }
    }

    fn reply(&self, id: OperationId, answer: Answer) -> Reply {
        match answer {
            Answer::Performed(Ok(output)) => self.succeed(id, &output, false),
            Answer::Generated(Ok(output)) => self.succeed(id, &output, true),
            Answer::Performed(Err(refusal)) | Answer::Generated(Err(refusal)) => self.refuse(id, &refusal),
            Answer::Unreadable(reason) => Self::unmodelled(Some(id), "SerializationException", 400, &reason),
            Answer::NotOffered(reason) => Self::unmodelled(Some(id), "UnknownOperationException", 501, &reason),
        }
    }

    fn succeed(&self, id: OperationId, output: &Value, generated: bool) -> Reply {
        match encode_response(self.build.schema, id, output) {
            Ok(mut response) => {
                if generated {
                    response.headers.set(SYNTHESIZED, "true");
                }
                Reply { response, operation: Some(id), error: None }
            }
            // An output that does not fit the model is a bug of the emulator. A test over all operations excludes it.
            Err(error) => Self::unmodelled(Some(id), "InternalFailure", 500, &error.to_string()),
        }
    }

    fn refuse(&self, id: OperationId, refusal: &Refusal) -> Reply {
        let operation: &Operation = &self.build.schema[id];
        let name = refusal.name(self.build.schema, operation);
        let Some(shape) = self.build.schema.error_of(operation, name).or_else(|| self.build.schema.error_named(name))
        else {
            return Self::unmodelled(Some(id), name, VALIDATION.1, &refusal.message());
        };
        let mut value = self.build.synthesizer.smallest(shape);
        value.extend(refusal.value(self.build.schema, shape));
        let response = encode_error(self.build.schema, shape, &Value::Object(value));
        Reply { response, operation: Some(id), error: Some(name.to_owned()) }
    }

    /// The refusal of an input that breaks the model. A `ValidationException` speaks as those of Smithy's servers do.
    fn refusal(&self, id: OperationId, input: &Value, violations: &[Violation]) -> Refusal {
        let (schema, operation) = (self.build.schema, &self.build.schema[id]);
        let plain = Refusal::Invalid(summary(violations));
        match operation.input {
            Some(shape) if plain.name(schema, operation) == VALIDATION.0 => {
                let fields = validation::fields(schema, shape, input, violations);
                Refusal::Violations(validation::sentence(&fields, violations.len()), fields)
            }
            _ => plain,
        }
    }

    /// An error that the model does not define, as the front of a service answers before it knows the operation.
    fn unmodelled(operation: Option<OperationId>, name: &str, status: u16, message: &str) -> Reply {
        let response = encode_unmodelled_error(name, status, message);
        Reply { response, operation, error: Some(name.to_owned()) }
    }
}

/// Violations as one sentence that shows the first few.
fn summary(violations: &[Violation]) -> String {
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
