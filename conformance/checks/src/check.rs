//! Every check there is, as one table: what it means, where the rule comes from, how grave a breach is.
//!
//! Ids are stable. Nothing here sends anything; the files beside this one judge.

use std::sync::OnceLock;

use connect_model::validate::ViolationKind;
use serde::Serialize;

use crate::case::{Finding, Level};
use crate::{error, golden, idempotency, invalid, language, lifecycle, pagination, search, shape};
use connect_transport::exchange::Exchange;
use connect_transport::text::cut_to;

/// Characters of each text of a finding.
const TEXT: usize = 1_000;

/// A judge with a stable id.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Check {
    /// `family.name`.
    pub id: &'static str,
    /// How grave a breach is.
    pub level: Level,
    /// The rule in one sentence.
    pub rule: &'static str,
    /// Where the rule comes from.
    pub source: &'static str,
    /// What passes.
    pub passes: &'static str,
    /// What fails.
    pub fails: &'static str,
}

impl Check {
    /// The part of the id before the dot.
    pub fn family(&self) -> &'static str {
        family(self.id)
    }

    /// A breach of this check. What an endpoint can make long is cut: texts to a thousand characters, and the exchange as
    /// [`Exchange::evidence`] does.
    pub fn finding(
        &self,
        pointer: impl Into<String>,
        expected: impl Into<String>,
        actual: impl Into<String>,
        exchange: Option<&Exchange>,
    ) -> Finding {
        Finding {
            check: self.id,
            level: self.level,
            rule: self.rule.to_owned(),
            pointer: cut_to(TEXT, pointer.into()),
            expected: cut_to(TEXT, expected.into()),
            actual: cut_to(TEXT, actual.into()),
            exchange: exchange.map(Exchange::evidence),
            steps: Vec::new(),
        }
    }
}

/// How grave a breach is that was seen on an endpoint. On this machine the check's own level counts: an emulator is held
/// to the whole contract. Elsewhere it is the service, of which some rules were never observed; there a breach of them
/// is reported and does not fail. A fault of the server (5xx) is grave everywhere.
pub fn level_at(loopback: bool, finding: &Finding) -> Level {
    if loopback {
        return finding.level;
    }
    let server_fault = finding.exchange.as_ref().is_some_and(|exchange| exchange.response.status >= 500);
    let most = match finding.check {
        // Retried, and answered with a fault all the same: that may still be the way to the service.
        "shape.status" if server_fault => Level::Should,
        _ if server_fault => Level::Must,
        "invalid.malformed-json" | "invalid.wrong-content-type" | "invalid.unknown-member-tolerated" => Level::Note,
        "pagination.token-tampered" | "idempotency.token-of-other-operation" => Level::Should,
        id => match ViolationKind::ALL.iter().find(|kind| invalid::check_of(**kind).id == id) {
            Some(kind) if kind.is_structural() => Level::Note,
            Some(_) => Level::Should,
            None => Level::Must,
        },
    };
    finding.level.min(most)
}

/// Family of a check id.
pub fn family(id: &str) -> &str {
    id.split_once('.').map_or(id, |(family, _)| family)
}

/// Families in the order in which they are run and reported.
pub const FAMILIES: &[&str] =
    &["shape", "invalid", "error", "pagination", "idempotency", "lifecycle", "search", "golden"];

/// The whole table, in order of family.
pub fn all() -> &'static [Check] {
    static ALL: OnceLock<Vec<Check>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut checks = shape::CHECKS.to_vec();
        checks.extend(ViolationKind::ALL.iter().map(|kind| invalid::check_of(*kind)));
        checks.extend_from_slice(invalid::CHECKS);
        checks.extend_from_slice(language::CHECKS);
        checks.extend_from_slice(error::CHECKS);
        checks.extend_from_slice(pagination::CHECKS);
        checks.extend_from_slice(idempotency::CHECKS);
        checks.extend_from_slice(lifecycle::CHECKS);
        checks.extend_from_slice(golden::CHECKS);
        checks.extend_from_slice(search::CHECKS);
        checks
    })
}

/// The check of that id.
pub fn find(id: &str) -> Option<&'static Check> {
    all().iter().find(|check| check.id == id)
}

/// The row of a table, by an id that the table is known to have.
pub(crate) fn row(table: &'static [Check], id: &str) -> &'static Check {
    let found = table.iter().find(|check| check.id == id);
    debug_assert!(found.is_some(), "no check {id} in its table");
    found.unwrap_or(&table[0])
}

/// Smithy and restJson1 as the source of a rule.
pub(crate) const RESTJSON: &str = "AWS restJson1 protocol and Smithy HTTP bindings";
/// The published service model as the source of a rule.
pub(crate) const MODEL: &str = "service model of Amazon Connect (botocore), trait of the shape";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_belong_to_a_family() {
        let mut seen = std::collections::HashSet::new();
        for check in all() {
            assert!(seen.insert(check.id), "{} twice", check.id);
            assert!(FAMILIES.contains(&check.family()), "{}", check.id);
            for text in [check.rule, check.source, check.passes, check.fails] {
                assert!(!text.is_empty(), "{}", check.id);
            }
        }
    }

    #[test]
    fn what_was_never_observed_of_the_service_fails_on_this_machine_only() {
        let level = |id: &str, loopback| {
            let check = find(id).map(|check| check.finding("", "", "", None));
            check.map(|finding| level_at(loopback, &finding))
        };
        for (id, elsewhere) in [
            ("invalid.malformed-json", Level::Note),
            ("invalid.wrong-type", Level::Note),
            ("invalid.length-max", Level::Should),
            ("invalid.label-escape", Level::Must),
            ("pagination.token-tampered", Level::Should),
            ("pagination.complete", Level::Must),
            ("shape.timestamp-format", Level::Must),
        ] {
            assert_eq!((level(id, true), level(id, false)), (Some(Level::Must), Some(elsewhere)), "{id}");
        }
        assert_eq!(level("shape.unknown-member", false), Some(Level::Note));
    }
}
