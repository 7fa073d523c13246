//! Counts the operations that were reached: an operation is, once it has answered a success to a request that names only
//! things that exist. Keeps the ids of these. Judges nothing.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use connect_model::json_text::scalar;
use connect_model::resources::{self as graph, Graph, Source};
use connect_model::schema::{Binding, Kind as ShapeKind, OperationId, Schema, ShapeId};
use connect_model::text::excerpt;
use connect_model::wire::message::{HttpRequest, HttpResponse};
use connect_model::wire::{Router, read_response};
use serde_json::Value;

use crate::client::places::places;
use crate::client::reply::{Reply, SYNTHESIZED};
use crate::coverage::Reached;
use crate::ledger::{input_of, stands_for_one_of};
use crate::parts::visit;

/// Most ids of a pool. Those that an endpoint shows beyond them are not learned.
const MOST_IDS: usize = 100_000;

/// Ids that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Pool {
    /// Those of a kind of the graph, by its position.
    Kind(usize),
    /// Those of something that the graph does not know, by their shape.
    Shape(ShapeId),
}

/// A value of a request that names something.
struct Named {
    /// The top-level member.
    member: String,
    pool: Pool,
    text: String,
}

/// The way that an operation has come.
#[derive(Clone, Debug)]
enum Way {
    /// It was reached.
    Reached,
    /// It was not, and why.
    Not(Short, String),
}

/// The reasons for which an operation was not reached, the one that tells most last. Of several answers of one sort, the first
/// is kept: that to the smallest valid request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Short {
    /// There was no usable response.
    Unanswered,
    /// Its request was refused, and names something that does not exist.
    RefusedUnknown,
    /// Its request was refused.
    Refused,
    /// It answered a success to a request that names something that does not exist.
    Unknown,
}

/// The ids that exist at the endpoint, as far as the run knows, and the operations that were reached.
#[derive(Debug)]
pub(crate) struct Reach {
    schema: &'static Schema,
    graph: &'static Graph,
    router: Router<'static>,
    /// Shapes of labels that name things which the graph does not know.
    others: HashSet<ShapeId>,
    exists: Mutex<HashMap<Pool, HashSet<String>>>,
    ways: Mutex<HashMap<OperationId, Way>>,
}

impl Reach {
    /// Nothing but an instance that the user named.
    pub(crate) fn new(schema: &'static Schema, instance: Option<&str>) -> Self {
        let graph = graph::shared(schema);
        let mut others = HashSet::new();
        for (_, operation) in schema.operations() {
            for member in schema.input_members(operation).into_iter().flatten() {
                let is_text = matches!(schema[member.slot.target].kind, ShapeKind::String | ShapeKind::Number(_));
                if matches!(member.binding, Binding::Label(_)) && is_text {
                    others.insert(member.slot.target);
                }
            }
        }
        let this = Self {
            schema,
            graph,
            router: Router::new(schema),
            others,
            exists: Mutex::default(),
            ways: Mutex::default(),
        };
        if let (Some(id), Some(kind)) = (instance, graph.kind("Instance")) {
            this.add(Pool::Kind(graph.position(kind)), id.to_owned());
        }
        this
    }

    /// Records that something exists, by an id or ARN of its kind.
    pub(crate) fn exists(&self, kind: &graph::Kind, id: &str) {
        self.add(Pool::Kind(self.graph.position(kind)), id.to_owned());
    }

