//! From a model file to a [`Schema`]: resolves names, merges traits, checks that the model does not contradict itself.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::Path;
use std::sync::OnceLock;

use serde_json::Value;

use crate::ast::{Ast, AstMember, AstShape, PROVENANCE, Traits};
use crate::import::{ImportError, Source, hex_digest};
use crate::overrides::{self, OverrideError, Overrides};
use crate::pattern::Pattern;
use crate::planted;
use crate::schema::{
    Binding, Bounds, ErrorTrait, Kind, List, Map, Member, Members, Number, Operation, OperationId, Pagination,
    PatternId, Schema, Segment, Service, Shape, ShapeId, Slot, SlotTraits, TimestampFormat, Uri,
};

/// Text of the built-in model: Amazon Connect, as `model/connect.json` has it.
pub const BUILT_IN: &str = include_str!("../connect.json");

/// Types of shapes whose values are whole numbers.
const WHOLE_NUMBERS: &[&str] = &["byte", "short", "integer", "long", "bigInteger"];

/// Why a model cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file could not be read or understood.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The corrections could not be read.
    #[error(transparent)]
    Override(#[from] OverrideError),
    /// The model contradicts itself or uses what this harness does not know.
    #[error("{model}: {problem}")]
    Contradiction {
        /// Its file, as far as it is known.
        model: String,
        /// What contradicts what.
        problem: String,
    },
}

impl LoadError {
    fn contradiction(problem: impl Into<String>) -> Self {
        LoadError::Contradiction { model: "model".to_owned(), problem: problem.into() }
    }

    /// The same error of a model that was read from that file.
    #[must_use]
    pub fn of(self, file: impl Into<String>) -> Self {
        match self {
            LoadError::Contradiction { problem, .. } => LoadError::Contradiction { model: file.into(), problem },
            other => other,
        }
    }
}

impl Schema {
    /// The built-in model of Amazon Connect, loaded once.
    ///
    /// # Panics
    /// When `connect.json` or `overrides.toml` of this very build are broken, which a test excludes.
    #[allow(clippy::panic, reason = "the text is compiled in and tested")]
    pub fn connect() -> &'static Schema {
        static SCHEMA: OnceLock<Schema> = OnceLock::new();
        SCHEMA.get_or_init(|| match Self::from_text("connect.json", BUILT_IN.as_bytes().to_vec()) {
            Ok(schema) => schema,
            Err(error) => panic!("the built-in model does not load: {error}"),
        })
    }

    /// Loads a model file of either format; see [`crate::import::open_model`].
    pub fn load(path: &Path) -> Result<Schema, LoadError> {
        let sources = crate::import::open_model(path)?;
        let digest = sources.first().map(Source::digest).unwrap_or_default();
        Self::from_ast(crate::import::import(&sources, &[])?, digest)
            .map_err(|error| error.of(path.display().to_string()))
    }

    /// Loads a model from its bytes.
    pub fn from_text(name: &str, bytes: Vec<u8>) -> Result<Schema, LoadError> {
        let source = Source::from_bytes(name, bytes)?;
        let digest = source.digest();
        Self::from_ast(crate::import::import(&[source], &[])?, digest).map_err(|error| error.of(name))
    }

    /// Lowers a model. Corrections of `overrides.toml` are applied when the service is theirs.
    pub fn from_ast(mut ast: Ast, digest: String) -> Result<Schema, LoadError> {
        let (service_id, service) = ast
            .shapes
            .iter()
            .find(|(_, shape)| shape.kind == "service")
            .map(|(id, shape)| (id.clone(), lower_service(id, shape, &ast)))
            .ok_or_else(|| LoadError::contradiction("no shape of type service"))?;
        let corrections = Overrides::parse(overrides::BUILT_IN)?;
        let (applied, stale) =
            if corrections.service == service.sdk_id { corrections.apply(&mut ast) } else { Default::default() };
        let digest = if digest.is_empty() { hex_digest(crate::ast::to_text(&ast).as_bytes()) } else { digest };
        let mut schema = Lowering::new(&ast).run(&service_id, service).map_err(LoadError::contradiction)?;
        schema.applied_overrides = applied;
        schema.stale_overrides = stale;
        schema.digest = digest;
        Ok(schema)
    }
}

