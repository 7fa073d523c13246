//! Enters requests and responses into the ledger, as the hook of a transport.

use std::time::SystemTime;

use connect_model::resources::tag_member;
use connect_model::schema::{Members, OperationId, Schema};
use connect_model::wire::message::{HttpRequest, HttpResponse};
use connect_model::wire::{Limits, Route, decode_error, inspect_request, read_response};
use serde_json::{Map, Value};

use super::journal::{Line, seconds};
use super::undo::Undo;
use super::{Entry, Ledger, OWNER, Owner, Standing};
use crate::client::reply::{is_absence, is_conflict, is_throttling};
use crate::client::run_tag::run_of_name;
use crate::parts::digest;
use connect_transport::{LedgerEvent, RequestHook, TransportError};

impl RequestHook for Ledger {
    /// Enters a request that is about to be sent.
    ///
    /// # Errors
    /// The request must not be sent: it deletes what is not known to be ours, or it creates something and cannot be written
    /// to the journal.
    fn before(&self, request: &HttpRequest) -> Result<LedgerEvent, String> {
        self.admits(request)?;
        let Ok(route) = self.router.route(&request.method, &request.uri) else { return Ok(LedgerEvent::Other) };
        if self.undo.values().any(|undo| undo.delete == route.operation) {
            return Ok(LedgerEvent::Deletes(route.operation));
        }
        let Some(undo) = self.undo.get(&route.operation) else { return Ok(LedgerEvent::Other) };
        let input = input_of(self.schema, &route, request);
        let members = undo.members_in(&input);
        let contract = &self.schema[route.operation];
        let token = self.schema.input_members(contract).and_then(Members::idempotency_token);
        let token = token.and_then(|token| input.get(&token.name)?.as_str()).map(str::to_owned);
        let owner = OWNER.try_with(Owner::clone).unwrap_or(Owner::Run);
        let mut state = self.state();
        let at = state.entries.next();
        let (operation, now) = (contract.name.clone(), seconds(SystemTime::now()));
        let line = Line::Requested { n: at, asks: operation, with: members.clone(), at: now };
        state.write(&line, true).map_err(|error| error.to_string())?;
        let create = route.operation;
        state.entries.push(Entry { token, ..Entry::requested(create, members, owner, now) });
        Ok(LedgerEvent::Creates(at))
    }

    /// Enters the result of a request.
    fn after(&self, event: &LedgerEvent, request: &HttpRequest, result: &Result<HttpResponse, TransportError>) {
        match (event, result) {
            (LedgerEvent::Creates(at), Ok(response)) if (200..300).contains(&response.status) => {
                let Some(create) = self.entry(*at).map(|entry| entry.create) else { return };
                let output = read_response(self.schema, create, response).unwrap_or_default();
                let arns = arns_in(self.schema, create, &output);
                self.state().entries.change(*at, |entry| entry.arns = arns);
                let Some(entry) = self.entry(*at) else { return };
                let undo = self.undo.get(&entry.create);
                if let Some(input) = undo.and_then(|undo| undo.input_from_response(&entry.members, &output)) {
                    self.resolve(*at, input);
                }
            }
            // After any other answer, the resource may exist.
            (LedgerEvent::Creates(at), Ok(response)) if self.is_refusal(*at, response) => {
                self.mark_gone(*at, &response.status.to_string());
            }
            (
                LedgerEvent::Creates(at),
                Err(
                    error @ (TransportError::Unsendable(_)
                    | TransportError::Unsigned(_)
                    | TransportError::Connect { .. }
                    | TransportError::GaveUp(_)),
                ),
            ) => self.mark_gone(*at, error.class()),
            (LedgerEvent::Deletes(operation), Ok(response))
                if (200..300).contains(&response.status) || is_gone(self.schema, *operation, response) =>
            {
                self.mark_deleted(*operation, request, response.status);
            }
            _ => {}
        }
    }
}

impl Ledger {
    /// True if the answer to a creation shows that it made nothing: an error of the service. What stands before the service may
    /// send a creation twice, and answer with a redirect, a page, a time-out, or the conflict with what it made itself.
    fn is_refusal(&self, at: usize, response: &HttpResponse) -> bool {
        let Some(entry) = self.entry(at) else { return false };
        let Some(undo) = self.undo.get(&entry.create) else { return false };
        let status = response.status;
        let code = decode_error(self.schema, entry.create, response).code;
        let is_clear =
            |code: &str| !is_throttling(status, code) && (!is_conflict(status, Some(code)) || self.is_made(at, &entry));
        let is_of_service = (400..500).contains(&status) && ![408, 425, 429, 499].contains(&status);
        // Where nothing can be looked for by its name, every error of the client is believed, but for a request that was given up.
        let is_error = (400..500).contains(&status) && ![408, 425, 499].contains(&status);
        is_of_service && code.as_deref().is_some_and(is_clear) || is_error && !self.finds_by_name(undo, &entry)
    }

    /// True if the resource of a creation can be looked for by a name that only the run uses, by another one and its tag, or by
    /// an id of the run.
    fn finds_by_name(&self, undo: &Undo, entry: &Entry) -> bool {
        let run = self.run_tag.get().and_then(|tag| tag.split(' ').next());
        let is_of_run = |id: &Value| run.zip(id.as_str()).is_some_and(|(run, id)| id.contains(run));
        let id = undo.chosen_id.as_ref().and_then(|member| entry.members.get(member));
        if undo.inventory.is_some() && id.is_some_and(is_of_run) {
            return true;
        }
        let Some(listing) = &undo.search else { return false };
        let input = self.schema.input_members(&self.schema[entry.create]);
        let has_tag = listing.arn.is_some() && input.is_some_and(|input| tag_member(self.schema, input).is_some());
        // No list is read for a resource whose id is in the request.
        let has_tag = has_tag && undo.id_member().is_some() && undo.is_listed;
        undo.name_in(&entry.members).is_some_and(|name| has_tag && !name.is_empty() || run_of_name(name).is_some())
    }

