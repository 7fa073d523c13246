//! A budget: the most cases of a family that a run plans. Which of them is decided by the seed alone, so that the parts of a
//! run agree, and so that other nights try other cases.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use connect_model::generate::seed::Stream;
use connect_model::shapes::CORE_OPERATIONS;

use crate::case::CaseId;
use crate::check::family_of;
use crate::families;

/// Start of the reason why a case is left out; the limit follows.
pub(crate) const EXCEEDS_BUDGET: &str = "exceeds the budget ";

/// True for the line of a case that is left out by the budget: its id, and the reason.
pub fn exceeds_budget(line: &str) -> bool {
    line.split_once(": ").is_some_and(|(_, why)| why.starts_with(EXCEEDS_BUDGET))
}

/// The most cases of one family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Name of the family.
    pub family: &'static str,
    /// Number of cases.
    pub cases: u32,
}

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, cases) = text.split_once('=').ok_or("expected FAMILY=N, for example invalid=2000")?;
        let known = families::FAMILIES.iter().map(|family| family.name);
        let family = known.clone().find(|known| *known == name).ok_or_else(|| {
            format!("there is no family `{name}`; the families are {}", known.collect::<Vec<_>>().join(", "))
        })?;
        let cases = cases.parse().map_err(|_| format!("`{cases}` is not a number of cases"))?;
        Ok(Self { family, cases })
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.family, self.cases)
    }
}

/// The limits of a run, and its seed.
#[derive(Clone, Debug, Default)]
pub struct Budget {
    /// Seed that decides between cases of the same importance.
    pub seed: u64,
    /// The most cases, by family.
    pub limits: BTreeMap<&'static str, u32>,
}

impl Budget {
    /// Limits under a seed. Of several limits of a family, the last one counts.
    pub fn new(seed: u64, limits: &[Limit]) -> Self {
        Self { seed, limits: limits.iter().map(|limit| (limit.family, limit.cases)).collect() }
    }

    /// The cases that exceed the budget, each with its limit. Cases of the core operations are kept first.
    pub fn exceeded<'c>(&self, cases: &'c [CaseId]) -> Vec<(&'c CaseId, Limit)> {
        let mut over = Vec::new();
        for (family, most) in &self.limits {
            let of_family = cases.iter().filter(|case| family_of(case.check) == *family);
            let mut ranked: Vec<(bool, u64, &CaseId)> = of_family
                .map(|case| {
                    let drawn = Stream::new(self.seed, &format!("budget {case}")).next();
                    (!CORE_OPERATIONS.contains(&case.operation.as_str()), drawn, case)
                })
                .collect();
            ranked.sort_by_key(|(is_other, drawn, _)| (*is_other, *drawn));
            let rest = ranked.into_iter().skip(*most as usize);
            over.extend(rest.map(|(.., case)| (case, Limit { family, cases: *most })));
        }
        over
    }
}