fn lower_service(id: &str, shape: &AstShape, ast: &Ast) -> Service {
    let (namespace, name) = split(id);
    let aws = shape.traits.get("aws.api#service");
    let text = |key: &str| aws.and_then(|aws| aws.get(key)).and_then(Value::as_str).map(str::to_owned);
    let sdk_id = text("sdkId").unwrap_or_else(|| name.to_owned());
    let endpoint_prefix = text("endpointPrefix").unwrap_or_else(|| sdk_id.to_lowercase());
    let signing = shape.traits.get("aws.auth#sigv4").and_then(|t| t.get("name")).and_then(Value::as_str);
    Service {
        name: name.to_owned(),
        namespace: namespace.to_owned(),
        version: shape.version.clone().unwrap_or_default(),
        signing_name: signing.unwrap_or(&endpoint_prefix).to_owned(),
        sdk_id,
        endpoint_prefix,
        provenance: ast.metadata.get(PROVENANCE).cloned().unwrap_or(Value::Null),
    }
}

/// Namespace and name of an absolute shape id.
fn split(id: &str) -> (&str, &str) {
    id.split_once('#').unwrap_or(("", id))
}

struct Lowering<'a> {
    ast: &'a Ast,
    ids: HashMap<&'a str, ShapeId>,
    names: Vec<&'a str>,
    patterns: Vec<Pattern>,
    pattern_index: HashMap<String, PatternId>,
}

type Lowered<T> = Result<T, String>;

