//! Arguments and commands of `connect-model`. Parses, calls the library and prints.

mod generate;
mod models;
mod printer;
mod semantic;
mod wire;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use connect_model::export;
use connect_model::files;
use connect_model::generate::{Side, side_shape, sites};
use connect_model::resources::Graph;
use connect_model::schema::{OperationId, Schema};
use connect_model::text::visible;
use connect_model::validate::{undecided, validate};
use serde_json::Value;

use self::printer::{Form, Printer};

/// Most bytes of a value on stdin.
const LARGEST_INPUT: u64 = 64 << 20;

/// The Amazon Connect API as data: list, generate, validate, encode, decode, export, compare
#[derive(Debug, Parser)]
#[command(name = "connect-model", version, about, max_term_width = 100)]
pub(crate) struct Arguments {
    /// Model file: Smithy JSON AST or AWS service-2.json, plain or gzip [default: built-in Amazon Connect]
    #[arg(long, global = true, value_name = "FILE")]
    model: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List names, one per line
    List {
        /// Kind of names
        #[arg(value_enum, default_value_t = Listing::Operations)]
        what: Listing,
        /// Operation, for `checks-of`
        operation: Option<String>,
    },
    /// Generate values for operations, one JSON object per line
    Generate {
        /// Operation names
        #[arg(required = true, value_name = "OPERATION")]
        operations: Vec<String>,
        /// Number of values per operation
        #[arg(long, default_value_t = 1)]
        count: u64,
        /// Seed; the same seed gives the same values
        #[arg(long, default_value_t = 0)]
        seed: u64,
        /// Generate invalid values, with exactly one violation each
        #[arg(long)]
        invalid: bool,
        /// With --invalid: break rules beyond the service model, in flow content and in rules
        #[arg(long, requires = "invalid", conflicts_with = "output")]
        semantic: bool,
        /// Context of an update for --semantic.
        #[command(flatten)]
        about: semantic::About,
        /// Generate response values instead of request values
        #[arg(long)]
        output: bool,
        /// Generate values at the limits of sizes and numbers
        #[arg(long, conflicts_with = "invalid")]
        boundary: bool,
    },
    /// Read a value from stdin and print its violations, one per line; exit 1 if there are any, else 3 if a part of it cannot
    /// be checked
    Validate {
        /// Operation name
        operation: String,
        /// Also check rules beyond the service model: flow content, functions and actions of rules
        #[arg(long, conflicts_with = "output")]
        semantic: bool,
        /// Context of an update for --semantic.
        #[command(flatten)]
        about: semantic::About,
        /// The value is a response
        #[arg(long)]
        output: bool,
    },
    /// Read values from stdin and print one HTTP message per line
    Encode {
        /// Operation of the values; without it, the input is lines as printed by `generate`, which name the operation
        operation: Option<String>,
        /// The value is a response
        #[arg(long)]
        output: bool,
        /// Complete the value first, as an SDK does: default values, a UUID as idempotency token, no nulls
        #[arg(long)]
        complete: bool,
    },
    /// Read an HTTP message from stdin and print its value
    Decode {
        /// Operation name
        operation: String,
        /// The message is a request
        #[arg(long)]
        input: bool,
        /// Complete the value afterwards, as an SDK does: default values, no nulls
        #[arg(long)]
        complete: bool,
    },
    /// Export the contract in another format
    Export {
        /// Output format
        #[arg(value_enum)]
        format: ExportFormat,
        /// Operations [default: all]; for `rust`, the output directory
        names: Vec<String>,
    },
    /// Compare two model files and classify the changes by compatibility
    Diff {
        /// The earlier model
        old: PathBuf,
        /// The later model
        new: PathBuf,
        /// Output format
        #[arg(long, value_enum, default_value_t = DiffFormat::Text)]
        format: DiffFormat,
        /// Grouping of the changes; JSON has both
        #[arg(long, value_enum, default_value_t = Grouping::Class)]
        by: Grouping,
        /// Exit 1 if there is a change of this class
        #[arg(long, value_enum)]
        fail_on: Option<FailOn>,
    },
    /// Print the kinds of resource of the service: the operations on each, and the values that name them
    Graph {
        /// Nouns of kinds, for example Queue [default: all]
        kinds: Vec<String>,
        /// Output format
        #[arg(long, value_enum, default_value_t = GraphFormat::Text)]
        format: GraphFormat,
    },
    /// Print model files in normal form
    Import {
        /// service-2.json with paginators-1.json, or one Smithy JSON AST; plain or gzip
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Provenance to record, for example package=botocore
        #[arg(long = "provenance", value_name = "KEY=VALUE", value_parser = key_value)]
        provenance: Vec<(String, String)>,
        /// Only these operations and the shapes they refer to
        #[arg(long, value_name = "A,B", value_delimiter = ',')]
        operations: Vec<String>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Listing {
    Operations,
    Shapes,
    ChecksOf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ExportFormat {
    JsonSchema,
    Openapi,
    Rust,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DiffFormat {
    Text,
    Json,
    Markdown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum GraphFormat {
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Grouping {
    /// By compatibility class
    Class,
    /// By affected operation
    Operation,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOn {
    Breaking,
}

/// Error of a command, with a message for the user.
type Failure = Box<dyn std::error::Error>;

pub(crate) fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let Arguments { model, command } = arguments;
    if model.is_some() && matches!(command, Command::Import { .. } | Command::Diff { .. }) {
        return Err("`import` and `diff` take model files as arguments and do not accept --model".into());
    }
    let result = match command {
        Command::Import { files, provenance, operations } => models::import_files(&files, &provenance, &operations),
        Command::Diff { old, new, format, by, fail_on } => models::compare(&old, &new, (format, by), fail_on),
        command => on_schema(load(model.as_deref())?, command),
    };
    match result {
        // A closed pipe, as with `| head`, is not an error.
        Err(error) if error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe) => {
            Ok(ExitCode::SUCCESS)
        }
        other => other,
    }
}

fn load(path: Option<&std::path::Path>) -> Result<&'static Schema, Failure> {
    let Some(path) = path else { return Ok(Schema::connect()) };
    let schema = Schema::load(path)?;
    for stale in &schema.stale_overrides {
        eprintln!("warning: {}", visible(&stale.to_string()));
    }
    // Leaked on purpose: there is one schema per process.
    Ok(Box::leak(Box::new(schema)))
}

/// Exit code for a value without a known violation of which a part cannot be checked.
const UNCHECKED: u8 = 3;

fn on_schema(schema: &'static Schema, command: Command) -> Result<ExitCode, Failure> {
    let form = match &command {
        Command::List { .. } | Command::Graph { format: GraphFormat::Text, .. } => Form::Text,
        Command::Export { .. } => Form::Document,
        _ => Form::Json,
    };
    let mut out = Printer::new(io::stdout().lock(), form);
    match command {
        Command::List { what, operation } => list(schema, what, operation.as_deref(), &mut out)?,
        Command::Generate { operations, count, seed, invalid, semantic, about, output, boundary } => {
            let side = side(output);
            let ids = operations.iter().map(|name| find(schema, name)).collect::<Result<Vec<_>, _>>()?;
            for id in ids {
                if semantic {
                    semantic::generate(schema, id, &about, count, seed, &mut out)?;
                } else if invalid {
                    generate::invalid(schema, id, side, count, seed, &mut out)?;
                } else {
                    generate::valid(schema, id, side, count, seed, boundary, &mut out)?;
                }
            }
        }
        Command::Validate { operation, semantic, about, output } => {
            let id = find(schema, &operation)?;
            let value = read_json()?;
            let shape = side_shape(schema, id, side(output));
            let violations = shape.map(|shape| validate(schema, shape, &value)).unwrap_or_default();
            let unchecked = shape.map(|shape| undecided(schema, shape, &value)).unwrap_or_default();
            for (path, pattern) in &unchecked {
                eprintln!("not checked: {}: pattern {} cannot be read", visible(path), visible(pattern));
            }
            let mut broken = !violations.is_empty();
            let mut text = Vec::new();
            for violation in &violations {
                writeln!(text, "{}", serde_json::to_string(violation)?)?;
            }
            if semantic {
                broken |= semantic::validate(&operation, &value, &about, &mut text)?;
            }
            // The exit code does not depend on whether the reader reads to the end.
            print_all(&mut out, &text)?;
            let code = match (broken, unchecked.is_empty()) {
                (true, _) => 1,
                (false, true) => 0,
                (false, false) => UNCHECKED,
            };
            return Ok(ExitCode::from(code));
        }
        Command::Encode { operation, output, complete } => {
            let id = operation.map(|name| find(schema, &name)).transpose()?;
            encode(schema, id, (side(output), complete), &mut out)?;
        }
        Command::Decode { operation, input, complete } => {
            let id = find(schema, &operation)?;
            writeln!(out, "{}", wire::decode(schema, id, (side(!input), complete), &read_json()?)?)?;
        }
        Command::Graph { kinds, format } => {
            let text = graph(schema, &kinds, format)?;
            print_all(&mut out, text.as_bytes())?;
        }
        Command::Export { format, names } => export(schema, format, &names, &mut out)?,
        // Handled in `run`; they do not use --model.
        Command::Import { .. } | Command::Diff { .. } => {}
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Writes the whole text; a closed pipe is not an error.
fn print_all(out: &mut impl Write, text: &[u8]) -> io::Result<()> {
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

fn side(output: bool) -> Side {
    if output { Side::Output } else { Side::Input }
}

/// Finds an operation by name; the error suggests similar names.
fn find(schema: &Schema, name: &str) -> Result<OperationId, Failure> {
    if let Some(id) = schema.operation_named(name) {
        return match &schema[id].refused {
            Some(why) => Err(format!("operation {name}: {why}").into()),
            None => Ok(id),
        };
    }
    let lower = name.to_lowercase();
    let near: Vec<&str> = schema
        .operations()
        .map(|(_, operation)| operation.name.as_str())
        .filter(|known| {
            let known = known.to_lowercase();
            known == lower || (lower.len() > 3 && known.contains(&lower)) || lower.contains(&known)
        })
        .take(5)
        .collect();
    let hint = if near.is_empty() {
        "`list operations` prints all names".to_owned()
    } else {
        format!("did you mean {}?", near.join(", "))
    };
    Err(format!("no operation `{name}` in {} {}; {hint}", schema.service.sdk_id, schema.service.version).into())
}

/// The kinds of resource with these nouns, or all.
fn graph(schema: &Schema, nouns: &[String], format: GraphFormat) -> Result<String, Failure> {
    let mut graph = Graph::of(schema);
    if let Some(unknown) = nouns.iter().find(|noun| graph.kind(noun).is_none()) {
        let known: Vec<&str> = graph.kinds().iter().map(|kind| kind.noun.as_str()).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        return Err(format!("no kind `{unknown}` in {}; its kinds: {known}", schema.service.sdk_id).into());
    }
    for stale in std::mem::take(&mut graph.stale) {
        eprintln!("warning: {}", visible(&stale));
    }
    Ok(match format {
        GraphFormat::Text => graph.text(schema, nouns),
        GraphFormat::Json => format!("{:#}\n", graph.json(schema, nouns)),
    })
}

fn list(schema: &Schema, what: Listing, operation: Option<&str>, out: &mut impl Write) -> Result<(), Failure> {
    match (what, operation) {
        (Listing::Operations, None) => {
            for (_, operation) in schema.operations() {
                writeln!(out, "{}", operation.name)?;
            }
        }
        (Listing::Shapes, None) => {
            for (id, shape) in schema.shapes() {
                // Prelude shapes do not belong to the service.
                if schema.shape_named(&shape.name) == Some(id) {
                    writeln!(out, "{}", shape.name)?;
                }
            }
        }
        (Listing::ChecksOf, Some(name)) => {
            let id = find(schema, name)?;
            for site in sites(schema, id, Side::Input) {
                writeln!(out, "invalid.{}", site.mutation)?;
            }
        }
        (Listing::ChecksOf, None) => return Err("`list checks-of` needs an operation".into()),
        (_, Some(name)) => return Err(format!("unexpected argument `{name}`: only `checks-of` takes one").into()),
    }
    Ok(())
}

/// Encodes every value on stdin: bare values of one operation, or lines as [`generate::print_generated`] writes them.
fn encode(
    schema: &Schema,
    id: Option<OperationId>,
    (side, complete): (Side, bool),
    out: &mut impl Write,
) -> Result<(), Failure> {
    let mut read = 0_usize;
    for document in serde_json::Deserializer::from_reader(io::stdin().lock()).into_iter::<Value>() {
        let document = document.map_err(|error| format!("stdin is not JSON: {error}"))?;
        read += 1;
        let (id, value) = match id {
            Some(id) => (id, &document),
            None => named(schema, side, &document).map_err(|error| format!("value {read} on stdin: {error}"))?,
        };
        let message = wire::encode(schema, id, (side, complete), value)
            .map_err(|error| format!("value {read} on stdin, for {}: {error}", schema[id].name))?;
        writeln!(out, "{message}")?;
    }
    if read == 0 {
        return Err("stdin has no value to encode".into());
    }
    Ok(())
}

/// Returns operation and value of a line printed by `generate`.
fn named<'v>(schema: &Schema, side: Side, document: &'v Value) -> Result<(OperationId, &'v Value), Failure> {
    let name = document
        .get("operation")
        .and_then(Value::as_str)
        .ok_or("it has no `operation`; name the operation on the command line, or pipe from `generate`")?;
    let key = key(side);
    let value = document.get(key).ok_or_else(|| format!("it has no `{key}`"))?;
    Ok((find(schema, name)?, value))
}

/// Key of the value in a line printed by `generate`.
fn key(side: Side) -> &'static str {
    if side == Side::Input { "input" } else { "output" }
}

fn read_json() -> Result<Value, Failure> {
    let bytes = files::read_json_from(io::stdin().lock(), LARGEST_INPUT).map_err(|error| format!("stdin: {error}"))?;
    serde_json::from_slice(&bytes).map_err(|error| format!("stdin is not JSON: {error}").into())
}

fn export(schema: &Schema, format: ExportFormat, names: &[String], out: &mut impl Write) -> Result<(), Failure> {
    if format == ExportFormat::Rust {
        let directory = names.first().map_or("model/src/shapes", String::as_str);
        let written =
            export::rust::write_shapes(schema, connect_model::shapes::CORE_OPERATIONS, std::path::Path::new(directory))
                .map_err(|error| format!("{directory}: {error}; run it from the root of the repository"))?;
        for file in written {
            writeln!(out, "{directory}/{file}")?;
        }
        return Ok(());
    }
    let mut operations: Vec<OperationId> = if names.is_empty() {
        schema.operations().filter(|(_, operation)| operation.refused.is_none()).map(|(id, _)| id).collect()
    } else {
        names.iter().map(|name| find(schema, name)).collect::<Result<_, _>>()?
    };
    // Duplicates are ignored.
    let mut seen = std::collections::BTreeSet::new();
    operations.retain(|id| seen.insert(id.index()));
    let document = match format {
        ExportFormat::JsonSchema => export::json_schema::document(schema, &operations),
        ExportFormat::Openapi | ExportFormat::Rust => export::openapi::openapi(schema, &operations),
    };
    serde_json::to_writer_pretty(&mut *out, &document).map_err(io::Error::from)?;
    writeln!(out)?;
    Ok(())
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("`{text}` is not KEY=VALUE")),
    }
}
