//! `accept.text`: free text of many kinds, which the description of a created resource must show unchanged.

use std::collections::BTreeMap;

use connect_model::generate::{Config, Place, Side, Site, sites};
use connect_model::path::{SchemaPath, Step};
use connect_model::resources as graph;
use connect_model::schema::{Kind, OperationId, Schema};
use connect_model::semantics;
use connect_model::validate::{ViolationKind, excerpt, validate, validate_slot};
use serde_json::Value;

use crate::accept::right::{Right, Rights};
use crate::case::{Finding, Outcome};
use crate::client::read_created;
use crate::client::reply::Reply;
use crate::code::{Scope, Subjects, Trial, itself};
use crate::judge::Judgement;
use crate::resources;
use crate::steps;

/// Kinds of text, each with its name. Every text has letters around it, so that an endpoint that trims is told apart from
/// one that loses what is inside.
const TEXTS: &[(&str, &str)] = &[
    ("characters beyond the Basic Multilingual Plane", "a\u{1f600}\u{10348}z"),
    ("combining characters, composed", "\u{e9}\u{f1} caf\u{e9}"),
    ("combining characters, decomposed", "e\u{301}n\u{303} cafe\u{301}"),
    ("right-to-left text", "\u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{645}\u{631}\u{62d}\u{628}\u{627}"),
    ("text of several scripts", "\u{4f60}\u{597d} \u{3053}\u{3093} \u{41f}\u{440}\u{438} \u{928}\u{92e}"),
    ("line ends and a tab", "a\nb\r\nc\td"),
    ("blanks at both ends", "  a b  "),
    ("quotes and backslashes", "a\"b'c\\d\\\\e"),
    ("percent escapes", "a%2Fb%20c%25d"),
    ("markup", "a<b>&amp;</b><script>x</script>"),
    ("placeholders", "a${x} #{y} {{z}} $.w"),
    ("a path with dots", "a/../b"),
    ("letters of both cases", "aBcDeF\u{130}\u{df}"),
    ("a plus and an ampersand", "a+b&c=d;e"),
];

/// Texts that are tried at places inside of members, beside every text at the members themselves.
const INSIDE: usize = 2;

/// Operations with text.
pub(super) fn with_text(scope: &Scope<'_>) -> Subjects<()> {
    let any = scope.sites().iter().any(|site| is_text(scope.schema, scope.operation, site));
    itself(any)
}

/// Approximate number of requests of a case. One request has texts in several members; what it creates is described and
/// deleted.
pub(super) fn requests(scope: &Scope<'_>) -> u32 {
    let sites = scope.sites();
    let mut members: BTreeMap<Option<&Step>, usize> = BTreeMap::new();
    for site in sites.iter().filter(|site| is_text(scope.schema, scope.operation, site)) {
        *members.entry(site.mutation.path.0.first()).or_default() += texts_at(&site.mutation.path);
    }
    let name = scope.name();
    let each = match resources::created_by(scope.schema, name) {
        Some(_) => 8,
        None if resources::updated_by(scope.schema, name).is_some() => 2,
        None => 1,
    };
    each * members.into_values().max().unwrap_or(0).min(TEXTS.len()) as u32
}

/// Number of texts that are tried at a place.
fn texts_at(path: &SchemaPath) -> usize {
    if path.0.len() > 1 { INSIDE } else { TEXTS.len() }
}

/// True for a place in the body that can hold one of the texts.
fn is_text(schema: &'static Schema, operation: OperationId, site: &Site) -> bool {
    let Some(Step::Member(top)) = site.mutation.path.0.first() else { return false };
    // A token or the name of something that exists cannot be any text.
    let mut actions = graph::shared(schema).actions_of(operation);
    if schema[operation].is_page_token(top) || actions.any(|(_, action)| action.is_named_by(top)) {
        return false;
    }
    let text = matches!(schema[site.slot.target].kind, Kind::String);
    let in_body = site.place == Place::Body && site.mutation.kind == ViolationKind::WrongType;
    let free = !semantics::is_language(schema, site.slot.target)
        && TEXTS.iter().any(|(_, text)| validate_slot(schema, &site.slot, &Value::from(*text)).is_empty());
    text && in_body && free && site.mutation.path.0.last() != Some(&Step::Key)
}

