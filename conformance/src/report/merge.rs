//! Makes one report of several: the parts of a sharded run, or a run and its continuation. Every case counts once.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

use connect_checks::case::digest;
use connect_checks::coverage::{Coverage, CoverageSets, Ratio};
use connect_checks::shard::Shard;
use thiserror::Error;

use crate::event::{EmulatorInfo, Settings};
use crate::report::json::Report;

/// The reports cannot be merged.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum MergeError {
    /// There are no reports.
    #[error("there is no report to merge")]
    Nothing,
    /// The reports belong to different runs.
    #[error("the reports belong to different runs: {what} is {one} in the first and {other} in another")]
    Different {
        /// The property in which they differ.
        what: &'static str,
        /// Its value in the first report.
        one: String,
        /// Its value in the other report.
        other: String,
    },
    /// A part is in two reports.
    #[error("part {part} is in two of the reports{}", still_missing(missing))]
    PartTwice {
        /// The part, for example `1/3`.
        part: String,
        /// The parts that are in none.
        missing: Vec<String>,
    },
    /// The cases are not those of the plan.
    #[error("the cases of the reports are not those of their plan; was a report edited?")]
    Foreign,
    /// A case is in two reports.
    #[error("{case} is in two of the reports, so they are not parts of one run; was a report named twice?")]
    Twice {
        /// Its id.
        case: String,
    },
}

fn still_missing(missing: &[String]) -> String {
    match missing {
        [] => String::new(),
        [part] => format!(", and part {part} is missing"),
        parts => format!(", and the parts {} are missing", parts.join(", ")),
    }
}

/// Merges the parts of a run. Model, seed, target, plan and settings must agree. A report that lacks parts is incomplete.
///
/// # Errors
/// The reports are not parts of one run.
pub fn merge(parts: Vec<Report>) -> Result<Report, MergeError> {
    let mut parts = parts.into_iter();
    let mut whole = parts.next().ok_or(MergeError::Nothing)?;
    let mut shards = shards_of(&whole);
    let rest: Vec<Report> = parts.collect();
    for part in &rest {
        same_run(&whole, part)?;
        for shard in shards_of(part) {
            if shards.contains(&shard) {
                let all: Vec<Shard> = shards.iter().copied().chain(rest.iter().flat_map(shards_of)).collect();
                let missing = shard.missing(&all).iter().map(ToString::to_string).collect();
                return Err(MergeError::PartTwice { part: shard.to_string(), missing });
            }
            shards.push(shard);
        }
    }
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for line in whole.cases.iter().chain(rest.iter().flat_map(|part| &part.cases)) {
        if !seen.insert(line.case.clone()) {
            return Err(MergeError::Twice { case: line.case.clone() });
        }
    }
    let planned: u64 = rest.iter().map(|part| part.totals.planned).sum();
    for part in rest {
        add(&mut whole, part);
    }
    whole.missing.clear();
    // Cases of missing parts were planned, too. A report of an older version has no plan.
    whole.totals.planned = if whole.plan.cases > 0 { whole.plan.cases } else { whole.totals.planned + planned };
    if let Some(first) = shards.first().copied() {
        shards.sort();
        let names = |shards: &[Shard]| shards.iter().map(ToString::to_string).collect::<Vec<_>>();
        // A part without cases has no report, and is not missing.
        if (whole.cases.len() as u64) < whole.plan.cases {
            whole.missing = names(&first.missing(&shards));
        }
        whole.shard = (!whole.missing.is_empty()).then(|| names(&shards).join(SEPARATOR));
    }
    if whole.missing.is_empty() {
        let unseen = std::mem::take(&mut whole.unseen);
        whole.stale.extend(unseen.into_values());
    }
    whole.operations.sort_by(|one, other| one.name.cmp(&other.name));
    whole.recount();
    if whole.totals.executed == whole.plan.cases && digest(seen.iter()) != whole.plan.digest {
        return Err(MergeError::Foreign);
    }
    Ok(whole)
}

