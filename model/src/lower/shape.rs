//! Lowering of shapes, members and their traits.

use std::collections::HashMap;

use serde_json::Value;

use super::{Lowered, Lowering, PRELUDE, split};
use crate::ast::{AstMember, AstShape, Traits};
use crate::pattern::{Pattern, in_ecma};
use crate::planted;
use crate::schema::{
    Binding, Bounds, ErrorTrait, Kind, List, Map, Member, Members, Number, PatternId, Shape, Slot, SlotTraits,
    TimestampFormat,
};

/// Shape types whose values are whole numbers.
const WHOLE_NUMBERS: &[&str] = &["byte", "short", "integer", "long", "bigInteger"];

/// Most values of an enum, and bytes of one. The largest enum of AWS has 1,437, and the longest value 100.
const MOST_VALUES: usize = 20_000;
const LONGEST_VALUE: usize = 10_000;

impl Lowering<'_> {
    pub(super) fn shape(&mut self, id: &str, definition: &AstShape) -> Lowered<Shape> {
        let kind = match definition.kind.as_str() {
            "structure" => Kind::Structure(self.members(definition, self.roles.ignored(id))?),
            "union" => {
                let members = self.members(definition, &[])?;
                if members.is_empty() {
                    return Err("a union without members has no value".to_owned());
                }
                Kind::Union(members)
            }
            "list" | "set" => Kind::List(List {
                member: self.slot(definition.member.as_ref().ok_or("a list without member")?)?,
                sparse: definition.traits.contains_key("smithy.api#sparse"),
            }),
            "map" => {
                let key = self.slot(definition.key.as_ref().ok_or("a map without key")?)?;
                Kind::Map(Map {
                    key,
                    value: self.slot(definition.value.as_ref().ok_or("a map without value")?)?,
                    sparse: definition.traits.contains_key("smithy.api#sparse"),
                })
            }
            "string" => Kind::String,
            "enum" => {
                let mut values: Vec<String> = definition
                    .members
                    .iter()
                    .map(|(name, member)| match member.traits.get("smithy.api#enumValue") {
                        Some(value) => value.as_str().map(str::to_owned),
                        None => Some(name.clone()),
                    })
                    .collect::<Option<_>>()
                    .ok_or("an enum value is not a string")?;
                values.sort();
                values.dedup();
                if values.is_empty() {
                    return Err("an enum without values has no value".to_owned());
                }
                if values.len() > MOST_VALUES || values.iter().any(|value| value.len() > LONGEST_VALUE) {
                    return Err(format!(
                        "an enum has at most {MOST_VALUES} values of at most {LONGEST_VALUE} bytes here"
                    ));
                }
                Kind::Enum(values)
            }
            "intEnum" => {
                let values: Vec<i64> = definition
                    .members
                    .values()
                    .map(|member| member.traits.get("smithy.api#enumValue").and_then(Value::as_i64))
                    .collect::<Option<_>>()
                    .ok_or("an intEnum value is not an integer")?;
                if values.is_empty() {
                    return Err("an intEnum without values has no value".to_owned());
                }
                Kind::IntEnum(values)
            }
            "byte" => Kind::Number(Number::Byte),
            "short" => Kind::Number(Number::Short),
            "integer" => Kind::Number(Number::Integer),
            "long" => Kind::Number(Number::Long),
            "float" => Kind::Number(Number::Float),
            "double" => Kind::Number(Number::Double),
            "bigInteger" => Kind::Number(Number::BigInteger),
            "bigDecimal" => Kind::Number(Number::BigDecimal),
            "boolean" => Kind::Boolean,
            "timestamp" => Kind::Timestamp,
            "blob" => Kind::Blob,
            "document" => Kind::Document,
            "unit" => Kind::Unit,
            other => return Err(format!("unknown type {other:?}")),
        };
        let error = match definition.traits.get("smithy.api#error").map(|side| side.as_str()) {
            None => None,
            Some(side) => {
                let server = side == Some("server");
                let status = definition.traits.get("smithy.api#httpError").and_then(Value::as_u64);
                let fallback = if server { 500 } else { 400 };
                let status = status.unwrap_or(fallback);
                let status = u16::try_from(status)
                    .ok()
                    .filter(|code| (100..600).contains(code))
                    .ok_or_else(|| format!("httpError {status} is not an HTTP status"))?;
                Some(ErrorTrait { server, status })
            }
        };
        let base = self.slot_traits(&definition.traits, None)?;
        Ok(Shape {
            name: split(id).1.to_owned(),
            kind,
            sensitive: definition.traits.contains_key("smithy.api#sensitive"),
            streaming: definition.traits.contains_key("smithy.api#streaming"),
            error,
            recursive: false,
            min_depth: 0,
            min_values: 1,
            base,
        })
    }

    /// Lowers members, without the traits that are `ignored` here.
    fn members(&mut self, definition: &AstShape, ignored: &[&str]) -> Lowered<Members> {
        let mut list = Vec::with_capacity(definition.members.len());
        let mut payload = None;
        for (name, member) in &definition.members {
            let mut lowered = self.member(name, member, ignored).map_err(|what| format!("member {name}: {what}"))?;
            lowered.client_fills &= !definition.traits.contains_key("smithy.api#input");
            if lowered.binding == Binding::Payload
                && let Some(other) = payload.replace(name)
            {
                return Err(format!("both {other} and {name} are bound to the whole body"));
            }
            list.push(lowered);
        }
        let mut keys = HashMap::new();
        for member in list.iter().filter(|member| member.binding == Binding::Body) {
            if let Some(other) = keys.insert(member.json_name.as_str(), member.name.as_str()) {
                return Err(format!("both {other} and {} have the JSON key {:?}", member.name, member.json_name));
            }
        }
        if let Some(payload) = payload
            && let Some(member) = list.iter().find(|member| member.binding == Binding::Body)
        {
            return Err(format!("{payload} is bound to the whole body, but {} is a key of the body", member.name));
        }
        Ok(Members::new(list))
    }

    fn member(&mut self, name: &str, definition: &AstMember, ignored: &[&str]) -> Lowered<Member> {
        let traits = &definition.traits;
        let has = |id: &str| traits.contains_key(id) && !ignored.contains(&id);
        let text = |id: &str| traits.get(id).and_then(Value::as_str).filter(|_| has(id));
        let json_name = text("smithy.api#jsonName").unwrap_or(name).to_owned();
        let mut bindings = Vec::new();
        if has("smithy.api#httpLabel") {
            bindings.push(Binding::Label(name.to_owned()));
        }
        if let Some(key) = text("smithy.api#httpQuery") {
            bindings.push(Binding::Query(key.to_owned()));
        }
        if has("smithy.api#httpQueryParams") {
            bindings.push(Binding::QueryParams);
        }
        if let Some(header) = text("smithy.api#httpHeader") {
            bindings.push(Binding::Header(header.to_ascii_lowercase()));
        }
        if let Some(prefix) = text("smithy.api#httpPrefixHeaders") {
            bindings.push(Binding::PrefixHeaders(prefix.to_ascii_lowercase()));
        }
        if has("smithy.api#httpPayload") {
            bindings.push(Binding::Payload);
        }
        if has("smithy.api#httpResponseCode") {
            bindings.push(Binding::StatusCode);
        }
        if bindings.len() > 1 {
            return Err(format!("is bound to {} places of the HTTP message", bindings.len()));
        }
        let binding = bindings.pop().unwrap_or(Binding::Body);
        let mut slot = self.slot(definition)?;
        let required = traits.contains_key("smithy.api#required");
        let is_list = self.ast.shapes.get(&definition.target).is_some_and(|target| target.kind == "list");
        // An empty label gives another path, and an empty list of query parameters is an absent one.
        if matches!(binding, Binding::Label(_)) || (required && is_list && matches!(binding, Binding::Query(_))) {
            let length = slot.traits.length.get_or_insert_with(Bounds::default);
            length.min = Some(length.min.unwrap_or(0).max(1));
        }
        // An HTTP status has three digits (RFC 9110, section 15).
        if binding == Binding::StatusCode {
            let kind = self.kind_of(&definition.target);
            if !WHOLE_NUMBERS.contains(&kind) {
                return Err(format!("is bound to the response status, but is a {kind}, not an integer"));
            }
            let range = slot.traits.range.get_or_insert_with(Bounds::default);
            range.min = Some(range.min.unwrap_or(100.0).max(100.0));
            range.max = Some(range.max.unwrap_or(599.0).min(599.0));
            check_order(*range, "range of a status")?;
        }
        Ok(Member {
            name: name.to_owned(),
            json_name,
            slot,
            required,
            binding,
            idempotency_token: traits.contains_key("smithy.api#idempotencyToken"),
            client_fills: !traits.contains_key("smithy.api#clientOptional"),
            deprecated: traits.contains_key("smithy.api#deprecated"),
        })
    }

    /// Type of a target, which may be a prelude shape; empty if it is not defined.
    fn kind_of(&self, target: &str) -> &str {
        let prelude = || PRELUDE.iter().find(|(id, _)| *id == target).map(|(_, kind)| *kind);
        self.ast.shapes.get(target).map(|shape| shape.kind.as_str()).or_else(prelude).unwrap_or_default()
    }

    fn slot(&mut self, definition: &AstMember) -> Lowered<Slot> {
        let target = *self
            .ids
            .get(definition.target.as_str())
            .ok_or_else(|| format!("refers to {}, which is not defined", definition.target))?;
        let shape = self.ast.shapes.get(&definition.target);
        let traits = self.slot_traits(&definition.traits, shape.map(|shape| &shape.traits))?;
        if let Some(range) = traits.range.filter(|_| WHOLE_NUMBERS.contains(&self.kind_of(&definition.target))) {
            let (min, max) = (range.min.unwrap_or(f64::MIN), range.max.unwrap_or(f64::MAX));
            if min.ceil() > max.floor() {
                return Err(format!("no whole number lies in the range from {min} to {max}"));
            }
        }
        Ok(Slot { target, traits })
    }

    /// Traits of a position: `own` traits take precedence over those of the `target`.
    fn slot_traits(&mut self, own: &Traits, target: Option<&Traits>) -> Lowered<SlotTraits> {
        let find = |id: &str| own.get(id).or_else(|| target.and_then(|traits| traits.get(id)));
        let mut slot = SlotTraits::default();
        if let Some(length) = find("smithy.api#length") {
            let side = |key: &str| match length.get(key) {
                None | Some(Value::Null) => Ok(None),
                Some(value) => value
                    .as_u64()
                    .or_else(|| value.as_f64().filter(|f| *f >= 0.0 && f.fract() == 0.0).map(|f| f as u64))
                    .map(Some)
                    .ok_or_else(|| format!("length.{key} is {value}, not a non-negative whole number")),
            };
            let bounds = Bounds { min: side("min")?, max: side("max")? };
            check_order(bounds, "length")?;
            slot.length = Some(bounds);
        }
        if let Some(range) = find("smithy.api#range") {
            let side = |key: &str| match range.get(key) {
                None | Some(Value::Null) => Ok(None),
                Some(Value::String(text)) => {
                    text.parse::<f64>().map(Some).map_err(|_| format!("range.{key} is {text:?}, not a number"))
                }
                Some(value) => value.as_f64().map(Some).ok_or_else(|| format!("range.{key} is {value}, not a number")),
            };
            let bounds = Bounds { min: side("min")?, max: side("max")? };
            check_order(bounds, "range")?;
            slot.range = Some(bounds);
        }
        if let Some(pattern) = find("smithy.api#pattern") {
            let source = pattern.as_str().ok_or_else(|| format!("pattern is {pattern}, not a string"))?;
            slot.pattern = Some(self.pattern(source));
        }
        slot.unique_items = find("smithy.api#uniqueItems").is_some();
        if let Some(format) = find("smithy.api#timestampFormat") {
            slot.timestamp_format = Some(match format.as_str() {
                Some("epoch-seconds") => TimestampFormat::EpochSeconds,
                Some("date-time") => TimestampFormat::DateTime,
                Some("http-date") => TimestampFormat::HttpDate,
                _ => return Err(format!("unknown timestampFormat {format}")),
            });
        }
        slot.media_type = find("smithy.api#mediaType").and_then(Value::as_str).map(str::to_owned);
        slot.default = find("smithy.api#default").filter(|value| !value.is_null()).cloned();
        slot.sensitive = find("smithy.api#sensitive").is_some();
        Ok(slot)
    }

    fn pattern(&mut self, source: &str) -> PatternId {
        if let Some(id) = self.pattern_index.get(source) {
            return *id;
        }
        let id = PatternId(self.patterns.len() as u32);
        self.patterns.push(Pattern::new(&in_ecma(source)));
        self.pattern_index.insert(source.to_owned(), id);
        id
    }
}

fn check_order<T: PartialOrd + std::fmt::Display>(bounds: Bounds<T>, what: &str) -> Lowered<()> {
    match (&bounds.min, &bounds.max) {
        (Some(min), Some(max)) if min > max => {
            assert!(!planted::is("model_load"), "the min of {what} is above its max");
            Err(format!("{what} has min {min} above max {max}: no value satisfies it"))
        }
        _ => Ok(()),
    }
}
