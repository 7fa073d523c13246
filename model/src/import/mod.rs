//! Import of model files: reads either format and converts it to one normal form.
//!
//! Formats: AWS's `service-2.json` (with `paginators-1.json` in the same folder), and Smithy JSON AST; both plain or gzip.
//! Knows file formats, but not the meaning of traits.

mod botocore;
mod closure_names;
mod mixins;
mod names;
mod smithy;

use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::ast::{Ast, AstShape, PROVENANCE, Reference};
use crate::files;
use crate::json_text::weight;
use crate::text::json_type;

/// Maximum size of a model in bytes, after decompression. The largest AWS model (EC2) has about 10 MB.
pub const MAX_MODEL_BYTES: u64 = 64 * 1024 * 1024;

/// Reason why a model file could not be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file could not be opened or read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// Path of the file.
        path: PathBuf,
        /// Error of the operating system.
        source: std::io::Error,
    },
    /// The file is larger than [`MAX_MODEL_BYTES`] after decompression, or has more values than are read from any file.
    #[error(
        "{name}: more than {MAX_MODEL_BYTES} bytes after decompression, or more than {} JSON values; this is not a service model",
        files::MOST_WEIGHT
    )]
    TooLarge {
        /// Name of the file.
        name: String,
    },
    /// The gzip stream is damaged.
    #[error("{name}: damaged gzip stream: {source}")]
    Gzip {
        /// Name of the file.
        name: String,
        /// Error of the decoder.
        source: std::io::Error,
    },
    /// The text is not JSON.
    #[error("{name}: not JSON: {source}")]
    Json {
        /// Name of the file.
        name: String,
        /// Error of the parser.
        source: serde_json::Error,
    },
    /// The text is JSON, but does not have the form of a Smithy model.
    #[error("{name}: not a Smithy JSON AST: {problem}")]
    Form {
        /// Name of the file.
        name: String,
        /// Shape and description of the problem.
        problem: String,
    },
    /// The text is JSON, but has no known format.
    #[error(
        "{name}: neither a Smithy JSON AST (no \"smithy\" key) nor an AWS service-2.json (no \"metadata\", \
         \"operations\" and \"shapes\"){hint}"
    )]
    UnknownFormat {
        /// Name of the file.
        name: String,
        /// Description of the content.
        hint: String,
    },
    /// The format is known, but the content is wrong.
    #[error("{name}: {what}")]
    Malformed {
        /// Name of the file.
        name: String,
        /// Description of the problem.
        what: String,
    },
    /// The files of one import do not belong together.
    #[error("{0}")]
    Combination(String),
}

/// A model file in memory: its name (for messages) and its decompressed text.
#[derive(Clone, Debug)]
pub struct Source {
    /// Name in messages.
    pub name: String,
    /// Decompressed bytes.
    pub bytes: Vec<u8>,
}

impl Source {
    /// Reads a file and decompresses gzip, regardless of the file name.
    pub fn open(path: &Path) -> Result<Self, ImportError> {
        let unread = |source| ImportError::Read { path: path.to_owned(), source };
        let raw = files::read(path, files::Use::Input, MAX_MODEL_BYTES).map_err(unread)?;
        Self::from_bytes(path.display().to_string(), raw)
    }

    /// Takes bytes and decompresses gzip; more than [`MAX_MODEL_BYTES`], or too many values, is an error.
    pub fn from_bytes(name: impl Into<String>, raw: Vec<u8>) -> Result<Self, ImportError> {
        let name = name.into();
        let bytes = if raw.starts_with(&[0x1f, 0x8b]) {
            let mut text = Vec::new();
            let mut reader = flate2::read::MultiGzDecoder::new(raw.as_slice()).take(MAX_MODEL_BYTES + 1);
            reader.read_to_end(&mut text).map_err(|source| ImportError::Gzip { name: name.clone(), source })?;
            text
        } else {
            raw
        };
        if bytes.len() as u64 > MAX_MODEL_BYTES || weight(&bytes) > files::MOST_WEIGHT {
            return Err(ImportError::TooLarge { name });
        }
        Ok(Self { name, bytes })
    }

    /// Returns the SHA-256 digest of the decompressed bytes, in hex.
    pub fn digest(&self) -> String {
        hex_digest(&self.bytes)
    }

    /// Returns the file name without directories and without `.gz`.
    fn file_name(&self) -> &str {
        let base = self.name.rsplit(['/', '\\']).next().unwrap_or(&self.name);
        base.strip_suffix(".gz").unwrap_or(base)
    }
}

/// Returns a SHA-256 digest in lower-case hex.
pub fn hex_digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads the files of a model: the file at `path`, and for a `service-2.json` also the `paginators-1.json` in the same
/// folder.
pub fn open_model(path: &Path) -> Result<Vec<Source>, ImportError> {
    let main = Source::open(path)?;
    let is_service = main.file_name() == "service-2.json";
    let mut sources = vec![main];
    if is_service {
        let candidates = ["paginators-1.json", "paginators-1.json.gz"].map(|name| path.with_file_name(name));
        if let Some(paginators) = candidates.iter().find(|file| file.is_file()) {
            sources.push(Source::open(paginators)?);
        }
    }
    Ok(sources)
}

