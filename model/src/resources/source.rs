//! The source of a value that names a resource: a member of the answer to its creation, or of the request.

use serde_json::{Map, Value};

use super::Role;
use super::words::{heads, tails};
use crate::pattern::{Pattern, Verdict};
use crate::schema::{Kind, Member, Members, Schema, ShapeId};

/// The source of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A member of the output of the creation, as a path.
    Output(Vec<String>),
    /// A member of the input of the creation.
    Input(String),
}

impl Source {
    /// The value in the request or the answer to a creation. A text must not be empty.
    pub fn value<'v>(&self, request: &'v Map<String, Value>, answer: &'v Value) -> Option<&'v Value> {
        let value = match self {
            Source::Input(member) => request.get(member),
            Source::Output(path) => path.iter().try_fold(answer, |value, name| value.get(name)),
        };
        value.filter(|value| is_usable(value))
    }
}

/// True for values that can name something.
fn is_usable(value: &Value) -> bool {
    value.is_number() || value.as_str().is_some_and(|text| !text.is_empty())
}

/// The rule by which a value was found, the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// The members have one name.
    SameName,
    /// The member has the name of the kind before that of the other: `AliasId` and `Id`.
    KindAndName,
    /// The member has the name of the kind, and the other is its ARN or name.
    KindAlone,
    /// The member is the version that the answer assigned.
    Version,
    /// The member ends in `Identifier`, and takes the ARN, the id or the name.
    Identifier,
    /// The member ends in `Id`, and the answer has no other id.
    OnlyId,
}

impl Rule {
    /// The rule in words.
    pub fn word(self) -> &'static str {
        match self {
            Rule::SameName => "same name",
            Rule::KindAndName => "name of the kind",
            Rule::KindAlone => "the kind itself",
            Rule::Version => "version",
            Rule::Identifier => "identifier",
            Rule::OnlyId => "the only id",
        }
    }

    /// Share of cases in which the rule is right, by our reading of the models of nine services.
    pub fn confidence(self) -> f32 {
        match self {
            Rule::SameName => 0.99,
            Rule::KindAndName | Rule::Version => 0.97,
            Rule::KindAlone | Rule::Identifier => 0.9,
            Rule::OnlyId => 0.8,
        }
    }
}

/// The input and the output of a creation, and the noun of its kind.
#[derive(Clone, Copy)]
pub(super) struct Creation<'s> {
    pub(super) schema: &'s Schema,
    pub(super) noun: &'s str,
    pub(super) input: Option<&'s Members>,
    pub(super) output: Option<&'s Members>,
}

impl<'s> Creation<'s> {
    /// The source of a member of another operation.
    pub(super) fn source(&self, of: &Member) -> Option<(Source, Rule)> {
        let member = of.name.as_str();
        let answered = |name: &str, rule: Rule| self.answered(name).map(|path| (Source::Output(path), rule));
        let requested = |name: &str, rule: Rule| {
            let found = named(self.input, name).filter(|found| is_scalar(self.schema, found))?;
            Some((Source::Input(found.name.clone()), rule))
        };
        // The answer may repeat what the caller chose.
        let repeats = self.wrapper().is_some();
        let chosen = |name: &str| repeats || named(self.input, name).is_some_and(|member| member.required);
        let found =
            |name: &str, rule: Rule| requested(name, rule).filter(|_| chosen(name)).or_else(|| answered(name, rule));
        let tail = tails(self.noun).find(|tail| tail.eq_ignore_ascii_case(member) && tail.len() > 3);
        let alone = |tail: &str| {
            let id = answered("Id", Rule::KindAlone).or_else(|| requested(&format!("{tail}Name"), Rule::KindAlone));
            id.or_else(|| requested("Name", Rule::KindAlone))
                .or_else(|| answered(&format!("{tail}Arn"), Rule::KindAlone))
                .or_else(|| answered("Arn", Rule::KindAlone))
        };
        found(member, Rule::SameName)
            .or_else(|| self.suffixes(member).find_map(|suffix| found(suffix, Rule::KindAndName)))
            // A creation may request a version; the answer has the one that was assigned.
            .or_else(|| answered("Version", Rule::Version).filter(|_| member.ends_with("Version")))
            .or_else(|| requested(member, Rule::SameName))
            .or_else(|| self.suffixes(member).find_map(|suffix| requested(suffix, Rule::KindAndName)))
            .or_else(|| tail.and_then(alone))
            .or_else(|| self.identifier(of))
            .or_else(|| answered("Id", Rule::OnlyId).filter(|_| ends_with(member, "Id")))
    }

