//! Arguments of `connect-model` and what each command does. Knows nothing that the library could know.

mod semantic;
mod wire;

use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use arbitrary::Unstructured;
use clap::{Parser, Subcommand, ValueEnum};
use connect_model::export;
use connect_model::generate::seed::Stream;
use connect_model::generate::{Config, Generator, Side, side_shape, sites};
use connect_model::import::{self, Source};
use connect_model::schema::{OperationId, Schema};
use connect_model::validate::validate;
use serde_json::{Value, json};

/// The Amazon Connect API as data: list, generate, validate, encode, decode, export, compare.
#[derive(Debug, Parser)]
#[command(name = "connect-model", version, about, max_term_width = 100)]
pub(crate) struct Arguments {
    /// Model file to work on: Smithy JSON AST or AWS service-2.json, plain or gzip [default: built-in Amazon Connect]
    #[arg(long, global = true, value_name = "FILE")]
    model: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Names, one per line
    List {
        /// What to list
        #[arg(value_enum, default_value_t = Listing::Operations)]
        what: Listing,
        /// Operation, for `checks-of`
        operation: Option<String>,
    },
    /// Values for operations, one JSON object per line
    Generate {
        /// Operation names
        #[arg(required = true, value_name = "OPERATION")]
        operations: Vec<String>,
        /// How many of each operation
        #[arg(long, default_value_t = 1)]
        count: u64,
        /// Seed; the same seed gives the same values
        #[arg(long, default_value_t = 0)]
        seed: u64,
        /// Values with exactly one violation each
        #[arg(long)]
        invalid: bool,
        /// With --invalid: break what the service model does not state, in contents of flows and in rules
        #[arg(long, requires = "invalid", conflicts_with = "output")]
        semantic: bool,
        /// What --semantic has to know of the thing that an update names.
        #[command(flatten)]
        about: semantic::About,
        /// Values of the response instead of the request
        #[arg(long)]
        output: bool,
        /// Values on the bounds of sizes and numbers
        #[arg(long, conflicts_with = "invalid")]
        boundary: bool,
    },
    /// Read a value from stdin, print its violations one per line; exit 1 if there are any
    Validate {
        /// Operation name
        operation: String,
        /// Look also at what the service model does not state: contents of flows, functions and actions of rules
        #[arg(long, conflicts_with = "output")]
        semantic: bool,
        /// What --semantic has to know of the thing that an update names.
        #[command(flatten)]
        about: semantic::About,
        /// The value is a response
        #[arg(long)]
        output: bool,
    },
    /// Read values from stdin, print the HTTP message of each on a line
    Encode {
        /// Operation of every value; without it each value comes as `generate` prints it, with the operation's name
        operation: Option<String>,
        /// The value is a response
        #[arg(long)]
        output: bool,
    },
    /// Read an HTTP message from stdin, print the value
    Decode {
        /// Operation name
        operation: String,
        /// The message is a request
        #[arg(long)]
        input: bool,
    },
    /// Write the contract in another form
    Export {
        /// The form
        #[arg(value_enum)]
        format: ExportFormat,
        /// Operations [default: all]; for `rust`, the directory to write to
        names: Vec<String>,
    },
    /// Say what changed between two model files, classed by whom it breaks
    Diff {
        /// The earlier model
        old: PathBuf,
        /// The later model
        new: PathBuf,
        /// Form of the answer
        #[arg(long, value_enum, default_value_t = DiffFormat::Text)]
        format: DiffFormat,
        /// What changes stand under; JSON names both
        #[arg(long, value_enum, default_value_t = Grouping::Class)]
        by: Grouping,
        /// Exit 1 when a change of this class is there
        #[arg(long, value_enum)]
        fail_on: Option<FailOn>,
    },
    /// Bring model files to normal form on stdout
    Import {
        /// service-2.json with paginators-1.json, or one Smithy JSON AST; plain or gzip
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Provenance to record, for example package=botocore
        #[arg(long = "provenance", value_name = "KEY=VALUE", value_parser = key_value)]
        provenance: Vec<(String, String)>,
        /// Only these operations and what they reach
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
enum Grouping {
    /// Whom they break.
    Class,
    /// The operations that they reach.
    Operation,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOn {
    Breaking,
}

/// Whatever ends a command: a sentence for the person who typed it.
type Failure = Box<dyn std::error::Error>;

pub(crate) fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let Arguments { model, command } = arguments;
    if model.is_some() && matches!(command, Command::Import { .. } | Command::Diff { .. }) {
        return Err("`import` and `diff` take their files as arguments, and know no --model".into());
    }
    let result = match command {
        Command::Import { files, provenance, operations } => import_files(&files, &provenance, &operations),
        Command::Diff { old, new, format, by, fail_on } => diff(&old, &new, (format, by), fail_on),
        command => on_schema(load(model.as_deref())?, command),
    };
    match result {
        // The reader has seen enough: `| head` is no failure.
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
        eprintln!("warning: {stale}");
    }
    // One schema per process, used until its end.
    Ok(Box::leak(Box::new(schema)))
}

fn on_schema(schema: &'static Schema, command: Command) -> Result<ExitCode, Failure> {
    let mut out = io::stdout().lock();
    match command {
        Command::List { what, operation } => list(schema, what, operation.as_deref(), &mut out)?,
        Command::Generate { operations, count, seed, invalid, semantic, about, output, boundary } => {
            let side = side(output);
            let ids = operations.iter().map(|name| find(schema, name)).collect::<Result<Vec<_>, _>>()?;
            for id in ids {
                if semantic {
                    semantic::generate(schema, id, &about, count, seed, &mut out)?;
                } else if invalid {
                    generate_invalid(schema, id, side, count, seed, &mut out)?;
                } else {
                    generate_valid(schema, id, side, count, seed, boundary, &mut out)?;
                }
            }
        }
        Command::Validate { operation, semantic, about, output } => {
            let id = find(schema, &operation)?;
            let value = read_json()?;
            let violations = match side_shape(schema, id, side(output)) {
                Some(shape) => validate(schema, shape, &value),
                None => Vec::new(),
            };
            let mut broken = !violations.is_empty();
            let mut text = Vec::new();
            for violation in &violations {
                writeln!(text, "{}", serde_json::to_string(violation)?)?;
            }
            if semantic {
                broken |= semantic::validate(&operation, &value, &about, &mut text)?;
            }
            // The verdict stands, whether anybody reads to the end or not.
            tell(&mut out, &text)?;
            return Ok(ExitCode::from(u8::from(broken)));
        }
        Command::Encode { operation, output } => {
            let id = operation.map(|name| find(schema, &name)).transpose()?;
            encode(schema, id, side(output), &mut out)?;
        }
        Command::Decode { operation, input } => {
            let id = find(schema, &operation)?;
            writeln!(out, "{}", wire::decode(schema, id, side(!input), &read_json()?)?)?;
        }
        Command::Export { format, names } => export(schema, format, &names, &mut out)?,
        // Neither works on the schema of --model.
        Command::Import { .. } | Command::Diff { .. } => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes all; a reader that has gone away is no trouble.
fn tell(out: &mut impl Write, text: &[u8]) -> io::Result<()> {
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

fn side(output: bool) -> Side {
    if output { Side::Output } else { Side::Input }
}

/// The operation of that name, or a sentence with the names that come near.
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
        "`list operations` names them all".to_owned()
    } else {
        format!("did you mean {}?", near.join(", "))
    };
    Err(format!("no operation {name:?} in {} {}; {hint}", schema.service.sdk_id, schema.service.version).into())
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
                // Prelude shapes are not the service's.
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
        (_, Some(name)) => return Err(format!("unexpected argument {name:?}: only `checks-of` takes one").into()),
    }
    Ok(())
}

/// Bytes that one value is made from.
const BYTES: usize = 2048;

fn generate_valid(
    schema: &Schema,
    id: OperationId,
    side: Side,
    count: u64,
    seed: u64,
    boundary: bool,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let config = if boundary { Config::boundary() } else { Config::default() };
    let generator = Generator::new(schema, config);
    let name = &schema[id].name;
    let case = if boundary { "boundary" } else { "valid" };
    let mut stream = Stream::new(seed, name);
    let mut told = std::collections::BTreeSet::new();
    for _ in 0..count {
        let bytes = stream.bytes(BYTES);
        let made = generator.focused(id, side, &Default::default(), &mut Unstructured::new(&bytes))?;
        for left in made.left_out {
            if told.insert((left.shape.clone(), left.limit)) {
                eprintln!("left out: {} goes to {}, beyond the budget {}", left.shape, left.limit, left.budget);
            }
        }
        print_generated(out, name, case, side, made.value, Value::Null)?;
    }
    Ok(())
}

fn generate_invalid(
    schema: &Schema,
    id: OperationId,
    side: Side,
    count: u64,
    seed: u64,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let generator = Generator::new(schema, Config::sparse());
    let name = &schema[id].name;
    let mut stream = Stream::new(seed, name);
    // Every mutation once, then again with other values.
    let mut made = 0;
    let all = sites(schema, id, side);
    let mut left_out = Vec::new();
    'rounds: for round in 0.. {
        let before = made;
        for site in &all {
            if made == count {
                break 'rounds;
            }
            let bytes = stream.bytes(BYTES);
            match generator.mutant(id, side, site, &mut Unstructured::new(&bytes)) {
                Ok(mutant) => {
                    made += 1;
                    let case = format!("invalid.{}", site.mutation);
                    let violation = json!({"path": mutant.pointer, "kind": mutant.kind});
                    print_generated(out, name, &case, side, mutant.value, violation)?;
                }
                Err(why) if round == 0 => left_out.push(why.to_string()),
                Err(_) => {}
            }
        }
        if made == before {
            return Err(format!("{name} has no constraint there that can be broken alone").into());
        }
    }
    for why in left_out {
        eprintln!("left out: {why}");
    }
    Ok(())
}

fn print_generated(
    out: &mut impl Write,
    operation: &str,
    case: &str,
    side: Side,
    value: Value,
    violation: Value,
) -> Result<(), Failure> {
    writeln!(out, "{}", json!({"operation": operation, "case": case, key(side): value, "violation": violation}))?;
    Ok(())
}

/// Encodes every value on stdin: bare ones of one operation, or lines as [`print_generated`] writes them.
fn encode(schema: &Schema, id: Option<OperationId>, side: Side, out: &mut impl Write) -> Result<(), Failure> {
    let mut read = 0_usize;
    for document in serde_json::Deserializer::from_reader(io::stdin().lock()).into_iter::<Value>() {
        let document = document.map_err(|error| format!("stdin is not JSON: {error}"))?;
        read += 1;
        let (id, value) = match id {
            Some(id) => (id, &document),
            None => named(schema, side, &document).map_err(|error| format!("value {read} on stdin: {error}"))?,
        };
        let message = wire::encode(schema, id, side, value)
            .map_err(|error| format!("value {read} on stdin, for {}: {error}", schema[id].name))?;
        writeln!(out, "{message}")?;
    }
    if read == 0 {
        return Err("stdin holds no value to encode".into());
    }
    Ok(())
}

/// Operation and value of a line that `generate` printed.
fn named<'v>(schema: &Schema, side: Side, document: &'v Value) -> Result<(OperationId, &'v Value), Failure> {
    let name = document
        .get("operation")
        .and_then(Value::as_str)
        .ok_or("it does not name its \"operation\"; name it on the command line, or pipe from `generate`")?;
    let key = key(side);
    let value = document.get(key).ok_or_else(|| format!("it has no {key:?}"))?;
    Ok((find(schema, name)?, value))
}

