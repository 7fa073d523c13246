//! Conversion of AWS's `service-2.json` and `paginators-1.json`, as in botocore, to Smithy JSON AST.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{ImportError, Source};
use crate::ast::{Ast, AstMember, AstShape, Reference, Traits};
use crate::text::json_type;

/// Converts a service description with its pagination.
pub(super) fn import(
    source: &Source,
    model: &Value,
    paginators: Option<(&Source, &Value)>,
) -> Result<Ast, ImportError> {
    let fail = |what: String| ImportError::Malformed { name: source.name.clone(), what };
    let importer = Importer::new(model).map_err(fail)?;
    let mut ast = importer.run(model).map_err(fail)?;
    if let Some((source, value)) = paginators {
        importer
            .paginate(&mut ast, value)
            .map_err(|what| ImportError::Malformed { name: source.name.clone(), what })?;
    }
    Ok(ast)
}

struct Importer<'m> {
    namespace: String,
    service_name: String,
    operations: &'m Map<String, Value>,
}

impl<'m> Importer<'m> {
    fn new(model: &'m Value) -> Result<Self, String> {
        let metadata = object(model, "metadata", "the model")?;
        let service_id = text(metadata, "serviceId")
            .or_else(|| text(metadata, "serviceAbbreviation"))
            .or_else(|| text(metadata, "endpointPrefix"))
            .ok_or("metadata has neither serviceId, serviceAbbreviation nor endpointPrefix")?;
        let compact: String = service_id.chars().filter(char::is_ascii_alphanumeric).collect();
        let namespace = format!("com.amazonaws.{}", compact.to_lowercase());
        let operations = object(model, "operations", "the model")?;
        let taken = |name: &str| model["shapes"].get(name).is_some() || operations.contains_key(name);
        let service_name = if taken(&compact) { format!("{compact}Service") } else { compact };
        Ok(Self { namespace, service_name, operations })
    }

    fn id(&self, name: &str) -> String {
        format!("{}#{name}", self.namespace)
    }

    /// Returns the id of a data shape. Smithy has one namespace for shapes and operations, this format has two, so a data
    /// shape with the name of an operation gets a suffix.
    fn shape_id(&self, name: &str) -> String {
        let suffix = if self.operations.contains_key(name) { "Shape" } else { "" };
        format!("{}#{name}{suffix}", self.namespace)
    }

    fn run(&self, model: &Value) -> Result<Ast, String> {
        let definitions = object(model, "shapes", "the model")?;
        let mut shapes = BTreeMap::new();
        for (name, definition) in definitions {
            let shape = self.shape(name, definition, definitions).map_err(|what| format!("shape {name}: {what}"))?;
            let id = self.shape_id(name);
            if shapes.contains_key(&id) {
                return Err(format!("shape {name} has the name of an operation, and its replacement {id} also exists"));
            }
            shapes.insert(id, shape);
        }
        let mut service = self.service(model)?;
        for (name, definition) in self.operations {
            let operation =
                self.operation(definition, definitions).map_err(|what| format!("operation {name}: {what}"))?;
            if shapes.insert(self.id(name), operation).is_some() {
                return Err(format!("{name} names both an operation and a shape"));
            }
            service.operations.push(Reference::to(self.id(name)));
        }
        shapes.insert(self.id(&self.service_name), service);
        for (id, shape) in &shapes {
            let members = shape.members.values().chain(&shape.member).chain(&shape.key).chain(&shape.value);
            for target in members
                .map(|m| &m.target)
                .chain(shape.input.iter().chain(&shape.output).chain(&shape.errors).map(|r| &r.target))
            {
                if !target.starts_with("smithy.api#") && !shapes.contains_key(target) {
                    return Err(format!("{id} refers to {target}, which is not defined"));
                }
            }
        }
        Ok(Ast { smithy: "2.0".to_owned(), metadata: BTreeMap::new(), shapes })
    }

