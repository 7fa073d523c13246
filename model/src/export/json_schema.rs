//! JSON Schema 2020-12 of the *value* form: member names as keys, path and query members beside those of the body.
//!
//! It says everything that the dialect can say about a value; [`EXCEPTIONS`] is the list of what it cannot. Unknown
//! members are allowed, null optional members are absent, as restJson1 has it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::generate::Side;
use crate::schema::{
    Bounds, Kind, Member, Members, Number, OperationId, Schema, ShapeId, Slot, SlotTraits, TimestampFormat,
};
use crate::validate::ViolationKind;

/// The dialect of every document.
pub const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Something in which an exported schema and native validation differ, and why.
#[derive(Clone, Copy, Debug)]
pub struct Exception {
    /// Stable id.
    pub id: &'static str,
    /// Kinds of violation that it is about.
    pub kinds: &'static [ViolationKind],
    /// The only side that it is about; both if none.
    pub side: Option<Side>,
    /// What the schema admits or refuses differently.
    pub difference: &'static str,
    /// Why.
    pub reason: &'static str,
}

/// Where exported schemas differ from native validation. A judge that compares the two needs no other excuse.
pub const EXCEPTIONS: &[Exception] = &[
    Exception {
        id: "open-enum",
        kinds: &[ViolationKind::EnumUnknown, ViolationKind::EnumCase],
        side: Some(Side::Output),
        difference: "any text is admitted; the known values are given as examples",
        reason: "a server may know newer values than the model, and a client must survive them",
    },
    Exception {
        id: "open-union",
        kinds: &[ViolationKind::UnionNone],
        side: Some(Side::Output),
        difference: "a union with an unknown member and no known one is admitted",
        reason: "a server may know newer members than the model, and a client must survive them",
    },
    Exception {
        id: "integer-spelling",
        kinds: &[ViolationKind::NotInteger],
        side: None,
        difference: "1.0 and 1e2 are admitted as integers",
        reason: "JSON Schema compares numbers by value, restJson1 servers refuse the spelling",
    },
    Exception {
        id: "blob-length",
        kinds: &[ViolationKind::LengthMin, ViolationKind::LengthMax],
        side: None,
        difference: "up to two bytes too few or too many are admitted",
        reason: "the dialect counts characters of base64, which come in fours for three bytes",
    },
    Exception {
        id: "calendar",
        kinds: &[ViolationKind::TimestampFormat],
        side: None,
        difference: "30 February, and a wrong day of the week, are admitted in textual timestamps",
        reason: "a pattern knows no calendar",
    },
    Exception {
        id: "unreadable-pattern",
        kinds: &[ViolationKind::Pattern],
        side: None,
        difference: "a pattern that no engine reads is left out, with a $comment",
        reason: "a validator would refuse the whole document for it",
    },
    Exception {
        id: "dot",
        kinds: &[ViolationKind::Pattern],
        side: None,
        difference: "validators built on Rust's regex engines let a dot match CR, U+2028 and U+2029",
        reason: "the schema is right: the dialect asks for ECMAScript, where these end a line; the engine is another",
    },
    Exception {
        id: "class-escape",
        kinds: &[ViolationKind::Pattern],
        side: None,
        difference: "validators built on Rust's regex engines let `\\S` match U+FEFF and `\\d` digits of every script, and \
                     refuse U+0085 for `\\S`, in patterns with look-around",
        reason: "the schema is right: the dialect asks for ECMAScript; the engine goes by Unicode",
    },
];

/// A self-contained schema for one side of an operation.
///
/// On [`Side::Input`] enums are closed and a union has exactly one known member. On [`Side::Output`] both are open to
/// newer members; all other constraints are the same, and how grave it is to break one is the caller's business.
pub fn json_schema(schema: &Schema, operation: OperationId, side: Side) -> Value {
    let name = side_name(&schema[operation].name, side);
    let mut builder = Builder::new(schema, Keys::Members, "#/$defs/");
    builder.operation(operation, side);
    json!({
        "$schema": DIALECT,
        "$id": format!("{}:{name}", urn(schema)),
        "$ref": format!("#/$defs/{name}"),
        "$defs": builder.finish(),
    })
}

