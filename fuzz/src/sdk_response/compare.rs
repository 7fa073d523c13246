//! Compares a decoded value with the SDK's, member by member along the schema.
//!
//! The SDK changes the case of names (`rule_arn` for `RuleArn`, `ContactFlow` for `CONTACT_FLOW`), so names are equal if their
//! letters and digits are. Redacted values are equal to any. Knows no operation.

use connect_model::schema::{Kind, Member, Members, Number, Schema, ShapeId, TimestampFormat};
use connect_model::wire::timestamp::{self, Reading};
use serde_json::{Map, Value};

use super::debug::{self, Inside, Tree};
use super::lacks;

/// The first difference.
#[derive(Debug)]
pub(super) struct Difference {
    /// Member names and indexes, innermost first.
    path: Vec<String>,
    what: String,
}

impl Difference {
    fn at(mut self, step: &str) -> Self {
        self.path.push(step.to_owned());
        self
    }
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for step in self.path.iter().rev() {
            write!(f, "/{step}")?;
        }
        write!(f, ": {}", self.what)
    }
}

type Compared = Result<(), Difference>;

fn differ(ours: impl std::fmt::Display, sdk: &Tree) -> Compared {
    Err(Difference { path: Vec::new(), what: format!("ours is {ours}, the SDK's is {sdk:?}") })
}

/// Text in place of a redacted value.
const REDACTED: &str = "*** Sensitive Data Redacted ***";

/// Fields added by the SDK to outputs and errors.
const OWN_FIELDS: [&str; 2] = ["_request_id", "meta"];

/// Compares the members of a structure.
pub(super) fn members(schema: &Schema, shape: ShapeId, value: &Map<String, Value>, sdk: &Tree) -> Compared {
    let none = Vec::new();
    let Some(members) = schema[shape].kind.members() else { return differ(schema[shape].kind.word(), sdk) };
    let fields = match sdk {
        Tree::Named(_, Inside::Fields(fields)) => fields,
        Tree::Named(_, Inside::Nothing) => &none,
        _ => return differ("a structure", sdk),
    };
    let mut known = 0;
    for (name, tree) in fields.iter().filter(|(name, _)| !OWN_FIELDS.contains(&name.as_str())) {
        let Some(member) = members.iter().find(|member| is_same_name(&member.name, name)) else {
            return differ(format!("without a member {name}"), tree);
        };
        known += 1;
        field(schema, shape, member, value.get(&member.name), tree)
            .map_err(|difference| difference.at(&member.name))?;
    }
    let lacked = members.iter().filter(|member| lacks::lacks_member(&schema[shape].name, &member.name)).count();
    if known + lacked == members.len() { Ok(()) } else { differ(format!("of {} members", members.len()), sdk) }
}

/// Compares a member, which may be absent or null. The SDK wraps optional members in `Some`.
fn field(schema: &Schema, shape: ShapeId, member: &Member, value: Option<&Value>, sdk: &Tree) -> Compared {
    match value.filter(|value| !value.is_null()) {
        _ if *sdk == Tree::Text(REDACTED.to_owned()) => Ok(()),
        None if is_filled_in(schema, shape, member, sdk) => Ok(()),
        None => differ("absent", sdk),
        // `None` may also be the value of an enum, which is not wrapped if the member is required.
        Some(value) => slot(schema, member.slot.target, member, value, sdk.only("Some").unwrap_or(sdk)),
    }
}

fn slot(schema: &Schema, target: ShapeId, member: &Member, value: &Value, sdk: &Tree) -> Compared {
    let format = member.slot.traits.timestamp_format;
    self::value(schema, target, format, value, sdk)
}

