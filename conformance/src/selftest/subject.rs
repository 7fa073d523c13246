//! The emulators of the kill matrix, and the checks that each of them meets.

use std::collections::BTreeSet;

use connect_checks::selection::Selection;
use connect_checks::setup;
use connect_emulator::{Benign, Defect, benign, defects};
use connect_model::generate::seed::Stream;
use connect_model::resources as graph;
use connect_model::schema::Schema;
use connect_model::shapes::CORE_OPERATIONS;

use crate::session::error::SessionError;
use crate::suggest;
use connect_checks::shard::Shard;

/// Operations in addition to the core. Their synthesized answers have unions, enums and descriptions.
const OTHERS: &[&str] = &[
    "AssociateBot",
    "DescribeContactEvaluation",
    "DescribeMetric",
    "DescribeUser",
    "GetAttachedFile",
    "GetMetricDataV2",
    "ListContactReferences",
    "ListPhoneNumbersV2",
    "ListQueues",
    "StartTaskContact",
    "UpdateEvaluationForm",
    "UpdateUserNotificationStatus",
];

/// An emulator that the suite runs against.
#[derive(Clone, Copy, Debug)]
pub enum Subject {
    /// Without a defect.
    Plain,
    /// With a defect.
    Defect(&'static Defect),
    /// In a harmless variant.
    Benign(&'static Benign),
}

impl Subject {
    /// Its id on the command line.
    pub fn id(&self) -> &'static str {
        match self {
            Subject::Plain => "plain",
            Subject::Defect(defect) => defect.id,
            Subject::Benign(benign) => benign.id,
        }
    }

    pub(super) fn kind(&self) -> &'static str {
        match self {
            Subject::Plain => "plain",
            Subject::Defect(_) => "defect",
            Subject::Benign(_) => "benign",
        }
    }
}

/// The subjects with these ids, or all of them if there are no ids. The plain emulator always comes first.
///
/// # Errors
/// An unknown id; the message suggests similar ones.
pub fn subjects(only: &[String]) -> Result<Vec<Subject>, SessionError> {
    let all = || defects().map(Subject::Defect).chain(benign().map(Subject::Benign));
    for given in only {
        if !all().any(|subject| subject.id() == given) {
            let list = "connect-conformance defects` or `connect-conformance benign";
            let known = all().map(|subject| subject.id());
            return Err(SessionError::Usage(suggest::unknown("defect or harmless variant", given, known, list)));
        }
    }
    let wanted = |subject: &Subject| only.is_empty() || only.iter().any(|id| id == subject.id());
    Ok(std::iter::once(Subject::Plain).chain(all().filter(wanted)).collect())
}

/// The subjects of a part. Their neighbours in the list are in other parts, since those of one family take equally long. The
/// plain emulator is in every part.
pub fn part_of(subjects: Vec<Subject>, part: Option<Shard>) -> Vec<Subject> {
    let Some(part) = part else { return subjects };
    let in_part = |(at, _): &(usize, Subject)| *at == 0 || part.takes(*at);
    subjects.into_iter().enumerate().filter(in_part).map(|(_, subject)| subject).collect()
}

/// The checks that run on a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Breadth {
    /// All checks: the defect must be caught as declared, and by no other check.
    All,
    /// The checks that must catch the defect, and no others.
    Kills,
}

/// All checks of the core operations and of a few others; for a defect of another kind, of the operations on that kind.
pub(super) fn selection(schema: &'static Schema, subject: Subject) -> Selection {
    let noun = match subject {
        Subject::Defect(defect) => defect.noun(),
        Subject::Plain | Subject::Benign(_) => None,
    };
    let operations = match noun.and_then(|noun| graph::shared(schema).kind(noun)) {
        Some(kind) => {
            let actions = kind.actions.iter().map(|action| action.operation).chain([kind.create]);
            let tags = graph::shared(schema).tagging.iter().flat_map(|tags| [tags.tag, tags.untag, tags.list]);
            actions.chain(tags).map(|operation| schema[operation].name.clone()).collect()
        }
        None => CORE_OPERATIONS.iter().chain(OTHERS).map(|name| (*name).to_owned()).collect(),
    };
    Selection { operations, ..setup::everything() }
}

/// The subjects that the suite runs on, each with its checks.
pub type Trials = Vec<(Subject, Breadth)>;

/// Runs all checks on each subject. With a sample, only on this number of defects, chosen by the seed; the other defects
/// meet the checks that must catch them.
pub fn trials(subjects: Vec<Subject>, sample: Option<u32>, seed: u64) -> Trials {
    let defects = || subjects.iter().filter(|subject| matches!(subject, Subject::Defect(_))).map(Subject::id);
    let mut stream = Stream::new(seed, "defects that run with all checks");
    let mut drawn: Vec<(u64, &str)> = defects().map(|id| (stream.next(), id)).collect();
    drawn.sort_unstable();
    drawn.truncate(sample.map_or(usize::MAX, |count| count as usize));
    let whole: BTreeSet<&str> = drawn.into_iter().map(|(_, id)| id).collect();
    let breadth = |subject: &Subject| match subject {
        Subject::Defect(defect) if !whole.contains(defect.id) => Breadth::Kills,
        _ => Breadth::All,
    };
    subjects.iter().map(|subject| (*subject, breadth(subject))).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn finds_subjects_or_suggests_similar_ids() {
        assert_eq!(subjects(&[]).unwrap().len(), 1 + defects().count() + benign().count());
        let some = subjects(&["throttled".to_owned(), "timestamp-iso".to_owned()]).unwrap();
        assert_eq!(some.iter().map(Subject::id).collect::<Vec<_>>(), ["plain", "timestamp-iso", "throttled"]);
        let error = subjects(&["timestamp-is".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("timestamp-iso"), "{error}");
    }

    #[test]
    fn parts_together_have_every_subject_once() {
        let part = |text: &str| part_of(subjects(&[]).unwrap(), Some(text.parse().unwrap()));
        let mut parts: Vec<&str> =
            ["1/3", "2/3", "3/3"].into_iter().flat_map(|text| part(text).split_off(1)).map(|one| one.id()).collect();
        let mut all: Vec<&str> = subjects(&[]).unwrap().split_off(1).iter().map(Subject::id).collect();
        parts.sort_unstable();
        all.sort_unstable();
        assert_eq!(parts, all);
        assert_eq!(part("2/3")[0].id(), "plain");
    }

    #[test]
    fn a_sample_of_the_defects_meets_all_checks() {
        let whole = |sample, seed| -> Vec<&str> {
            let trials = trials(subjects(&[]).unwrap(), sample, seed);
            assert_eq!(trials.len(), subjects(&[]).unwrap().len(), "no subject is left out");
            assert!(trials.iter().all(|(of, breadth)| matches!(of, Subject::Defect(_)) || *breadth == Breadth::All));
            let whole =
                trials.iter().filter(|(of, breadth)| matches!(of, Subject::Defect(_)) && *breadth == Breadth::All);
            whole.map(|(of, _)| of.id()).collect()
        };
        assert_eq!(whole(None, 1).len(), defects().count());
        assert_eq!(whole(Some(7), 1).len(), 7);
        assert_eq!(whole(Some(7), 1), whole(Some(7), 1));
        assert_ne!(whole(Some(7), 1), whole(Some(7), 2));
    }
}