/// Member of a generated line that holds the value.
fn key(side: Side) -> &'static str {
    if side == Side::Input { "input" } else { "output" }
}

fn read_json() -> Result<Value, Failure> {
    let mut text = String::new();
    io::stdin().read_to_string(&mut text).map_err(|error| format!("stdin: {error}"))?;
    serde_json::from_str(&text).map_err(|error| format!("stdin is not JSON: {error}").into())
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
    // Named twice is meant once.
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

fn import_files(
    files: &[PathBuf],
    provenance: &[(String, String)],
    operations: &[String],
) -> Result<ExitCode, Failure> {
    let sources: Vec<Source> = files.iter().map(|file| Source::open(file)).collect::<Result<_, _>>()?;
    let mut ast = import::import(&sources, provenance)?;
    if !operations.is_empty() {
        ast = import::extract(ast, operations)?;
    }
    // What cannot be used is not written.
    let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    Schema::from_ast(ast.clone(), String::new()).map_err(|error| error.of(names.join(" and ")))?;
    io::stdout().lock().write_all(connect_model::ast::to_text(&ast).as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn diff(
    old: &std::path::Path,
    new: &std::path::Path,
    form: (DiffFormat, Grouping),
    fail_on: Option<FailOn>,
) -> Result<ExitCode, Failure> {
    let (before, after) = (Schema::load(old)?, Schema::load(new)?);
    // A correction of ours that finds nothing any more: what is published changed under it, unseen by the comparison.
    for stale in after.stale_overrides.iter().filter(|stale| !before.stale_overrides.contains(stale)) {
        eprintln!("warning: {}: {stale}", new.display());
    }
    if before.service.sdk_id != after.service.sdk_id {
        return Err(format!(
            "{} is a model of {}, {} one of {}; give two models of one service",
            old.display(),
            before.service.sdk_id,
            new.display(),
            after.service.sdk_id
        )
        .into());
    }
    let changes = connect_model::diff::diff(&before, &after);
    let text = match form {
        (DiffFormat::Json, _) => connect_model::diff::json(&changes),
        (DiffFormat::Text, Grouping::Class) => connect_model::diff::text(&changes),
        (DiffFormat::Text, Grouping::Operation) => connect_model::diff::text_by_operation(&changes),
        (DiffFormat::Markdown, Grouping::Class) => connect_model::diff::markdown(&changes),
        (DiffFormat::Markdown, Grouping::Operation) => connect_model::diff::markdown_by_operation(&changes),
    };
    tell(&mut io::stdout().lock(), text.as_bytes())?;
    let breaks = fail_on.is_some() && changes.iter().any(|change| change.class.is_breaking());
    Ok(ExitCode::from(u8::from(breaks)))
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("{text:?} is not KEY=VALUE")),
    }
}