/// Compares a value of a shape.
fn value(schema: &Schema, target: ShapeId, format: Option<TimestampFormat>, value: &Value, sdk: &Tree) -> Compared {
    match (&schema[target].kind, value, sdk) {
        (Kind::Structure(_), Value::Object(fields), sdk) => members(schema, target, fields, sdk),
        (Kind::Union(members), Value::Object(fields), sdk) => union(schema, target, members, fields, sdk),
        (Kind::List(list), Value::Array(items), Tree::List(trees)) if items.len() == trees.len() => {
            for (at, (item, tree)) in items.iter().zip(trees).enumerate() {
                let format = list.member.traits.timestamp_format;
                self::value(schema, list.member.target, format, item, tree)
                    .map_err(|difference| difference.at(&at.to_string()))?;
            }
            Ok(())
        }
        (Kind::Map(map), Value::Object(entries), Tree::Map(trees)) if entries.len() == trees.len() => {
            for (key, item) in entries {
                let is_key = |tree: &Tree| self::value(schema, map.key.target, None, &Value::from(key.as_str()), tree);
                let Some((_, tree)) = trees.iter().find(|(tree, _)| is_key(tree).is_ok()) else {
                    return differ(format!("with the key {key:?}"), sdk);
                };
                let format = map.value.traits.timestamp_format;
                self::value(schema, map.value.target, format, item, tree).map_err(|difference| difference.at(key))?;
            }
            Ok(())
        }
        (Kind::String, Value::String(text), Tree::Text(own)) if text == own => Ok(()),
        (Kind::Enum(values), Value::String(text), sdk) if is_variant(schema, target, values, text, sdk) => Ok(()),
        (Kind::Boolean, Value::Bool(flag), sdk) if sdk.is_word(if *flag { "true" } else { "false" }) => Ok(()),
        (Kind::Number(number), value, sdk) if is_number(*number, value, sdk) => Ok(()),
        (Kind::Timestamp, value, Tree::Bare(text)) if is_instant(format, value, text) => Ok(()),
        _ => differ(value, sdk),
    }
}

fn union(schema: &Schema, shape: ShapeId, members: &Members, fields: &Map<String, Value>, sdk: &Tree) -> Compared {
    let mut given = fields.iter().filter(|(_, value)| !value.is_null());
    let (Some((name, value)), None) = (given.next(), given.next()) else {
        return differ(format!("a union with the members {:?}", fields.keys()), sdk);
    };
    match (members.get(name), sdk) {
        (None, sdk) if sdk.is_word("Unknown") => Ok(()),
        (Some(_), sdk) if sdk.is_word("Unknown") && lacks::lacks_member(&schema[shape].name, name) => Ok(()),
        (Some(member), Tree::Named(variant, Inside::Tuple(items)))
            if is_same_name(name, variant) && items.len() == 1 =>
        {
            slot(schema, member.slot.target, member, value, &items[0]).map_err(|difference| difference.at(name))
        }
        _ => differ(name, sdk),
    }
}

/// Returns true if the SDK has the variant of a known value, or `Unknown` with an unknown one.
fn is_variant(schema: &Schema, shape: ShapeId, values: &[String], text: &str, sdk: &Tree) -> bool {
    let is_known = values.iter().any(|value| value == text);
    if let Some(unknown) = sdk.only("Unknown") {
        let may_be_unknown = !is_known || lacks::ENUMS.contains(&schema[shape].name.as_str());
        return may_be_unknown && unknown.only("UnknownVariantValue") == Some(&Tree::Text(text.to_owned()));
    }
    matches!(sdk, Tree::Named(variant, Inside::Nothing) if is_known && is_same_name(text, variant))
}

fn is_number(number: Number, value: &Value, sdk: &Tree) -> bool {
    let word = match sdk {
        Tree::Bare(text) => text.as_str(),
        Tree::Named(word, Inside::Nothing) => word,
        _ => return false,
    };
    let special = |text: &str| match text {
        "Infinity" => Some("inf"),
        "-Infinity" => Some("-inf"),
        "NaN" => Some("NaN"),
        _ => None,
    };
    match value {
        Value::String(text) => special(text) == Some(word),
        Value::Number(own) if number.is_whole() => {
            // Includes negative zero.
            let own = own.as_i64().or_else(|| (own.as_f64() == Some(0.0)).then_some(0));
            own.is_some() && own == word.parse().ok()
        }
        Value::Number(own) if number == Number::Float => {
            // Both round twice: to 64 bits, then to 32.
            own.as_f64().is_some_and(|own| word.parse() == Ok(own as f32))
        }
        Value::Number(own) => own.as_f64().is_some_and(|own| word.parse() == Ok(own)),
        _ => false,
    }
}