/// Merges a stopped run with its continuation, whose plan contains the cases of both. Without a stopped run, returns `rest`.
///
/// # Errors
/// The two belong to different runs.
pub fn resumed(before: Option<&Report>, rest: Report) -> Result<Report, MergeError> {
    let Some(mut before) = before.cloned() else { return Ok(rest) };
    same_run(&before, &rest)?;
    // The continuation compares with the same files, and knows more.
    before.stale.clear();
    before.relearned.clear();
    let again: BTreeSet<&str> = rest.cases.iter().map(|line| line.case.as_str()).collect();
    before.cases.retain(|line| !again.contains(line.case.as_str()));
    before.findings.retain(|finding| !again.contains(finding.case.as_str()));
    for cause in &mut before.causes {
        cause.cases.retain(|case| !again.contains(case.as_str()));
        cause.known.retain(|case| !again.contains(case.as_str()));
    }
    before.causes.retain(|cause| !cause.cases.is_empty() || !cause.known.is_empty());
    let planned = rest.totals.planned;
    let planned_of: HashMap<String, u64> =
        rest.operations.iter().map(|operation| (operation.name.clone(), operation.totals.planned)).collect();
    let (stopped, unfinished, shard) = (rest.stopped_because.clone(), rest.unfinished, rest.shard.clone());
    let constraints = rest.coverage.constraints;
    let mut whole = before;
    add(&mut whole, rest);
    whole.totals.planned = planned;
    for operation in &mut whole.operations {
        operation.totals.planned = planned_of.get(&operation.name).copied().unwrap_or_default();
    }
    whole.coverage.constraints = constraints;
    (whole.interrupted, whole.unfinished) = (stopped.is_some(), unfinished);
    (whole.stopped_because, whole.shard) = (stopped, shard);
    whole.recount();
    Ok(whole)
}

/// Separates the parts that a merged report contains.
pub(super) const SEPARATOR: &str = " and ";

/// The parts that a report contains; none for a whole run.
fn shards_of(report: &Report) -> Vec<Shard> {
    report.shard.iter().flat_map(|text| text.split(SEPARATOR)).filter_map(|part| part.parse().ok()).collect()
}

