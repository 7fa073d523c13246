//! Every kind of resource through its life, on Amazon Connect and on small models of other services. The requests come from
//! the generator and the graph; every answer must be valid for the model.

mod foreign;
mod life;
mod rules;

use std::collections::HashMap;

use arbitrary::Unstructured;
use connect_model::generate::seed::Stream;
use connect_model::generate::{Config as Making, Generator};
use connect_model::resources::{self, Action, Graph, Kind, Role, Source};
use connect_model::schema::OperationId;
use connect_model::validate::validate;
use serde_json::Map;

use crate::SYNTHESIZED;
use crate::tests::*;

/// A service, and one resource of each kind that was made on it.
struct World {
    service: Service,
    schema: &'static Schema,
    graph: &'static Graph,
    generator: Generator<'static>,
    /// Requests and answers of the creations, by noun.
    made: HashMap<&'static str, (Map<String, Value>, Value)>,
    drawn: u64,
}

impl World {
    fn of(schema: &'static Schema) -> Self {
        let config = Config::default();
        let mut world = Self {
            service: Service::new(schema, &config),
            schema,
            graph: resources::shared(schema),
            generator: Generator::new(schema, Making::default()),
            made: HashMap::new(),
            drawn: 0,
        };
        if schema.service.is_connect() {
            let arn = format!("arn:aws:connect:us-east-1:111122223333:instance/{DEFAULT_INSTANCE_ID}");
            world.made.insert("Instance", (Map::new(), json!({ "Id": DEFAULT_INSTANCE_ID, "Arn": arn })));
        }
        world
    }

    fn kind(&self, noun: &str) -> &'static Kind {
        self.graph.kind(noun).unwrap_or_else(|| panic!("no kind {noun}"))
    }

    /// Performs a call, and checks the answer against the model.
    fn call(&self, id: OperationId, input: &Map<String, Value>) -> Result<Value, ErrorAnswer> {
        let operation = &self.schema[id];
        let request = encode_request(self.schema, id, &Value::Object(input.clone())).unwrap();
        let response = self.service.handle(&request);
        let shown = || format!("{}: {input:?}: {response:?}", operation.name);
        assert!(response.status < 500, "{}", shown());
        if response.status >= 300 {
            let error = decode_error(self.schema, id, &response);
            assert!(error.modelled.is_some(), "{}", shown());
            return Err(ErrorAnswer { code: error.code.unwrap_or_default(), status: error.status, body: error.body });
        }
        assert_eq!(response.headers.get(SYNTHESIZED), None, "{}", shown());
        let output = decode_response(self.schema, id, &response, &WireLimits::default()).unwrap().value;
        let violations = operation.output.map(|shape| validate(self.schema, shape, &output)).unwrap_or_default();
        assert!(violations.is_empty(), "{}: {violations:?}", shown());
        Ok(output)
    }

    /// A generated input.
    fn input(&mut self, id: OperationId) -> Map<String, Value> {
        self.drawn += 1;
        let bytes = Stream::new(self.drawn, &self.schema[id].name).bytes(2048);
        match self.generator.input(id, &mut Unstructured::new(&bytes)).unwrap() {
            Value::Object(members) => members,
            other => panic!("{other}"),
        }
    }

    /// A request for another resource of a kind, in parents that exist.
    fn request(&mut self, kind: &'static Kind) -> Map<String, Value> {
        let mut input = self.input(kind.create);
        if let Some(Value::Object(template)) = &kind.template {
            input.extend(template.clone());
        }
        kind.token.as_ref().map(|token| input.remove(token));
        // The digest of a content that was not read.
        input.retain(|name, _| !name.ends_with("Sha256"));
        for (member, parent) in &kind.parents {
            match parent.map(|at| &self.graph.kinds()[at]) {
                Some(parent) => drop(input.insert(member.clone(), id_of(parent, &self.made[parent.noun.as_str()]))),
                // Another one lives in the same parent.
                None => drop(
                    self.made
                        .get(kind.noun.as_str())
                        .map(|(made, _)| input.insert(member.clone(), made[member].clone())),
                ),
            }
        }
        for need in &kind.needs {
            let is_named = kind.actions.iter().flat_map(|action| &action.names);
            let is_named = is_named.into_iter().any(|(_, source)| *source == Source::Input(need.place.clone()));
            let needed = &self.graph.kinds()[need.kind];
            // A kind that takes its id from another resource needs a new one each time.
            if kind.id == Source::Input(need.place.clone()) {
                let made = self.another(needed);
                input.insert(need.place.clone(), id_of(needed, &made));
                continue;
            }
            if let Some(made) = self.made.get(needed.noun.as_str()).filter(|_| is_named) {
                input.insert(need.place.clone(), id_of(needed, made));
            }
        }
        input
    }

    /// Makes one of a kind, after those that it needs. Does nothing if there is one.
    fn make(&mut self, noun: &str) {
        let plan = self.graph.plan(self.kind(noun)).unwrap_or_else(|cycle| panic!("{noun}: {cycle:?}"));
        for kind in plan {
            if !self.made.contains_key(kind.noun.as_str()) {
                let made = self.another(kind);
                self.made.insert(&kind.noun, made);
            }
        }
    }

    /// Makes another one of a kind.
    fn another(&mut self, kind: &'static Kind) -> (Map<String, Value>, Value) {
        for _ in 0..20 {
            let input = self.request(kind);
            // An empty text names nothing.
            let names = kind.actions.iter().flat_map(|action| &action.names).map(|(_, source)| source);
            let is_empty = |source: &Source| matches!(source, Source::Input(name) if input[name] == "");
            if names.chain([&kind.id]).any(is_empty) {
                continue;
            }
            match self.call(kind.create, &input) {
                Ok(answer) => return (input, answer),
                Err(error) => assert_eq!(error.status, 409, "{}: {error:?} for {input:?}", kind.noun),
            }
        }
        panic!("every name of {} is taken", kind.noun)
    }
}

