//! Generates values that a shape accepts, and values that it rejects for one named reason.
//!
//! Valid by construction: a value satisfies every constraint while it is built, and nothing is generated and discarded.
//! Driven by [`Unstructured`], so that a seed and a fuzzer's bytes are the same thing. When the bytes run out, the rest
//! of the value is as small as possible. Knows nothing of HTTP.

mod config;
mod limits;
mod mutate;
pub mod seed;
mod shrink;
mod sites;
mod strategy;
mod subject;

use std::collections::HashMap;

use arbitrary::Unstructured;
use serde_json::{Map, Value};

pub use config::Config;
pub use limits::{AtLimit, Unreached};
pub use mutate::{Mutant, Mutation, Unrealised};
pub use shrink::{candidates, shrink};
pub use sites::{Site, sites};
pub(crate) use strategy::random_bytes;
pub use strategy::{
    Held, InvalidStrategy, Shrinking, Valid, ValidStrategy, invalid_inputs, valid_inputs, valid_outputs,
};
pub use subject::Subject;

pub use crate::constraint::Place;
use crate::constraint::{Aim, blob, choice, number, size, text, timestamp};
use crate::path::{SchemaPath, Step};
use crate::pattern::{LengthBounds, Pattern};
use crate::schema::{Binding, Kind, Member, Members, OperationId, Schema, ShapeId, Slot};
use crate::semantics::{self, Context, TextMaker};
pub use crate::side::{Side, side_shape};

/// The reason why no value could be generated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GenerateError {
    /// No string satisfies pattern and length of the shape together.
    #[error("no string satisfies length and pattern of shape {0} together; fix the model (overrides.toml for Connect)")]
    Unsatisfiable(String),
    /// The pattern does not support generation.
    #[error("cannot generate strings for shape {shape}, only check them; the obstacle in its pattern: {why}")]
    NotGenerated {
        /// The shape.
        shape: String,
        /// The obstacle in the pattern.
        why: String,
    },
    /// No engine can read the pattern of the shape.
    #[error(
        "cannot generate strings for shape {shape}, and cannot check them: its pattern cannot be read ({why}); fix the \
         model (overrides.toml for Connect)"
    )]
    Unreadable {
        /// The shape.
        shape: String,
        /// The problem of the pattern.
        why: String,
    },
    /// Every string of the shape is one that its place in the message cannot carry.
    #[error("no string of shape {shape} can be sent in {place}, where the model puts it; fix the model")]
    NotHeld {
        /// The shape.
        shape: String,
        /// The place in words.
        place: &'static str,
    },
    /// A list of unique items requires more elements than there are distinct values.
    #[error("shape {0} requires more distinct elements or keys than its element has values")]
    NotEnoughDistinct(String),
    /// The smallest value exceeds the limits on size and depth.
    #[error(
        "the smallest value with shape {0} has more than {MOST} values or characters, or is nested more than {DEEPEST} deep"
    )]
    TooLarge(String),
}

impl GenerateError {
    /// True if a text cannot be made. A value that does not need it is made without it.
    fn is_about_texts(&self) -> bool {
        match self {
            Self::Unsatisfiable(_) | Self::NotGenerated { .. } | Self::Unreadable { .. } | Self::NotHeld { .. } => true,
            Self::NotEnoughDistinct(_) | Self::TooLarge(_) => false,
        }
    }
}

/// Maximum number of values, or of characters of one string, that the lower bounds of the contract may require.
const MOST: u64 = 1_000_000;

/// Maximum nesting that required members may need.
pub(super) const DEEPEST: u32 = 256;

/// A limit of the contract that a value does not reach because of a budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The shape with the limit.
    pub shape: String,
    /// The limit.
    pub limit: u64,
    /// The budget, by the name of its field in [`Config`].
    pub budget: &'static str,
}

/// A value, and the limits that it does not reach because of a budget.
#[derive(Debug, Clone, PartialEq)]
pub struct Generated {
    /// The value.
    pub value: Value,
    /// The limits that were not reached.
    pub left_out: Vec<LeftOut>,
}