pub(super) fn text<'t>(trial: Trial<'t>, (): &'t ()) -> Judgement<'t> {
    Box::pin(async move {
        let Trial { client, operation, .. } = trial;
        if let Some(why) = client.unsupported(operation).await {
            return Outcome::unsupported(why);
        }
        let mut rights = Rights::default();
        let sites = sites(client.schema, operation, Side::Input);
        for (at, site) in sites.iter().filter(|site| is_text(client.schema, operation, site)).enumerate() {
            add(trial, at, site, &mut rights).await;
        }
        rights.judge(trial, true).await
    })
}

async fn add(trial: Trial<'_>, at: usize, site: &Site, rights: &mut Rights) {
    let Trial { client, operation, check, .. } = trial;
    let contract = &client.schema[operation];
    let path = &site.mutation.path;
    let (Some(Step::Member(member)), Some(shape)) = (path.0.first(), contract.input) else { return };
    let label = format!("{}/{}/{path}", contract.name, check.id);
    let base = match client.input(operation, Config::sparse(), &label, path).await {
        Ok(base) => base,
        Err(why) => return rights.omit(trial, &[], why),
    };
    let Some(pointer) = path.first_in(&base) else { return };
    let inside = path.0.len() > 1;
    for number in 0..texts_at(path) {
        let (kind, text) = TEXTS[if inside { (at * INSIDE + number) % TEXTS.len() } else { number }];
        let mut whole = base.clone();
        let Some(place) = whole.pointer_mut(&pointer) else { return };
        // Names and tokens stay unused ones.
        let prefix = if inside { None } else { client.unused_value(operation, member) }.unwrap_or_default();
        *place = Value::from(format!("{prefix}{text}"));
        if !validate(client.schema, shape, &whole).is_empty() {
            rights.omit(trial, &[], format!("the contract does not allow {kind}"));
            continue;
        }
        let right = Right {
            label: label.clone(),
            focus: path.clone(),
            member: member.clone(),
            values: BTreeMap::from([(member.clone(), whole[member].clone())]),
            what: format!("{kind} at {pointer}: {}", excerpt(&whole.pointer(&pointer).cloned().unwrap_or_default())),
            pointer: pointer.clone(),
            unused: false,
            limits: Vec::new(),
        };
        rights.add(trial, &whole, right);
    }
}

/// Findings for texts that the description of a created resource shows differently.
pub(super) async fn shown(trial: Trial<'_>, sent: &[Right], input: &Value, reply: &Reply) -> Vec<Finding> {
    let Trial { client, operation, check, .. } = trial;
    let row = resources::created_by(client.schema, &client.schema[operation].name).filter(|row| row.is_judged());
    let (Reply::Success(exchange), Some(row)) = (reply, row) else { return Vec::new() };
    let Ok(created) = read_created(row, input, exchange) else { return Vec::new() };
    let mut findings = Vec::new();
    let named = row.naming(row.describe, input, &created.id);
    let described = steps::succeed(client, row.describe, &named).await;
    let Ok(described) = described else { return findings };
    let Ok((wrapper, resource)) = steps::shown(client.schema, row, &described) else { return findings };
    for right in sent {
        // Other members, and those that the description does not have, belong to other checks.
        let (Some(wanted), Some(actual)) = (input.pointer(&right.pointer), resource.pointer(&right.pointer)) else {
            continue;
        };
        if wanted.is_string() && actual.is_string() && wanted != actual {
            let pointer = format!("{wrapper}{}", right.pointer);
            // Texts that get lost in different ways are different faults.
            let kind = wanted.as_str().and_then(|wanted| TEXTS.iter().find(|(_, text)| wanted.ends_with(text)));
            let kind = kind.map(|(kind, _)| format!("{kind}: ")).unwrap_or_default();
            let expected = format!("{kind}{}, as it was sent", excerpt(wanted));
            findings.push(check.finding(pointer, expected, excerpt(actual), Some(&described)));
        }
    }
    findings
}