/// Simple prelude shapes that members may target, with the kind that they are.
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
        let mut this =
            Self { ast, ids: HashMap::new(), names: Vec::new(), patterns: Vec::new(), pattern_index: HashMap::new() };
        for (id, shape) in &ast.shapes {
            if !matches!(shape.kind.as_str(), "service" | "operation" | "resource") {
                this.claim(id);
            }
        }
        for (id, _) in PRELUDE {
            this.claim(id);
        }
        this
    }

    fn claim(&mut self, id: &'a str) {
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
            let definition = ast.shapes.get(id).or_else(|| prelude.get(id)).ok_or("a shape lost its definition")?;
            let shape = self.shape(id, definition).map_err(|what| format!("shape {}: {what}", split(id).1))?;
            if ast.shapes.contains_key(id) && shape_index.insert(shape.name.clone(), ShapeId(at as u32)).is_some() {
                return Err(format!("two shapes are named {}", shape.name));
            }
            shapes.push(shape);
        }
        let service_shape = &ast.shapes[service_id];
        if !service_shape.traits.contains_key("aws.protocols#restJson1") {
            let spoken: Vec<&str> = service_shape
                .traits
                .keys()
                .filter(|id| id.starts_with("aws.protocols#") || id.starts_with("smithy.protocols#"))
                .map(String::as_str)
                .collect();
            return Err(format!(
                "service {} does not speak restJson1 (its protocols: {}); this harness speaks no other",
                service.name,
                if spoken.is_empty() { "none named".to_owned() } else { spoken.join(", ") }
            ));
        }
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
        admit_null_documents(&mut schema);
        measure_depth(&mut schema)?;
        let mut operations = Vec::new();
        for reference in &service_shape.operations {
            let name = split(&reference.target).1;
            let definition = ast
                .shapes
                .get(&reference.target)
                .filter(|shape| shape.kind == "operation")
                .ok_or_else(|| format!("the service names operation {name}, which is not defined"))?;
            let operation = lower_operation(&schema, &self.ids, name, definition, service_shape)
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

    fn shape(&mut self, id: &str, definition: &AstShape) -> Lowered<Shape> {
        let kind = match definition.kind.as_str() {
            "structure" => Kind::Structure(self.members(definition)?),
            "union" => {
                let members = self.members(definition)?;
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
                    .ok_or_else(|| format!("httpError {status} is no HTTP status"))?;
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
            base,
        })
    }

    fn members(&mut self, definition: &AstShape) -> Lowered<Members> {
        let mut list = Vec::with_capacity(definition.members.len());
        let mut payload = None;
        for (name, member) in &definition.members {
            let lowered = self.member(name, member).map_err(|what| format!("member {name}: {what}"))?;
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
                return Err(format!("both {other} and {} are called {:?} on the wire", member.name, member.json_name));
            }
        }
        if let Some(payload) = payload
            && let Some(member) = list.iter().find(|member| member.binding == Binding::Body)
        {
            return Err(format!("{payload} is the whole body, and {} is a key of it", member.name));
        }
        Ok(Members::new(list))
    }

    fn member(&mut self, name: &str, definition: &AstMember) -> Lowered<Member> {
        let traits = &definition.traits;
        let text = |id: &str| traits.get(id).and_then(Value::as_str);
        let json_name = text("smithy.api#jsonName").unwrap_or(name).to_owned();
        let mut bindings = Vec::new();
        if traits.contains_key("smithy.api#httpLabel") {
            bindings.push(Binding::Label(json_name.clone()));
        }
        if let Some(key) = text("smithy.api#httpQuery") {
            bindings.push(Binding::Query(key.to_owned()));
        }
        if traits.contains_key("smithy.api#httpQueryParams") {
            bindings.push(Binding::QueryParams);
        }
        if let Some(header) = text("smithy.api#httpHeader") {
            bindings.push(Binding::Header(header.to_ascii_lowercase()));
        }
        if let Some(prefix) = text("smithy.api#httpPrefixHeaders") {
            bindings.push(Binding::PrefixHeaders(prefix.to_ascii_lowercase()));
        }
        if traits.contains_key("smithy.api#httpPayload") {
            bindings.push(Binding::Payload);
        }
        if traits.contains_key("smithy.api#httpResponseCode") {
            bindings.push(Binding::StatusCode);
        }
        if bindings.len() > 1 {
            return Err(format!("is bound to {} places", bindings.len()));
        }
        let binding = bindings.pop().unwrap_or(Binding::Body);
        let mut slot = self.slot(definition)?;
        let required = traits.contains_key("smithy.api#required");
        let is_list = self.ast.shapes.get(&definition.target).is_some_and(|target| target.kind == "list");
        // HTTP itself asks for one: an empty label is another path, an empty list of query parameters is an absent one.
        if matches!(binding, Binding::Label(_)) || (required && is_list && matches!(binding, Binding::Query(_))) {
            let length = slot.traits.length.get_or_insert_with(Bounds::default);
            length.min = Some(length.min.unwrap_or(0).max(1));
        }
        // Statuses have three digits (RFC 9110, section 15).
        if binding == Binding::StatusCode {
            let kind = self.kind_of(&definition.target);
            if !WHOLE_NUMBERS.contains(&kind) {
                return Err(format!("is the status of the response and a {kind}, not an integer"));
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
            deprecated: traits.contains_key("smithy.api#deprecated"),
        })
    }

    /// Type of a target, with that of the prelude; empty if there is none.
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
                return Err(format!("there is no whole number in the range from {min} to {max}"));
            }
        }
        Ok(Slot { target, traits })
    }

    /// Traits of a position: `own` first, `target` where `own` is silent.
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
                    .ok_or_else(|| format!("length.{key} is {value}, not a whole number from 0")),
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
        self.patterns.push(Pattern::new(source));
        self.pattern_index.insert(source.to_owned(), id);
        id
    }
}

fn check_order<T: PartialOrd + std::fmt::Display>(bounds: Bounds<T>, what: &str) -> Lowered<()> {
    match (&bounds.min, &bounds.max) {
        (Some(min), Some(max)) if min > max => {
            assert!(!planted::is("model_load"), "{what} has bounds that cross");
            Err(format!("{what} has min {min} above max {max}: no value satisfies it"))
        }
        _ => Ok(()),
    }
}

/// Null is a document: collections of documents hold it, marked as sparse or not.
fn admit_null_documents(schema: &mut Schema) {
    let documents: Vec<bool> = schema.shapes.iter().map(|shape| matches!(shape.kind, Kind::Document)).collect();
    for shape in &mut schema.shapes {
        match &mut shape.kind {
            Kind::List(list) => list.sparse |= documents[list.member.target.0 as usize],
            Kind::Map(map) => map.sparse |= documents[map.value.target.0 as usize],
            _ => {}
        }
    }
}

