//! The file of `--known`: ids of things that exist, by kind of resource.

use std::path::Path;

use connect_checks::known::{self, Known, Thing};
use connect_model::files;
use connect_model::schema::Schema;
use connect_model::text::{excerpt, toml_problem};
use toml::{Table, Value};

use crate::session::error::SessionError;
use crate::suggest;

/// Bytes of the file.
const LARGEST: u64 = 1 << 20;

/// The keys of a thing beside the members that name what holds it.
const KEYS: [&str; 2] = ["id", "arn"];

/// Reads a file of things that exist. `instance` is true if the run names an instance of Connect, in which they are.
///
/// # Errors
/// The file cannot be read or is not TOML, or it names a kind, a key or an id that the model does not know; with the place and
/// the remedy.
pub(crate) fn read(schema: &'static Schema, path: &Path, instance: bool) -> Result<Known, SessionError> {
    let wrong = |why: String| SessionError::usage(format!("--known: {}: {why}", path.display()));
    let text = files::read_text(path, LARGEST)
        .map_err(|error| SessionError::usage(format!("--known: cannot read {}: {error}", path.display())))?;
    let known = parse(schema, &text).map_err(wrong)?;
    if known.is_empty() {
        return Err(wrong("it names nothing; a line is `Queue = [\"ID\"]`".to_owned()));
    }
    match known.in_instance(schema) {
        Some(kind) if !instance => {
            Err(wrong(format!("each {kind} is in an instance; name that with --instance-id ID")))
        }
        _ => Ok(known),
    }
}

fn parse(schema: &'static Schema, text: &str) -> Result<Known, String> {
    let table: Table = text.parse().map_err(|error| format!("not TOML: {}", toml_problem(text, &error)))?;
    let mut known = Known::default();
    for (noun, things) in table {
        is_kind(schema, &noun)?;
        let Value::Array(things) = things else {
            return Err(format!("{noun}: it is a list of ids, not a value of type {}", things.type_str()));
        };
        for (number, value) in (1..).zip(things) {
            let added = thing(schema, &noun, value).and_then(|thing| known.add(schema, &noun, thing));
            added.map_err(|why| format!("{noun}, entry {number}: {why}"))?;
        }
    }
    Ok(known)
}

/// Checks that things of a kind can be named.
fn is_kind(schema: &'static Schema, noun: &str) -> Result<(), String> {
    if known::nouns(schema).any(|known| known == noun) {
        return Ok(());
    }
    if noun == "Instance" {
        return Err("the instance is named by --instance-id; leave out Instance".to_owned());
    }
    Err(suggest::unknown("kind", noun, known::nouns(schema), "connect-model graph"))
}

/// A thing of the file: its id, or a table with the id and more.
fn thing(schema: &'static Schema, noun: &str, value: Value) -> Result<Thing, String> {
    let members = match value {
        Value::String(id) => return Ok(Thing { id, ..Thing::default() }),
        Value::Table(members) => members,
        other => {
            return Err(format!(
                "it is an id as a text, or a table with `id`, not a value of type {}",
                other.type_str()
            ));
        }
    };
    let holders = known::holders(schema, noun);
    let mut thing = Thing::default();
    for (key, value) in members {
        let Value::String(text) = value else {
            return Err(format!("`{}` is a text, not a value of type {}", excerpt(&key), value.type_str()));
        };
        match key.as_str() {
            "id" => thing.id = text,
            "arn" => thing.arn = Some(text),
            holder if holders.contains(&holder) => drop(thing.within.insert(key, text)),
            _ => {
                let keys: Vec<&str> = KEYS.into_iter().chain(holders).collect();
                return Err(format!("unknown key `{}`; the keys are {}", excerpt(&key), keys.join(", ")));
            }
        }
    }
    Ok(thing)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_wrong_is_named_with_its_place_and_the_remedy() {
        let schema = Schema::connect();
        for (text, expected) in [
            ("Queue = 7", "Queue: it is a list of ids"),
            ("Queue = [7]", "Queue, entry 1: it is an id as a text"),
            ("Queue = [\"a\"", "not TOML: "),
            ("Queues = [\"a\"]", "unknown kind `Queues`; did you mean `Queue`"),
            ("Zzz = [\"a\"]", "`connect-model graph` lists them"),
            ("Instance = [\"a\"]", "by --instance-id"),
            ("Queue = [\"a\", \"a\"]", "Queue, entry 2: `a` is named twice; remove one"),
            ("Queue = [{ ID = \"a\" }]", "unknown key `ID`; the keys are id, arn"),
            ("Queue = [{ arn = \"arn:x\" }]", "Queue, entry 1: `` is no id"),
            ("ViewVersion = [\"2\"]", "ViewVersion, entry 1: a view version is found by what holds it"),
            ("ViewVersion = [{ id = \"2\", View = \"v\" }]", "the keys are id, arn, ViewId"),
            ("ViewVersion = [{ id = 2, ViewId = \"v\" }]", "`id` is a text"),
        ] {
            let why = parse(schema, text).unwrap_err();
            assert!(why.contains(expected), "{text}: {why}");
        }
        let known = parse(
            schema,
            "Queue = [\"a\", { id = \"b\", arn = \"arn:aws:x\" }]\nViewVersion = [{ id = \"2\", ViewId = \"v\" }]",
        );
        assert_eq!(known.unwrap().in_instance(schema), Some("Queue"));
    }

    #[test]
    fn a_file_needs_something_and_the_instance_that_holds_it() {
        let path = std::env::temp_dir().join(format!("connect-known-{}.toml", std::process::id()));
        let refusal = |text: &str, instance| {
            std::fs::write(&path, text).unwrap();
            read(Schema::connect(), &path, instance).err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert!(refusal("", true).contains("it names nothing"));
        assert!(refusal("Queue = [\"a\"]", false).contains("name that with --instance-id"));
        assert_eq!(refusal("Queue = [\"a\"]", true), "");
        let large = format!("# {}", "x".repeat(1 << 20));
        assert!(refusal(&large, true).contains("cannot read"));
        std::fs::remove_file(&path).unwrap();
        let folder = read(Schema::connect(), &std::env::temp_dir(), true).unwrap_err().to_string();
        assert!(folder.contains("cannot read"), "{folder}");
    }
}