/// One document for both sides of several operations: `$defs` holds `CreateRule.input`, `CreateRule.output` and
/// everything that they reach. A shape has one entry under its name; one that reads differently as output (see
/// [`json_schema`]) has a second under `Name.output`.
pub fn document(schema: &Schema, operations: &[OperationId]) -> Value {
    let mut builder = Builder::new(schema, Keys::Members, "#/$defs/");
    for operation in operations {
        builder.operation(*operation, Side::Input);
        builder.operation(*operation, Side::Output);
    }
    json!({
        "$schema": DIALECT,
        "$id": urn(schema),
        "$comment": format!("exported from a model of {} {}, sha256 {}", schema.service.name, schema.service.version, schema.digest),
        "$defs": builder.finish(),
    })
}

fn urn(schema: &Schema) -> String {
    let word = |text: &str| text.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric() && c != '-', "-");
    format!("urn:connect-model:{}:{}", word(&schema.service.sdk_id), word(&schema.service.version))
}

/// Key under which one side of an operation stands, for example `CreateRule.input`.
pub(super) fn side_name(operation: &str, side: Side) -> String {
    match side {
        Side::Input => format!("{operation}.input"),
        Side::Output => format!("{operation}.output"),
    }
}

/// Which names structures have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keys {
    /// Member names: the value form.
    Members,
    /// `jsonName`s: the body on the wire.
    Json,
}

/// Collects definitions until nothing refers to a missing one.
pub(super) struct Builder<'s> {
    schema: &'s Schema,
    keys: Keys,
    /// What `$ref`s begin with.
    root: &'static str,
    /// Shapes that read differently as input and as output.
    sided: BTreeSet<ShapeId>,
    definitions: BTreeMap<String, Value>,
    queue: Vec<(ShapeId, Side)>,
    seen: BTreeSet<(ShapeId, bool)>,
}

impl<'s> Builder<'s> {
    pub(super) fn new(schema: &'s Schema, keys: Keys, root: &'static str) -> Self {
        Self {
            schema,
            keys,
            root,
            sided: sided(schema),
            definitions: BTreeMap::new(),
            queue: Vec::new(),
            seen: BTreeSet::new(),
        }
    }

    /// Adds the definition of one side of an operation, every binding included.
    pub(super) fn operation(&mut self, operation: OperationId, side: Side) {
        let operation = &self.schema[operation];
        let shape = match side {
            Side::Input => operation.input,
            Side::Output => operation.output,
        };
        let schema = self.schema;
        let members: Vec<&Member> = shape.and_then(|id| schema[id].kind.members()).into_iter().flatten().collect();
        let definition = self.structure(&members, side);
        self.define(side_name(&operation.name, side), definition);
    }

    /// Adds a definition of the caller's own making; gives the `$ref` to it.
    pub(super) fn define(&mut self, name: String, definition: Value) -> Value {
        let reference = json!({"$ref": format!("{}{name}", self.root)});
        self.definitions.insert(name, definition);
        reference
    }

    /// All definitions, with everything that they refer to.
    pub(super) fn finish(mut self) -> Value {
        while let Some((id, side)) = self.queue.pop() {
            let schema = self.schema;
            let definition = self.inline(&schema.slot_of(id), side);
            let name = self.name(id, side);
            self.definitions.insert(name, definition);
        }
        Value::Object(self.definitions.into_iter().collect())
    }

    /// A `$ref` to a shape, whose definition will be there in the end.
    pub(super) fn reference(&mut self, id: ShapeId, side: Side) -> Value {
        if self.seen.insert((id, side == Side::Output && self.sided.contains(&id))) {
            self.queue.push((id, side));
        }
        json!({"$ref": format!("{}{}", self.root, self.name(id, side))})
    }

    fn name(&self, id: ShapeId, side: Side) -> String {
        let name = &self.schema[id].name;
        match side {
            Side::Output if self.sided.contains(&id) => format!("{name}.output"),
            _ => name.clone(),
        }
    }

