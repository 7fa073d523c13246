//! Walks over an endpoint in this process: the same steps, the same reference, and nobody to wait for.

use std::sync::Arc;

use connect_model::schema::Schema;
use futures_util::FutureExt as _;

use crate::client::{Client, ClientConfig};
use crate::permission::Permission;
use crate::walks::drive::{Broken, End, Patience, Trail, Walked};
use crate::walks::step::Step;
use crate::walks::{SUBJECTS, operations};
use connect_transport::target::Target;
use connect_transport::{InProcess, Transport, TransportConfig};

/// Walks over the instance that a service begins with. For the same steps and a service that is new, the same happens.
///
/// # Errors
/// What the service should have done, what it did, and the steps up to there, in words.
pub fn in_process(
    schema: &'static Schema,
    endpoint: InProcess,
    instance: &str,
    steps: &[Step],
) -> Result<Walked, String> {
    let name = "http://127.0.0.1".parse().map_err(|error| format!("no name for an endpoint: {error}"))?;
    let target = Target { instance_id: Some(instance.to_owned()), ..Target::unsigned(name) };
    let transport = Arc::new(Transport::in_process(&target, endpoint, TransportConfig::default()));
    let permission = Permission { loopback: true, ..Permission::default() };
    let config =
        ClientConfig { seed: 0, cases: 0, run_id: "in-process".to_owned(), permission, ..ClientConfig::default() };
    let client = Client::new(schema, target, transport, config);
    let offered = SUBJECTS.iter().flat_map(operations).collect();
    let trail = Trail { client: &client, instance, offered: &offered, patience: Patience::None };
    match trail.walk(steps).now_or_never() {
        Some(End::Sound(walked)) => Ok(walked),
        Some(End::Broken(broken)) => Err(tell(&broken)),
        Some(End::Lost(why)) => Err(format!("the walk was lost: {why}")),
        None => Err("the walk waits for something".to_owned()),
    }
}

fn tell(broken: &Broken) -> String {
    let Broken { lines, call, pointer, expected, actual, .. } = broken;
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

    /// Walks over a service of the emulator.
    fn walk_over(service: Service, steps: &[Step]) -> Result<Walked, String> {
        let instance = service.instance_name();
        in_process(service.schema(), InProcess::new(move |request| service.handle(request)), &instance, steps)
    }

    #[test]
    fn a_sound_service_walks_and_a_defect_is_told_step_by_step() {
        let kinds = [Kind::Flow, Kind::Module, Kind::Rule];
        let sound = Service::new(Schema::connect(), &Config::default());
        let defect = Defect::named("tags-return");
        let broken = Service::new(Schema::connect(), &Config { defect, ..Config::default() });
        let mut told = None;
        for number in 0..40 {
            let walk = random_walk(5, &number.to_string(), &kinds, 30);
            let walked = walk_over(sound.afresh(), &walk).unwrap();
            assert!(walked.accepted > 5, "{walked:?}");
            told = told.or(walk_over(broken.afresh(), &walk).err());
        }
        let told = told.unwrap();
        assert!(told.contains("expected") && told.contains("\n  1. Create"), "{told}");
    }

    #[test]
    fn a_service_that_fails_is_no_service_to_walk_over() {
        let defect = Defect::named("reject-everything");
        let service = Service::new(Schema::connect(), &Config { defect, ..Config::default() });
        let why = walk_over(service, &random_walk(1, "", &[Kind::Rule], 3)).unwrap_err();
        assert!(why.starts_with("the walk was lost: CreateRule answered 400"), "{why}");
    }
}