/// Generates values for the shapes of a schema.
#[derive(Debug, Clone)]
pub struct Generator<'s> {
    schema: &'s Schema,
    config: Config,
    texts: HashMap<ShapeId, TextMaker>,
    /// True if the rules beyond the model apply to this service.
    has_languages: bool,
}

impl<'s> Generator<'s> {
    /// A generator with a configuration.
    pub fn new(schema: &'s Schema, config: Config) -> Self {
        let texts = semantics::text_makers(schema);
        Self { schema, config, has_languages: !texts.is_empty(), texts }
    }

    /// The schema of the values.
    pub fn schema(&self) -> &'s Schema {
        self.schema
    }

    /// A valid value for one side of an operation; an empty object if that side has no structure.
    pub fn operation(
        &self,
        operation: OperationId,
        side: Side,
        u: &mut Unstructured<'_>,
    ) -> Result<Value, GenerateError> {
        self.focused(operation, side, &SchemaPath::default(), u).map(|generated| generated.value)
    }

    /// A valid input.
    pub fn input(&self, operation: OperationId, u: &mut Unstructured<'_>) -> Result<Value, GenerateError> {
        self.operation(operation, Side::Input, u)
    }

    /// A valid output.
    pub fn output(&self, operation: OperationId, u: &mut Unstructured<'_>) -> Result<Value, GenerateError> {
        self.operation(operation, Side::Output, u)
    }

    /// A valid value that has a value at `focus`, with the limits that it does not reach.
    pub fn focused(
        &self,
        operation: OperationId,
        side: Side,
        focus: &SchemaPath,
        u: &mut Unstructured<'_>,
    ) -> Result<Generated, GenerateError> {
        let shape = side_shape(self.schema, operation, side);
        let status = self.schema[operation].status;
        let repaired = side == Side::Input && self.has_languages;
        let left_to_repair = repaired && semantics::repairs_texts(&self.schema[operation].name);
        let mut making = Making { status, left_to_repair, ..Making::new(self, u) };
        let mut value = match shape {
            None => Value::Object(Map::new()),
            Some(shape) => making.slot(&self.schema.slot_of(shape), Place::Body, 0, Some(&focus.0))?,
        };
        let left_out = making.left_out;
        if repaired {
            // Reads ahead without consuming the bytes, which are left for uses of the value.
            let mut ahead = Unstructured::new(u.peek_bytes(u.len()).unwrap_or_default());
            semantics::repair(&self.schema[operation].name, &mut value, focus, &Context::default(), &mut ahead);
        }
        Ok(Generated { value, left_out })
    }

    /// A valid value of any shape.
    pub fn shape(&self, shape: ShapeId, u: &mut Unstructured<'_>) -> Result<Value, GenerateError> {
        let mut making = Making::new(self, u);
        making.slot(&self.schema.slot_of(shape), Place::Body, 0, None)
    }

    /// A valid value of a member, with the traits of its position.
    ///
    /// # Errors
    /// There is none that can be made.
    pub fn member(&self, member: &Member, u: &mut Unstructured<'_>) -> Result<Value, GenerateError> {
        self.slot(&member.slot, Place::of(&member.binding), &[], u)
    }

    /// A valid value of a slot that a place in a message can carry.
    ///
    /// # Errors
    /// There is none that can be made.
    pub fn place(&self, slot: &Slot, place: Place, u: &mut Unstructured<'_>) -> Result<Value, GenerateError> {
        self.slot(slot, place, &[], u)
    }

    /// A valid value for a slot that has a value at `focus`.
    fn slot(
        &self,
        slot: &Slot,
        place: Place,
        focus: &[Step],
        u: &mut Unstructured<'_>,
    ) -> Result<Value, GenerateError> {
        let mut making = Making::new(self, u);
        making.slot(slot, place, 1, Some(focus))
    }
}

/// The state while one value is generated.
struct Making<'g, 'u, 'd> {
    generator: &'g Generator<'g>,
    u: &'u mut Unstructured<'d>,
    /// The value of a member that is bound to the HTTP status.
    status: u16,
    /// True if language texts stay empty until repair generates them.
    left_to_repair: bool,
    values: u32,
    left_out: Vec<LeftOut>,
}

