//! The places in an operation where a constraint can be broken: all mutations, derived from the schema.

use std::collections::{HashSet, VecDeque};

use super::mutate::Mutation;
use super::{DEEPEST, Side, side_shape};
use crate::constraint::{self, Place, Position, ViolationKind, presence};
use crate::path::{SchemaPath, Step};
use crate::schema::{Kind, OperationId, Schema, ShapeId, Slot};

/// A mutation with everything needed to apply it.
#[derive(Clone, Debug)]
pub struct Site {
    /// The mutation.
    pub mutation: Mutation,
    /// The slot of the value there.
    pub slot: Slot,
    /// Where the value travels.
    pub place: Place,
    /// Values that a message with this place has at least.
    pub values: u64,
}

/// All mutations of one side of an operation: each constraint of each shape once, at its shortest path. In
/// breadth-first order, then by name. Their ids depend on the model only.
pub fn sites(schema: &Schema, operation: OperationId, side: Side) -> Vec<Site> {
    let Some(root) = side_shape(schema, operation, side) else { return Vec::new() };
    let mut survey =
        Survey { schema, sites: Vec::new(), seen: HashSet::from([root]), queue: VecDeque::new(), values: 0 };
    survey.queue.push_back((root, SchemaPath::default(), Place::Body, 0));
    while let Some((shape, path, place, around)) = survey.queue.pop_front() {
        survey.values = schema[shape].min_values.max(around);
        survey.inside(shape, &path, place);
    }
    survey.sites
}

struct Survey<'s> {
    schema: &'s Schema,
    sites: Vec<Site>,
    seen: HashSet<ShapeId>,
    queue: VecDeque<(ShapeId, SchemaPath, Place, u64)>,
    /// The least number of values in a message with what is visited.
    values: u64,
}

impl Survey<'_> {
    /// Visits the slots directly inside a shape.
    fn inside(&mut self, shape: ShapeId, path: &SchemaPath, place: Place) {
        let schema = self.schema;
        match &schema[shape].kind {
            Kind::Structure(members) => {
                for member in members {
                    let own = if path.0.is_empty() { Place::of(&member.binding) } else { Place::Body };
                    let path = path.join(Step::Member(member.name.clone()));
                    for kind in presence::breakable_member(schema, member, own) {
                        self.add(kind, &member.slot, &path, own);
                    }
                    self.slot(&member.slot, path, own);
                }
            }
            Kind::Union(members) => {
                for member in members {
                    self.slot(&member.slot, path.join(Step::Member(member.name.clone())), Place::Body);
                }
            }
            Kind::List(list) => {
                let inner = path.join(Step::Element);
                self.element(&list.member, list.sparse, inner, place);
            }
            Kind::Map(map) => {
                if place.is_json() {
                    self.slot(&map.key, path.join(Step::Key), place);
                }
                let inner = path.join(Step::Value);
                self.element(&map.value, map.sparse, inner, place);
            }
            _ => {}
        }
    }

    /// The slot of the elements of a collection at `place`.
    fn element(&mut self, slot: &Slot, sparse: bool, path: SchemaPath, place: Place) {
        if let Some(kind) = presence::breakable_element(sparse, place) {
            self.add(kind, slot, &path, place.inside());
        }
        self.slot(slot, path, place.inside());
    }

    fn slot(&mut self, slot: &Slot, path: SchemaPath, place: Place) {
        let at = Position::of(self.schema, slot);
        // Keys in JSON are always strings.
        let is_key = path.0.last() == Some(&Step::Key);
        let constraints = if is_key { constraint::beyond_type(at.kind) } else { constraint::of(at.kind) };
        for constraint in constraints {
            for kind in constraint.kinds().iter().filter(|kind| constraint.can_break(&at, place, **kind)) {
                self.add(*kind, slot, &path, place);
            }
        }
        // Deeper values are never generated, and the paths of a long chain of shapes would fill the memory.
        if path.0.len() < DEEPEST as usize
            && matches!(at.kind, Kind::Structure(_) | Kind::Union(_) | Kind::List(_) | Kind::Map(_))
            && self.seen.insert(slot.target)
        {
            self.queue.push_back((slot.target, path, place, self.values));
        }
    }

    fn add(&mut self, kind: ViolationKind, slot: &Slot, path: &SchemaPath, place: Place) {
        let mutation = Mutation { path: path.clone(), kind };
        self.sites.push(Site { mutation, slot: slot.clone(), place, values: self.values });
    }
}
