//! Reads model files of either format and brings them to one normal form.
//!
//! Formats: AWS's `service-2.json` (with `paginators-1.json` beside it), and Smithy JSON AST; both plain or gzip.
//! Knows file formats; knows nothing of what the traits mean.

mod botocore;
mod mixins;
mod smithy;

use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::ast::{Ast, AstShape, PROVENANCE, Reference};
use crate::text::json_type;

/// Largest model text that is read, in bytes after decompression. The largest AWS model (EC2) has about 10 MB.
pub const MAX_MODEL_BYTES: u64 = 64 * 1024 * 1024;

/// Why a model file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file could not be opened or read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is larger than [`MAX_MODEL_BYTES`] after decompression.
    #[error("{name}: more than {MAX_MODEL_BYTES} bytes after decompression; that is no service model")]
    TooLarge {
        /// The file.
        name: String,
    },
    /// The gzip stream is damaged.
    #[error("{name}: damaged gzip stream: {source}")]
    Gzip {
        /// The file.
        name: String,
        /// What the decoder said.
        source: std::io::Error,
    },
    /// The text is not JSON.
    #[error("{name}: not JSON: {source}")]
    Json {
        /// The file.
        name: String,
        /// Where and why.
        source: serde_json::Error,
    },
    /// JSON, but not in the form of a Smithy model.
    #[error("{name}: not a Smithy JSON AST: {problem}")]
    Form {
        /// The file.
        name: String,
        /// Which shape, and why.
        problem: String,
    },
    /// JSON, but no known format.
    #[error(
        "{name}: neither a Smithy JSON AST (no \"smithy\" key) nor an AWS service-2.json (no \"metadata\", \
         \"operations\" and \"shapes\"){hint}"
    )]
    UnknownFormat {
        /// The file.
        name: String,
        /// What it looks like instead, if we can tell.
        hint: String,
    },
    /// A known format with something wrong inside.
    #[error("{name}: {what}")]
    Malformed {
        /// The file.
        name: String,
        /// What is wrong, and where.
        what: String,
    },
    /// The files of one import do not belong together.
    #[error("{0}")]
    Combination(String),
}

/// A model file in memory: its name (for messages) and its decompressed text.
#[derive(Clone, Debug)]
pub struct Source {
    /// How messages call it.
    pub name: String,
    /// Decompressed bytes.
    pub bytes: Vec<u8>,
}

impl Source {
    /// Reads a file, decompressing gzip whatever its name says.
    pub fn open(path: &Path) -> Result<Self, ImportError> {
        let unread = |source| ImportError::Read { path: path.to_owned(), source };
        let mut raw = Vec::new();
        // No more than is needed to see that it is too much: the path may be a pipe, or a device without end.
        std::fs::File::open(path)
            .and_then(|file| file.take(MAX_MODEL_BYTES + 1).read_to_end(&mut raw))
            .map_err(unread)?;
        Self::from_bytes(path.display().to_string(), raw)
    }

    /// Takes bytes, decompressing gzip; refuses more than [`MAX_MODEL_BYTES`].
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
        if bytes.len() as u64 > MAX_MODEL_BYTES {
            return Err(ImportError::TooLarge { name });
        }
        Ok(Self { name, bytes })
    }

    /// SHA-256 of the decompressed bytes, in hex.
    pub fn digest(&self) -> String {
        hex_digest(&self.bytes)
    }

    /// File name without directories and without `.gz`.
    fn file_name(&self) -> &str {
        let base = self.name.rsplit(['/', '\\']).next().unwrap_or(&self.name);
        base.strip_suffix(".gz").unwrap_or(base)
    }
}

/// SHA-256 in lower-case hex.
pub fn hex_digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads the files of the model that `path` names, the model first: a `service-2.json` brings the `paginators-1.json`
/// that lies beside it.
pub fn open_model(path: &Path) -> Result<Vec<Source>, ImportError> {
    let main = Source::open(path)?;
    let is_service = main.file_name() == "service-2.json";
    let mut sources = vec![main];
    if is_service {
        let beside = ["paginators-1.json", "paginators-1.json.gz"].map(|name| path.with_file_name(name));
        if let Some(paginators) = beside.iter().find(|file| file.is_file()) {
            sources.push(Source::open(paginators)?);
        }
    }
    Ok(sources)
}

/// Brings one model file, with the paginators that belong to it, to normal form. `provenance` (key, value) pairs are
/// recorded in the metadata beside the digests of the sources.
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
            // One normal form for both: what is written here reads back as it is.
            smithy::normalise(source, ast)?
        }
        ([], 1, 0) => {
            let (source, ast) = asts.remove(0);
            smithy::normalise(source, ast)?
        }
        ([], 0, 0) => return Err(ImportError::Combination("no model file given".to_owned())),
        ([], 0, _) => {
            return Err(ImportError::Combination(format!("{}: paginators without their service-2.json", names())));
        }
        ([], 1, _) => {
            return Err(ImportError::Combination(format!(
                "{}: a Smithy model carries its own pagination; drop the paginators file",
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

/// A model of those operations only, with what they reach.
pub fn extract(mut ast: Ast, operations: &[String]) -> Result<Ast, ImportError> {
    let name = "the model".to_owned();
    let fail = |what| ImportError::Malformed { name: name.clone(), what };
    for service in ast.shapes.values_mut().filter(|shape| shape.kind == "service") {
        let named = |reference: &Reference, name: &str| reference.target.split_once('#').is_some_and(|id| id.1 == name);
        let gone = operations.iter().find(|name| !service.operations.iter().any(|one| named(one, name)));
        if let Some(gone) = gone {
            return Err(fail(format!("there is no operation {gone}; names are case-sensitive")));
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
    // Smithy first, straight into its types: the built-in model takes this road on every start.
    if source.bytes.get(..64.min(source.bytes.len())).is_some_and(|head| find(head, b"\"smithy\""))
        && let Ok(ast) = serde_json::from_slice(&source.bytes)
    {
        return Ok(Format::Smithy(Box::new(ast)));
    }
    let value: Value = serde_json::from_slice(&source.bytes).map_err(json_error)?;
    let has = |key: &str| value.get(key).is_some_and(Value::is_object);
    if value.get("smithy").is_some() {
        let form = |error| ImportError::Form { name: source.name.clone(), problem: misshapen(&value, error) };
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

/// What is wrong with a model, with the name of the shape that it is wrong with, if it is one.
fn misshapen(model: &Value, error: serde_json::Error) -> String {
    let mut shapes = model.get("shapes").and_then(Value::as_object).into_iter().flatten();
    let wrong = shapes.find_map(|(id, shape)| Some((id, AstShape::deserialize(shape).err()?)));
    wrong.map_or_else(|| error.to_string(), |(id, error)| format!("shape {id}: {error}"))
}

fn find(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// A model that already carries provenance keeps it: importing a normalised file changes nothing.
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
