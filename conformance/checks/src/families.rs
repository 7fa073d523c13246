//! The table of families: all checks in the order in which they are planned and reported.

use std::sync::LazyLock;

use crate::check::Check;
use crate::code::Scope;
use crate::{accept, access, error, golden, history, idempotency, invalid, keep, lifecycle, pagination, search, shape};

/// Checks with a common subject.
pub struct Family {
    /// The first part of their ids.
    pub name: &'static str,
    /// The checks, in the order in which they are planned.
    pub checks: fn() -> Vec<&'static Check>,
    /// The services whose operations they apply to.
    pub services: Services,
    /// True if the outcomes depend on the contract of the input alone.
    pub judges_input: bool,
    /// Approximate number of requests of a case of the check on the operation in scope. For cases that share an
    /// observation, of all of them together.
    pub requests: fn(&Scope<'_>, &Check) -> u32,
    /// True if the family is planned only for comparisons with recorded responses, and no other family is planned then.
    pub compares_recorded: bool,
}

/// Services that a family applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Services {
    /// Any service of the protocol.
    All,
    /// Amazon Connect only, since the checks need its table of resources.
    Connect,
}

/// Name of the family of checks of callers.
pub const ACCESS: &str = access::FAMILY.name;

/// All families.
pub static FAMILIES: &[Family] = &[
    shape::FAMILY,
    invalid::FAMILY,
    accept::FAMILY,
    access::FAMILY,
    error::FAMILY,
    pagination::FAMILY,
    idempotency::FAMILY,
    lifecycle::FAMILY,
    keep::FAMILY,
    history::FAMILY,
    search::FAMILY,
    golden::FAMILY,
];

/// All checks, by family.
pub fn all() -> &'static [&'static Check] {
    static ALL: LazyLock<Vec<&'static Check>> =
        LazyLock::new(|| FAMILIES.iter().flat_map(|family| (family.checks)()).collect());
    &ALL
}

/// Finds a check by its id.
pub fn find(id: &str) -> Option<&'static Check> {
    all().iter().copied().find(|check| check.id == id)
}

/// Returns the family of a check.
pub fn of(check: &Check) -> Option<&'static Family> {
    FAMILIES.iter().find(|family| family.name == check.family())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Level;

    #[test]
    fn ids_are_unique_and_belong_to_their_family() {
        let mut seen = std::collections::HashSet::new();
        for family in FAMILIES {
            for check in (family.checks)() {
                assert!(seen.insert(check.id), "{} twice", check.id);
                assert_eq!(check.family(), family.name, "{}", check.id);
                for text in [check.rule, check.fault, check.passes, check.fails] {
                    assert!(!text.is_empty(), "{}", check.id);
                }
            }
        }
    }

    #[test]
    fn lowers_the_level_of_unobserved_rules_on_remote_endpoints() {
        let level =
            |id: &str, loopback| find(id).map(|check| check.level_at(loopback, &check.finding("", "", "", None)));
        for (id, remote) in [
            ("invalid.malformed-json", Level::Note),
            ("invalid.wrong-type", Level::Note),
            ("invalid.length-max", Level::Should),
            ("invalid.label-escape", Level::Must),
            ("lifecycle.duplicate-name", Level::Must),
            ("error.modelled", Level::Should),
            ("pagination.complete", Level::Must),
            ("shape.timestamp-format", Level::Must),
        ] {
            assert_eq!((level(id, true), level(id, false)), (Some(Level::Must), Some(remote)), "{id}");
        }
        assert_eq!(level("shape.unknown-member", false), Some(Level::Note));
    }
}