type Made = Result<Value, GenerateError>;

impl<'g, 'u, 'd> Making<'g, 'u, 'd> {
    fn new(generator: &'g Generator<'g>, u: &'u mut Unstructured<'d>) -> Self {
        Self { generator, u, status: 200, left_to_repair: false, values: 0, left_out: Vec::new() }
    }
}

impl Making<'_, '_, '_> {
    fn slot(&mut self, slot: &Slot, place: Place, depth: u32, focus: Option<&[Step]>) -> Made {
        self.values += 1;
        let generator = self.generator;
        let shape = &generator.schema[slot.target];
        let config = &generator.config;
        let forced = slot.traits.length.and_then(|bounds| bounds.min).unwrap_or(0);
        if forced.max(u64::from(self.values)).max(shape.min_values) > MOST || depth > DEEPEST {
            return Err(GenerateError::TooLarge(shape.name.clone()));
        }
        let aim = self.aim(place);
        Ok(match &shape.kind {
            Kind::Structure(members) => self.structure(members, depth, focus)?,
            Kind::Union(members) => self.union(members, depth, focus)?,
            Kind::List(list) => {
                let element = &list.member;
                let count = self.count(slot, element, depth, focus);
                let mut items: Vec<Value> = Vec::with_capacity(count as usize);
                for at in 0..count {
                    let inner = focus.filter(|_| at == 0).and_then(|f| after(f, &Step::Element));
                    let enough = inner.is_none() && at >= size::limits(slot.traits.length).0;
                    let mut item = match self.slot(element, place.inside(), depth + 1, inner) {
                        Err(why) if enough && why.is_about_texts() => break,
                        made => made?,
                    };
                    if slot.traits.unique_items && items.contains(&item) {
                        let name = (shape.name.as_str(), at >= size::limits(slot.traits.length).0);
                        match self.distinct(name, element, place, |other| !items.contains(other))? {
                            Some(other) => item = other,
                            None => break,
                        }
                    }
                    items.push(item);
                }
                Value::Array(items)
            }
            Kind::Map(map) => {
                let count = self.count(slot, &map.value, depth, focus);
                let mut entries = Map::new();
                for at in 0..count {
                    let enough = focus.is_none() && at >= size::limits(slot.traits.length).0;
                    let mut key = match self.slot(&map.key, place.of_keys(), depth + 1, None) {
                        Err(why) if enough && why.is_about_texts() => break,
                        made => made?,
                    };
                    if key.as_str().is_none_or(|key| entries.contains_key(key)) {
                        let fresh = |other: &Value| other.as_str().is_some_and(|key| !entries.contains_key(key));
                        let name = (shape.name.as_str(), at >= size::limits(slot.traits.length).0);
                        match self.distinct(name, &map.key, place.of_keys(), fresh)? {
                            Some(other) => key = other,
                            None => break,
                        }
                    }
                    let inner = focus.filter(|_| at == 0).and_then(|f| after(f, &Step::Value));
                    let value = match self.slot(&map.value, place.inside(), depth + 1, inner) {
                        Err(why) if enough && why.is_about_texts() => break,
                        made => made?,
                    };
                    if let Value::String(key) = key {
                        entries.insert(key, value);
                    }
                }
                Value::Object(entries)
            }
            Kind::String => {
                self.note_budget(slot, "max_text", config.max_text);
                let text = match generator.texts.get(&slot.target) {
                    Some(_) if self.left_to_repair => String::new(),
                    Some(make) => make(self.u),
                    None => {
                        let budget = (config.extra, config.max_text);
                        text::witness(generator.schema, &slot.traits, place, aim, budget, self.u)
                            .ok_or_else(|| no_text(generator.schema, &shape.name, slot, place))?
                    }
                };
                Value::from(text)
            }
            Kind::Enum(values) => {
                Value::from(choice::witness(values, place, self.u).ok_or_else(|| not_held(&shape.name, place))?)
            }
            Kind::IntEnum(values) => Value::from(choice::integer_witness(values, self.u)),
            Kind::Number(kind) => number::witness(*kind, slot.traits.range, aim, self.u),
            Kind::Boolean => Value::from(size::pick(self.u, 0, 1) == 1),
            Kind::Timestamp => timestamp::witness(timestamp::value_format(&slot.traits), aim, self.u),
            Kind::Blob => {
                self.note_budget(slot, "max_text", config.max_text);
                Value::from(blob::witness(slot.traits.length, aim, config.extra, config.max_text, self.u))
            }
            Kind::Document => Value::from(size::pick(self.u, 0, 1000)),
            Kind::Unit => Value::Object(Map::new()),
        })
    }

    fn aim(&mut self, place: Place) -> Aim {
        let config = &self.generator.config;
        if config.at_bounds {
            if size::pick(self.u, 0, 1) == 0 { Aim::Lowest } else { Aim::Highest }
        } else if config.wild && !matches!(place, Place::Header | Place::HeaderName) && !self.u.is_empty() {
            Aim::Anywhere
        } else {
            Aim::Small
        }
    }

    /// Returns true if only required values should follow.
    fn is_tight(&self, depth: u32, shape: ShapeId) -> bool {
        let config = &self.generator.config;
        self.values >= config.max_values || depth + self.generator.schema[shape].min_depth > config.max_depth
    }

    fn structure(&mut self, members: &Members, depth: u32, focus: Option<&[Step]>) -> Made {
        let mut map = Map::new();
        let focused = focus.and_then(|steps| match steps {
            [Step::Member(name), rest @ ..] => Some((name.as_str(), rest)),
            _ => None,
        });
        // A shape may have tens of thousands of members, and a value is made for each of them.
        let no_optional = self.generator.config.optional_percent == 0;
        let few = no_optional.then(|| members.required_and(focused.map(|(name, _)| name)));
        let all = (!no_optional).then(|| members.iter());
        for member in few.into_iter().flatten().chain(all.into_iter().flatten()) {
            let inner = focused.filter(|(name, _)| *name == member.name).map(|(_, rest)| rest);
            let wanted = member.required || inner.is_some() || {
                let percent = self.generator.config.optional_percent;
                percent > 0
                    && !self.is_tight(depth + 1, member.slot.target)
                    && size::pick(self.u, 0, 99) < u64::from(percent)
                    && (percent == 100 || !self.u.is_empty())
            };
            if wanted && member.binding == Binding::StatusCode && self.says_status(&member.slot) {
                map.insert(member.name.clone(), Value::from(self.status));
            } else if wanted {
                let optional = !member.required && inner.is_none();
                match self.slot(&member.slot, Place::of(&member.binding), depth + 1, inner) {
                    Ok(value) => drop(map.insert(member.name.clone(), value)),
                    Err(why) if optional && why.is_about_texts() => {}
                    Err(why) => return Err(why),
                }
            }
        }
        Ok(Value::Object(map))
    }

    /// Returns true if a member for the status can hold that of the operation.
    fn says_status(&self, slot: &Slot) -> bool {
        match self.generator.schema[slot.target].kind {
            Kind::Number(kind) => number::check(kind, slot.traits.range, &self.status.into()).is_none(),
            _ => false,
        }
    }

    fn union(&mut self, members: &Members, depth: u32, focus: Option<&[Step]>) -> Made {
        let schema = self.generator.schema;
        let focused = members.iter().find_map(|member| {
            focus.and_then(|f| after(f, &Step::Member(member.name.clone()))).map(|inner| (member, Some(inner)))
        });
        let (member, inner) = match focused {
            Some(found) => found,
            None => {
                let fitting: Vec<_> =
                    members.iter().filter(|member| !self.is_tight(depth + 1, member.slot.target)).collect();
                let chosen = match fitting.len() {
                    0 => members.iter().min_by_key(|member| schema[member.slot.target].min_depth),
                    count => Some(fitting[size::pick(self.u, 0, count as u64 - 1) as usize]),
                };
                // Lowering rejects unions without members.
                let Some(chosen) = chosen else { return Ok(Value::Object(Map::new())) };
                (chosen, None)
            }
        };
        let of = |member: &Member, value| Value::Object(Map::from_iter([(member.name.clone(), value)]));
        match self.slot(&member.slot, Place::Body, depth + 1, inner) {
            Ok(value) => Ok(of(member, value)),
            Err(why) if inner.is_none() && why.is_about_texts() => {
                let others = members.iter().filter(|other| other.name != member.name);
                let fitting = others.filter(|other| schema[other.slot.target].min_depth <= DEEPEST);
                let mut made =
                    fitting.map(|other| Ok(of(other, self.slot(&other.slot, Place::Body, depth + 1, None)?)));
                made.find(Result::is_ok).unwrap_or(Err(why))
            }
            Err(why) => Err(why),
        }
    }

    fn count(&mut self, slot: &Slot, element: &Slot, depth: u32, focus: Option<&[Step]>) -> u64 {
        let config = &self.generator.config;
        let (min, max) = size::limits(slot.traits.length);
        let wants_inner = focus.is_some_and(|f| matches!(f.first(), Some(Step::Element | Step::Value | Step::Key)));
        let least = if wants_inner { min.max(1) } else { min };
        if self.is_tight(depth + 1, element.target) {
            return least;
        }
        self.note_budget(slot, "max_items", config.max_items);
        let aim = if config.at_bounds { self.aim(Place::Body) } else { Aim::Small };
        let count = size::witness(slot.traits.length, aim, config.max_items.min(3), config.max_items, self.u);
        count.max(least).max(config.min_items).min(max.unwrap_or(u64::MAX))
    }

    /// Another value for `slot` that `fresh` accepts, from independent bytes and with default settings, because the
    /// caller's settings may allow only one value. None if there seems to be no other, which is an error unless there
    /// are enough already.
    fn distinct(
        &mut self,
        (name, enough): (&str, bool),
        slot: &Slot,
        place: Place,
        fresh: impl Fn(&Value) -> bool,
    ) -> Result<Option<Value>, GenerateError> {
        let generator = Generator::new(self.generator.schema, Config::default());
        let mut stream = seed::Stream::new(u64::from(self.values), name);
        for _ in 0..64 {
            let bytes = stream.bytes(64);
            let value = generator.slot(slot, place, &[], &mut Unstructured::new(&bytes))?;
            if fresh(&value) {
                return Ok(Some(value));
            }
        }
        if enough { Ok(None) } else { Err(GenerateError::NotEnoughDistinct(name.to_owned())) }
    }

    fn note_budget(&mut self, slot: &Slot, budget: &'static str, limit: u64) {
        let config = &self.generator.config;
        if let Some(max) = slot.traits.length.and_then(|bounds| bounds.max)
            && config.at_bounds
            && max > limit
        {
            let shape = self.generator.schema[slot.target].name.clone();
            self.left_out.push(LeftOut { shape, limit: max, budget });
        }
    }
}

/// The reason why no string could be generated for a slot.
fn no_text(schema: &Schema, shape: &str, slot: &Slot, place: Place) -> GenerateError {
    let pattern = slot.traits.pattern.map(|id| &schema[id]);
    let name = shape.to_owned();
    if let Some(why) = pattern.and_then(Pattern::problem) {
        return GenerateError::Unreadable { shape: name, why };
    }
    if let Some(why) = pattern.and_then(Pattern::generation_problem) {
        return GenerateError::NotGenerated { shape: name, why };
    }
    let (min, max) = size::limits(slot.traits.length);
    let exists = pattern.is_none_or(|pattern| pattern.feasible(LengthBounds { min, max }).is_some());
    if exists { not_held(shape, place) } else { GenerateError::Unsatisfiable(name) }
}

fn not_held(shape: &str, place: Place) -> GenerateError {
    GenerateError::NotHeld { shape: shape.to_owned(), place: place.words() }
}

/// The rest of a focus after its first step, if that is `step`.
fn after<'f>(focus: &'f [Step], step: &Step) -> Option<&'f [Step]> {
    match focus.split_first() {
        Some((first, rest)) if first == step => Some(rest),
        _ => None,
    }
}