    /// A non-null value in a slot: by reference where the shape has a definition and the slot adds nothing to it.
    pub(super) fn slot(&mut self, slot: &Slot, side: Side) -> Value {
        let shape = &self.schema[slot.target];
        match &shape.kind {
            Kind::Structure(_) | Kind::Union(_) | Kind::Enum(_) | Kind::IntEnum(_) => self.reference(slot.target, side),
            Kind::List(_) | Kind::Map(_) if same_size(&slot.traits, &shape.base) => self.reference(slot.target, side),
            _ => self.inline(slot, side),
        }
    }

    /// A structure of some members.
    pub(super) fn structure(&mut self, members: &[&Member], side: Side) -> Value {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for member in members {
            let key = match self.keys {
                Keys::Members => &member.name,
                Keys::Json => &member.json_name,
            };
            let mut value = self.slot(&member.slot, side);
            if member.required {
                required.push(key.as_str());
                if matches!(self.schema[member.slot.target].kind, Kind::Document) {
                    value = json!({"not": {"type": "null"}});
                }
            } else {
                value = nullable(value);
            }
            if member.deprecated {
                put(&mut value, "deprecated", true);
            }
            properties.insert(key.clone(), value);
        }
        let mut structure = json!({"type": "object"});
        if !properties.is_empty() {
            put(&mut structure, "properties", properties);
        }
        if !required.is_empty() {
            put(&mut structure, "required", required);
        }
        structure
    }

    fn inline(&mut self, slot: &Slot, side: Side) -> Value {
        let schema = self.schema;
        let traits = &slot.traits;
        match &schema[slot.target].kind {
            Kind::Structure(members) => self.structure(&members.iter().collect::<Vec<_>>(), side),
            Kind::Union(members) => self.union(members, side),
            Kind::List(list) => {
                let items = self.slot(&list.member, side);
                let mut value = json!({"type": "array", "items": if list.sparse { nullable(items) } else { items }});
                limits(&mut value, traits.length, "minItems", "maxItems");
                if traits.unique_items {
                    put(&mut value, "uniqueItems", true);
                }
                value
            }
            Kind::Map(map) => {
                let (keys, values) = (self.slot(&map.key, side), self.slot(&map.value, side));
                let values = if map.sparse { nullable(values) } else { values };
                let mut value = json!({"type": "object", "additionalProperties": values});
                if keys != json!({"type": "string"}) {
                    put(&mut value, "propertyNames", keys);
                }
                limits(&mut value, traits.length, "minProperties", "maxProperties");
                value
            }
            Kind::String => self.string(traits),
            Kind::Enum(values) => match side {
                Side::Input => json!({"type": "string", "enum": values}),
                Side::Output => json!({"type": "string", "examples": values}),
            },
            Kind::IntEnum(values) => match side {
                Side::Input => json!({"type": "integer", "enum": values}),
                Side::Output => {
                    let mut integer = self::number(Number::Integer, None);
                    integer["examples"] = json!(values);
                    integer
                }
            },
            Kind::Number(number) => self::number(*number, traits.range),
            Kind::Boolean => json!({"type": "boolean"}),
            Kind::Timestamp => timestamp(traits.timestamp_format),
            Kind::Blob => blob(traits.length),
            Kind::Document => json!(true),
            Kind::Unit => json!({"type": "object"}),
        }
    }

    fn string(&self, traits: &SlotTraits) -> Value {
        let mut value = json!({"type": "string"});
        limits(&mut value, traits.length, "minLength", "maxLength");
        if let Some(pattern) = traits.pattern.map(|id| &self.schema[id]) {
            match pattern.problem() {
                // Tools of OpenAPI read patterns with whatever engine their language has.
                None if self.keys == Keys::Json => put(&mut value, "pattern", pattern.without_properties()),
                None => put(&mut value, "pattern", pattern.source()),
                Some(problem) => {
                    put(&mut value, "$comment", format!("pattern {:?} is left out: {problem}", pattern.source()));
                }
            }
        }
        value
    }

