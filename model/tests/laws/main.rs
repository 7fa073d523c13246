//! Laws over every operation of the built-in model. Each has a judge that shares no code with the code under test.
#![allow(clippy::unwrap_used, clippy::panic)]

mod generation;
mod judges;
mod limits;
mod semantic;
mod shrinking;
mod typed;
mod variety;
mod wire;

use arbitrary::Unstructured;
use connect_model::generate::seed::Stream;
use connect_model::generate::{Config, Generator, Side};
use connect_model::schema::{OperationId, Schema, ShapeId};
use serde_json::Value;

const SIDES: [Side; 2] = [Side::Input, Side::Output];

fn operation(name: &str) -> OperationId {
    Schema::connect().operation_named(name).unwrap_or_else(|| panic!("no operation {name}"))
}

/// A source of valid values from all configurations: one in fifty is at the limits, which makes it large; one in three
/// has a random configuration; the rest use the presets.
struct Corpus {
    schema: &'static Schema,
    presets: [Generator<'static>; 4],
    stream: Stream,
}

impl Corpus {
    fn new(label: &str) -> Self {
        let schema = Schema::connect();
        let presets = [Config::default(), Config::sparse(), Config::full(), Config::boundary()];
        let presets = presets.map(|config| Generator::new(schema, config));
        Self { schema, presets, stream: Stream::new(7, label) }
    }

    fn operation(&mut self, operation: OperationId, side: Side, round: usize) -> Value {
        self.make(round, |generator, u| generator.operation(operation, side, u).unwrap())
    }

    fn shape(&mut self, shape: ShapeId, round: usize) -> Value {
        self.make(round, |generator, u| generator.shape(shape, u).unwrap())
    }

    fn make(&mut self, round: usize, with: impl Fn(&Generator<'_>, &mut Unstructured<'_>) -> Value) -> Value {
        let bytes = self.stream.bytes(1024);
        let mut u = Unstructured::new(&bytes);
        match round % 50 {
            0 => with(&self.presets[3], &mut u),
            n if n % 3 == 1 => {
                let swarm = Generator::new(self.schema, u.arbitrary().unwrap());
                with(&swarm, &mut u)
            }
            n => with(&self.presets[n % 3], &mut u),
        }
    }
}
