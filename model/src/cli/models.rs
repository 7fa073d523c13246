//! The commands `import` and `diff`, which take model files as arguments.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use connect_model::ast::to_text;
use connect_model::diff;
use connect_model::import::{self, Source};
use connect_model::schema::Schema;
use connect_model::text::{visible, visible_json};

use super::printer::{Form, Printer};
use super::{DiffFormat, FailOn, Failure, Grouping, print_all};

pub(super) fn import_files(
    files: &[PathBuf],
    provenance: &[(String, String)],
    operations: &[String],
) -> Result<ExitCode, Failure> {
    let sources: Vec<Source> = files.iter().map(|file| Source::open(file)).collect::<Result<_, _>>()?;
    let mut ast = import::import(&sources, provenance)?;
    if !operations.is_empty() {
        ast = import::extract(ast, operations)?;
    }
    // A model that does not load is not written.
    let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    Schema::from_ast(ast.clone(), String::new()).map_err(|error| error.in_file(names.join(" and ")))?;
    io::stdout().lock().write_all(visible_json(&to_text(&ast)).as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn compare(
    old: &Path,
    new: &Path,
    form: (DiffFormat, Grouping),
    fail_on: Option<FailOn>,
) -> Result<ExitCode, Failure> {
    let (before, after) = (Schema::load(old)?, Schema::load(new)?);
    // An override that became stale: the published trait changed, which the comparison does not show.
    for stale in after.stale_overrides.iter().filter(|stale| !before.stale_overrides.contains(stale)) {
        eprintln!("warning: {}", visible(&format!("{}: {stale}", new.display())));
    }
    if before.service.sdk_id != after.service.sdk_id {
        return Err(format!(
            "{} is a model of {}, but {} is a model of {}; give two models of the same service",
            old.display(),
            before.service.sdk_id,
            new.display(),
            after.service.sdk_id
        )
        .into());
    }
    let changes = diff::diff(&before, &after);
    let text = match form {
        (DiffFormat::Json, _) => diff::json(&changes),
        (DiffFormat::Text, Grouping::Class) => diff::text(&changes),
        (DiffFormat::Text, Grouping::Operation) => diff::text_by_operation(&changes),
        (DiffFormat::Markdown, Grouping::Class) => diff::markdown(&changes),
        (DiffFormat::Markdown, Grouping::Operation) => diff::markdown_by_operation(&changes),
    };
    let form = if form.0 == DiffFormat::Json { Form::Json } else { Form::Text };
    print_all(&mut Printer::new(io::stdout().lock(), form), text.as_bytes())?;
    let breaks = fail_on.is_some() && changes.iter().any(|change| change.class.is_breaking());
    Ok(ExitCode::from(u8::from(breaks)))
}
