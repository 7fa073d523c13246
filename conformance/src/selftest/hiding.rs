//! Defects that leave no trace of others in the same emulator, each with the reason.

use connect_emulator::Defect;

/// A defect that hides others: its id, the ids of those that it hides (all, if there are none), and the reason.
type Hiding = (&'static str, &'static [&'static str], &'static str);

/// Defects that change how pages are cut.
const CUTS: &[&str] = &[
    "page-repeats-item",
    "page-loses-item",
    "page-size-ignored",
    "token-loop",
    "page-by-offset",
    "page-newest-first-by-offset",
    "page-of-three-loses-last",
    "token-bound-to-size",
];

/// Defects of signatures that are computed wrongly.
const OF_SIGNATURES: &[&str] = &[
    "any-body-hash",
    "body-not-remembered",
    "headers-not-remembered",
    "path-not-remembered",
    "query-not-remembered",
    "url-signature-unchecked",
];

/// Defects of the port that verifies signatures.
const OF_ACCESS: &[&str] = &[
    "signature-unchecked",
    "any-key",
    "any-body-hash",
    "undated-admitted",
    "signatures-never-expire",
    "signed-in-future",
    "any-region",
    "any-service",
    "any-algorithm",
    "incomplete-admitted",
    "token-not-needed",
    "any-token",
    "url-signature-unchecked",
    "body-not-remembered",
    "path-not-remembered",
    "query-not-remembered",
    "headers-not-remembered",
    "refused-as-500",
    "refused-as-page",
    "refused-with-own-name",
    "blanks-kept",
    "repeated-headers-lost",
    "query-unsorted",
    "repeated-parameters-lost",
    "empty-parameters-lost",
    "tilde-escaped",
    "path-escaped-once",
    "other-accounts-shown",
];

/// The defects that truly hide others.
const HIDING: &[Hiding] = &[
    ("reject-everything", &[], "it performs no call, so that the endpoint shows no other behaviour"),
    ("body-not-json", &[], "no success can be read, so that the id of no resource is known"),
    ("page-by-offset", CUTS, "it cuts the pages itself, in place of the other"),
    ("page-newest-first-by-offset", CUTS, "it cuts the pages itself, in place of the other"),
    ("page-repeats-item", CUTS, "it cuts the pages itself, in place of the other"),
    ("token-loop", CUTS, "no list comes to its end"),
    ("page-loses-item", &["token-bound-to-size"], "it takes the next position for an order key, which it is not there"),
    ("page-loses-item", &["page-repeats-item"], "it cuts the pages itself, in place of the other"),
    (
        "unmodelled-error",
        &["error-wrong-status"],
        "the model has no status for its errors, which the other would change",
    ),
    ("update-lost", &["update-wipes-description", "null-clears"], "no update is stored, so that none stores too much"),
    ("search-finds-newest", &["search-and-drops-last"], "one response has the additional results of both"),
    ("function-unchecked", &["function-unlimited"], "it accepts everything that the other accepts"),
    (
        "publish-unchecked",
        &["publish-any-json", "publish-dangling", "publish-anywhere", "module-unchecked"],
        "it accepts everything that the other accepts",
    ),
    ("publish-any-json", &["publish-dangling", "publish-anywhere"], "it accepts everything that the other accepts"),
    ("unsigned-admitted", OF_ACCESS, "no rule of access is judged on an endpoint that serves unsigned requests"),
    ("signature-unchecked", OF_SIGNATURES, "it accepts everything that the other accepts"),
    (
        "refused-as-500",
        &["refused-as-page", "refused-with-own-name"],
        "the form of a refusal is judged where there is one",
    ),
    ("archive-lost", &["archive-and-description-meet"], "it drops the member that must meet the other"),
    ("accept-unknown-enum", &["accepts-unknown-flow-type"], "it accepts everything that the other accepts"),
    ("accept-malformed-json", &["scalar-is-empty-object"], "it accepts everything that the other accepts"),
    ("accept-wrong-form", &["list-is-union"], "it accepts everything that the other accepts"),
    ("duplicate-name-accepted", &["race-on-name"], "it accepts everything that the other accepts"),
    ("list-ignores-types", &["list-takes-one-type"], "no type is taken, so that none is taken alone"),
    ("list-shows-one-type", &["list-ignores-types"], "no item shows if it matches the given types"),
    ("versions-lost", &["version-mutable"], "no version is kept, so that none changes"),
];

/// The reason why the second of two defects cannot be found beside the first.
pub(super) fn hides(hider: &Defect, hidden: &Defect) -> Option<&'static str> {
    let row = HIDING.iter().find(|(id, ids, _)| *id == hider.id && (ids.is_empty() || ids.contains(&hidden.id)));
    row.map(|(.., why)| *why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listed_defects_exist() {
        for (id, hidden, why) in HIDING {
            assert!(Defect::named(id).is_some() && !why.is_empty(), "{id}");
            assert!(hidden.iter().all(|id| Defect::named(id).is_some()), "{hidden:?}");
        }
    }
}