    fn service(&self, model: &Value) -> Result<AstShape, String> {
        let metadata = object(model, "metadata", "the model")?;
        let mut service = AstShape::of("service");
        service.version = text(metadata, "apiVersion").map(str::to_owned);
        let protocols: Vec<&str> = metadata
            .get("protocols")
            .and_then(Value::as_array)
            .map(|list| list.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let protocol = text(metadata, "protocol").unwrap_or_default();
        if protocol != "rest-json" && !protocols.contains(&"rest-json") {
            return Err(format!(
                "the service has protocol {:?}; this harness supports only \"rest-json\" (restJson1)",
                if protocol.is_empty() { "(none named)" } else { protocol }
            ));
        }
        service.traits.insert("aws.protocols#restJson1".to_owned(), json!({}));
        let mut aws = Map::new();
        if let Some(id) = text(metadata, "serviceId") {
            aws.insert("sdkId".to_owned(), id.into());
        }
        if let Some(prefix) = text(metadata, "endpointPrefix") {
            aws.insert("endpointPrefix".to_owned(), prefix.into());
        }
        service.traits.insert("aws.api#service".to_owned(), Value::Object(aws));
        if let Some(name) = text(metadata, "signingName").or_else(|| text(metadata, "endpointPrefix")) {
            service.traits.insert("aws.auth#sigv4".to_owned(), json!({ "name": name }));
        }
        Ok(service)
    }

    fn operation(&self, definition: &Value, all: &Map<String, Value>) -> Result<AstShape, String> {
        let mut operation = AstShape::of("operation");
        let reference = |value: &Value, what: &str| {
            value
                .get("shape")
                .and_then(Value::as_str)
                .map(|name| Reference::to(self.shape_id(name)))
                .ok_or_else(|| format!("{what} has no shape"))
        };
        operation.input = Some(match definition.get("input") {
            Some(input) => reference(input, "input")?,
            None => Reference::to("smithy.api#Unit"),
        });
        operation.output = Some(match definition.get("output") {
            Some(output) => reference(output, "output")?,
            None => Reference::to("smithy.api#Unit"),
        });
        for error in definition.get("errors").and_then(Value::as_array).into_iter().flatten() {
            operation.errors.push(reference(error, "an error")?);
        }
        let http = definition.get("http").ok_or("no http binding")?;
        let mut binding = Map::new();
        for (from, to) in [("method", "method"), ("requestUri", "uri")] {
            let value = http.get(from).and_then(Value::as_str).ok_or_else(|| format!("http has no {from}"))?;
            binding.insert(to.to_owned(), value.into());
        }
        let input = definition.pointer("/input/shape").and_then(Value::as_str).and_then(|name| all.get(name));
        if let (Some(uri), Some(input)) = (binding.get_mut("uri"), input) {
            *uri = by_member_name(uri.as_str().unwrap_or_default(), input).into();
        }
        binding.insert("code".to_owned(), http.get("responseCode").cloned().unwrap_or_else(|| 200.into()));
        operation.traits.insert("smithy.api#http".to_owned(), Value::Object(binding));
        for flag in ["idempotent", "readonly"] {
            if is_true(definition, flag) {
                operation.traits.insert(format!("smithy.api#{flag}"), json!({}));
            }
        }
        if let Some(prefix) = definition.pointer("/endpoint/hostPrefix") {
            operation.traits.insert("smithy.api#endpoint".to_owned(), json!({ "hostPrefix": prefix }));
        }
        if definition.get("authtype").and_then(Value::as_str) == Some("none") {
            operation.traits.insert("smithy.api#auth".to_owned(), json!([]));
        }
        deprecation(definition, &mut operation.traits);
        Ok(operation)
    }

    fn shape(&self, name: &str, definition: &Value, all: &Map<String, Value>) -> Result<AstShape, String> {
        let kind = definition.get("type").and_then(Value::as_str).ok_or("no type")?;
        let mut shape = AstShape::of(match kind {
            "structure" if is_true(definition, "document") => "document",
            "structure" if is_true(definition, "union") => "union",
            "bigdecimal" => "bigDecimal",
            "biginteger" => "bigInteger",
            "character" => "string",
            "structure" | "list" | "map" | "string" | "blob" | "boolean" | "byte" | "short" | "integer" | "long"
            | "float" | "double" | "timestamp" | "bigDecimal" | "bigInteger" => kind,
            other => return Err(format!("unknown type {other:?}")),
        });
        let traits = &mut shape.traits;
        for (flag, id) in [
            ("sensitive", "smithy.api#sensitive"),
            ("box", "smithy.api#box"),
            ("streaming", "smithy.api#streaming"),
            ("eventstream", "smithy.api#streaming"),
            ("sparse", "smithy.api#sparse"),
            ("requiresLength", "smithy.api#requiresLength"),
        ] {
            if is_true(definition, flag) {
                traits.insert(id.to_owned(), json!({}));
            }
        }
        deprecation(definition, traits);
        if let Some(pattern) = definition.get("pattern") {
            traits.insert("smithy.api#pattern".to_owned(), pattern.clone());
        }
        if let Some(format) = definition.get("timestampFormat").and_then(Value::as_str) {
            traits.insert("smithy.api#timestampFormat".to_owned(), timestamp_format(format)?.into());
        }
        let mut bounds = Map::new();
        for bound in ["min", "max"] {
            if let Some(value) = definition.get(bound) {
                bounds.insert(bound.to_owned(), value.clone());
            }
        }
        if !bounds.is_empty() {
            let numeric = matches!(
                kind,
                "byte" | "short" | "integer" | "long" | "float" | "double" | "bigdecimal" | "biginteger"
            );
            let id = if numeric { "smithy.api#range" } else { "smithy.api#length" };
            traits.insert(id.to_owned(), Value::Object(bounds));
        }
        match shape.kind.as_str() {
            "structure" | "union" => self.members(definition, &mut shape, all)?,
            "list" => shape.member = Some(self.member(&definition["member"], all, "member")?),
            "map" => {
                shape.key = Some(self.member(&definition["key"], all, "key")?);
                shape.value = Some(self.member(&definition["value"], all, "value")?);
            }
            "string" => {
                if let Some(values) = definition.get("enum").and_then(Value::as_array) {
                    let values: Vec<String> = values.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect();
                    shape.kind = "enum".to_owned();
                    shape.members = enum_members(&values);
                }
            }
            _ => {}
        }
        if is_true(definition, "exception") || definition.get("error").is_some() {
            error_traits(name, definition, &mut shape.traits);
        }
        Ok(shape)
    }

    fn members(&self, definition: &Value, shape: &mut AstShape, all: &Map<String, Value>) -> Result<(), String> {
        let empty = Map::new();
        let members = match definition.get("members") {
            Some(Value::Object(members)) => members,
            None => &empty,
            Some(other) => return Err(format!("members is {}", json_type(other))),
        };
        for (name, member) in members {
            let translated = self.member(member, all, name)?;
            shape.members.insert(name.clone(), translated);
        }
        for required in definition.get("required").and_then(Value::as_array).into_iter().flatten() {
            let name = required.as_str().unwrap_or_default();
            let member =
                shape.members.get_mut(name).ok_or_else(|| format!("requires member {name:?}, which does not exist"))?;
            member.traits.insert("smithy.api#required".to_owned(), json!({}));
        }
        if let Some(payload) = definition.get("payload").and_then(Value::as_str) {
            let member = shape
                .members
                .get_mut(payload)
                .ok_or_else(|| format!("its payload is member {payload:?}, which does not exist"))?;
            member.traits.insert("smithy.api#httpPayload".to_owned(), json!({}));
        }
        Ok(())
    }

    fn member(&self, definition: &Value, all: &Map<String, Value>, name: &str) -> Result<AstMember, String> {
        let target =
            definition.get("shape").and_then(Value::as_str).ok_or_else(|| format!("member {name} has no shape"))?;
        let mut member = AstMember { target: self.shape_id(target), traits: Traits::new() };
        let traits = &mut member.traits;
        let wire_name = definition.get("locationName").and_then(Value::as_str);
        let bound = wire_name.unwrap_or(name);
        let is_map = all.get(target).and_then(|t| t.get("type")).and_then(Value::as_str) == Some("map");
        match definition.get("location").and_then(Value::as_str) {
            None => {
                if let Some(wire_name) = wire_name
                    && wire_name != name
                {
                    traits.insert("smithy.api#jsonName".to_owned(), wire_name.into());
                }
            }
            Some("uri") => {
                traits.insert("smithy.api#httpLabel".to_owned(), json!({}));
            }
            Some("querystring") if is_map => {
                traits.insert("smithy.api#httpQueryParams".to_owned(), json!({}));
            }
            Some("querystring") => {
                traits.insert("smithy.api#httpQuery".to_owned(), bound.into());
            }
            Some("header") => {
                traits.insert("smithy.api#httpHeader".to_owned(), bound.into());
            }
            Some("headers") => {
                let prefix = wire_name.unwrap_or_default();
                traits.insert("smithy.api#httpPrefixHeaders".to_owned(), prefix.into());
            }
            Some("statusCode") => {
                traits.insert("smithy.api#httpResponseCode".to_owned(), json!({}));
            }
            Some(other) => return Err(format!("member {name}: unknown location {other:?}")),
        }
        for (flag, id) in [
            ("idempotencyToken", "smithy.api#idempotencyToken"),
            ("box", "smithy.api#box"),
            ("streaming", "smithy.api#streaming"),
            ("hostLabel", "smithy.api#hostLabel"),
        ] {
            if is_true(definition, flag) {
                traits.insert(id.to_owned(), json!({}));
            }
        }
        if is_true(definition, "jsonvalue") {
            traits.insert("smithy.api#mediaType".to_owned(), "application/json".into());
        }
        if let Some(format) = definition.get("timestampFormat").and_then(Value::as_str) {
            traits.insert("smithy.api#timestampFormat".to_owned(), timestamp_format(format)?.into());
        }
        deprecation(definition, traits);
        Ok(member)
    }

    /// Adds the pagination of `paginators-1.json` to the operations. Smithy has one token and one list of items, so of
    /// several results the first list is used, and operations with several tokens or a computed token are skipped.
    fn paginate(&self, ast: &mut Ast, value: &Value) -> Result<(), String> {
        for (name, definition) in object(value, "pagination", "the file")? {
            let operation = ast
                .shapes
                .get(&self.id(name))
                .filter(|shape| shape.kind == "operation")
                .ok_or_else(|| format!("pagination of {name}, which is not an operation of the model"))?;
            let outputs = operation.output.as_ref().map(|output| output.target.as_str());
            let single = |key: &str| match definition.get(key) {
                Some(Value::String(path)) => Some(path.clone()),
                Some(Value::Array(paths)) if paths.len() == 1 => paths[0].as_str().map(str::to_owned),
                _ => None,
            };
            let results: Vec<&str> = match definition.get("result_key") {
                Some(Value::Array(paths)) => paths.iter().filter_map(Value::as_str).collect(),
                one => one.and_then(Value::as_str).into_iter().collect(),
            };
            let first = results.iter().find(|name| outputs.is_some_and(|id| has_many(&ast.shapes, id, name)));
            let items = first.or(results.first()).map(|&name| name.to_owned());
            let (Some(input), Some(output)) = (single("input_token"), single("output_token")) else { continue };
            // `A || B` is JMESPath for the first that is present; the documented member is the first.
            let output = output.split("||").next().unwrap_or_default().trim().to_owned();
            let is_path = |path: &String| path.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
            if !is_path(&output) {
                continue;
            }
            let mut paginated = Map::new();
            paginated.insert("inputToken".to_owned(), input.into());
            paginated.insert("outputToken".to_owned(), output.into());
            if let Some(items) = items.filter(is_path) {
                paginated.insert("items".to_owned(), items.into());
            }
            if let Some(size) = single("limit_key") {
                paginated.insert("pageSize".to_owned(), size.into());
            }
            if let Some(operation) = ast.shapes.get_mut(&self.id(name)) {
                operation.traits.insert("smithy.api#paginated".to_owned(), Value::Object(paginated));
            }
        }
        Ok(())
    }
}

/// True if a structure has a list or a map in a member.
fn has_many(shapes: &BTreeMap<String, AstShape>, structure: &str, member: &str) -> bool {
    let target = shapes.get(structure).and_then(|shape| shape.members.get(member)).map(|member| &member.target);
    target.and_then(|target| shapes.get(target)).is_some_and(|shape| matches!(shape.kind.as_str(), "list" | "map"))
}

/// A URI template with labels named as Smithy has them: by the members that are bound to them, not by location names.
fn by_member_name(uri: &str, input: &Value) -> String {
    let members = input.get("members").and_then(Value::as_object);
    let name_of = |label: &str| {
        let bound = |member: &Value| {
            member.get("location").and_then(Value::as_str) == Some("uri")
                && member.get("locationName").and_then(Value::as_str) == Some(label)
        };
        members?.iter().find(|(_, member)| bound(member)).map(|(name, _)| name.as_str())
    };
    let mut parts = uri.split('{');
    let mut named = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(['+', '}']).unwrap_or(0);
        let (label, rest) = part.split_at(end);
        named.push_str(&format!("{{{}{rest}", name_of(label).unwrap_or(label)));
    }
    named
}