/// Least nesting of every shape's values, and whether values of it can hold others of the same shape. Both in one pass
/// over the references: a model may be one chain of thousands of shapes.
fn measure_depth(schema: &mut Schema) -> Lowered<()> {
    let count = schema.shapes.len();
    // Shapes that a value of each cannot do without: all of them for structures, one of them for unions.
    let mut missing = vec![0_usize; count];
    let mut dependents: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (at, shape) in schema.shapes.iter().enumerate() {
        let forced = shape.base.length.and_then(|bounds| bounds.min).unwrap_or(0) > 0;
        let needs: Vec<ShapeId> = match &shape.kind {
            Kind::Structure(members) => members.iter().filter(|m| m.required).map(|m| m.slot.target).collect(),
            Kind::Union(members) => members.iter().map(|m| m.slot.target).collect(),
            Kind::List(list) if forced => vec![list.member.target],
            Kind::Map(map) if forced => vec![map.value.target],
            _ => Vec::new(),
        };
        missing[at] = match &shape.kind {
            Kind::Union(_) => 1,
            _ => needs.len(),
        };
        for target in needs {
            dependents[target.0 as usize].push(at);
        }
    }
    // Each shape is one deeper than the last that it waits for, so that first come is least deep.
    let mut depth = vec![0_u32; count];
    let mut settled: VecDeque<usize> = (0..count).filter(|at| missing[*at] == 0).collect();
    settled.iter().for_each(|at| depth[*at] = 1);
    while let Some(at) = settled.pop_front() {
        for dependent in &dependents[at] {
            if depth[*dependent] == 0 {
                missing[*dependent] -= 1;
                if missing[*dependent] == 0 {
                    depth[*dependent] = depth[at].saturating_add(1);
                    settled.push_back(*dependent);
                }
            }
        }
    }
    let recursive = on_cycles(schema);
    for ((shape, depth), recursive) in schema.shapes.iter_mut().zip(depth).zip(recursive) {
        if depth == 0 {
            return Err(format!("shape {} requires itself: no finite value satisfies it", shape.name));
        }
        shape.min_depth = depth;
        shape.recursive = recursive;
    }
    Ok(())
}

/// Shapes that can be reached from themselves: those in a strongly connected component of more than one shape, or with
/// a reference to themselves (Tarjan's algorithm, without recursion).
fn on_cycles(schema: &Schema) -> Vec<bool> {
    const UNSEEN: usize = usize::MAX;
    let count = schema.shapes.len();
    let targets = |shape: &Shape| shape.kind.slots().into_iter().map(|slot| slot.target.0 as usize).collect();
    let edges: Vec<Vec<usize>> = schema.shapes.iter().map(targets).collect();
    let (mut order, mut low) = (vec![UNSEEN; count], vec![UNSEEN; count]);
    let (mut open, mut stack, mut seen) = (vec![false; count], Vec::new(), 0);
    let mut cyclic = vec![false; count];
    for root in 0..count {
        if order[root] != UNSEEN {
            continue;
        }
        let mut path = vec![(root, 0)];
        while let Some((at, edge)) = path.pop() {
            if edge == 0 {
                (order[at], low[at], open[at]) = (seen, seen, true);
                seen += 1;
                stack.push(at);
            } else {
                low[at] = low[at].min(low[edges[at][edge - 1]]);
            }
            let next = (edge..edges[at].len()).find(|next| {
                let target = edges[at][*next];
                if open[target] {
                    low[at] = low[at].min(order[target]);
                }
                order[target] == UNSEEN
            });
            if let Some(next) = next {
                path.push((at, next + 1));
                path.push((edges[at][next], 0));
                continue;
            }
            if low[at] == order[at] {
                let from = stack.iter().rposition(|shape| *shape == at).unwrap_or_default();
                let component = stack.split_off(from);
                let loops = component.len() > 1 || edges[at].contains(&at);
                for shape in component {
                    (open[shape], cyclic[shape]) = (false, loops);
                }
            }
        }
    }
    cyclic
}

