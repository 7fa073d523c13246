//! Lowering: turns an [`Ast`] into a [`Schema`]. Resolves names, merges traits and rejects models that contradict
//! themselves. Knows nothing of files.

mod depth;
mod operation;
mod shape;
#[cfg(test)]
mod tests;
mod uri;

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;

use crate::ast::{Ast, AstShape, PROVENANCE, Reference};
use crate::pattern::Pattern;
use crate::schema::{OperationId, PatternId, ProtocolId, Schema, Service, ShapeId};

/// Result with a description of the problem as the error.
type Lowered<T> = Result<T, String>;

/// Lowers a service with all its shapes and operations.
pub(crate) fn schema(ast: &Ast, service_id: &str, service: Service) -> Lowered<Schema> {
    Lowering::new(ast).run(service_id, service)
}

/// Reads the traits of a service shape.
pub(crate) fn service(id: &str, shape: &AstShape, ast: &Ast) -> Lowered<Service> {
    let (namespace, name) = split(id);
    let aws = shape.traits.get("aws.api#service");
    let text = |key: &str| aws.and_then(|aws| aws.get(key)).and_then(Value::as_str).map(str::to_owned);
    let sdk_id = text("sdkId").unwrap_or_else(|| name.to_owned());
    let endpoint_prefix = text("endpointPrefix").unwrap_or_else(|| sdk_id.to_lowercase());
    let signing = shape.traits.get("aws.auth#sigv4").and_then(|t| t.get("name")).and_then(Value::as_str);
    Ok(Service {
        name: name.to_owned(),
        namespace: namespace.to_owned(),
        version: shape.version.clone().unwrap_or_default(),
        signing_name: signing.unwrap_or(&endpoint_prefix).to_owned(),
        sdk_id,
        endpoint_prefix,
        protocol: protocol(name, shape)?,
        provenance: ast.metadata.get(PROVENANCE).cloned().unwrap_or(Value::Null),
    })
}

/// Finds a supported protocol among the traits of a service.
fn protocol(name: &str, service: &AstShape) -> Lowered<ProtocolId> {
    let mut ids = service.traits.keys().map(String::as_str);
    if let Some(protocol) = ids.find_map(ProtocolId::from_trait) {
        return Ok(protocol);
    }
    let is_protocol = |id: &&String| id.starts_with("aws.protocols#") || id.starts_with("smithy.protocols#");
    let named: Vec<&str> = service.traits.keys().filter(is_protocol).map(String::as_str).collect();
    Err(format!(
        "service {name} does not support restJson1, the only protocol of this harness; its protocols: {}",
        if named.is_empty() { "none named".to_owned() } else { named.join(", ") }
    ))
}

/// Splits an absolute shape id into namespace and name.
fn split(id: &str) -> (&str, &str) {
    id.split_once('#').unwrap_or(("", id))
}

struct Lowering<'a> {
    ast: &'a Ast,
    roles: Roles<'a>,
    ids: HashMap<&'a str, ShapeId>,
    names: Vec<&'a str>,
    patterns: Vec<Pattern>,
    pattern_index: HashMap<String, PatternId>,
}

/// The structures that are messages, by absolute id. Some bindings have a meaning in one of the two roles only.
struct Roles<'a> {
    inputs: HashSet<&'a str>,
    /// Outputs and errors.
    outputs: HashSet<&'a str>,
}

impl<'a> Roles<'a> {
    fn of(ast: &'a Ast) -> Self {
        let all = || ast.shapes.values();
        let id = |reference: &'a Reference| reference.target.as_str();
        Self {
            inputs: all().flat_map(|shape| &shape.input).map(id).collect(),
            outputs: all().flat_map(|shape| shape.output.iter().chain(&shape.errors)).map(id).collect(),
        }
    }

    /// The traits that bind a member of this structure to a place which its message does not have, so that they are
    /// ignored. Source: Smithy 2.0, "HTTP protocol bindings", each trait's section on ignored uses.
    fn ignored(&self, id: &str) -> &'static [&'static str] {
        match (self.inputs.contains(id), self.outputs.contains(id)) {
            (false, true) => &["smithy.api#httpLabel", "smithy.api#httpQuery", "smithy.api#httpQueryParams"],
            (true, false) => &["smithy.api#httpResponseCode"],
            _ => &[],
        }
    }
}