/// Creates enum members. Their names are derived from the values, since Smithy requires identifiers.
pub(super) fn enum_members(values: &[String]) -> BTreeMap<String, AstMember> {
    let mut names = BTreeSet::new();
    let mut members = BTreeMap::new();
    for value in values {
        let mut name: String = value.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            name.insert_str(0, "v_");
        }
        let base = name.clone();
        let mut number = 2;
        while !names.insert(name.clone()) {
            name = format!("{base}_{number}");
            number += 1;
        }
        let traits = Traits::from([("smithy.api#enumValue".to_owned(), Value::from(value.as_str()))]);
        members.insert(name, AstMember { target: "smithy.api#Unit".to_owned(), traits });
    }
    members
}

fn error_traits(name: &str, definition: &Value, traits: &mut Traits) {
    let error = definition.get("error").cloned().unwrap_or_else(|| json!({}));
    let status = error.get("httpStatusCode").and_then(Value::as_u64);
    let server = is_true(definition, "fault") || is_true(&error, "fault") || status.is_some_and(|s| s >= 500);
    traits.insert("smithy.api#error".to_owned(), if server { "server" } else { "client" }.into());
    if let Some(status) = status {
        traits.insert("smithy.api#httpError".to_owned(), status.into());
    }
    if let Some(retryable) = definition.get("retryable") {
        let throttling = is_true(retryable, "throttling");
        traits.insert(
            "smithy.api#retryable".to_owned(),
            if throttling { json!({"throttling": true}) } else { json!({}) },
        );
    }
    // `error.code` is the name on the wire if it differs from the name of the shape.
    if let Some(code) = error.get("code").and_then(Value::as_str).filter(|code| *code != name) {
        traits.insert("smithy.api#jsonName".to_owned(), code.into());
    }
}

