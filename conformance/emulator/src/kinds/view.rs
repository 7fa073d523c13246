//! Views of a resource: for each member of a structure, the fact that it shows. Views of one resource agree, since all of
//! them show the same facts.

use connect_model::alike::Shared;
use connect_model::resources::{Kind, Source, is_tags, tails, write_tags};
use connect_model::schema::{self, Binding, Member, Members, Schema, ShapeId};
use connect_model::validate::validate_slot;
use connect_model::wire::fits_header;
use serde_json::{Map, Value};

use crate::collection::Tags;
use crate::kinds::convert::{at, for_member};
use crate::kinds::store::Thing;

/// The members of a structure, each with the fact that it shows.
pub(super) struct View {
    pub(super) members: Vec<(&'static Member, Fact)>,
}

/// A fact that a member shows.
pub(super) enum Fact {
    Id,
    /// The id of a resource that holds it.
    Parent(usize),
    Arn,
    Name,
    Tags,
    Created,
    Modified,
    /// A member of the description.
    Record(String),
    /// A member of the input of the creation.
    Asked(String),
    /// A value that is kept by the name of the member.
    Kept,
    /// The resource itself.
    Inner(View),
}

/// The structures of a kind.
#[derive(Clone, Copy)]
pub(super) struct Forms {
    /// Members of the input of the creation.
    pub(super) asked: &'static Members,
    /// Members of the description.
    pub(super) record: &'static Members,
}

/// Members of a view that are known to hold the id, the ARN or the resource.
#[derive(Default)]
pub(super) struct Hints<'h> {
    /// The member with the id.
    pub(super) id: Option<&'h str>,
    /// The member with the ARN.
    pub(super) arn: Option<&'h str>,
    /// The structure with the resource.
    pub(super) wrapper: Option<&'h str>,
}

impl View {
    /// The view of a kind in a structure.
    pub(super) fn of(
        schema: &'static Schema,
        kind: &'static Kind,
        forms: Forms,
        members: &'static Members,
        hints: &Hints<'_>,
    ) -> Self {
        let from_record = schema.shared(forms.record, members);
        let from_asked = schema.shared(forms.asked, members);
        let left = |pairs: &[Shared], member: &Member| {
            pairs.iter().find(|pair| pair.right[1..] == *member.name).map(|pair| pair.left.clone())
        };
        let is_record = std::ptr::eq(members, forms.record);
        let fact = |member: &'static Member| {
            let asked = left(&from_asked, member);
            if let Some(fact) = role(schema, kind, member, asked.as_deref(), hints) {
                return fact;
            }
            let within = || resource(schema, kind, member, hints).filter(|_| !is_record);
            let named = || identified(schema, kind, member).filter(|_| identifier_in(kind, members).is_none());
            let inner = metadata(schema, member).or_else(within).or_else(named);
            if let Some(inner) = inner {
                let hints = Hints { wrapper: None, ..*hints };
                return Fact::Inner(View::of(schema, kind, forms, inner, &hints));
            }
            match (left(&from_record, member), asked) {
                (Some(pointer), _) => Fact::Record(pointer),
                (None, Some(pointer)) => Fact::Asked(pointer),
                (None, None) => Fact::Kept,
            }
        };
        Self { members: members.iter().map(|member| (member, fact(member))).collect() }
    }

    /// The members as the view shows them.
    pub(super) fn show(&self, schema: &Schema, forms: Forms, thing: &Thing) -> Map<String, Value> {
        let shown = self.members.iter().filter_map(|(member, fact)| {
            let value = fact.value(schema, forms, member, thing).or_else(|| fallback(schema, member, thing))?;
            Some((member.name.clone(), value))
        });
        shown.collect()
    }

    /// The value of one member.
    pub(super) fn value(&self, schema: &Schema, forms: Forms, name: &str, thing: &Thing) -> Option<Value> {
        let (member, fact) = self.members.iter().find(|(member, _)| member.name == name)?;
        fact.value(schema, forms, member, thing).or_else(|| fallback(schema, member, thing))
    }

    /// The required members without value, and those of the resource inside. The optional ones that say what state, type
    /// or country the resource has are among them.
    pub(super) fn missing(&self, schema: &Schema, forms: Forms, thing: &Thing, missing: &mut Vec<&'static Member>) {
        for (member, fact) in &self.members {
            if let Fact::Inner(view) = fact {
                view.missing(schema, forms, thing, missing);
            } else if member.required || is_state(schema, member) && !matches!(fact, Fact::Parent(_)) {
                let value = fact.value(schema, forms, member, thing).or_else(|| fallback(schema, member, thing));
                if value.is_none() {
                    missing.push(member);
                }
            }
        }
    }
}