    /// Records the answer to a request.
    pub(crate) fn answered(&self, operation: OperationId, request: &HttpRequest, reply: &Reply) {
        let makes = self.graph.made_by(operation).is_some();
        if self.is_reached(operation) && !(makes && matches!(reply, Reply::Success(_))) {
            return;
        }
        // A request that is broken on purpose may be one of another operation.
        let route = self.router.route(&request.method, &request.uri).ok();
        let Some(route) = route.filter(|route| route.operation == operation) else { return };
        let input = input_of(self.schema, &route, request);
        let unknown = self.unknown(operation, &input);
        match (reply, unknown) {
            (Reply::Success(exchange), unknown) => self.succeeds(operation, &input, &exchange.response, unknown),
            (Reply::Refused(..), None) => self.falls_short(operation, Short::Refused, &reply.describe()),
            (Reply::Refused(..), Some(unknown)) => {
                self.falls_short(operation, Short::RefusedUnknown, &format!("{}; {unknown}", reply.describe()));
            }
            (Reply::Unsupported(_) | Reply::Trouble(..), _) => {
                self.falls_short(operation, Short::Unanswered, &reply.describe());
            }
        }
    }

    /// Records a success. `unknown` says what the request names that is not known to exist.
    fn succeeds(&self, operation: OperationId, input: &Value, response: &HttpResponse, unknown: Option<String>) {
        let shown = match read_response(self.schema, operation, response) {
            Ok(shown) => shown,
            Err(_) if response.body.is_empty() => Value::Null,
            Err(_) => return self.falls_short(operation, Short::Unanswered, "its answer cannot be read"),
        };
        // The ids of an answer that an emulator made up are of nothing.
        let is_performed = response.headers.get(SYNTHESIZED).is_none();
        if is_performed {
            self.learn_made(operation, input, &shown);
        }
        if let Some(unknown) = unknown {
            return self.falls_short(operation, Short::Unknown, &format!("answers a success, but {unknown}"));
        }
        self.ways().insert(operation, Way::Reached);
        if is_performed {
            self.learn_shown(operation, &shown);
        }
    }

    /// The operations that were not reached, of some of which the run may call those without a reason.
    pub(crate) fn of(&self, operations: &[(OperationId, Option<String>)]) -> Reached {
        let ways = self.ways();
        let why = |(operation, refused): &(OperationId, Option<String>)| match (refused, ways.get(operation)) {
            (_, Some(Way::Reached)) => None,
            (Some(why), _) | (None, Some(Way::Not(_, why))) => Some(why.clone()),
            (None, None) => Some(Reached::NOT_TRIED.to_owned()),
        };
        let not_reached = operations.iter().filter_map(|one| Some((self.schema[one.0].name.clone(), why(one)?)));
        Reached { total: operations.len() as u64, not_reached: not_reached.collect() }
    }

    fn ways(&self) -> std::sync::MutexGuard<'_, HashMap<OperationId, Way>> {
        self.ways.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_reached(&self, operation: OperationId) -> bool {
        matches!(self.ways().get(&operation), Some(Way::Reached))
    }

    fn falls_short(&self, operation: OperationId, short: Short, why: &str) {
        let mut ways = self.ways();
        let is_better = match ways.get(&operation) {
            None => true,
            Some(Way::Reached) => false,
            Some(Way::Not(known, _)) => *known < short,
        };
        if is_better {
            ways.insert(operation, Way::Not(short, excerpt(why)));
        }
    }

    fn add(&self, pool: Pool, id: String) {
        let mut exists = self.exists.lock().unwrap_or_else(PoisonError::into_inner);
        let ids = exists.entry(pool).or_default();
        if ids.len() < MOST_IDS {
            ids.insert(id);
        }
    }

    /// The first part of an input that names something which is not known to exist.
    fn unknown(&self, operation: OperationId, input: &Value) -> Option<String> {
        let named = self.named(operation, input);
        let exists = self.exists.lock().unwrap_or_else(PoisonError::into_inner);
        let is_in = |ids: &HashSet<String>, text: &str| stands_for_one_of(text, |part| ids.contains(part));
        let is_known = |named: &Named| match named.pool {
            // An ARN is in the pool of its kind.
            Pool::Shape(_) if named.text.starts_with("arn:") => exists.values().any(|ids| is_in(ids, &named.text)),
            Pool::Kind(_) | Pool::Shape(_) => exists.get(&named.pool).is_some_and(|ids| is_in(ids, &named.text)),
        };
        let unknown = named.iter().find(|named| !is_known(named))?;
        Some(format!("its {} `{}` is of nothing that is known to exist", unknown.member, excerpt(&unknown.text)))
    }

