//! Sequences of operations on the emulator, every answer held against the reference that the check `lifecycle.walk`
//! holds endpoints against.
//!
//! Law: whatever was done before, each answer is one that the reference admits.
//!
//! An input that begins with `[` is a walk in the JSON of saved walks; any other is drawn from, with the weights that
//! random walks of a run have.

use std::sync::OnceLock;

use arbitrary::Unstructured;
use connect_checks::walks::{SUBJECTS, Step, drawn, in_process};
use connect_emulator::Service;
use connect_transport::InProcess;

use crate::emulator;
use crate::seeds;
use crate::target::{Seed, Target};

/// See the file.
pub struct EmulatorWalk;

/// How far a walk came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reached {
    /// No step of it could be taken.
    Nowhere,
    /// Every step was accepted.
    Accepted,
    /// Some step was refused, as it had to be or could.
    Refused,
}

/// Most steps of a walk.
const MOST: usize = 16;
/// Bytes that a step is drawn from, on average.
const BYTES: usize = 12;
/// The defect that the target is shown to find: every version of a flow has the number 1.
const PLANTED: &str = "version-number-repeats";

impl Target for EmulatorWalk {
    const NAME: &'static str = "emulator_walk";
    const PROPERTY: &'static str = "after any steps, the emulator answers as the reference of lifecycle.walk says";
    type Case = Vec<Step>;
    type Reached = Reached;

    fn draw(data: &[u8]) -> Option<Vec<Step>> {
        if data.first() == Some(&b'[') {
            return Self::plain(data);
        }
        let mut u = Unstructured::new(data);
        let subject = u.choose(SUBJECTS).ok()?;
        let length = (data.len() / BYTES).clamp(1, MOST);
        Some(drawn(subject.kinds, length, &mut |bound| u.choose_index(bound).unwrap_or(0)))
    }

    fn plain(data: &[u8]) -> Option<Vec<Step>> {
        let steps: Vec<Step> = serde_json::from_slice(data).ok()?;
        (steps.len() <= MOST && steps.iter().all(|step| step.check().is_ok())).then_some(steps)
    }

    fn hold(case: &Vec<Step>) -> Reached {
        static BEGUN: OnceLock<Service> = OnceLock::new();
        let begun = BEGUN.get_or_init(|| emulator::for_target(Self::NAME, PLANTED));
        hold(begun, case).unwrap_or_else(|broken| unreachable!("{broken}"))
    }

    fn seeds() -> Vec<Seed> {
        let mut seeds: Vec<Seed> = seeds::by_hand(BY_HAND.iter().map(|(text, _)| text.as_bytes())).collect();
        seeds.extend(seeds::random(Self::NAME, 24, |at| 40 + 5 * at));
        seeds
    }
}

fn hold(begun: &Service, steps: &[Step]) -> Result<Reached, String> {
    let service = begun.afresh();
    let (schema, instance) = (service.schema(), service.instance_name());
    let walked = in_process(schema, InProcess::new(move |request| service.handle(request)), &instance, steps)?;
    Ok(match (walked.accepted, walked.refused) {
        (0, 0) => Reached::Nowhere,
        (_, 0) => Reached::Accepted,
        _ => Reached::Refused,
    })
}

/// Walks by hand, and how far each comes.
const BY_HAND: &[(&str, Reached)] = &[
    ("[]", Reached::Nowhere),
    (r#"[{"do":"delete","of":"rule#0"}]"#, Reached::Nowhere),
    (
        r#"[{"do":"create","kind":"flow","name":0,"text":0,"saved":true},{"do":"version","of":"flow#0"},
            {"do":"edit","of":"flow#0","text":1},{"do":"version","of":"flow#0"},{"do":"edit-draft","of":"flow#0","text":2},
            {"do":"describe-version","of":"flow#0","nth":0},{"do":"list-versions","of":"flow#0"}]"#,
        Reached::Refused,
    ),
    (
        r#"[{"do":"create","kind":"module","name":0,"text":0,"tags":{"ct-a":"1"}},{"do":"create-again","of":"module#0"},
            {"do":"archive","of":"module#0","archived":true,"name":1},{"do":"rename","of":"module#0","name":2},
            {"do":"delete","of":"module#0"},{"do":"create","kind":"module","name":2,"text":1}]"#,
        Reached::Accepted,
    ),
    (
        r#"[{"do":"create","kind":"rule","name":0,"text":0},{"do":"create","kind":"rule","name":0,"text":0},
            {"do":"edit","of":"rule#0","text":1},{"do":"tag","of":"rule#0","tags":{"ct-b":""}},
            {"do":"untag","of":"rule#0","keys":["ct-a","ct-b"]},{"do":"list","kind":"rule","pages":true}]"#,
        Reached::Refused,
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::{assert_cases_can_be_kept, reach, survey};

    #[test]
    fn walks_by_hand_reach_what_they_are_for() {
        for (text, reached) in BY_HAND {
            assert_eq!(reach::<EmulatorWalk>(text.as_bytes()), Some(*reached), "{text}");
        }
        assert_eq!(reach::<EmulatorWalk>(br#"[{"do":"tag","of":"rule#0","tags":{}}]"#), None);
    }

    #[test]
    fn random_walks_are_accepted_and_refused() {
        let count = survey::<EmulatorWalk>(1500, 300);
        assert!(count[&Reached::Accepted] > 50 && count[&Reached::Refused] > 1000, "{count:?}");
        assert_cases_can_be_kept::<EmulatorWalk>(300, 300);
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
        emulator::assert_are_found::<EmulatorWalk>(&defects, 2000, 300, |begun, case| hold(begun, case));
    }
}