    /// The optional member by which an operation that requires none names the resource: one for what the answer assigned,
    /// else one for what the caller chose.
    pub(super) fn choice(&self, members: &Members) -> Option<(String, Source)> {
        let optional = members.iter().filter(|member| is_scalar(self.schema, member) && !member.idempotency_token);
        let sources = optional.filter_map(|member| {
            let (source, rule) = self.source(member)?;
            (rule <= Rule::KindAlone).then(|| (member.name.clone(), source))
        });
        let all: Vec<_> = sources.collect();
        let assigned = all.iter().find(|(_, source)| matches!(source, Source::Output(_)));
        assigned.or_else(|| all.iter().find(|(member, _)| self.is_own(member))).cloned()
    }

    /// The shape of a value that names the resource.
    pub(super) fn shape(&self, source: &Source) -> Option<ShapeId> {
        let (members, path) = match source {
            Source::Input(member) => (self.input?, std::slice::from_ref(member)),
            Source::Output(path) => (self.output?, path.as_slice()),
        };
        let (last, outer) = path.split_last()?;
        let inner = outer
            .iter()
            .try_fold(members, |members, name| self.schema[members.get(name)?.slot.target].kind.members())?;
        inner.get(last).map(|member| member.slot.target)
    }

    /// The source of a member named `Identifier`, alone or after the name of the kind: the ARN where the member takes ARNs,
    /// since such members take no other form everywhere, else the id, else the name.
    fn identifier(&self, member: &Member) -> Option<(Source, Rule)> {
        let is_own = |end: &&str| end.eq_ignore_ascii_case("Identifier");
        let mut ends = [member.name.as_str()].into_iter().chain(self.suffixes(&member.name));
        ends.find(is_own)?;
        let answered = |end: &str| {
            let own = tails(self.noun).map(|tail| format!("{tail}{end}"));
            own.chain([end.to_owned()]).find_map(|name| self.answered(&name)).map(Source::Output)
        };
        let requested = |name: &str| {
            named(self.input, name).filter(|found| is_scalar(self.schema, found)).map(|found| found.name.clone())
        };
        let arn = || answered("Arn").filter(|_| takes_arns(self.schema, member));
        let name = || {
            let own = tails(self.noun).map(|tail| format!("{tail}Name"));
            own.chain(["Name".to_owned()]).find_map(|name| requested(&name)).map(Source::Input)
        };
        let source = arn().or_else(|| answered("Id")).or_else(|| answered("Arn")).or_else(name)?;
        Some((source, Rule::Identifier))
    }

    /// Path to a scalar in the answer, by its name in any case: at the top, or in the only structure or its metadata.
    pub(super) fn answered(&self, name: &str) -> Option<Vec<String>> {
        let scalar = |members| named(members, name).filter(|member| is_scalar(self.schema, member));
        let Some((outer, inner)) = self.wrapper() else { return Some(vec![scalar(self.output)?.name.clone()]) };
        if let Some(found) = scalar(Some(inner)) {
            return Some(vec![outer.name.clone(), found.name.clone()]);
        }
        let (between, about) = structure(self.schema, named(Some(inner), "Metadata")?)?;
        Some(vec![outer.name.clone(), between.name.clone(), scalar(Some(about))?.name.clone()])
    }

    /// The id that the answer assigns, for kinds that no operation shows or deletes. The answer may repeat one that the request
    /// must have.
    pub(super) fn assigned(&self) -> Option<Source> {
        let own = tails(self.noun).flat_map(|tail| [format!("{tail}Id"), format!("{tail}Arn")]);
        let names = own.chain(["Id".to_owned(), "Arn".to_owned()]);
        let is_new = |name: &String| named(self.input, name).is_none_or(|member| !member.required);
        names.into_iter().filter(is_new).find_map(|name| self.answered(&name)).map(Source::Output)
    }

    /// True for a member with the name of the kind.
    pub(super) fn is_own(&self, member: &str) -> bool {
        self.suffixes(member).next().is_some()
    }