    fn union(&mut self, members: &Members, side: Side) -> Value {
        let all: Vec<&Member> = members.iter().collect();
        let key = |member: &Member| match self.keys {
            Keys::Members => member.name.clone(),
            Keys::Json => member.json_name.clone(),
        };
        let mut choices: Vec<Value> = all
            .iter()
            .map(|member| json!({"required": [key(member)], "properties": {key(member): {"not": {"type": "null"}}}}))
            .collect();
        if side == Side::Output {
            // No known member, and an unknown one that is there.
            let known: Map<String, Value> = all.iter().map(|member| (key(member), json!({"type": "null"}))).collect();
            let mut ignored = known.clone();
            ignored.insert("__type".to_owned(), json!(true));
            let nothing_else = json!({"properties": ignored, "additionalProperties": {"type": "null"}});
            choices.push(json!({"properties": known, "not": nothing_else}));
        }
        let mut value = self.structure(&all, side);
        put(&mut value, "oneOf", choices);
        value
    }
}

/// Shapes whose schema depends on the side: enums, unions, and what contains one.
fn sided(schema: &Schema) -> BTreeSet<ShapeId> {
    let mut users: BTreeMap<ShapeId, Vec<ShapeId>> = BTreeMap::new();
    let mut queue = Vec::new();
    for (id, shape) in schema.shapes() {
        let mut uses = |target: ShapeId| users.entry(target).or_default().push(id);
        match &shape.kind {
            Kind::Structure(members) | Kind::Union(members) => members.iter().for_each(|m| uses(m.slot.target)),
            Kind::List(list) => uses(list.member.target),
            Kind::Map(map) => [&map.key, &map.value].into_iter().for_each(|slot| uses(slot.target)),
            _ => {}
        }
        if matches!(shape.kind, Kind::Enum(_) | Kind::IntEnum(_) | Kind::Union(_)) {
            queue.push(id);
        }
    }
    let mut sided = BTreeSet::new();
    while let Some(id) = queue.pop() {
        if sided.insert(id) {
            queue.extend(users.get(&id).into_iter().flatten());
        }
    }
    sided
}

fn same_size(a: &SlotTraits, b: &SlotTraits) -> bool {
    a.length == b.length && a.unique_items == b.unique_items
}

fn number(number: Number, range: Option<Bounds<f64>>) -> Value {
    let range = range.unwrap_or_default();
    if let Some((low, high)) = number.integer_limits() {
        // `as` saturates, which is what a bound beyond the type means.
        let min = range.min.map_or(low, |min| (min.ceil() as i64).max(low));
        let max = range.max.map_or(high, |max| (max.floor() as i64).min(high));
        return json!({"type": "integer", "minimum": min, "maximum": max});
    }
    let mut value = match number {
        // Each keyword speaks of its own type only: bounds of numbers, the pattern of text.
        Number::Float | Number::Double => json!({"type": ["number", "string"], "pattern": "^(NaN|-?Infinity)$"}),
        _ => json!({"type": "number"}),
    };
    let limit = (number == Number::Float).then_some(f64::from(f32::MAX));
    if let Some(min) = range.min.or(limit.map(|max| -max)) {
        put(&mut value, "minimum", json_number(min));
    }
    if let Some(max) = range.max.or(limit) {
        put(&mut value, "maximum", json_number(max));
    }
    value
}

fn json_number(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 9.0e15 { Value::from(number as i64) } else { Value::from(number) }
}

fn timestamp(format: Option<TimestampFormat>) -> Value {
    match format {
        None | Some(TimestampFormat::EpochSeconds) => json!({"type": "number"}),
        Some(TimestampFormat::DateTime) => json!({"type": "string", "pattern": concat!(
            "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])",
            "T([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)([.][0-9]+)?Z$")}),
        Some(TimestampFormat::HttpDate) => json!({"type": "string", "pattern": concat!(
            "^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), (0[1-9]|[12][0-9]|3[01]) ",
            "(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [0-9]{4} ",
            "([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)([.][0-9]+)? GMT$")}),
    }
}