/// Checks that two reports belong to one run: the same cases under the same conditions.
fn same_run(one: &Report, other: &Report) -> Result<(), MergeError> {
    let target = |report: &Report| {
        let target = &report.target;
        let instance = target.instance_id.as_deref().unwrap_or("no instance");
        // The built-in emulator has another port in each run.
        match &target.emulator {
            Some(EmulatorInfo { defect, benign, resources, .. }) => {
                let parts = [
                    defect.as_ref().map(|defect| format!("the defect {defect}")),
                    benign.as_ref().map(|benign| format!("the harmless variant {benign}")),
                    resources.map(|number| format!("{number} resources of each kind")),
                ];
                let parts: Vec<String> = parts.into_iter().flatten().collect();
                if parts.is_empty() {
                    "an emulator".to_owned()
                } else {
                    format!("an emulator with {}", parts.join(" and "))
                }
            }
            None => format!("{} with {instance}", target.endpoint),
        }
    };
    let signed = |report: &Report| if report.target.signed { "yes" } else { "no" }.to_owned();
    let parts = |report: &Report| shards_of(report).first().map_or("one".to_owned(), |shard| shard.of().to_string());
    let number = |n: Option<u32>| n.map_or("the default".to_owned(), |n| n.to_string());
    let rows: [(&'static str, String, String); 9] = [
        ("the version of this program", one.version.clone(), other.version.clone()),
        ("the model", one.model.digest.clone(), other.model.digest.clone()),
        ("the seed", one.seed.to_string(), other.seed.to_string()),
        ("the target", target(one), target(other)),
        ("the use of signatures", signed(one), signed(other)),
        ("the selection", one.narrowed.to_string(), other.narrowed.to_string()),
        ("--cases", number(one.generated), number(other.generated)),
        ("the number of parts", parts(one), parts(other)),
        ("the plan", one.plan.digest.clone(), other.plan.digest.clone()),
    ];
    if let Some((what, one, other)) = rows.into_iter().find(|(_, one, other)| one != other) {
        return Err(MergeError::Different { what, one, other });
    }
    if settings_of(one) != settings_of(other) {
        let what = "a flag such as --expect, --learned, --require, --timeout or --allow-writes";
        let (one, other) = ("set", "set otherwise");
        return Err(MergeError::Different { what, one: one.to_owned(), other: other.to_owned() });
    }
    Ok(())
}

/// The settings that parts of one run have in common. Each part has its own rate, keys and folders.
fn settings_of(report: &Report) -> Settings {
    let mut settings = Settings {
        profile: None,
        rps: None,
        burst: None,
        saved_walks: Vec::new(),
        model: None,
        journal: None,
        ..report.settings.clone()
    };
    let Settings { expect, known, learned, changed_since, .. } = &mut settings;
    for file in [expect, known, learned, changed_since].into_iter().flatten() {
        file.path = PathBuf::new();
    }
    settings
}

fn add(whole: &mut Report, part: Report) {
    whole.started = [whole.started.take(), part.started].into_iter().flatten().min();
    // The parts may have run at the same time or one after the other: the sum is the time that they took.
    whole.duration_ms += part.duration_ms;
    whole.requests += part.requests;
    // Unknown for a run that was killed.
    whole.accepted = whole.accepted.zip(part.accepted).map(|(one, other)| one + other);
    whole.interrupted |= part.interrupted;
    whole.unfinished |= part.unfinished;
    whole.stopped_because = whole.stopped_because.take().or(part.stopped_because);
    let mut at: HashMap<String, usize> =
        whole.operations.iter().enumerate().map(|(at, operation)| (operation.name.clone(), at)).collect();
    for operation in part.operations {
        match at.get(&operation.name) {
            Some(at) => whole.operations[*at].totals.planned += operation.totals.planned,
            None => {
                at.insert(operation.name.clone(), whole.operations.len());
                whole.operations.push(operation);
            }
        }
    }
    whole.cases.extend(part.cases);
    whole.findings.extend(part.findings);
    for cause in part.causes {
        match whole.causes.iter_mut().find(|known| known.id == cause.id) {
            Some(known) => known.join(cause),
            None => whole.causes.push(cause),
        }
    }
    for count in part.finding_counts {
        match whole.finding_counts.iter_mut().find(|known| known.level == count.level && known.check == count.check) {
            Some(known) => {
                known.count += count.count;
                known.operations.extend(count.operations);
            }
            None => whole.finding_counts.push(count),
        }
    }
    whole.finding_counts.sort_by(|one, other| (other.level, &other.check).cmp(&(one.level, &one.check)));
    // A cause that one part has seen is not missing.
    whole.unseen.retain(|cause, _| part.unseen.contains_key(cause));
    whole.coverage = covered(&whole.coverage, &part.coverage);
    for (topic, facts) in part.learned {
        for (fact, times) in facts {
            *whole.learned.entry(topic.clone()).or_default().entry(fact).or_default() += times;
        }
    }
    for (known, more) in [
        (&mut whole.not_sent, part.not_sent),
        (&mut whole.left_out, part.left_out),
        (&mut whole.stale, part.stale),
        (&mut whole.relearned, part.relearned),
        (&mut whole.leaks, part.leaks),
        (&mut whole.journals, part.journals),
    ] {
        let news: Vec<String> = more.into_iter().filter(|line| !known.contains(line)).collect();
        known.extend(news);
    }
}

fn covered(one: &Coverage, other: &Coverage) -> Coverage {
    let sets = match (&one.sets, &other.sets) {
        (Some(one), Some(other)) => {
            let (members, errors) = (one.members.or(&other.members), one.errors.or(&other.errors));
            Some(CoverageSets { members, errors })
        }
        (one, other) => one.clone().or_else(|| other.clone()),
    };
    let mut reached = one.operations_reached.clone();
    if let Some(other) = &other.operations_reached {
        reached.get_or_insert_with(|| other.clone()).join(other.clone());
    }
    let mut limits = one.limits_by_operation.clone();
    for (operation, reached) in &other.limits_by_operation {
        match limits.get_mut(operation) {
            Some(known) => known.join(reached.clone()),
            None => drop(limits.insert(operation.clone(), reached.clone())),
        }
    }
    let constraints = [one.constraints, other.constraints].into_iter().flatten().reduce(Ratio::plus);
    Coverage::of(sets, reached, limits, constraints)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use connect_checks::case::operation_of;

    use crate::outcome::CaseOutcome;
    use crate::report::json::CaseLine;
    use crate::report::samples;

    use super::*;

    type Change = fn(&mut Report);

    /// The sample, and the same run as two shards.
    fn halves() -> (Report, [Report; 2]) {
        let whole = samples::mixed().report();
        let half = |even: bool| {
            let mut part = whole.clone();
            let cases: Vec<CaseLine> = (whole.cases.iter().enumerate())
                .filter(|(at, _)| at.is_multiple_of(2) == even)
                .map(|(_, line)| line.clone())
                .collect();
            let ids: BTreeSet<&str> = cases.iter().map(|line| line.case.as_str()).collect();
            part.findings.retain(|finding| ids.contains(finding.case.as_str()));
            for operation in &mut part.operations {
                let of = |line: &&CaseLine| operation_of(&line.case) == operation.name;
                operation.totals.planned = cases.iter().filter(of).count() as u64;
            }
            part.totals.planned = cases.len() as u64;
            part.shard = Some(if even { "1/2" } else { "2/2" }.to_owned());
            part.cases = cases;
            part.learned.clear();
            part.finding_counts.clear();
            part
        };
        let parts = [half(true), half(false)];
        (whole, parts)
    }

    #[test]
    fn merges_shards_into_the_whole_run() {
        let (whole, parts) = halves();
        let merged = merge(parts.to_vec()).unwrap();
        assert_eq!(merged.cases, whole.cases);
        assert_eq!((merged.totals, &merged.failed_cases), (whole.totals, &whole.failed_cases));
        let mut operations = whole.operations.clone();
        operations.sort_by(|one, other| one.name.cmp(&other.name));
        assert_eq!(merged.operations, operations);
        assert_eq!(merged.findings.len(), whole.findings.len());
        assert_eq!((merged.shard, merged.exit_code), (None, 1));
        let one = merge(vec![parts[0].clone()]).unwrap();
        assert_eq!((one.shard.as_deref(), one.missing.as_slice()), (Some("1/2"), &["2/2".to_owned()][..]));
        assert_eq!((one.exit_code, one.totals.planned), (3, whole.totals.planned));
    }

    /// The exit codes of merged parts that pass, in both orders.
    fn exits(change: impl Fn(&mut Report, &mut Report)) -> [u8; 2] {
        let (_, [mut one, mut other]) = halves();
        for part in [&mut one, &mut other] {
            part.cases.iter_mut().for_each(|line| line.outcome = CaseOutcome::Passed);
            part.findings.clear();
            part.causes.clear();
        }
        change(&mut one, &mut other);
        [vec![one.clone(), other.clone()], vec![other, one]].map(|parts| merge(parts).unwrap().exit_code)
    }

    #[test]
    fn what_any_part_relearned_and_no_part_saw_is_stale() {
        let unseen = |part: &mut Report, cause: &str| {
            part.unseen.insert(cause.to_owned(), format!("{cause}: remove it"));
        };
        assert_eq!(exits(|_, _| {}), [0, 0]);
        assert_eq!(exits(|one, _| one.relearned.push("another answer".to_owned())), [4, 4]);
        assert_eq!(exits(|one, _| unseen(one, "a")), [0, 0], "the other part has seen it");
        let both = |causes: [&'static str; 2]| {
            exits(move |one, other| [one, other].into_iter().zip(causes).for_each(|(part, cause)| unseen(part, cause)))
        };
        assert_eq!(both(["a", "b"]), [0, 0]);
        assert_eq!(both(["a", "a"]), [4, 4]);
    }

    #[test]
    fn rejects_reports_of_different_runs() {
        let (_, [one, other]) = halves();
        assert_eq!(merge(vec![]).unwrap_err(), MergeError::Nothing);
        let twice = merge(vec![one.clone(), one.clone()]).unwrap_err().to_string();
        assert_eq!(twice, "part 1/2 is in two of the reports, and part 2/2 is missing");
        let unsharded = Report { shard: None, ..one.clone() };
        let twice = merge(vec![unsharded.clone(), unsharded]).unwrap_err();
        assert!(matches!(&twice, MergeError::Twice { case } if *case == one.cases[0].case), "{twice}");
        let changes: [(&str, Change); 6] = [
            ("the model", |report| report.model.digest = "other".to_owned()),
            ("the version", |report| report.version = "0.0.9".to_owned()),
            ("the selection", |report| report.narrowed.operations = vec!["ListRules".to_owned()]),
            ("the plan", |report| report.plan.digest = "other".to_owned()),
            ("a flag", |report| report.settings.require = vec!["ListRules".to_owned()]),
            ("the number of parts", |report| report.shard = Some("2/3".to_owned())),
        ];
        for (what, change) in changes {
            let mut changed = other.clone();
            change(&mut changed);
            let problem = merge(vec![one.clone(), changed]).unwrap_err().to_string();
            assert!(problem.contains(&format!("different runs: {what}")), "{problem}");
        }
        let other = Report { seed: 43, ..other };
        let different = merge(vec![one, other]).unwrap_err().to_string();
        assert!(different.contains("the seed is 42 in the first and 43 in another"), "{different}");
    }

    #[test]
    fn merges_a_run_with_its_continuation() {
        let (whole, [mut before, mut rest]) = halves();
        (before.interrupted, before.stopped_because) = (true, Some("interrupted".to_owned()));
        before.totals.planned = whole.totals.planned;
        // One case of the first half was executed again. The continuation plans all cases.
        rest.cases.push(before.cases[0].clone());
        rest.totals.planned = whole.totals.planned;
        rest.operations.clone_from(&whole.operations);
        (before.shard, rest.shard) = (None, None);
        let resumed = resumed(Some(&before), rest).unwrap();
        assert_eq!((resumed.cases, resumed.totals), (whole.cases, whole.totals));
        assert!(!resumed.interrupted);
        assert_eq!(resumed.exit_code, 1);
    }
}