/// Converts one model file, with its paginators, to normal form. Records the `provenance` (key, value) pairs in the
/// metadata, together with the digests of the sources.
pub fn import(sources: &[Source], provenance: &[(String, String)]) -> Result<Ast, ImportError> {
    let mut services = Vec::new();
    let mut paginators = Vec::new();
    let mut asts = Vec::new();
    for source in sources {
        match classify(source)? {
            Format::Service(value) => services.push((source, value)),
            Format::Paginators(value) => paginators.push((source, value)),
            Format::Smithy(ast) => asts.push((source, *ast)),
        }
    }
    let names = || sources.iter().map(|source| source.name.as_str()).collect::<Vec<_>>().join(", ");
    let mut ast = match (services.as_slice(), asts.len(), paginators.len()) {
        ([(source, value)], 0, 0 | 1) => {
            let ast = botocore::import(source, value, paginators.first().map(|(s, v)| (*s, v)))?;
            // The same normal form as for Smithy, so that a written model imports unchanged.
            smithy::normalise(source, ast)?
        }
        ([], 1, 0) => {
            let (source, ast) = asts.remove(0);
            smithy::normalise(source, ast)?
        }
        ([], 0, 0) => return Err(ImportError::Combination("no model file given".to_owned())),
        ([], 0, _) => {
            return Err(ImportError::Combination(format!("{}: paginators without a service-2.json", names())));
        }
        ([], 1, _) => {
            return Err(ImportError::Combination(format!(
                "{}: a Smithy model contains its pagination; remove the paginators file",
                names()
            )));
        }
        _ => {
            return Err(ImportError::Combination(format!(
                "{}: give one service-2.json with at most one paginators-1.json, or one Smithy JSON AST",
                names()
            )));
        }
    };
    record_provenance(&mut ast, sources, provenance);
    Ok(ast)
}

/// Reduces a model to some operations and the shapes that they refer to.
pub fn extract(mut ast: Ast, operations: &[String]) -> Result<Ast, ImportError> {
    let name = "the model".to_owned();
    let fail = |what| ImportError::Malformed { name: name.clone(), what };
    for service in ast.shapes.values_mut().filter(|shape| shape.kind == "service") {
        let named = |reference: &Reference, name: &str| reference.target.split_once('#').is_some_and(|id| id.1 == name);
        let missing = operations.iter().find(|name| !service.operations.iter().any(|one| named(one, name)));
        if let Some(name) = missing {
            return Err(fail(format!("there is no operation {name}; names are case-sensitive")));
        }
        service.operations.retain(|one| operations.iter().any(|name| named(one, name)));
    }
    smithy::closure(ast).map_err(fail)
}

enum Format {
    Service(Value),
    Paginators(Value),
    Smithy(Box<Ast>),
}

fn classify(source: &Source) -> Result<Format, ImportError> {
    let json_error = |error| ImportError::Json { name: source.name.clone(), source: error };
    // Smithy first, parsed directly into its types: the built-in model is loaded like this on every start.
    if source.bytes.get(..64.min(source.bytes.len())).is_some_and(|head| find(head, b"\"smithy\""))
        && let Ok(ast) = serde_json::from_slice(&source.bytes)
    {
        return Ok(Format::Smithy(Box::new(ast)));
    }
    let value: Value = serde_json::from_slice(&source.bytes).map_err(json_error)?;
    let has = |key: &str| value.get(key).is_some_and(Value::is_object);
    if value.get("smithy").is_some() {
        let form = |error| ImportError::Form { name: source.name.clone(), problem: describe(&value, error) };
        return Ok(Format::Smithy(Box::new(Ast::deserialize(&value).map_err(form)?)));
    }
    if has("metadata") && has("operations") && has("shapes") {
        return Ok(Format::Service(value));
    }
    if has("pagination") {
        return Ok(Format::Paginators(value));
    }
    let hint = if value.get("openapi").is_some() || value.get("swagger").is_some() {
        "; it looks like an OpenAPI document".to_owned()
    } else {
        match &value {
            Value::Object(map) => {
                format!("; top-level keys: {}", map.keys().take(6).cloned().collect::<Vec<_>>().join(", "))
            }
            other => format!("; the top level is {}", json_type(other)),
        }
    };
    Err(ImportError::UnknownFormat { name: source.name.clone(), hint })
}

/// Describes the error of a model, with the name of the shape that has it, if there is one.
fn describe(model: &Value, error: serde_json::Error) -> String {
    let mut shapes = model.get("shapes").and_then(Value::as_object).into_iter().flatten();
    let wrong = shapes.find_map(|(id, shape)| Some((id, AstShape::deserialize(shape).err()?)));
    wrong.map_or_else(|| error.to_string(), |(id, error)| format!("shape {id}: {error}"))
}

fn find(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// Records the origin of a model. A model with provenance keeps it, so that a normalised file imports unchanged.
fn record_provenance(ast: &mut Ast, sources: &[Source], provenance: &[(String, String)]) {
    if ast.metadata.contains_key(PROVENANCE) && provenance.is_empty() {
        return;
    }
    let mut files: Vec<Value> =
        sources.iter().map(|source| json!({"file": source.file_name(), "sha256": source.digest()})).collect();
    files.sort_by_key(|file| file["file"].as_str().unwrap_or_default().to_owned());
    let mut record = serde_json::Map::new();
    for (key, value) in provenance {
        record.insert(key.clone(), Value::from(value.as_str()));
    }
    record.insert("sources".to_owned(), Value::from(files));
    ast.metadata.insert(PROVENANCE.to_owned(), Value::Object(record));
}