fn blob(length: Option<Bounds<u64>>) -> Value {
    let mut value = json!({"type": "string", "contentEncoding": "base64", "pattern":
        "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$"});
    let characters = |bytes: u64| bytes.div_ceil(3).saturating_mul(4);
    let length = length.unwrap_or_default();
    let length = Bounds { min: length.min.map(characters), max: length.max.map(characters) };
    limits(&mut value, Some(length), "minLength", "maxLength");
    value
}

fn limits(value: &mut Value, bounds: Option<Bounds<u64>>, min: &str, max: &str) {
    let bounds = bounds.unwrap_or_default();
    if let Some(least) = bounds.min.filter(|least| *least > 0) {
        put(value, min, least);
    }
    if let Some(most) = bounds.max {
        put(value, max, most);
    }
}

/// The same, or null. Keywords other than `type` and `enum` speak of one type only and let null pass.
fn nullable(mut value: Value) -> Value {
    if value.get("$ref").is_some() {
        return json!({"anyOf": [value, {"type": "null"}]});
    }
    match value.get_mut("type") {
        Some(Value::Array(types)) => types.push("null".into()),
        Some(kind) => *kind = json!([kind.take(), "null"]),
        None => {}
    }
    if let Some(Value::Array(values)) = value.get_mut("enum") {
        values.push(Value::Null);
    }
    value
}

