//! Makes one report of several: the parts of a sharded run, or a run and its continuation. Every case counts once.

use std::collections::{BTreeSet, HashMap};

use connect_checks::coverage::{Coverage, CoverageSets, Ratio};
use thiserror::Error;

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
    /// A case is in two reports.
    #[error("{case} is in two of the reports, so they are not parts of one run; was a report named twice?")]
    Twice {
        /// Its id.
        case: String,
    },
}

/// Merges the parts of a run. Seed, model and target must agree.
///
/// # Errors
/// The reports are not parts of one run.
pub fn merge(parts: Vec<Report>) -> Result<Report, MergeError> {
    let mut parts = parts.into_iter();
    let mut whole = parts.next().ok_or(MergeError::Nothing)?;
    let mut seen: BTreeSet<String> = whole.cases.iter().map(|line| line.case.clone()).collect();
    let mut shards: Vec<String> = whole.shard.iter().cloned().collect();
    for part in parts {
        same_run(&whole, &part)?;
        for line in &part.cases {
            if !seen.insert(line.case.clone()) {
                return Err(MergeError::Twice { case: line.case.clone() });
            }
        }
        shards.extend(part.shard.clone());
        add(&mut whole, part);
    }
    whole.shard = joined(&shards);
    whole.operations.sort_by(|one, other| one.name.cmp(&other.name));
    whole.recount();
    Ok(whole)
}

/// Merges a stopped run with its continuation. Without a stopped run, returns `rest`.
///
/// # Errors
/// The two belong to different runs.
pub fn resumed(before: Option<&Report>, rest: Report) -> Result<Report, MergeError> {
    let Some(mut before) = before.cloned() else { return Ok(rest) };
    let done: BTreeSet<&str> = rest.cases.iter().map(|line| line.case.as_str()).collect();
    before.cases.retain(|line| !done.contains(line.case.as_str()));
    before.findings.retain(|finding| !done.contains(finding.case.as_str()));
    // The rest plans the cases that were not executed.
    before.recount();
    before.totals.planned = before.totals.executed;
    for operation in &mut before.operations {
        operation.totals.planned = operation.totals.executed;
    }
    let (stopped, shard) = (rest.stopped_because.clone(), rest.shard.clone());
    before.shard = None;
    let mut whole = merge(vec![before, Report { shard: None, ..rest }])?;
    (whole.interrupted, whole.stopped_because, whole.shard) = (stopped.is_some(), stopped, shard);
    whole.exit_code = whole.exit() as u8;
    Ok(whole)
}

/// The name of the merged parts; `None` if they are complete, as `1/3`, `2/3` and `3/3` are.
fn joined(shards: &[String]) -> Option<String> {
    let parts: BTreeSet<(u32, u32)> = shards
        .iter()
        .filter_map(|shard| shard.split_once('/').and_then(|(at, of)| Some((at.parse().ok()?, of.parse().ok()?))))
        .collect();
    let complete = parts.iter().next().is_some_and(|(_, of)| parts.len() == *of as usize);
    if shards.is_empty() || complete { None } else { Some(shards.join(" and ")) }
}

fn same_run(one: &Report, other: &Report) -> Result<(), MergeError> {
    let target = |report: &Report| {
        let target = &report.target;
        let instance = target.instance_id.as_deref().unwrap_or("no instance");
        // The built-in emulator has another port in each run.
        if target.emulator.is_some() {
            format!("an emulator, {:?}", target.emulator)
        } else {
            format!("{} with {instance}", target.endpoint)
        }
    };
    let rows: [(&'static str, String, String); 4] = [
        ("the model", one.model.digest.clone(), other.model.digest.clone()),
        ("the seed", one.seed.to_string(), other.seed.to_string()),
        ("the target", target(one), target(other)),
        ("the version of this tool", one.version.clone(), other.version.clone()),
    ];
    match rows.into_iter().find(|(_, one, other)| one != other) {
        Some((what, one, other)) => Err(MergeError::Different { what, one, other }),
        None => Ok(()),
    }
}

fn add(whole: &mut Report, part: Report) {
    whole.started = [whole.started.take(), part.started].into_iter().flatten().min();
    // The parts may have run at the same time or one after the other: the sum is the time that they took.
    whole.duration_ms += part.duration_ms;
    whole.requests += part.requests;
    whole.interrupted |= part.interrupted;
    whole.stopped_because = whole.stopped_because.take().or(part.stopped_because);
    whole.totals.planned += part.totals.planned;
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
        (&mut whole.leaks, part.leaks),
        (&mut whole.journals, part.journals),
    ] {
        let news: Vec<String> = more.into_iter().filter(|line| !known.contains(line)).collect();
        known.extend(news);
    }
}

fn covered(one: &Coverage, other: &Coverage) -> Coverage {
    let sum = |one: Option<Ratio>, other: Option<Ratio>| match (one, other) {
        (Some(one), Some(other)) => {
            Some(Ratio { covered: one.covered + other.covered, total: one.total + other.total })
        }
        (one, other) => one.or(other),
    };
    let sets = match (&one.sets, &other.sets) {
        (Some(one), Some(other)) => {
            let (members, errors) = (one.members.or(&other.members), one.errors.or(&other.errors));
            Some(CoverageSets { members, errors })
        }
        (one, other) => one.clone().or_else(|| other.clone()),
    };
    Coverage::of(sets, sum(one.constraints, other.constraints))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use connect_checks::case::operation_of;

    use crate::report::json::CaseLine;
    use crate::report::samples;

    use super::*;

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
        assert_eq!(one.shard.as_deref(), Some("1/2"));
    }

    #[test]
    fn rejects_reports_of_different_runs() {
        let (_, [one, other]) = halves();
        assert_eq!(merge(vec![]).unwrap_err(), MergeError::Nothing);
        let twice = merge(vec![one.clone(), one.clone()]).unwrap_err();
        assert!(matches!(&twice, MergeError::Twice { case } if *case == one.cases[0].case), "{twice}");
        let other = Report { seed: 43, ..other };
        let different = merge(vec![one, other]).unwrap_err().to_string();
        assert!(different.contains("the seed is 42 in the first and 43 in another"), "{different}");
    }

    #[test]
    fn merges_a_run_with_its_continuation() {
        let (whole, [mut before, mut rest]) = halves();
        (before.interrupted, before.stopped_because) = (true, Some("interrupted".to_owned()));
        before.totals.planned = whole.totals.planned;
        // One case of the first half was executed again.
        rest.cases.push(before.cases[0].clone());
        rest.totals.planned += 1;
        let name = operation_of(&before.cases[0].case).to_owned();
        rest.operations.iter_mut().find(|operation| operation.name == name).unwrap().totals.planned += 1;
        let resumed = resumed(Some(&before), rest).unwrap();
        assert_eq!((resumed.cases, resumed.totals), (whole.cases, whole.totals));
        assert!(!resumed.interrupted);
        assert_eq!(resumed.exit_code, 1);
    }
}
