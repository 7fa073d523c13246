//! Walks against an endpoint in this process: the same steps and the same reference, without waiting.

use std::collections::BTreeSet;
use std::sync::Arc;

use connect_model::schema::Schema;
use futures_util::FutureExt as _;

use crate::client::{Client, ClientConfig};
use crate::permission::Permission;
use crate::walks::drive::{End, Failure, Patience, WalkContext, Walked};
use crate::walks::step::Step;
use crate::walks::{SUBJECTS, operations};
use connect_transport::target::Target;
use connect_transport::{InProcess, Transport, TransportConfig};

/// Runs a walk on the first instance of a service. The same steps on a new service have the same result.
///
/// # Errors
/// The expected and the actual response, and the steps before it, in words.
pub fn in_process(
    schema: &'static Schema,
    endpoint: InProcess,
    instance: &str,
    steps: &[Step],
) -> Result<Walked, String> {
    let name = "http://127.0.0.1".parse().map_err(|error| format!("invalid URL of the endpoint: {error}"))?;
    let target = Target { instance_id: Some(instance.to_owned()), ..Target::unsigned(name) };
    let transport = Arc::new(Transport::in_process(&target, endpoint, TransportConfig::default()));
    let permission = Permission { loopback: true, ..Permission::default() };
    let config =
        ClientConfig { seed: 0, cases: 0, run_id: "in-process".to_owned(), permission, ..ClientConfig::default() };
    let client = Client::new(schema, target, transport, config);
    let offered = SUBJECTS.iter().flat_map(operations).collect();
    let known = BTreeSet::new();
    let patience = Patience::None;
    let context = WalkContext { client: &client, instance, offered: &offered, patience, known: &known, sought: None };
    match context.walk(steps).now_or_never() {
        Some(End::Passed(walked)) => Ok(walked),
        Some(End::Failed(failures)) => Err(failures.first().map_or_else(String::new, describe)),
        Some(End::Inconclusive(why)) => Err(format!("the walk is inconclusive: {why}")),
        None => Err("the walk waits for something".to_owned()),
    }
}

fn describe(failure: &Failure) -> String {
    let Failure { lines, call, pointer, expected, actual, .. } = failure;
    let at = if pointer.is_empty() { String::new() } else { format!(" at {pointer}") };
    let shown: String = lines.iter().map(|line| format!("\n  {line}")).collect();
    format!("{call}{at}: expected {expected}; got {actual}{shown}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::walks::random::random_walk;
    use crate::walks::step::Kind;
    use connect_emulator::{Config, Defect, Service};

    /// Runs a walk on a service of the emulator.
    fn walk_on(service: Service, steps: &[Step]) -> Result<Walked, String> {
        let instance = service.instance_name();
        in_process(service.schema(), InProcess::new(move |request| service.handle(request)), &instance, steps)
    }

    #[test]
    fn a_correct_service_passes_and_a_defect_is_described_step_by_step() {
        let kinds = [Kind::Flow, Kind::Module, Kind::Rule];
        let correct = Service::new(Schema::connect(), &Config::default());
        let defects = vec![Defect::named("tags-return").unwrap()];
        let defective = Service::new(Schema::connect(), &Config { defects, ..Config::default() });
        let mut failure = None;
        for number in 0..40 {
            let walk = random_walk(5, &number.to_string(), &kinds, 30);
            let walked = walk_on(correct.afresh(), &walk).unwrap();
            assert!(walked.accepted > 5, "{walked:?}");
            failure = failure.or(walk_on(defective.afresh(), &walk).err());
        }
        let failure = failure.unwrap();
        assert!(failure.contains("expected") && failure.contains("\n  1. Create"), "{failure}");
    }

    #[test]
    fn a_walk_goes_on_behind_a_server_error() {
        // The first read of a deleted flow ends in a server error; only a later creation shows the other defect.
        let service = |ids: &[&str]| {
            let defects = ids.iter().map(|id| Defect::named(id).unwrap()).collect();
            Service::new(Schema::connect(), &Config { defects, ..Config::default() })
        };
        let both = service(&["crash-on-unknown-id", "name-taken-after-delete"]);
        let walk = |number: i32| random_walk(5, &number.to_string(), &[Kind::Flow], 30);
        let failures: Vec<String> = (0..40).filter_map(|number| walk_on(both.afresh(), &walk(number)).err()).collect();
        assert!(failures.iter().any(|failure| failure.contains("no flow has that name")), "{failures:#?}");
        // The error alone is no difference, and a walk with one does not pass.
        let one = service(&["crash-on-unknown-id"]);
        let ends: Vec<_> = (0..40).map(|number| walk_on(one.afresh(), &walk(number))).collect();
        let inconclusive = |why: &String| why.starts_with("the walk is inconclusive") && why.contains("answered 500");
        assert!(ends.iter().filter_map(|end| end.as_ref().err()).all(inconclusive), "{ends:?}");
        assert!(ends.iter().any(Result::is_err) && ends.iter().any(Result::is_ok), "{ends:?}");
    }

    #[test]
    fn a_service_that_rejects_everything_is_inconclusive() {
        let defects = vec![Defect::named("reject-everything").unwrap()];
        let service = Service::new(Schema::connect(), &Config { defects, ..Config::default() });
        let why = walk_on(service, &random_walk(1, "", &[Kind::Rule], 3)).unwrap_err();
        assert!(why.starts_with("the walk is inconclusive: CreateRule answered 400"), "{why}");
    }
}