fn put(value: &mut Value, key: &str, to: impl Into<Value>) {
    if let Value::Object(map) = value {
        map.insert(key.to_owned(), to.into());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use jsonschema::Validator;

    use super::*;

    fn judge(operation: &str, side: Side) -> Validator {
        let schema = Schema::connect();
        let exported = json_schema(schema, schema.operation_named(operation).unwrap(), side);
        jsonschema::draft202012::new(&exported).unwrap_or_else(|error| panic!("{operation} {side:?}: {error}"))
    }

    #[test]
    fn one_document_has_no_dangling_reference_and_agrees_with_the_single_ones() {
        let schema = Schema::connect();
        let all: Vec<OperationId> = schema.operations().map(|(id, _)| id).collect();
        let document = document(schema, &all);
        let definitions = document["$defs"].as_object().unwrap();
        let mut queue: Vec<&Value> = definitions.values().collect();
        while let Some(value) = queue.pop() {
            if let Some(reference) = value.get("$ref") {
                let name = reference.as_str().unwrap().strip_prefix("#/$defs/").unwrap();
                assert!(definitions.contains_key(name), "{name}");
            }
            match value {
                Value::Object(map) => queue.extend(map.values()),
                Value::Array(items) => queue.extend(items),
                _ => {}
            }
        }
        for id in all {
            for side in [Side::Input, Side::Output] {
                for (name, definition) in json_schema(schema, id, side)["$defs"].as_object().unwrap() {
                    assert_eq!(definition, &definitions[name], "{name}");
                }
            }
        }
    }

    fn hand_made(operation: &str, side: Side, valid: Value, broken: &[(&str, Value)]) {
        let judge = judge(operation, side);
        let first = judge.validate(&valid).err().map(|error| error.to_string());
        assert_eq!(first, None, "{operation}: {valid}");
        for (pointer, replacement) in broken {
            let mut value = valid.clone();
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            let parent = value.pointer_mut(parent).unwrap().as_object_mut().unwrap();
            if *replacement == json!("(absent)") {
                parent.remove(key);
            } else {
                parent.insert(key.to_owned(), replacement.clone());
            }
            assert!(!judge.is_valid(&value), "{operation}: {pointer} = {replacement} passes");
        }
    }

    #[test]
    fn create_rule_is_judged_as_the_model_says() {
        let valid = json!({
            "InstanceId": "i", "Name": "n", "Function": "{}", "PublishStatus": "DRAFT", "ClientToken": null,
            "TriggerEventSource": {"EventSourceName": "OnCaseCreate", "Unknown": 1},
            "Actions": [{"ActionType": "ASSIGN_SLA", "AssignSlaAction": {"SlaAssignmentType": "CASES",
                "CaseSlaConfiguration": {"Name": "s", "Type": "CaseField", "TargetSlaMinutes": 1,
                    "TargetFieldValues": [{"DoubleValue": "NaN"}]}}}]
        });
        let sla = "/Actions/0/AssignSlaAction/CaseSlaConfiguration";
        hand_made(
            "CreateRule",
            Side::Input,
            valid,
            &[
                ("/Name", json!("(absent)")),
                ("/Name", Value::Null),
                ("/Name", json!("")),
                ("/Name", json!("a".repeat(201))),
                ("/Name", json!(1)),
                ("/InstanceId", json!("")),
                ("/PublishStatus", json!("draft")),
                ("/Actions", json!([null])),
                ("/Tags", json!({"aws:x": "y"})),
                ("/Tags", json!({"x": null})),
                ("/TriggerEventSource/EventSourceName", json!("Never")),
                (&format!("{sla}/TargetSlaMinutes"), json!(0)),
                (&format!("{sla}/TargetSlaMinutes"), json!(1.5)),
                (&format!("{sla}/TargetFieldValues"), json!([{"DoubleValue": 1}, {"DoubleValue": 2}])),
                (&format!("{sla}/TargetFieldValues"), json!([{"DoubleValue": "one"}])),
            ],
        );
    }

    #[test]
    fn create_contact_flow_is_judged_as_the_model_says() {
        let valid = json!({"InstanceId": "i", "Name": "n", "Type": "CONTACT_FLOW", "Content": "{}", "Tags": {"a": ""}});
        let broken = [
            ("/Type", json!("FLOW")),
            ("/Content", Value::Null),
            ("/Tags", json!({})),
            ("/Tags", json!([])),
            ("/Status", json!("DRAFT")),
        ];
        hand_made("CreateContactFlow", Side::Input, valid, &broken);
    }

    #[test]
    fn search_contact_flows_is_judged_as_the_model_says() {
        let valid = json!({"InstanceId": "i", "MaxResults": 100, "SearchCriteria": {"AndConditions": [
            {"OrConditions": [{"StringCondition": {"FieldName": "name", "ComparisonType": "EXACT"}}]}]}});
        let nested = "/SearchCriteria/AndConditions/0/OrConditions/0/StringCondition/ComparisonType";
        let judge = judge("SearchContactFlows", Side::Input);
        assert!(judge.is_valid(&valid));
        for number in [json!(0), json!(101), json!("1"), json!(4_294_967_296_u64)] {
            let mut value = valid.clone();
            value["MaxResults"] = number;
            assert!(!judge.is_valid(&value), "{value}");
        }
        let mut value = valid;
        *value.pointer_mut(nested).unwrap() = json!("LIKE");
        assert!(!judge.is_valid(&value), "recursion is followed");
        let output = json!({"ContactFlows": [{"Type": "FUTURE", "LastModifiedTime": 1.73229019499E9}],
            "ApproximateTotalCount": 1});
        let broken = [("/ApproximateTotalCount", json!(9_223_372_036_854_775_808_u64)), ("/ContactFlows", json!({}))];
        hand_made("SearchContactFlows", Side::Output, output, &broken);
    }

    #[test]
    fn unions_are_closed_as_input_and_open_as_output() {
        let schema = Schema::connect();
        let reason = schema.shape_named("InvalidRequestExceptionReason").unwrap();
        let verdicts = |side| {
            let mut builder = Builder::new(schema, Keys::Members, "#/$defs/");
            let root = builder.reference(reason, side);
            let document = json!({"$ref": root["$ref"], "$defs": builder.finish()});
            let judge = jsonschema::draft202012::new(&document).unwrap();
            let known = "AttachedFileInvalidRequestExceptionReason";
            [
                json!({known: "INVALID_FILE_TYPE", "Other": null}),
                json!({}),
                json!({known: null, "__type": "x"}),
                json!({"Other": 1}),
                json!([]),
            ]
            .map(|value| judge.is_valid(&value))
        };
        assert_eq!(verdicts(Side::Input), [true, false, false, false, false]);
        assert_eq!(verdicts(Side::Output), [true, false, false, true, false]);
    }
}