/// A value that was kept for a member that has none of its own.
fn fallback(schema: &Schema, member: &Member, thing: &Thing) -> Option<Value> {
    thing.kept_for(member).find(|value| validate_slot(schema, &member.slot, value).is_empty()).cloned()
}

impl Fact {
    fn value(&self, schema: &Schema, forms: Forms, member: &Member, thing: &Thing) -> Option<Value> {
        let allowed = |value: Value| {
            let is_header = matches!(member.binding, Binding::Header(_));
            let is_carried = !is_header || value.as_str().is_none_or(|text| text.chars().all(fits_header));
            (is_carried && validate_slot(schema, &member.slot, &value).is_empty()).then_some(value)
        };
        let from = |members: &Members, values: &Map<String, Value>, pointer: &str| {
            let (value, shape) = at(schema, members, values, pointer)?;
            for_member(schema, value?, shape, member).and_then(allowed)
        };
        match self {
            Fact::Id => identifier(schema, member.slot.target, &thing.id).and_then(allowed),
            Fact::Parent(at) => {
                identifier(schema, member.slot.target, thing.parents.get(*at)?.as_deref()?).and_then(allowed)
            }
            Fact::Arn => allowed(thing.arn.as_str().into()),
            Fact::Name => allowed(thing.name.as_deref()?.into()),
            Fact::Tags => {
                let written = |tags: &Tags| write_tags(schema, member.slot.target, tags).and_then(allowed);
                let mut tags = thing.tags.clone();
                tags.retain(|key, value| written(&Tags::from([(key.clone(), value.clone())])).is_some());
                written(&tags).filter(|_| !tags.is_empty() || member.required)
            }
            Fact::Created => time(member, thing.created).and_then(allowed),
            Fact::Modified => time(member, thing.modified).and_then(allowed),
            Fact::Record(pointer) => from(forms.record, &thing.record, pointer),
            Fact::Asked(pointer) => from(forms.asked, &thing.asked, pointer),
            Fact::Kept => None,
            Fact::Inner(view) => allowed(Value::Object(view.show(schema, forms, thing))),
        }
    }
}

