//! Walks on the emulator. Every response is compared with the reference model of the check `lifecycle.walk`.
//!
//! Property: after any steps, the reference admits each response.
//!
//! An input that begins with `[` is a walk in the JSON format of saved walks. Otherwise the walk is generated with the same
//! weights as in a run.

use std::sync::OnceLock;

use arbitrary::Unstructured;
use connect_checks::walks::{SUBJECTS, Step, draw_walk, in_process};
use connect_emulator::Service;
use connect_transport::InProcess;

use crate::emulator;
use crate::seeds;
use crate::target::{Seed, Target};

/// The target; see the module.
pub struct EmulatorWalk;

/// Result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// No step could be executed.
    Nowhere,
    /// Every step was accepted.
    Accepted,
    /// A step was rejected, as the reference admits.
    Rejected,
}

/// Maximum number of steps in a walk.
const MOST: usize = 16;
/// Average number of input bytes per step.
const BYTES: usize = 12;
/// The defect planted by `scripts/fuzz prove`: every version of a flow has the number 1.
const PLANTED: &str = "version-number-repeats";

impl Target for EmulatorWalk {
    const NAME: &'static str = "emulator_walk";
    const PROPERTY: &'static str =
        "after any steps, the reference of lifecycle.walk admits each response of the emulator";
    type Case = Vec<Step>;
    type Outcome = Outcome;

    fn draw(data: &[u8]) -> Option<Vec<Step>> {
        if data.first() == Some(&b'[') {
            return Self::plain(data);
        }
        let mut u = Unstructured::new(data);
        let subject = u.choose(SUBJECTS).ok()?;
        let length = (data.len() / BYTES).clamp(1, MOST);
        Some(draw_walk(subject.kinds, length, &mut |bound| u.choose_index(bound).unwrap_or(0)))
    }

    fn plain(data: &[u8]) -> Option<Vec<Step>> {
        let steps: Vec<Step> = serde_json::from_slice(data).ok()?;
        (steps.len() <= MOST && steps.iter().all(|step| step.check().is_ok())).then_some(steps)
    }

    fn check(case: &Vec<Step>) -> Outcome {
        static INITIAL: OnceLock<Service> = OnceLock::new();
        let initial = INITIAL.get_or_init(|| emulator::for_target(Self::NAME, PLANTED));
        check(initial, case).unwrap_or_else(|broken| unreachable!("{broken}"))
    }

    fn seeds() -> Vec<Seed> {
        let mut seeds: Vec<Seed> = seeds::by_hand(BY_HAND.iter().map(|(text, _)| text.as_bytes())).collect();
        seeds.extend(seeds::random(Self::NAME, 24, |at| 40 + 5 * at));
        seeds
    }
}

fn check(initial: &Service, steps: &[Step]) -> Result<Outcome, String> {
    let service = initial.afresh();
    let (schema, instance) = (service.schema(), service.instance_name());
    let walked = in_process(schema, InProcess::new(move |request| service.handle(request)), &instance, steps)?;
    Ok(match (walked.accepted, walked.refused) {
        (0, 0) => Outcome::Nowhere,
        (_, 0) => Outcome::Accepted,
        _ => Outcome::Rejected,
    })
}

/// Handwritten walks and their outcomes.
const BY_HAND: &[(&str, Outcome)] = &[
    ("[]", Outcome::Nowhere),
    (r#"[{"do":"delete","of":"rule#0"}]"#, Outcome::Nowhere),
    (
        r#"[{"do":"create","kind":"flow","name":0,"text":0,"saved":true},{"do":"version","of":"flow#0"},
            {"do":"edit","of":"flow#0","text":1},{"do":"version","of":"flow#0"},{"do":"edit-draft","of":"flow#0","text":2},
            {"do":"describe-version","of":"flow#0","nth":0},{"do":"list-versions","of":"flow#0"}]"#,
        Outcome::Rejected,
    ),
    (
        r#"[{"do":"create","kind":"module","name":0,"text":0,"tags":{"ct-a":"1"}},{"do":"create-again","of":"module#0"},
            {"do":"archive","of":"module#0","archived":true,"name":1},{"do":"rename","of":"module#0","name":2},
            {"do":"delete","of":"module#0"},{"do":"create","kind":"module","name":2,"text":1}]"#,
        Outcome::Accepted,
    ),
    (
        r#"[{"do":"create","kind":"rule","name":0,"text":0},{"do":"create","kind":"rule","name":0,"text":0},
            {"do":"edit","of":"rule#0","text":1},{"do":"tag","of":"rule#0","tags":{"ct-b":""}},
            {"do":"untag","of":"rule#0","keys":["ct-a","ct-b"]},{"do":"list","kind":"rule","pages":true}]"#,
        Outcome::Rejected,
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smoke::{assert_cases_round_trip, assert_outcomes, assert_reached};
    use crate::target::outcome_of;

    #[test]
    fn handwritten_walks_have_the_expected_outcomes() {
        assert_outcomes::<EmulatorWalk>(BY_HAND.iter().map(|(text, outcome)| (text.as_bytes(), *outcome)));
        assert_eq!(outcome_of::<EmulatorWalk>(br#"[{"do":"tag","of":"rule#0","tags":{}}]"#), None);
    }

    #[test]
    fn random_walks_are_accepted_and_rejected() {
        assert_reached::<EmulatorWalk>(1500, 300, [(Outcome::Accepted, 50), (Outcome::Rejected, 1000)]);
        assert_cases_round_trip::<EmulatorWalk>(300, 300);
    }

    #[test]
    fn random_walks_find_defects_that_need_several_steps() {
        let defects = [
            PLANTED,
            "tags-return",
            "versions-lost",
            "rename-restores",
            "name-taken-after-rename",
            "archive-keeps",
            "version-mutable",
            "draft-edit-publishes",
            "tags-replaced",
            "untag-ignored",
            "token-ignored",
        ];
        emulator::assert_defects_are_found::<EmulatorWalk>(&defects, 2000, 300, |initial, case| check(initial, case));
    }
}
