//! The parts of a plan. Machines that share a run execute one part each; the parts need about the same number of requests.

use std::cmp::Reverse;
use std::collections::HashMap;

use connect_model::schema::{OperationId, Schema};
use sha2::{Digest as _, Sha256};

use crate::case::CaseId;
use crate::code::{Scope, Variant};
use crate::families;
use crate::setup;

/// Parts of a plan.
const MOST_PARTS: u32 = 10_000;

/// One of several parts of a plan, for example 2/3: part `at` of `of`, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shard {
    of: u32,
    at: u32,
}

impl std::str::FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/').and_then(|(at, of)| Some((at.parse().ok()?, of.parse().ok()?)));
        match parts {
            Some((_, of)) if of > MOST_PARTS => Err(format!("{of} parts are more than {MOST_PARTS}")),
            Some((at, of)) if at >= 1 && at <= of => Ok(Self { of, at }),
            _ => {
                Err("expected the number of the part, counted from 1, and the number of parts, for example 2/3"
                    .to_owned())
            }
        }
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.at, self.of)
    }
}

impl Shard {
    /// True if the part has the item at this place, of items that are dealt out in turn.
    pub fn takes(self, place: usize) -> bool {
        place as u32 % self.of == self.at - 1
    }

    /// The other parts of the same run, without those in `known`.
    pub fn missing(self, known: &[Self]) -> Vec<Self> {
        (1..=self.of).map(|at| Self { of: self.of, at }).filter(|part| !known.contains(part)).collect()
    }

    /// The number of parts.
    pub fn of(self) -> u32 {
        self.of
    }
}

/// The part to which each case of an operation belongs. It depends on the model alone, not on the selection: a case is in
/// the same part of every run.
pub(crate) struct Parts(HashMap<String, u32>);

impl Parts {
    /// Divides the cases of an operation into as many parts as `shard` has, so that a selection of checks is divided
    /// about evenly, too. Cases that share an observation are never separated.
    pub(crate) fn of(schema: &'static Schema, operation: OperationId, shard: Shard) -> Self {
        let whole = setup::everything();
        let scope = Scope::new(schema, operation, &whole);
        let mut checks = groups(&scope);
        // Checks with heavy groups come first: the others make up for what is left uneven.
        checks.sort_by_key(|groups| Reverse(heaviest(groups)));
        let digest = Sha256::digest(scope.name());
        // Where the loads are equal, operations start at different parts.
        let start = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        let first = (start % u64::from(shard.of)) as u32;
        let mut parts = HashMap::new();
        let mut total = vec![0_u32; shard.of as usize];
        for groups in checks {
            let all: u32 = groups.iter().map(|group| group.requests).sum();
            // A smaller difference of the loads of the check does not matter.
            let step = heaviest(&groups).max(all / shard.of / 5).max(1);
            let mut load = vec![0_u32; shard.of as usize];
            for Group { requests, cases } in groups {
                let order =
                    |at: &u32| (load[*at as usize] / step, total[*at as usize], (at + shard.of - first) % shard.of);
                let at = (0..shard.of).min_by_key(order).unwrap_or(0);
                load[at as usize] += requests;
                total[at as usize] += requests;
                parts.extend(cases.into_iter().map(|case| (case, at + 1)));
            }
        }
        Self(parts)
    }

    /// Returns true if the case belongs to `shard`.
    pub(crate) fn has(&self, shard: Shard, case: &str) -> bool {
        self.0.get(case).copied().unwrap_or(1) == shard.at
    }
}

/// Cases of an operation that stay together.
struct Group {
    /// Approximate number of their requests.
    requests: u32,
    cases: Vec<String>,
}

/// The cases of the operation in scope by check. An observation that several checks share belongs to the first of them.
fn groups(scope: &Scope<'_>) -> Vec<Vec<Group>> {
    let mut checks: Vec<Vec<Group>> = Vec::new();
    let mut observed: HashMap<&'static str, (usize, usize)> = HashMap::new();
    for family in families::FAMILIES.iter().filter(|family| !family.compares_recorded) {
        for check in (family.checks)() {
            let mut groups: Vec<Group> = Vec::new();
            for Variant { name, attempt } in check.code.variants(scope, check) {
                let case = CaseId { operation: scope.name().to_owned(), check: check.id, variant: name }.to_string();
                let requests = if attempt.is_ok() { (family.requests)(scope, check) } else { 0 };
                let here = (checks.len(), groups.len());
                let shared = attempt.as_ref().ok().and_then(|attempt| attempt.shares());
                let (check, at) = shared.map_or(here, |shared| *observed.entry(shared).or_insert(here));
                if (check, at) == here {
                    groups.push(Group { requests, cases: vec![case] });
                } else {
                    let group = &mut checks.get_mut(check).unwrap_or(&mut groups)[at];
                    group.requests = group.requests.max(requests);
                    group.cases.push(case);
                }
            }
            checks.push(groups);
        }
    }
    checks
}

fn heaviest(groups: &[Group]) -> u32 {
    groups.iter().map(|group| group.requests).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn parses_a_part_and_lists_the_missing_ones() {
        let part = |text: &str| text.parse::<Shard>().unwrap();
        assert_eq!(part("2/3").to_string(), "2/3");
        assert_eq!(part("2/3").missing(&[part("2/3"), part("1/3")]), [part("3/3")]);
        for wrong in ["0/3", "4/3", "1", "a/b", "1/0", "", "1/4000000000"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }
    #[test]
    fn every_case_is_in_one_part_and_shared_observations_stay_together() {
        let schema = Schema::connect();
        let parts: Vec<Shard> = ["1/3", "2/3", "3/3"].map(|part| part.parse().unwrap()).into();
        let everything = setup::everything();
        let plan = crate::plan::Plan::new(schema, &everything);
        for name in ["CreateRule", "SearchUsers", "ListContactFlows", "DescribeContactFlow"] {
            let operation = schema.operation_named(name).unwrap();
            let divided = Parts::of(schema, operation, parts[0]);
            let cases: Vec<String> =
                plan.cases.iter().filter(|case| case.operation == name).map(CaseId::to_string).collect();
            for case in &cases {
                assert!(divided.0.contains_key(case), "{case}");
                assert_eq!(parts.iter().filter(|part| divided.has(**part, case)).count(), 1, "{case}");
            }
            let of = |check: &str| divided.0.get(&format!("{name}/{check}")).copied();
            for (one, other) in [
                ("keep.views-agree", "keep.plausible"),
                ("search.filter-oracle", "keep.counts"),
                ("history.linearizable", "history.paging"),
            ] {
                let parts = of(one).zip(of(other));
                assert!(parts.is_none_or(|(one, other)| one == other), "{name}: {one}, {other}");
            }
        }
    }
}
