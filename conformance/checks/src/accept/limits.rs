//! `accept.at-limit`: values at every limit of the contract.

use std::collections::{BTreeMap, HashMap};

use arbitrary::Unstructured;
use connect_model::generate::{Config, Side, Site, sites};
use connect_model::path::{SchemaPath, Step};
use connect_model::schema::{Operation, OperationId, Schema};
use connect_model::semantics;
use connect_model::validate::{ViolationKind, excerpt, validate_briefly, validate_slot};
use serde_json::Value;

use crate::accept::right::{Right, Rights};
use crate::case::Outcome;
use crate::client::Client;
use crate::code::{Scope, Subjects, Trial};
use crate::coverage::Reached;
use crate::judge::Judgement;
use crate::resources;

/// The kinds of violation that an input can have; the values at their limits are tried together.
pub(super) fn limited(scope: &Scope<'_>) -> Subjects<ViolationKind> {
    let sites = scope.sites();
    let has = |kind: &ViolationKind| {
        sites.iter().any(|site| site.mutation.kind == *kind && not_tried(scope.schema, scope.contract, site).is_none())
    };
    let kinds = ViolationKind::ALL.iter().filter(|kind| has(kind));
    kinds.map(|kind| (Some(kind.to_string()), *kind)).collect()
}

pub(super) fn at_limit<'t>(trial: Trial<'t>, kind: &'t ViolationKind) -> Judgement<'t> {
    Box::pin(async move {
        if let Some(why) = trial.client.unsupported(trial.operation).await {
            return Outcome::unsupported(why);
        }
        let mut rights = Rights::default();
        let sites = sites(trial.client.schema, trial.operation, Side::Input);
        for (index, site) in sites.iter().enumerate().filter(|(_, site)| site.mutation.kind == *kind) {
            add(trial, index, site, &mut rights).await;
        }
        // An endpoint may cut what is long.
        rights.judge(trial, *kind == ViolationKind::LengthMax).await
    })
}

/// The reason why no value at a limit is tried.
fn not_tried(schema: &Schema, contract: &Operation, site: &Site) -> Option<&'static str> {
    let Some(Step::Member(member)) = site.mutation.path.0.first() else { return Some("it is the whole input") };
    let is_connect = schema.service.is_connect();
    if contract.is_page_token(member) {
        return Some("only the endpoint issues page tokens");
    }
    if is_connect && (contract.name.as_str(), member.as_str()) == resources::DIGEST {
        return Some("only the digest of the published content is accepted");
    }
    // Source: facts of Amazon Connect, a resource has at most 50 tags.
    if is_connect && contract.name == "TagResource" && site.mutation.kind == ViolationKind::MapMax {
        return Some("a resource has at most 50 tags, and one of ours has some already");
    }
    let is_size = matches!(site.mutation.kind, ViolationKind::LengthMin | ViolationKind::LengthMax);
    if is_size && semantics::is_language(schema, site.slot.target) {
        return Some("no text of that length is one of its language");
    }
    None
}

/// The limits of some operations, and those of them that were not reached, each with the reason. An operation is left out if
/// the run tried nothing at its limits.
pub(crate) fn reached(client: &Client, operations: &[OperationId]) -> BTreeMap<String, Reached> {
    let schema = client.schema;
    let all: Vec<_> = operations.iter().map(|operation| (*operation, client.touched().limits(*operation))).collect();
    if all.iter().all(|(_, tried)| tried.is_empty()) {
        return BTreeMap::new();
    }
    let of = |(operation, tried): (OperationId, HashMap<usize, Option<String>>)| {
        let (contract, sites) = (&schema[operation], sites(schema, operation, Side::Input));
        let untried = |site: &Site| not_tried(schema, contract, site).unwrap_or(Reached::NOT_TRIED).to_owned();
        let not_reached = sites.iter().enumerate().filter_map(|(index, site)| {
            let why = tried.get(&index).cloned().unwrap_or_else(|| Some(untried(site)))?;
            Some((site.mutation.to_string(), why))
        });
        let limits = Reached { total: sites.len() as u64, not_reached: not_reached.collect() };
        let is_part = !tried.is_empty() || limits.not_reached.values().all(|why| why != Reached::NOT_TRIED);
        (is_part && limits.total > 0).then(|| (contract.name.clone(), limits))
    };
    all.into_iter().filter_map(of).collect()
}

/// Adds the values at the limit of a site.
async fn add(trial: Trial<'_>, index: usize, site: &Site, rights: &mut Rights) {
    let Trial { client, operation, check, .. } = trial;
    let contract = &client.schema[operation];
    let path = &site.mutation.path;
    let Some(Step::Member(member)) = path.0.first() else { return };
    if let Some(why) = not_tried(client.schema, contract, site) {
        return rights.omit(trial, &[index], why);
    }
    let label = format!("{}/{}/{}", contract.name, check.id, site.mutation);
    let base = match client.input(operation, Config::sparse(), &label, path).await {
        Ok(base) => base,
        Err(why) => return rights.omit(trial, &[index], why),
    };
    let bytes = client.bytes(&format!("{label}/value"));
    let generator = client.generator(Config::sparse());
    let found = match generator.touch(operation, Side::Input, site, &base, &mut Unstructured::new(&bytes)) {
        Ok(found) => found,
        Err(why) => return rights.omit(trial, &[index], why.to_string()),
    };
    for mut limit in found {
        salt(trial, path, &mut limit.value);
        let mut named = limit.value.clone();
        client.name_existing(operation, &mut named, (path, &limit.pointer)).await;
        // A list of different items may need more of them than there are resources.
        if named != limit.value
            && contract.input.is_some_and(|shape| validate_briefly(client.schema, shape, &named).is_empty())
        {
            limit.value = named;
        }
        if client.schema.service.is_connect() {
            resources::in_context(client.schema, &contract.name, path, |context| {
                semantics::repair(&contract.name, &mut limit.value, path, context, &mut Unstructured::new(&bytes));
            });
        }
        let what = limit.value.pointer(&limit.pointer).map_or_else(|| limit.pointer.clone(), excerpt);
        let right = Right {
            label: label.clone(),
            focus: path.clone(),
            member: member.clone(),
            values: differences(&base, &limit.value, member),
            what: format!("{what} at {} (limit of {})", limit.pointer, site.mutation.kind),
            pointer: limit.pointer,
            unused: false,
            limits: vec![index],
        };
        rights.add(trial, &limit.value, right);
    }
}

/// The members of a changed input that differ from those of the base, and the changed one itself.
fn differences(base: &Value, changed: &Value, member: &str) -> BTreeMap<String, Value> {
    let members = changed.as_object().into_iter().flatten();
    let others = members.filter(|(name, value)| *name == member || base.get(*name) != Some(value));
    others.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Makes a name or token at a limit an unused one of the same length, if the contract allows it.
fn salt(Trial { client, operation, .. }: Trial<'_>, path: &SchemaPath, input: &mut Value) {
    let [Step::Member(member)] = path.0.as_slice() else { return };
    let (Some(text), Some(unused)) = (input[member].as_str(), client.unused_value(operation, member)) else { return };
    let (length, salt) = (text.chars().count(), unused.chars().count());
    if length < salt {
        return;
    }
    let salted = Value::from(unused + &text.chars().skip(salt).collect::<String>());
    let members = client.schema.input_members(&client.schema[operation]);
    let slot = members.and_then(|members| members.get(member)).map(|member| &member.slot);
    if slot.is_some_and(|slot| validate_slot(client.schema, slot, &salted).is_empty()) {
        input[member] = salted;
    }
}