    /// The rest of a member's name after the name of the kind, or of a tail of it: `Id`, `Arn`, `Name`, `Version`.
    fn suffixes<'m>(&self, member: &'m str) -> impl Iterator<Item = &'m str> + use<'m, 's> {
        let rest = tails(self.noun).filter_map(|tail| {
            let (head, rest) = member.split_at_checked(tail.len())?;
            head.eq_ignore_ascii_case(tail).then_some(rest)
        });
        rest.filter(|rest| SUFFIXES.iter().any(|suffix| rest.eq_ignore_ascii_case(suffix)))
    }

    /// The structure in the output with the name of the kind, with its members, if the output has no scalar. Another one
    /// may describe the work that has begun.
    fn wrapper(&self) -> Option<(&'s Member, &'s Members)> {
        let output = self.output?;
        let is_bare = !output.iter().any(|member| is_scalar(self.schema, member));
        named_structure(self.schema, self.noun, output).filter(|_| is_bare)
    }
}

/// Endings of members that name a resource.
const SUFFIXES: &[&str] = &["Id", "Arn", "Name", "Version", "Identifier", "Number", "Key"];

/// True for a member whose values can be ARNs.
fn takes_arns(schema: &Schema, member: &Member) -> bool {
    /// An ARN of usual form.
    const ARN: &str = "arn:aws:service:us-east-1:123456789012:kind/12345678-1234-1234-1234-123456789012";
    let traits = &member.slot.traits;
    let fits = traits.length.is_none_or(|bounds| bounds.max.is_none_or(|max| max >= ARN.len() as u64));
    let admits = |pattern: &Pattern| pattern.source().contains("arn") || pattern.admits(ARN) == Verdict::Admits;
    fits && traits.pattern.is_none_or(|pattern| admits(&schema[pattern]))
}

fn ends_with(name: &str, end: &str) -> bool {
    let at = name.len().saturating_sub(end.len());
    name.get(at..).is_some_and(|tail| tail.eq_ignore_ascii_case(end))
}

/// The member with a name in any case: a label in one operation may be a body member in the other.
pub(super) fn named<'s>(members: Option<&'s Members>, name: &str) -> Option<&'s Member> {
    let members = members?;
    members.get(name).or_else(|| members.iter().find(|member| member.name.eq_ignore_ascii_case(name)))
}

/// The structure among members with the name of a kind or a part of it, with its own members.
fn named_structure<'s>(schema: &'s Schema, noun: &str, members: &'s Members) -> Option<(&'s Member, &'s Members)> {
    tails(noun).chain(heads(noun)).find_map(|part| structure(schema, named(Some(members), part)?))
}

fn structure<'s>(schema: &'s Schema, member: &'s Member) -> Option<(&'s Member, &'s Members)> {
    match &schema[member.slot.target].kind {
        Kind::Structure(inner) => Some((member, inner)),
        _ => None,
    }
}

/// The structure among members that holds a resource: the one with the name of its kind, else the only one.
fn wrapped<'s>(schema: &'s Schema, noun: &str, members: &'s Members) -> Option<(&'s Member, &'s Members)> {
    let mut all = members.iter().filter_map(|member| structure(schema, member));
    let only = || all.next().filter(|_| all.next().is_none());
    named_structure(schema, noun, members).or_else(only)
}

/// The member with the resource in the output of the operation that shows one, with its members. None if the output itself
/// is the resource.
pub(super) fn wrapper<'s>(schema: &'s Schema, kind: &super::Kind) -> Option<(&'s Member, &'s Members)> {
    let output = schema.output_members(&schema[kind.first(Role::Describe)?.operation])?;
    let is_bare = output.iter().any(|member| is_scalar(schema, member));
    wrapped(schema, &kind.noun, output).filter(|_| !is_bare)
}

/// The members that the description of a resource shows.
pub(super) fn described<'s>(schema: &'s Schema, kind: &super::Kind) -> Option<&'s Members> {
    let inner = wrapper(schema, kind).map(|(_, members)| members);
    inner.or_else(|| schema.output_members(&schema[kind.first(Role::Describe)?.operation]))
}

/// True for members whose value can be a label: a text or a number.
pub(super) fn is_scalar(schema: &Schema, member: &Member) -> bool {
    matches!(schema[member.slot.target].kind, Kind::String | Kind::Enum(_) | Kind::Number(_) | Kind::IntEnum(_))
}
