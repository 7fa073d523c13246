//! Loading a [`Schema`]: reads a model file, applies the overrides of its service, and lowers the result.

use std::path::Path;
use std::sync::OnceLock;

use crate::ast::Ast;
use crate::import::{ImportError, Source, hex_digest};
use crate::lower;
use crate::overrides::{self, OverrideError, Overrides};
use crate::schema::Schema;

/// Text of the built-in Amazon Connect model, `model/connect.json`.
pub const BUILT_IN: &str = include_str!("../connect.json");

/// Reason why a model cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file could not be read or parsed.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The overrides could not be parsed.
    #[error(transparent)]
    Override(#[from] OverrideError),
    /// The model contradicts itself or uses a feature that this crate does not support.
    #[error("{model}: {problem}")]
    Contradiction {
        /// File name of the model, or `model` if unknown.
        model: String,
        /// Description of the problem.
        problem: String,
    },
}

impl LoadError {
    fn contradiction(problem: impl Into<String>) -> Self {
        LoadError::Contradiction { model: "model".to_owned(), problem: problem.into() }
    }

    /// Returns the same error with the name of the model file.
    #[must_use]
    pub fn in_file(self, file: impl Into<String>) -> Self {
        match self {
            LoadError::Contradiction { problem, .. } => LoadError::Contradiction { model: file.into(), problem },
            other => other,
        }
    }
}

impl Schema {
    /// Returns the built-in model of Amazon Connect, loaded on first use.
    ///
    /// # Panics
    /// If the compiled-in `connect.json` or `overrides.toml` is broken; a test rules this out.
    #[allow(clippy::panic, reason = "the text is compiled in and tested")]
    pub fn connect() -> &'static Schema {
        static SCHEMA: OnceLock<Schema> = OnceLock::new();
        SCHEMA.get_or_init(|| match Self::from_text("connect.json", BUILT_IN.as_bytes().to_vec()) {
            Ok(schema) => schema,
            Err(error) => panic!("the built-in model does not load: {error}"),
        })
    }

    /// Loads a model file in either format; see [`crate::import::open_model`].
    pub fn load(path: &Path) -> Result<Schema, LoadError> {
        let sources = crate::import::open_model(path)?;
        let digest = sources.first().map(Source::digest).unwrap_or_default();
        Self::from_ast(crate::import::import(&sources, &[])?, digest)
            .map_err(|error| error.in_file(path.display().to_string()))
    }

    /// Loads a model from its bytes.
    pub fn from_text(name: &str, bytes: Vec<u8>) -> Result<Schema, LoadError> {
        let source = Source::from_bytes(name, bytes)?;
        let digest = source.digest();
        Self::from_ast(crate::import::import(&[source], &[])?, digest).map_err(|error| error.in_file(name))
    }

    /// Lowers a model. Applies `overrides.toml` if it is for the model's service.
    pub fn from_ast(mut ast: Ast, digest: String) -> Result<Schema, LoadError> {
        let (service_id, service) = ast
            .shapes
            .iter()
            .find(|(_, shape)| shape.kind == "service")
            .ok_or_else(|| LoadError::contradiction("no shape of type service"))
            .and_then(|(id, shape)| {
                let service = lower::service(id, shape, &ast).map_err(LoadError::contradiction)?;
                Ok((id.clone(), service))
            })?;
        let corrections = Overrides::parse(overrides::BUILT_IN)?;
        let (applied, stale) =
            if corrections.service == service.sdk_id { corrections.apply(&mut ast) } else { Default::default() };
        let digest = if digest.is_empty() { hex_digest(crate::ast::to_text(&ast).as_bytes()) } else { digest };
        let mut schema = lower::schema(&ast, &service_id, service).map_err(LoadError::contradiction)?;
        schema.applied_overrides = applied;
        schema.stale_overrides = stale;
        schema.digest = digest;
        Ok(schema)
    }
}