fn lower_operation(
    schema: &Schema,
    ids: &HashMap<&str, ShapeId>,
    name: &str,
    definition: &AstShape,
    service: &AstShape,
) -> Lowered<Operation> {
    let structure = |reference: &Option<crate::ast::Reference>, side: &str| -> Lowered<Option<ShapeId>> {
        match reference {
            Some(reference) if reference.target != "smithy.api#Unit" => {
                let id = *ids
                    .get(reference.target.as_str())
                    .ok_or_else(|| format!("{side} is {}, which is not defined", reference.target))?;
                match schema[id].kind {
                    Kind::Structure(_) => Ok(Some(id)),
                    _ => Err(format!("{side} is a {}, not a structure", schema[id].kind.word())),
                }
            }
            _ => Ok(None),
        }
    };
    let input = structure(&definition.input, "input")?;
    let output = structure(&definition.output, "output")?;
    let mut errors = Vec::new();
    for reference in definition.errors.iter().chain(&service.errors) {
        let id =
            *ids.get(reference.target.as_str()).ok_or_else(|| format!("error {} is not defined", reference.target))?;
        if schema[id].error.is_none() {
            return Err(format!("{} is listed as an error and is none", schema[id].name));
        }
        if !errors.contains(&id) {
            errors.push(id);
        }
    }
    errors.sort_by(|a, b| schema[*a].name.cmp(&schema[*b].name));
    let http = definition.traits.get("smithy.api#http").ok_or("no http trait: restJson1 needs one")?;
    let method = http.get("method").and_then(Value::as_str).ok_or("http has no method")?.to_owned();
    if method.is_empty() || !method.bytes().all(|b| b.is_ascii_alphabetic()) {
        return Err(format!("{method:?} is no HTTP method"));
    }
    let uri = parse_uri(http.get("uri").and_then(Value::as_str).ok_or("http has no uri")?)?;
    let status = http.get("code").and_then(Value::as_u64).unwrap_or(200);
    let status = u16::try_from(status)
        .ok()
        .filter(|code| (100..600).contains(code))
        .ok_or_else(|| format!("http code {status} is no HTTP status"))?;
    check_labels(schema, input, &uri)?;
    let has = |id: &str| definition.traits.contains_key(id);
    let mut operation = Operation {
        name: name.to_owned(),
        method,
        uri,
        status,
        input,
        output,
        errors,
        pagination: None,
        idempotent: has("smithy.api#idempotent"),
        readonly: has("smithy.api#readonly"),
        deprecated: has("smithy.api#deprecated"),
        host_prefix: definition
            .traits
            .get("smithy.api#endpoint")
            .and_then(|t| t.get("hostPrefix"))
            .and_then(Value::as_str)
            .map(str::to_owned),
        refused: None,
    };
    operation.refused = refused(schema, ids, definition);
    operation.pagination = match definition.traits.get("smithy.api#paginated") {
        Some(paginated) => Some(lower_pagination(schema, &operation, paginated)?),
        None => infer_pagination(schema, &operation),
    };
    Ok(operation)
}

/// Event streams are another protocol inside HTTP; such operations are listed and not spoken.
fn refused(schema: &Schema, ids: &HashMap<&str, ShapeId>, definition: &AstShape) -> Option<String> {
    for (side, reference) in [("input", &definition.input), ("output", &definition.output)] {
        let Some(id) = reference.as_ref().and_then(|r| ids.get(r.target.as_str())) else { continue };
        for member in schema[*id].kind.members().into_iter().flatten() {
            let target = &schema[member.slot.target];
            if target.streaming && target.kind.members().is_some() {
                return Some(format!(
                    "member {} of its {side} is an event stream, which this harness does not speak",
                    member.name
                ));
            }
        }
    }
    None
}

fn parse_uri(text: &str) -> Lowered<Uri> {
    if !text.starts_with('/') {
        return Err(format!("uri {text:?} does not begin with /"));
    }
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    let mut uri = Uri { text: text.to_owned(), ..Uri::default() };
    for part in path.split('/').skip(1) {
        if part.is_empty() {
            continue;
        }
        let segment = match part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(label) => match label.strip_suffix('+') {
                Some(label) => Segment::Greedy(label.to_owned()),
                None => Segment::Label(label.to_owned()),
            },
            None if part.contains(['{', '}']) => {
                return Err(format!("uri {text:?}: segment {part:?} is half a label"));
            }
            None => Segment::Literal(part.to_owned()),
        };
        uri.segments.push(segment);
    }
    let greedy = uri.segments.iter().filter(|s| matches!(s, Segment::Greedy(_))).count();
    if greedy > 1 {
        return Err(format!("uri {text:?} has {greedy} greedy labels"));
    }
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        uri.query.push((key.to_owned(), value.to_owned()));
    }
    Ok(uri)
}