/// Simple shapes of the Smithy prelude, with their types.
const PRELUDE: &[(&str, &str)] = &[
    ("smithy.api#String", "string"),
    ("smithy.api#Blob", "blob"),
    ("smithy.api#Boolean", "boolean"),
    ("smithy.api#PrimitiveBoolean", "boolean"),
    ("smithy.api#Byte", "byte"),
    ("smithy.api#PrimitiveByte", "byte"),
    ("smithy.api#Short", "short"),
    ("smithy.api#PrimitiveShort", "short"),
    ("smithy.api#Integer", "integer"),
    ("smithy.api#PrimitiveInteger", "integer"),
    ("smithy.api#Long", "long"),
    ("smithy.api#PrimitiveLong", "long"),
    ("smithy.api#Float", "float"),
    ("smithy.api#PrimitiveFloat", "float"),
    ("smithy.api#Double", "double"),
    ("smithy.api#PrimitiveDouble", "double"),
    ("smithy.api#BigInteger", "bigInteger"),
    ("smithy.api#BigDecimal", "bigDecimal"),
    ("smithy.api#Timestamp", "timestamp"),
    ("smithy.api#Document", "document"),
    ("smithy.api#Unit", "unit"),
];

impl<'a> Lowering<'a> {
    fn new(ast: &'a Ast) -> Self {
        let mut this = Self {
            ast,
            roles: Roles::of(ast),
            ids: HashMap::new(),
            names: Vec::new(),
            patterns: Vec::new(),
            pattern_index: HashMap::new(),
        };
        for (id, shape) in &ast.shapes {
            if !matches!(shape.kind.as_str(), "service" | "operation" | "resource") {
                this.add_id(id);
            }
        }
        for (id, _) in PRELUDE {
            this.add_id(id);
        }
        this
    }

    fn add_id(&mut self, id: &'a str) {
        let index = ShapeId(self.names.len() as u32);
        self.names.push(id);
        self.ids.insert(id, index);
    }

    fn run(mut self, service_id: &str, service: Service) -> Lowered<Schema> {
        let ast = self.ast;
        let mut shapes = Vec::with_capacity(self.names.len());
        let mut shape_index = HashMap::with_capacity(self.names.len());
        let prelude: BTreeMap<&str, AstShape> = PRELUDE.iter().map(|(id, kind)| (*id, AstShape::of(kind))).collect();
        for (at, id) in self.names.clone().into_iter().enumerate() {
            let definition = ast.shapes.get(id).or_else(|| prelude.get(id)).ok_or("a shape has no definition")?;
            let shape = self.shape(id, definition).map_err(|what| format!("shape {}: {what}", split(id).1))?;
            if ast.shapes.contains_key(id) && shape_index.insert(shape.name.clone(), ShapeId(at as u32)).is_some() {
                return Err(format!("two shapes are named {}", shape.name));
            }
            shapes.push(shape);
        }
        let service_shape = &ast.shapes[service_id];
        let mut schema = Schema {
            service,
            shapes,
            operations: Vec::new(),
            patterns: self.patterns,
            shape_index,
            operation_index: HashMap::new(),
            stale_overrides: Vec::new(),
            applied_overrides: Vec::new(),
            digest: String::new(),
        };
        depth::admit_null_documents(&mut schema);
        depth::measure_depth(&mut schema)?;
        let mut operations = Vec::new();
        for reference in &service_shape.operations {
            let name = split(&reference.target).1;
            let definition = ast
                .shapes
                .get(&reference.target)
                .filter(|shape| shape.kind == "operation")
                .ok_or_else(|| format!("the service lists operation {name}, which is not defined"))?;
            let operation = operation::lower_operation(&schema, &self.ids, name, definition, service_shape)
                .map_err(|what| format!("operation {name}: {what}"))?;
            operations.push(operation);
        }
        if operations.is_empty() {
            return Err("the service has no operations".to_owned());
        }
        operations.sort_by(|a, b| a.name.cmp(&b.name));
        for (at, operation) in operations.iter().enumerate() {
            if schema.operation_index.insert(operation.name.clone(), OperationId(at as u32)).is_some() {
                return Err(format!("two operations are named {}", operation.name));
            }
        }
        schema.operations = operations;
        Ok(schema)
    }
}