/// The members of an input that name a resource, or its parents.
fn names(action: &Action, (request, answer): &(Map<String, Value>, Value)) -> Map<String, Value> {
    let named = action.names.iter().map(|(member, source)| {
        let value = source.value(request, answer).unwrap_or_else(|| panic!("no {member} in {answer}"));
        (member.clone(), value.clone())
    });
    named.collect()
}

fn id_of(kind: &Kind, (request, answer): &(Map<String, Value>, Value)) -> Value {
    kind.id.value(request, answer).unwrap().clone()
}

/// All items of a list or search, from its pages of two.
fn listed(world: &World, action: &Action, names: Map<String, Value>) -> Vec<Value> {
    let operation = &world.schema[action.operation];
    let pagination = operation.pagination.as_ref();
    let output = world.schema.output_members(operation).unwrap();
    let list = pagination.and_then(|pagination| pagination.items.clone()).map(|path| path[0].clone());
    let is_list = |name: &str| {
        let shape = output.get(name).unwrap().slot.target;
        matches!(world.schema[shape].kind, connect_model::schema::Kind::List(_))
    };
    let list = list.unwrap_or_else(|| output.iter().find(|member| is_list(&member.name)).unwrap().name.clone());
    let (mut input, mut items) = (names, Vec::new());
    if let Some(size) = pagination.and_then(|pagination| pagination.page_size.clone()) {
        input.insert(size, 2.into());
    }
    for _ in 0..200 {
        let output = world.call(action.operation, &input).unwrap();
        items.extend(output[&list].as_array().cloned().unwrap_or_default());
        let token = pagination.and_then(|pagination| Some((pagination, output.get(&pagination.output_token[0])?)));
        match token {
            Some((pagination, token)) => input.insert(pagination.input_token.clone(), token.clone()),
            None => return items,
        };
    }
    panic!("{} does not end", operation.name)
}

/// True if an item of a list is the resource with an id.
fn is_item(action: &Action, item: &Value, id: &Value) -> bool {
    item == id || action.item_id.as_ref().is_some_and(|member| item[member] == *id)
}