/// Every label of the template is a required member of the input, and the reverse.
fn check_labels(schema: &Schema, input: Option<ShapeId>, uri: &Uri) -> Lowered<()> {
    let members: Vec<&Member> = input.and_then(|id| schema[id].kind.members()).into_iter().flatten().collect();
    let label_of = |member: &Member| match &member.binding {
        Binding::Label(name) => Some(name.clone()),
        _ => None,
    };
    for segment in &uri.segments {
        if let Segment::Label(label) | Segment::Greedy(label) = segment {
            match members.iter().find(|member| label_of(member).as_ref() == Some(label)) {
                None => return Err(format!("uri {uri} has label {{{label}}}, which no input member is bound to")),
                Some(member) if !member.required => {
                    return Err(format!("label {{{label}}} is bound to {}, which is not required", member.name));
                }
                Some(_) => {}
            }
        }
    }
    for member in &members {
        if let Some(label) = label_of(member) {
            let there = uri.segments.iter().any(|s| matches!(s, Segment::Label(l) | Segment::Greedy(l) if *l == label));
            if !there {
                return Err(format!("member {} is bound to label {{{label}}}, which uri {uri} lacks", member.name));
            }
        }
    }
    Ok(())
}

fn lower_pagination(schema: &Schema, operation: &Operation, value: &Value) -> Lowered<Pagination> {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let path = |text: &str| text.split('.').map(str::to_owned).collect::<Vec<_>>();
    let input_token = text("inputToken").ok_or("paginated without inputToken")?.to_owned();
    let output_token = path(text("outputToken").ok_or("paginated without outputToken")?);
    let input = schema.input_members(operation).ok_or("is paginated and has no input")?;
    if input.get(&input_token).is_none() {
        return Err(format!("is paginated by input member {input_token}, which it does not have"));
    }
    let page_size = text("pageSize").map(str::to_owned);
    if let Some(member) = page_size.as_ref().filter(|name| input.get(name).is_none()) {
        return Err(format!("its page size is input member {member}, which it does not have"));
    }
    let items = text("items").map(path);
    for (what, path) in [("output token", Some(&output_token)), ("items", items.as_ref())] {
        if let Some(path) = path
            && !output_has(schema, operation, path)
        {
            return Err(format!("its {what} is output member {}, which it does not have", path.join(".")));
        }
    }
    Ok(Pagination { input_token, output_token, items, page_size, inferred: false })
}

fn output_has(schema: &Schema, operation: &Operation, path: &[String]) -> bool {
    let mut members = schema.output_members(operation);
    for (at, name) in path.iter().enumerate() {
        let Some(member) = members.and_then(|m| m.get(name)) else { return false };
        if at + 1 < path.len() {
            members = schema[member.slot.target].kind.members();
        }
    }
    true
}