    /// True if another creation of the same name was answered with a resource.
    fn is_made(&self, at: usize, entry: &Entry) -> bool {
        let state = self.state();
        let is_same = |other: &Entry| {
            (other.create, &other.members) == (entry.create, &entry.members) && other.delete_input.is_some()
        };
        state.entries.iter().any(|(other, one)| other != at && !one.gone && is_same(one))
    }

    /// Marks every resource that a deletion names as gone. A creation that was answered with the id of one of ours, under
    /// another name, made something else.
    fn mark_deleted(&self, delete: OperationId, request: &HttpRequest, status: u16) {
        let Ok(route) = self.router.route(&request.method, &request.uri) else { return };
        let input = input_of(self.schema, &route, request);
        let mut state = self.state();
        let deleted = self.named(&state, delete, &input);
        let entries = || deleted.iter().filter_map(|at| Some((*at, state.entries.get(*at)?)));
        let ours = entries().find(|(_, entry)| entry.standing == Standing::Ours);
        let is_other = |entry: &Entry| {
            entry.standing == Standing::Unknown && ours.is_some_and(|(_, ours)| ours.members != entry.members)
        };
        let (others, gone): (Vec<_>, Vec<_>) = entries().partition(|(_, entry)| is_other(entry));
        let is_success = (200..300).contains(&status);
        let inputs = gone.iter().filter(|_| is_success);
        let inputs: Vec<u64> = inputs.filter_map(|(_, entry)| Some(digest(entry.delete_input.as_ref()?))).collect();
        let (mut latest, mut unlisted) = (Vec::new(), Vec::new());
        for (_, entry) in &gone {
            let undo = self.undo.get(&entry.create);
            let Some((undo, input)) = undo.zip(entry.delete_input.as_ref()) else { continue };
            match undo.describe {
                Some(_) if !undo.is_listed => unlisted.push(((delete, digest(input)), Entry::clone(entry))),
                Some(_) if is_success => latest.push(Entry::clone(entry)),
                // The list alone shows it, so that a 404 is not believed, either.
                None if undo.inventory.is_some() => latest.push(Entry::clone(entry)),
                Some(_) | None => {}
            }
        }
        let numbers = |of: Vec<(usize, &Entry)>| of.into_iter().map(|(at, _)| at).collect::<Vec<usize>>();
        let (others, gone) = (numbers(others), numbers(gone));
        others.into_iter().for_each(|at| state.forget_id(at));
        gone.into_iter().for_each(|at| state.mark_gone(at, &status.to_string()));
        state.deleted.entry(delete).or_default().extend(inputs);
        state.unlisted.extend(unlisted);
        let kept = state.latest.entry(delete).or_default();
        kept.extend(latest);
        kept.drain(..kept.len().saturating_sub(LATEST));
    }
}

/// Deleted resources of an operation that are kept, for a look at them.
const LATEST: usize = 200;

/// The ARNs of a resource in the response to its creation: members of the response, or of a structure in it.
fn arns_in(schema: &Schema, create: OperationId, output: &Value) -> Vec<String> {
    let arns_of = |members: &Members, values: &Value| {
        let arns = members.iter().filter(|member| member.name.to_ascii_lowercase().ends_with("arn"));
        arns.filter_map(|member| Some(values.get(&member.name)?.as_str()?.to_owned())).collect::<Vec<_>>()
    };
    let Some(members) = schema.output_members(&schema[create]) else { return Vec::new() };
    let mut arns = arns_of(members, output);
    for member in members.iter() {
        if let Some((inner, values)) = schema[member.slot.target].kind.members().zip(output.get(&member.name)) {
            arns.extend(arns_of(inner, values));
        }
    }
    arns
}

/// The input that a request carries, as far as it can be read. A request that is invalid on purpose may still name its
/// resource.
pub fn input_of(schema: &Schema, route: &Route, request: &HttpRequest) -> Value {
    match inspect_request(schema, route, request, &Limits::default()) {
        Ok(read) => read.value,
        Err(_) => {
            let mut members: Map<String, Value> = serde_json::from_slice(&request.body).unwrap_or_default();
            members.extend(route.labels.iter().map(|(label, text)| (label.clone(), text.as_str().into())));
            Value::Object(members)
        }
    }
}

/// True if the response to a deletion says that the resource does not exist. Any other 404 is about the path, or about
/// the operation.
pub(crate) fn is_gone(schema: &Schema, delete: OperationId, response: &HttpResponse) -> bool {
    response.status == 404 && decode_error(schema, delete, response).code.as_deref().is_some_and(is_absence)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use connect_model::wire::message::Headers;

    use super::*;

    #[test]
    fn only_a_resource_not_found_error_means_gone() {
        let schema = Schema::connect();
        let delete = schema.operation_named("DeleteContactFlow").unwrap();
        let rows = [
            (404, "ResourceNotFoundException", true),
            (404, "UnknownOperationException", false),
            (404, "", false),
            (400, "ResourceNotFoundException", false),
        ];
        for (status, name, expected) in rows {
            let headers = Headers(vec![("x-amzn-errortype".to_owned(), name.to_owned())]);
            let response = HttpResponse { status, headers, body: b"{}".to_vec() };
            assert_eq!(is_gone(schema, delete, &response), expected, "{status} {name}");
        }
    }
}
