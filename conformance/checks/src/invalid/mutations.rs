//! Mutations: inputs that violate exactly one constraint of the model, at each place of the input that has one.

use std::sync::{Arc, LazyLock};

use arbitrary::Unstructured;
use connect_model::generate::seed::Stream;
use connect_model::generate::{Config, Generator, Mutant, Side, Site};
use connect_model::validate::{ViolationKind, excerpt};
use connect_model::wire::message::HttpRequest;
use connect_model::wire::{DecodedError, encode_request};

use crate::case::{Level, Outcome};
use crate::check::{Check, Remote};
use crate::code::{Attempt, Bound, Code, Omission, Scope, Trial, Variant};
use crate::evidence::{MALFORMED, MODEL};
use crate::harm::Harm;
use crate::invalid::plainer::{is_explained_otherwise, plainer};
use crate::invalid::rejection::{Requests, judge_rejection};
use crate::judge::Judgement;

/// One check for each kind of violation.
static CHECKS: LazyLock<Vec<Check>> = LazyLock::new(|| ViolationKind::ALL.iter().copied().map(check_of).collect());

/// The checks for all kinds of violation.
pub(super) fn checks() -> impl Iterator<Item = &'static Check> {
    CHECKS.iter()
}

/// The constraint of the model that a check violates on purpose; none for other checks.
pub fn violation_of(check: &str) -> Option<ViolationKind> {
    check.strip_prefix("invalid.")?.parse().ok()
}

/// The check for a kind of violation, derived from the table in the model.
fn check_of(kind: ViolationKind) -> Check {
    Check {
        id: format!("invalid.{kind}").leak(),
        level: Level::Must,
        remote: if kind.is_structural() { Remote::NOTE } else { Remote::SHOULD },
        rule: kind.rule(),
        evidence: if kind.is_structural() { &[MALFORMED] } else { &[MODEL] },
        harm: Harm::Form,
        fault: "accepted requests that break the contract",
        passes: "any 4xx that is about the request, while its valid twin is not rejected the same way; a 4xx that other parts \
             of the request explain, only if a plainer request with the same fault is rejected, too",
        fails: "2xx, or 5xx",
        code: Box::leak(Box::new(Mutations(kind))),
    }
}

/// The code of a check for one kind of violation.
struct Mutations(ViolationKind);

impl Code for Mutations {
    fn variants(&'static self, scope: &Scope<'_>, check: &'static Check) -> Vec<Variant> {
        let Scope { schema, operation, contract, .. } = *scope;
        let generator = Generator::new(schema, Config::sparse());
        let mut variants = Vec::new();
        for site in scope.sites().iter().filter(|site| site.mutation.kind == self.0) {
            let name = site.mutation.path.to_string();
            // Page tokens are opaque; pagination.token-tampered covers forged ones.
            if contract.is_page_token(&name) || !scope.wants(check, Some(&name)) {
                continue;
            }
            let bytes = Stream::new(0, &name).bytes(256);
            let mutant = generator.mutant(operation, Side::Input, site, &mut Unstructured::new(&bytes));
            let attempt = mutant
                .map_err(|why| why.to_string())
                .and_then(|mutant| encode_request(schema, operation, &mutant.value).map_err(|why| why.to_string()))
                .map_err(Omission::NotExpressible)
                .map(|_| Arc::new(Bound { subject: site.clone(), run }) as Arc<dyn Attempt>);
            variants.push(Variant { name: Some(name), attempt });
        }
        variants
    }
}

fn run<'t>(trial: Trial<'t>, site: &'t Site) -> Judgement<'t> {
    Box::pin(mutation(trial, site))
}

/// Sends a mutant and its twin, and judges the responses.
async fn mutation(trial: Trial<'_>, site: &Site) -> Outcome {
    let Trial { client, operation, check, .. } = trial;
    let schema = client.schema;
    let name = &schema[operation].name;
    if let Some(why) = client.unsupported(operation).await {
        return Outcome::unsupported(why);
    }
    let label = format!("{name}/{}/{}", check.id, site.mutation.path);
    let base = match client.input(operation, Config::sparse(), &label, &site.mutation.path).await {
        Ok(base) => base,
        Err(why) => return Outcome::indeterminate(format!("no valid request could be generated: {why}")),
    };
    let bytes = client.bytes(&format!("{label}/mutation"));
    let generator = client.generator(Config::sparse());
    let mutant = match generator.mutate(operation, Side::Input, site, base, &mut Unstructured::new(&bytes)) {
        Ok(mutant) => mutant,
        Err(why) => return Outcome::indeterminate(why.to_string()),
    };
    let (faulty, twin) =
        match (encode_request(schema, operation, &mutant.value), encode_request(schema, operation, &mutant.base)) {
            (Ok(faulty), Ok(twin)) => (faulty, twin),
            (Err(error), _) | (_, Err(error)) => return Outcome::indeterminate(error.to_string()),
        };
    let found = mutant.value.pointer(&mutant.pointer).map_or("absent".to_owned(), excerpt);
    let fault = format!("{} at {}: {found}", mutant.kind, mutant.pointer);
    let again = |error: &DecodedError| plainer_request(trial, &mutant, error);
    judge_rejection(trial, Requests { faulty: &faulty, twin: &twin, again: &again }, &mutant.pointer, &fault).await
}

/// The request with the same fault that is tried if the refusal may have another reason; none if that cannot be.
fn plainer_request(
    Trial { client, operation, .. }: Trial<'_>,
    mutant: &Mutant,
    error: &DecodedError,
) -> Option<HttpRequest> {
    let name = &client.schema[operation].name;
    if !client.schema.service.is_connect() || !is_explained_otherwise(client.schema, name, mutant, error) {
        return None;
    }
    let mut value = plainer(client.schema, name, mutant)?;
    let renewed = {
        let mut copy = value.clone();
        client.renew(operation, &mut copy);
        copy
    };
    // A fault in the name or the token itself stays.
    if mutant.pointer.is_empty() || renewed.pointer(&mutant.pointer) == value.pointer(&mutant.pointer) {
        value = renewed;
    }
    encode_request(client.schema, operation, &value).ok()
}
