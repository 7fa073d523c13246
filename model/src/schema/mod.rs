//! The contract as an immutable, indexed graph: the result of loading a model file.
//!
//! Ids are typed indexes into arenas. The traits of a member and of its target are merged once, in [`Slot`]. Knows
//! nothing of files, payloads or HTTP libraries.

mod operation;
mod per_schema;
mod shape;
mod slot;

use std::collections::{BTreeSet, HashMap};
use std::ops::Index;

use serde_json::Value;

pub use operation::{Operation, Pagination, Segment, Uri};
pub use per_schema::PerSchema;
pub use shape::{ErrorTrait, Kind, List, Map, Member, Members, Number, Shape};
pub use slot::{Binding, Bounds, Slot, SlotTraits, TimestampFormat};

use crate::overrides::Override;
use crate::pattern::Pattern;

/// Index of a shape in its [`Schema`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ShapeId(pub(crate) u32);

/// Index of an operation in its [`Schema`]; operations are sorted by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OperationId(pub(crate) u32);

impl ShapeId {
    /// Returns the position among the shapes.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl OperationId {
    /// Returns the position among the operations, which are sorted by name.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Index of a pattern in its [`Schema`]. Equal pattern sources share one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PatternId(pub(crate) u32);

/// A loaded service model.
#[derive(Debug)]
pub struct Schema {
    /// Facts about the service.
    pub service: Service,
    pub(crate) shapes: Vec<Shape>,
    pub(crate) operations: Vec<Operation>,
    pub(crate) patterns: Vec<Pattern>,
    pub(crate) shape_index: HashMap<String, ShapeId>,
    pub(crate) operation_index: HashMap<String, OperationId>,
    /// Overrides that did not apply to this model, one sentence each. Empty for the built-in model.
    pub stale_overrides: Vec<String>,
    /// Overrides that were applied.
    pub applied_overrides: Vec<Override>,
    /// SHA-256 of the model text, in hex.
    pub digest: String,
}

/// Facts about a service.
#[derive(Clone, Debug)]
pub struct Service {
    /// Shape name, for example `Connect`.
    pub name: String,
    /// Namespace of its shapes, for example `com.amazonaws.connect`.
    pub namespace: String,
    /// API version, for example `2017-08-08`.
    pub version: String,
    /// Name used by the SDKs, for example `Connect`.
    pub sdk_id: String,
    /// Wire protocol.
    pub protocol: ProtocolId,
    /// Name in SigV4 credential scopes, for example `connect`.
    pub signing_name: String,
    /// First label of the host name, for example `connect`.
    pub endpoint_prefix: String,
    /// Origin of the model, as recorded by the import.
    pub provenance: Value,
}

/// A wire protocol that this crate implements; see [`crate::wire::protocol`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtocolId {
    /// AWS restJson1.
    RestJson1,
}

impl ProtocolId {
    /// Returns the protocol of a Smithy trait, for example `aws.protocols#restJson1`.
    pub fn from_trait(id: &str) -> Option<Self> {
        match id {
            "aws.protocols#restJson1" => Some(ProtocolId::RestJson1),
            _ => None,
        }
    }
}

impl Service {
    /// Returns true for Amazon Connect.
    ///
    /// Everything that this harness knows beyond the service model applies only then: the languages of flows and rules,
    /// danger classes by operation name, links to the documentation, and, in the conformance suite, the resource graph
    /// and the handlers of the emulator.
    pub fn is_connect(&self) -> bool {
        self.sdk_id == "Connect"
    }
}

impl Schema {
    /// Iterates over all shapes with their ids.
    pub fn shapes(&self) -> impl Iterator<Item = (ShapeId, &Shape)> {
        self.shapes.iter().enumerate().map(|(at, shape)| (ShapeId(at as u32), shape))
    }

    /// Iterates over all operations, sorted by name.
    pub fn operations(&self) -> impl Iterator<Item = (OperationId, &Operation)> {
        self.operations.iter().enumerate().map(|(at, operation)| (OperationId(at as u32), operation))
    }

    /// Iterates over all distinct patterns.
    pub fn patterns(&self) -> impl Iterator<Item = &Pattern> {
        self.patterns.iter()
    }

    /// Returns the given shapes and every shape that their values can contain, at any depth.
    pub fn reachable(&self, from: impl IntoIterator<Item = ShapeId>) -> BTreeSet<ShapeId> {
        let mut queue: Vec<ShapeId> = from.into_iter().collect();
        let mut seen = BTreeSet::new();
        while let Some(shape) = queue.pop() {
            if seen.insert(shape) {
                queue.extend(self[shape].kind.slots().into_iter().map(|slot| slot.target));
            }
        }
        seen
    }

    /// Returns the shape with this name (without namespace).
    pub fn shape_named(&self, name: &str) -> Option<ShapeId> {
        self.shape_index.get(name).copied()
    }

    /// Returns the operation with this name.
    pub fn operation_named(&self, name: &str) -> Option<OperationId> {
        self.operation_index.get(name).copied()
    }

    /// Returns the members of the input of an operation; `None` if it has no input.
    pub fn input_members(&self, operation: &Operation) -> Option<&Members> {
        operation.input.and_then(|id| self[id].kind.members())
    }

    /// Returns the members of the output of an operation; `None` if it has no output.
    pub fn output_members(&self, operation: &Operation) -> Option<&Members> {
        operation.output.and_then(|id| self[id].kind.members())
    }

    /// Returns a slot for a shape that stands alone, without a member that refers to it.
    pub fn slot_of(&self, id: ShapeId) -> Slot {
        Slot { target: id, traits: self[id].base.clone() }
    }

    /// Returns the error with this name if the operation lists it.
    pub fn error_of(&self, operation: &Operation, code: &str) -> Option<ShapeId> {
        operation.errors.iter().copied().find(|id| self[*id].name == code)
    }

    /// Returns the error structure with this name, listed by an operation or not.
    pub fn error_named(&self, code: &str) -> Option<ShapeId> {
        self.shape_named(code).filter(|id| self[*id].error.is_some())
    }
}

impl Index<ShapeId> for Schema {
    type Output = Shape;
    fn index(&self, id: ShapeId) -> &Shape {
        &self.shapes[id.0 as usize]
    }
}

impl Index<OperationId> for Schema {
    type Output = Operation;
    fn index(&self, id: OperationId) -> &Operation {
        &self.operations[id.0 as usize]
    }
}

impl Index<PatternId> for Schema {
    type Output = Pattern;
    fn index(&self, id: PatternId) -> &Pattern {
        &self.patterns[id.0 as usize]
    }
}
