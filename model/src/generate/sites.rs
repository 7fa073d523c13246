//! Every place of an operation where a constraint can be broken: the plan of all mutations, derived from the schema.

use std::collections::{HashSet, VecDeque};

use super::mutate::Mutation;
use super::{Side, side_shape};
use crate::constraint::{ViolationKind as Kindof, number, size, typed};
use crate::path::{SchemaPath, Step};
use crate::schema::{Binding, Kind, Member, OperationId, Schema, ShapeId, Slot};

/// Where a value travels, which decides what can be said there at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// Somewhere in the JSON body.
    Body,
    /// A path segment.
    Label,
    /// A query parameter.
    Query,
    /// A header, or the status code.
    Header,
    /// The whole body.
    Payload,
}

impl Place {
    /// Where the elements of a collection at this place travel.
    pub(crate) fn inside(self) -> Self {
        if self == Place::Payload { Place::Body } else { self }
    }

    /// Types other than text can be told apart here.
    fn is_json(self) -> bool {
        matches!(self, Place::Body | Place::Payload)
    }
}

/// A mutation with all that is needed to carry it out.
#[derive(Clone, Debug)]
pub struct Site {
    /// Where and how.
    pub mutation: Mutation,
    /// What the value there is held against.
    pub slot: Slot,
    /// Where it travels.
    pub place: Place,
}

/// All mutations of one side of an operation, each constraint of each shape once, at its shortest path. In order of
/// breadth, then name; ids made of them depend on the model alone.
pub fn sites(schema: &Schema, operation: OperationId, side: Side) -> Vec<Site> {
    let Some(root) = side_shape(schema, operation, side) else { return Vec::new() };
    let mut survey = Survey { schema, sites: Vec::new(), seen: HashSet::from([root]), queue: VecDeque::new() };
    survey.queue.push_back((root, SchemaPath::default(), Place::Body));
    while let Some((shape, path, place)) = survey.queue.pop_front() {
        survey.inside(shape, &path, place);
    }
    survey.sites
}

struct Survey<'s> {
    schema: &'s Schema,
    sites: Vec<Site>,
    seen: HashSet<ShapeId>,
    queue: VecDeque<(ShapeId, SchemaPath, Place)>,
}

impl Survey<'_> {
    /// Slots directly inside a shape.
    fn inside(&mut self, shape: ShapeId, path: &SchemaPath, place: Place) {
        let schema = self.schema;
        match &schema[shape].kind {
            Kind::Structure(members) => {
                for member in members {
                    let own = if path.0.is_empty() { Place::of(&member.binding) } else { Place::Body };
                    let path = path.join(Step::Member(member.name.clone()));
                    self.presence(member, &path, own);
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
                if !list.sparse && place.is_json() {
                    self.add(Kindof::NullElement, &list.member, &inner, place.inside());
                }
                self.slot(&list.member, inner, place.inside());
            }
            Kind::Map(map) => {
                if place.is_json() {
                    self.slot(&map.key, path.join(Step::Key), place);
                }
                let inner = path.join(Step::Value);
                if !map.sparse && place.is_json() {
                    self.add(Kindof::NullElement, &map.value, &inner, place.inside());
                }
                self.slot(&map.value, inner, place.inside());
            }
            _ => {}
        }
    }

    fn presence(&mut self, member: &Member, path: &SchemaPath, place: Place) {
        if !member.required {
            return;
        }
        // A path without its label is another path, and a raw body is never absent.
        let structured = self.schema[member.slot.target].kind.members().is_some();
        match (&member.binding, structured) {
            (Binding::Label(_), _) | (Binding::Payload, false) => {}
            _ => self.add(Kindof::MissingRequired, &member.slot, path, place),
        }
        if place == Place::Body {
            self.add(Kindof::NullRequired, &member.slot, path, place);
        }
    }

    fn slot(&mut self, slot: &Slot, path: SchemaPath, place: Place) {
        let schema = self.schema;
        let kind = &schema[slot.target].kind;
        let is_key = path.0.last() == Some(&Step::Key);
        let raw = place == Place::Payload && kind.members().is_none();
        let wrong = match place {
            _ if is_key || raw => None,
            Place::Body | Place::Payload => typed::violate(kind),
            Place::Label | Place::Query | Place::Header => typed::violate_text(kind),
        };
        if wrong.is_some() {
            self.add(Kindof::WrongType, slot, &path, place);
        }
        let mut add = |violation| self.add(violation, slot, &path, place);
        match kind {
            Kind::Enum(_) => {
                add(Kindof::EnumUnknown);
                add(Kindof::EnumCase);
            }
            Kind::IntEnum(_) => add(Kindof::EnumUnknown),
            Kind::String => {
                bounds(slot, size::Unit::Characters, place, &mut add);
                if slot.traits.pattern.is_some() {
                    add(Kindof::Pattern);
                }
            }
            Kind::Blob => {
                bounds(slot, size::Unit::Bytes, place, &mut add);
                if !raw {
                    add(Kindof::BlobEncoding);
                }
            }
            Kind::Number(kind) => {
                for violation in [Kindof::NotInteger, Kindof::Overflow, Kindof::RangeMin, Kindof::RangeMax] {
                    if number::violate(*kind, slot.traits.range, violation).is_some() {
                        add(violation);
                    }
                }
            }
            Kind::Timestamp => add(Kindof::TimestampFormat),
            Kind::List(_) => {
                bounds(slot, size::Unit::Elements, place, &mut add);
                if slot.traits.unique_items {
                    add(Kindof::Unique);
                }
            }
            Kind::Map(_) => bounds(slot, size::Unit::Entries, place, &mut add),
            Kind::Union(members) => {
                add(Kindof::UnionNone);
                if members.len() > 1 {
                    add(Kindof::UnionTwo);
                }
            }
            Kind::Structure(_) | Kind::Boolean | Kind::Document | Kind::Unit => {}
        }
        if matches!(kind, Kind::Structure(_) | Kind::Union(_) | Kind::List(_) | Kind::Map(_))
            && self.seen.insert(slot.target)
        {
            self.queue.push_back((slot.target, path, place));
        }
    }

    fn add(&mut self, kind: Kindof, slot: &Slot, path: &SchemaPath, place: Place) {
        let mutation = Mutation { path: path.clone(), kind };
        self.sites.push(Site { mutation, slot: slot.clone(), place });
    }
}

/// The sides of a bound that can be broken at this place.
fn bounds(slot: &Slot, unit: size::Unit, place: Place, add: &mut impl FnMut(Kindof)) {
    let (below, above) = unit.kinds();
    for kind in [below, above] {
        let Some(count) = size::violate(slot.traits.length, unit, kind) else { continue };
        // An empty label is another path; an empty list or map in a query or header is an absent one.
        let vanishes = match place {
            Place::Body => false,
            Place::Label | Place::Header | Place::Payload => true,
            Place::Query => !matches!(unit, size::Unit::Characters),
        };
        if count == 0 && vanishes {
            continue;
        }
        add(kind);
    }
}