/// An operation that takes and gives a NextToken pages, whatever the paginators file says. Its items are the only list
/// or map of the output; with several, they stay unknown.
fn infer_pagination(schema: &Schema, operation: &Operation) -> Option<Pagination> {
    let input = schema.input_members(operation)?;
    let output = schema.output_members(operation)?;
    let same = |member: &&Member, name: &str| member.name.eq_ignore_ascii_case(name);
    let input_token = input.iter().find(|m| same(m, "NextToken"))?.name.clone();
    let output_token = output.iter().find(|m| same(m, "NextToken"))?.name.clone();
    let page_size = input
        .iter()
        .find(|m| same(m, "MaxResults") || same(m, "PageSize") || same(m, "MaxItems"))
        .map(|m| m.name.clone());
    let lists: Vec<&Member> =
        output.iter().filter(|m| matches!(schema[m.slot.target].kind, Kind::List(_) | Kind::Map(_))).collect();
    let items = match lists.as_slice() {
        [one] => Some(vec![one.name.clone()]),
        _ => None,
    };
    Some(Pagination { input_token, output_token: vec![output_token], items, page_size, inferred: true })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::*;

    /// A model with one operation, whose input is the shape `x#In`.
    fn load(shapes: Value) -> Result<Schema, String> {
        let mut all = json!({
            "x#S": {"type": "service", "version": "1", "operations": [{"target": "x#Op"}],
                    "traits": {"aws.protocols#restJson1": {}}},
            "x#Op": {"type": "operation", "input": {"target": "x#In"},
                     "traits": {"smithy.api#http": {"method": "POST", "uri": "/op", "code": 200}}},
        });
        all.as_object_mut().unwrap().extend(shapes.as_object().unwrap().clone());
        let text = json!({"smithy": "2.0", "shapes": all}).to_string();
        Schema::from_text("test", text.into_bytes()).map_err(|error| error.to_string())
    }

    fn structure(members: &[(&str, &str, bool)]) -> Value {
        let member = |(name, target, required): &(&str, &str, bool)| {
            let traits = if *required { json!({"smithy.api#required": {}}) } else { json!({}) };
            ((*name).to_owned(), json!({"target": target, "traits": traits}))
        };
        json!({"type": "structure", "members": members.iter().map(member).collect::<serde_json::Map<_, _>>()})
    }

    #[test]
    fn depth_and_recursion_are_those_of_the_graph() {
        let schema = load(json!({
            "x#In": structure(&[("A", "x#A", true), ("Text", "smithy.api#String", false)]),
            "x#A": structure(&[("B", "x#B", true), ("Flat", "x#Flat", true)]),
            "x#B": {"type": "union", "members": {"Deep": {"target": "x#A"}, "Leaf": {"target": "smithy.api#String"}}},
            "x#Flat": structure(&[("Tree", "x#Tree", false)]),
            "x#Tree": {"type": "list", "member": {"target": "x#Tree"}},
        }))
        .unwrap();
        let of = |name: &str| {
            let shape = &schema[schema.shape_named(name).unwrap()];
            (shape.min_depth, shape.recursive)
        };
        assert_eq!(["In", "A", "B", "Flat", "Tree"].map(of), [(4, false), (3, true), (2, true), (1, false), (1, true)]);
        let endless = json!({"x#In": structure(&[("In", "x#In", true)])});
        assert!(load(endless).unwrap_err().contains("requires itself"));
    }

    #[test]
    fn a_chain_of_shapes_is_as_deep_as_it_is_long() {
        const LENGTH: u32 = 20_000;
        let mut shapes = json!({"x#In": structure(&[("Next", "x#C0", true)])});
        for at in 0..LENGTH {
            let next = if at + 1 == LENGTH { "x#Last".to_owned() } else { format!("x#C{}", at + 1) };
            shapes[format!("x#C{at}")] = structure(&[("Next", &next, true), ("Back", "x#In", false)]);
        }
        shapes["x#Last"] = structure(&[]);
        let schema = load(shapes).unwrap();
        let shape = |name: &str| &schema[schema.shape_named(name).unwrap()];
        assert_eq!(shape("In").min_depth, LENGTH + 2);
        assert!(shape("In").recursive && shape("C10000").recursive && !shape("Last").recursive);
    }

    #[test]
    fn what_no_value_can_satisfy_is_refused() {
        for (shape, why) in [
            (json!({"type": "intEnum", "members": {}}), "an intEnum without values"),
            (json!({"type": "integer", "traits": {"smithy.api#range": {"min": 0.2, "max": 0.8}}}), "no whole number"),
        ] {
            let error = load(json!({"x#In": structure(&[("A", "x#A", false)]), "x#A": shape})).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
        let mut twice = structure(&[("A", "smithy.api#String", false), ("B", "smithy.api#String", false)]);
        twice["members"]["A"]["traits"]["smithy.api#jsonName"] = "B".into();
        let error = load(json!({"x#In": twice})).unwrap_err();
        assert!(error.contains("both A and B are called") || error.contains("both B and A are called"), "{error}");
    }
}