fn deprecation(definition: &Value, traits: &mut Traits) {
    if is_true(definition, "deprecated") {
        let mut value = Map::new();
        if let Some(since) = definition.get("deprecatedSince") {
            value.insert("since".to_owned(), since.clone());
        }
        traits.insert("smithy.api#deprecated".to_owned(), Value::Object(value));
    }
}

fn timestamp_format(format: &str) -> Result<&'static str, String> {
    match format {
        "iso8601" => Ok("date-time"),
        "rfc822" => Ok("http-date"),
        "unixTimestamp" => Ok("epoch-seconds"),
        other => Err(format!("unknown timestampFormat {other:?}")),
    }
}

fn object<'v>(value: &'v Value, key: &str, of: &str) -> Result<&'v Map<String, Value>, String> {
    match value.get(key) {
        Some(Value::Object(map)) => Ok(map),
        Some(other) => Err(format!("{key} of {of} is {}, not an object", json_type(other))),
        None => Err(format!("{of} has no {key}")),
    }
}

fn text<'v>(map: &'v Map<String, Value>, key: &str) -> Option<&'v str> {
    map.get(key).and_then(Value::as_str)
}

fn is_true(value: &Value, key: &str) -> bool {
    value.get(key).and_then(Value::as_bool).unwrap_or(false)
}