/// Compares timestamps to the microsecond: the SDK truncates finer fractions, we round them. It prints years outside RFC 3339
/// as seconds.
fn is_instant(format: Option<TimestampFormat>, value: &Value, sdk: &str) -> bool {
    let seconds = |text: &str, format| {
        let instant = timestamp::parse(text, format, Reading::Client)?;
        Some(instant.unix_timestamp_nanos() as f64 / 1e9)
    };
    let own = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => seconds(text, format.unwrap_or(TimestampFormat::DateTime)),
        _ => None,
    };
    let sdk = seconds(sdk, TimestampFormat::DateTime).or_else(|| sdk.parse().ok());
    let (Some(own), Some(sdk)) = (own, sdk) else { return false };
    (own - sdk).abs() <= 2e-6 || own == sdk
}

/// Returns true for the SDK's value of a missing member: `None`, the smallest value for required members and for unboxed
/// numbers and booleans, or a default in `lacks`.
fn is_filled_in(schema: &Schema, shape: ShapeId, member: &Member, sdk: &Tree) -> bool {
    let target = member.slot.target;
    let (is_wrapped, inner) = (sdk.only("Some").is_some(), sdk.only("Some").unwrap_or(sdk));
    let is_plain = matches!(schema[target].kind, Kind::Number(_) | Kind::Boolean) && !is_wrapped;
    sdk.is_word("None")
        || ((member.required || is_plain) && is_filler(schema, target, inner))
        || lacks::default_of(&schema[shape].name, &member.name)
            .is_some_and(|text| debug::parse(text).as_ref() == Ok(sdk))
}

/// Returns true for the smallest value of a shape.
fn is_filler(schema: &Schema, target: ShapeId, sdk: &Tree) -> bool {
    match (&schema[target].kind, sdk) {
        (Kind::Structure(members), Tree::Named(_, Inside::Fields(fields))) => {
            fields.iter().filter(|(name, _)| !OWN_FIELDS.contains(&name.as_str())).all(|(name, tree)| {
                let member = members.iter().find(|member| is_same_name(&member.name, name));
                let is_hidden = *tree == Tree::Text(REDACTED.to_owned());
                is_hidden || member.is_some_and(|member| is_filled_in(schema, target, member, tree))
            })
        }
        (Kind::Union(_), sdk) => sdk.is_word("Unknown"),
        (Kind::List(_), Tree::List(items)) => items.is_empty(),
        (Kind::Map(_), Tree::Map(entries)) => entries.is_empty(),
        (Kind::String, Tree::Text(text)) => text.is_empty(),
        (Kind::Enum(values), sdk) => is_variant(schema, target, values, "no value was set", sdk),
        (Kind::Boolean, sdk) => sdk.is_word("false"),
        (Kind::Number(_), Tree::Bare(text)) => text.parse() == Ok(0.0),
        (Kind::Timestamp, Tree::Bare(text)) => text == "1970-01-01T00:00:00Z",
        _ => false,
    }
}

/// Returns true if the letters and digits of two names are equal, or the SDK has renamed the member.
pub(super) fn is_same_name(ours: &str, sdk: &str) -> bool {
    letters(ours).eq(letters(sdk)) || RENAMED.contains(&(ours, sdk))
}

/// Members renamed by the SDK, since the name has a meaning in Rust or in the SDK.
const RENAMED: [(&str, &str); 1] = [("Default", "default_value")];

fn letters(name: &str) -> impl Iterator<Item = char> {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase())
}