    /// The values of an input that name something: by the graph, and in labels.
    fn named(&self, operation: OperationId, input: &Value) -> Vec<Named> {
        let contract = &self.schema[operation];
        let made = self.graph.made_by(operation);
        let mut found: Vec<Named> = Vec::new();
        for (kind, action) in self.graph.actions_of(operation) {
            for (member, source) in &action.names {
                let Some(text) = input.get(member).and_then(scalar) else { continue };
                let holder = match source {
                    own if *own == kind.id => Some(self.graph.position(kind)),
                    Source::Input(other) => {
                        kind.parents.iter().find(|(parent, _)| parent == other).and_then(|(_, kind)| *kind)
                    }
                    Source::Output(_) => None,
                };
                found.extend(holder.map(|kind| Named { member: member.clone(), pool: Pool::Kind(kind), text }));
            }
        }
        // The caller chooses the id of some things that it makes.
        let is_own = |member: &str| {
            made.is_some_and(|kind| kind.id == Source::Input(member.to_owned()) || kind.name.as_deref() == Some(member))
        };
        for place in contract.input.iter().flat_map(|shape| places(self.schema, self.graph, *shape, input)) {
            let member = place.pointer[1..].split('/').next().unwrap_or_default();
            let is_top = place.pointer.len() == member.len() + 1;
            let text = input.pointer(&place.pointer).and_then(scalar);
            if let (Some(kind), Some(text)) =
                (self.graph.kind(place.noun), text.filter(|_| !(is_top && is_own(member))))
                && !found.iter().any(|named| named.member == member && named.text == text)
            {
                let pool = Pool::Kind(self.graph.position(kind));
                found.push(Named { member: member.to_owned(), pool, text });
            }
        }
        for member in self.schema.input_members(contract).into_iter().flatten() {
            let is_other = matches!(member.binding, Binding::Label(_)) && self.others.contains(&member.slot.target);
            let is_free = is_other && !is_own(&member.name) && !found.iter().any(|named| named.member == member.name);
            if let Some(text) = input.get(&member.name).and_then(scalar).filter(|_| is_free) {
                found.push(Named { member: member.name.clone(), pool: Pool::Shape(member.slot.target), text });
            }
        }
        found
    }

    /// Learns the id and the ARN of what a request made.
    fn learn_made(&self, operation: OperationId, input: &Value, shown: &Value) {
        let Some(kind) = self.graph.made_by(operation) else { return };
        let at = |path: &Vec<String>| path.iter().try_fold(shown, |value, member| value.get(member)).and_then(scalar);
        let id = match &kind.id {
            Source::Output(path) => at(path),
            Source::Input(member) => input.get(member).and_then(scalar),
        };
        for id in id.into_iter().chain(kind.arn.as_ref().and_then(at)) {
            self.exists(kind, &id);
        }
    }

    /// Learns the ids that the answer to a request shows which names only things that exist: it repeats no made-up id.
    fn learn_shown(&self, operation: OperationId, shown: &Value) {
        let Some(output) = self.schema[operation].output else { return };
        let lists =
            || self.graph.actions_of(operation).filter_map(|(kind, action)| Some((kind, action.item_id.as_deref()?)));
        visit(self.schema, output, shown, &mut |part| {
            let Some(id) = scalar(part.value) else { return true };
            let listed = lists().find(|(_, member)| *member == part.name).map(|(kind, _)| kind);
            match listed.or_else(|| self.graph.named_at(self.schema, part.name, part.slot.target)) {
                Some(kind) => self.exists(kind, &id),
                None if self.others.contains(&part.slot.target) => self.add(Pool::Shape(part.slot.target), id),
                None => {}
            }
            true
        });
    }
}