/// The part of the resource that a member has by its name.
fn role(schema: &Schema, kind: &'static Kind, member: &Member, asked: Option<&str>, hints: &Hints<'_>) -> Option<Fact> {
    let is = |end: &str| {
        let names = tails(&kind.noun).map(|tail| format!("{tail}{end}"));
        names.chain([end.to_owned()]).any(|name| name.eq_ignore_ascii_case(&member.name))
    };
    let asked = asked.map(|pointer| &pointer[1..]);
    let shape = &schema[member.slot.target].kind;
    match shape {
        schema::Kind::String | schema::Kind::Number(_) | schema::Kind::Enum(_) => {
            let chosen = matches!(&kind.id, Source::Input(id) if asked == Some(id.as_str()));
            if hints.id == Some(&member.name) || chosen {
                return Some(Fact::Id);
            }
            if hints.arn == Some(&member.name) {
                return Some(Fact::Arn);
            }
            if let Some(at) = kind.parents.iter().position(|(parent, _)| parent.eq_ignore_ascii_case(&member.name)) {
                return Some(Fact::Parent(at));
            }
            if !matches!(shape, schema::Kind::String) {
                return None;
            }
            // Beside an id that the caller chooses, the name is a member like others.
            if kind.name.is_some() && (asked == kind.name.as_deref() || asked.is_none() && is("Name")) {
                return Some(Fact::Name);
            }
            // A structure has one id. A resource that is named by its ARN has another one beside it.
            let is_assigned = matches!(&kind.id, Source::Output(path) if kind.arn.as_ref() != Some(path));
            if hints.id.is_none() && is("Id") && is_assigned {
                return Some(Fact::Id);
            }
            // The caller may name something else by its ARN.
            let is_given = asked.is_some_and(|asked| asked.eq_ignore_ascii_case(&member.name));
            (is("Arn") && !is_given).then_some(Fact::Arn)
        }
        schema::Kind::Timestamp => {
            let name = member.name.to_ascii_lowercase();
            let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
            if asked.is_some() {
                None
            } else if has(&["modif", "updat", "lastchange"]) {
                Some(Fact::Modified)
            } else if has(&["creat"]) || member.required {
                Some(Fact::Created)
            } else {
                None
            }
        }
        _ if is_tags(schema, member) => Some(Fact::Tags),
        _ => None,
    }
}

/// The members of a structure that holds the resource.
fn resource(
    schema: &'static Schema,
    kind: &Kind,
    member: &'static Member,
    hints: &Hints<'_>,
) -> Option<&'static Members> {
    let schema::Kind::Structure(inner) = &schema[member.slot.target].kind else { return None };
    let named = tails(&kind.noun).any(|tail| tail.eq_ignore_ascii_case(&member.name));
    (hints.wrapper == Some(&member.name) || named).then_some(inner)
}

/// The members of a structure that has the id which the caller chose.
fn identified(schema: &'static Schema, kind: &Kind, member: &'static Member) -> Option<&'static Members> {
    let schema::Kind::Structure(inner) = &schema[member.slot.target].kind else { return None };
    identifier_in(kind, inner).map(|_| inner)
}

/// The member with the id which the caller chose.
fn identifier_in<'m>(kind: &Kind, members: &'m Members) -> Option<&'m Member> {
    match &kind.id {
        Source::Input(id) => members.get(id),
        Source::Output(_) => None,
    }
}

/// The members of a structure that says of the resource around it what every kind has: its ARN and its times.
fn metadata(schema: &'static Schema, member: &'static Member) -> Option<&'static Members> {
    let schema::Kind::Structure(inner) = &schema[member.slot.target].kind else { return None };
    let has_arn = inner.iter().any(|inner| inner.name.eq_ignore_ascii_case("arn"));
    (has_arn && member.name.to_ascii_lowercase().ends_with("metadata")).then_some(inner)
}

/// True for members that say what state, type or country a resource has.
fn is_state(schema: &Schema, member: &Member) -> bool {
    let ends = ["state", "status", "type", "countrycode"];
    let name = member.name.to_ascii_lowercase();
    matches!(schema[member.slot.target].kind, schema::Kind::Enum(_)) && ends.iter().any(|end| name.ends_with(end))
}

/// An id as a value of a shape.
pub(super) fn identifier(schema: &Schema, shape: ShapeId, id: &str) -> Option<Value> {
    match schema[shape].kind {
        schema::Kind::Number(_) | schema::Kind::IntEnum(_) => id.parse::<i64>().ok().map(Value::from),
        _ => Some(id.into()),
    }
}

/// A time as a value of a member.
fn time(member: &Member, seconds: f64) -> Option<Value> {
    match member.slot.traits.timestamp_format {
        None | Some(schema::TimestampFormat::EpochSeconds) => Some(seconds.into()),
        Some(format) => {
            let instant = connect_model::timestamp::from_seconds(seconds)?;
            connect_model::timestamp::format(instant, format).map(Value::from)
        }
    }
}
