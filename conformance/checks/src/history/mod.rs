//! Family history: concurrent calls on few shared things, recorded with their times, and judged by the question if one order
//! of them explains every answer.
//!
//! `drive` makes the calls, `parts` divides them by what they are about, `order` searches for an order that a model of
//! `models` allows. A fault counts only if the same calls of one client alone do not show it, too: others judge that.

pub mod call;
mod drive;
mod meaning;
mod models;
mod numbered;
mod order;
mod orphans;
mod parts;
mod record;
mod timeline;
mod traversal;
mod updates;
mod verdict;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use connect_model::schema::Schema;

pub use self::parts::Sort;
pub use self::timeline::{seen, sent, timeline};
pub use self::verdict::{Judged, Lags, Verdict, judge};

use self::call::Answer;
use self::drive::Recorded;
use crate::case::{Finding, History, Level, Outcome};
use crate::check::{Check, Remote};
use crate::client::Client;
use crate::code::{Attempt, Code, Omission, Scope, Trial, Variant};
use crate::evidence::{Evidence, TAG_CHANGES, TAG_UPDATES};
use crate::families::{Family, Services};
use crate::harm::Harm;
use crate::judge::Judgement;
use crate::observe::Observation;
use crate::resources::{self, Resource};

/// Name of the family.
pub const FAMILY_NAME: &str = FAMILY.name;

/// Longest history.
pub const LONGEST: u16 = 2_000;

/// Times that a history of one client is tried, before a fault is blamed on concurrency.
const CONTROLS: u32 = 2;

/// Most findings of one check and kind of resource: one for each way of failing.
const MOST_WAYS: usize = 4;

/// Number and length of histories.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HistoryConfig {
    /// Histories of each kind of resource; 0 leaves them out of the plan.
    pub count: u32,
    /// Calls of each, beside those that prepare and end it.
    pub length: u16,
}

/// Reads show writes.
const HANDLERS: Evidence = Evidence::cloudformation(
    "contract of handlers: a read shows what a create or an update has set, and a read after a delete is NotFound; the resources of Connect in \
     CloudFormation are read by the Describe operations",
);
/// Reads by id are taken for immediate.
const READ_AFTER_WRITE: Evidence = Evidence::captured(
    "the Terraform provider reads a flow right after its creation and update, without waiting, and its acceptance tests pass on the service \
     (hashicorp/terraform-provider-aws)",
);

/// The rows of this file, in the order in which they are planned.
pub(crate) static CHECKS: &[&Check] = &[&LINEARIZABLE, &PAGING, &NAMES, &TOKENS, &TAGS];

pub(crate) static LINEARIZABLE: Check = Check {
    id: "history.linearizable",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "concurrent calls on a resource have one order in which every answer is right",
    evidence: &[
        HANDLERS,
        READ_AFTER_WRITE,
        Evidence::documentation("Connect API reference, the Update and Delete operations"),
    ],
    harm: Harm::Loss,
    fault: "answered concurrent calls as no order of them explains",
    passes: "each call takes effect at one moment between its request and its answer; elsewhere, descriptions may lag by ten seconds, which is \
             recorded",
    fails: "an update that is lost, a read that goes back, a resource that returns after its deletion, a description of two updates",
    code: &Histories,
};

pub(crate) static PAGING: Check = Check {
    id: "history.paging",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "what exists from the first page to the last is on a page, whatever other callers do meanwhile",
    evidence: &[
        Evidence::documentation("Connect API reference, the List operations"),
        Evidence::cloudformation("contract of handlers: a list has what was created, and not what was deleted"),
    ],
    harm: Harm::WrongData,
    fault: "left out of its list what existed all the while, under concurrent changes",
    passes: "new items after a second at most (ten elsewhere), deleted ones until then; what a list has shown, until it is deleted",
    fails: "an item that no page shows while it exists, one that goes and comes back, or one that stays after its deletion",
    code: &Histories,
};

pub(crate) static NAMES: Check = Check {
    id: "history.names",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "a name belongs to one resource at a time, whoever creates, renames and deletes",
    evidence: &[
        Evidence::model(
            "service model of Amazon Connect (botocore): DuplicateResource and ResourceConflict are errors with 409",
        ),
        Evidence::documentation("Connect API reference: a resource with the specified name already exists"),
    ],
    harm: Harm::Loss,
    fault: "gave a name twice, or refused a free one, in concurrent calls",
    passes: "a creation or update gets a name that is free at some moment of the call, and is refused with 409 only if it is taken at one",
    fails: "two resources with one name, or a refusal for a name that nobody has",
    code: &Histories,
};

pub(crate) static TOKENS: Check = Check {
    id: "history.tokens",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "creations with one client token make one resource, also if their answers are lost",
    evidence: &[
        Evidence::normative("Smithy idempotencyToken trait: the service identifies and discards replayed requests"),
        Evidence::documentation("Connect API reference, ClientToken"),
    ],
    harm: Harm::Loss,
    fault: "made several resources of one client token in concurrent calls",
    passes: "one id for each token in all answers and lists",
    fails: "two ids for one token",
    code: &Histories,
};

pub(crate) static TAGS: Check = Check {
    id: "history.tags",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "concurrent changes of tags have one order in which every list of tags is right",
    evidence: &[TAG_CHANGES, TAG_UPDATES],
    harm: Harm::Loss,
    fault: "lost tags, or brought old ones back, in concurrent calls",
    passes: "each key has the value of one of the last changes",
    fails: "a tag that a change of another key has removed or brought back",
    code: &Histories,
};

/// The family.
pub(crate) const FAMILY: Family = Family {
    name: "history",
    checks: || CHECKS.to_vec(),
    services: Services::Connect,
    judges_input: false,
    // As many as --histories and --history-length say; elsewhere there are none by default.
    requests: |_, _| 84,
    compares_recorded: false,
};

/// The check of a sort of part.
fn check_of(sort: Sort) -> &'static Check {
    match sort {
        Sort::Described | Sort::Searched => &LINEARIZABLE,
        Sort::Listed => &PAGING,
        Sort::Names => &NAMES,
        Sort::Token => &TOKENS,
        Sort::Tag => &TAGS,
    }
}

/// The code of the checks: one set of histories for each kind.
struct Histories;

impl Code for Histories {
    fn variants(&'static self, scope: &Scope<'_>, check: &'static Check) -> Vec<Variant> {
        let row = resources::created_by(scope.schema, scope.name())
            .filter(|row| scope.selection.histories && applies(scope.schema, check, row));
        let Some(row) = row else { return Vec::new() };
        let operations =
            [row.create, row.describe, row.delete].into_iter().filter_map(|name| scope.schema.operation_named(name));
        let refused = operations
            .into_iter()
            .find_map(|id| scope.selection.permission.check(scope.schema, &scope.schema[id]).err());
        let attempt: Result<Arc<dyn Attempt>, Omission> = match refused {
            Some(why) => Err(Omission::NotPermitted(format!("histories of {}: {why}", row.kind))),
            None => Ok(Arc::new(OfKind(row))),
        };
        vec![Variant { name: None, attempt }]
    }
}

/// True if a kind has what a check judges.
fn applies(schema: &'static Schema, check: &Check, row: &Resource) -> bool {
    row.is_judged()
        && !row.is_instance()
        && match check.id {
            "history.paging" => row.list.is_some(),
            "history.names" => row.has_unique_names() && meaning::keeps_names_unique(schema, row),
            "history.tokens" => row.of.token.is_some() && row.name_member.is_some(),
            "history.tags" => row.is_taggable(),
            _ => true,
        }
}

/// The histories of a kind.
struct OfKind(&'static Resource);

impl Attempt for OfKind {
    fn run<'t>(&'t self, trial: Trial<'t>) -> Judgement<'t> {
        let row = self.0;
        Box::pin(async move {
            if let Some(why) = trial.client.unsupported(trial.operation).await {
                return Outcome::unsupported(why);
            }
            let config = trial.walks.histories;
            let seen = trial.memo.get(trial.operation, "histories", || observe(trial.client, row, config)).await;
            seen.outcome(trial.check)
        })
    }

    fn shares(&self) -> Option<&'static str> {
        Some("histories")
    }
}

/// Records histories, and judges them.
async fn observe(client: &Client, row: &'static Resource, config: HistoryConfig) -> Observation {
    let mut seen = Observation::default();
    let mut found: BTreeMap<&'static str, BTreeMap<String, Finding>> = BTreeMap::new();
    let mut judged: BTreeSet<&'static str> = BTreeSet::new();
    if config.count == 0 {
        seen.block("no history was requested");
    }
    for number in 0..config.count {
        let recorded = match drive::record(client, row, config.length, number, drive::clients(client)).await {
            Ok(recorded) => recorded,
            Err(why) => {
                seen.block(why);
                break;
            }
        };
        for part in judge(client.schema, &recorded.calls, drive::lags(client)) {
            let check = check_of(part.sort);
            match &part.verdict {
                Verdict::Undecided => client.note("histories", "a part that takes too long to judge"),
                Verdict::Stale(lag) => client.note(
                    format!(
                        "lag of {}",
                        if part.sort == Sort::Described { "descriptions" } else { "lists and searches" }
                    ),
                    format!("up to {} ms", lag.div_ceil(1_000).next_power_of_two()),
                ),
                Verdict::Violation(few, lag) => {
                    let of_check = found.entry(check.id).or_default();
                    let way = way(&recorded, few);
                    if of_check.len() < MOST_WAYS || of_check.contains_key(&way) {
                        of_check.entry(way).or_insert_with_key(|way| finding(check, &recorded, &part, way, few, *lag));
                    } else {
                        client.note("histories", format!("further ways of failing {}, which are not shown", check.id));
                    }
                }
                Verdict::Linearizable => {}
            }
            // A violation is one, whatever was not called; without one, nothing is known of what was not called.
            if part.calls > 1 && part.verdict != Verdict::Undecided && recorded.cut.is_none() {
                judged.insert(check.id);
            }
        }
        if let Some(why) = recorded.cut {
            seen.block(why);
        }
    }
    let alone = if found.is_empty() { BTreeSet::new() } else { found_alone(client, row, config).await };
    for check in CHECKS {
        if alone.contains(check.id) {
            client.note("histories that fail without concurrency, too", format!("{}, {}", row.kind, check.id));
            if found.contains_key(check.id) {
                seen.block(format!(
                    "the calls of one client alone fail {}, too: not a matter of concurrency",
                    check.id
                ));
                continue;
            }
        }
        if judged.contains(check.id) {
            seen.judged(check);
        }
        seen.add(found.remove(check.id).into_iter().flatten().map(|(_, finding)| finding).collect());
    }
    seen
}

/// The checks that fail with one client, too.
async fn found_alone(client: &Client, row: &'static Resource, config: HistoryConfig) -> BTreeSet<&'static str> {
    let mut alone = BTreeSet::new();
    for number in 0..CONTROLS {
        let Ok(recorded) = drive::record(client, row, config.length.max(40), number, 1).await else { continue };
        for part in judge(client.schema, &recorded.calls, drive::lags(client)) {
            if matches!(part.verdict, Verdict::Violation(..)) {
                alone.insert(check_of(part.sort).id);
            }
        }
    }
    alone
}

/// The last of the calls that show a violation, and its answer. Other calls with the same one are of the same cause.
fn way(recorded: &Recorded, few: &[usize]) -> String {
    let Some(call) = last(recorded, few).and_then(|at| recorded.calls.get(at)) else {
        return "a call without an answer".to_owned();
    };
    match &call.answer {
        Some(Answer::Error { .. }) => format!("{} answered {}", call.operation, seen(call)),
        _ => format!("{} answered a success", call.operation),
    }
}

/// The call that ended last, of those with an answer.
fn last(recorded: &Recorded, few: &[usize]) -> Option<usize> {
    let answered = few.iter().copied().filter(|at| recorded.exchanges[*at].is_some());
    answered.max_by_key(|at| recorded.calls[*at].end)
}

/// The finding of a part without an order.
fn finding(
    check: &'static Check,
    recorded: &Recorded,
    part: &Judged,
    way: &str,
    few: &[usize],
    lag: Option<u64>,
) -> Finding {
    let exchanges: Vec<_> = few.iter().filter_map(|at| recorded.exchanges.get(*at)?.as_deref()).collect();
    let exchange = last(recorded, few).and_then(|at| recorded.exchanges[at].as_deref());
    let (shown, all) = (few.len(), part.calls);
    let show = if shown == 1 { "shows" } else { "show" };
    let actual = format!("{}: {way}, which no order explains; {shown} of {all} calls {show} it", part.about);
    let mut finding = check.finding("", "an order of the calls in which every answer is right", actual, exchange);
    finding = finding.resting_on(exchanges);
    finding.steps = timeline(&recorded.calls, few);
    finding.steps.extend(lag.map(|lag| format!("reads that lag by {:.1} ms would explain it", lag as f64 / 1_000.0)));
    finding.history = Some(History { calls: recorded.calls.clone(), decisive: few.to_vec() });
    finding
}

#[cfg(test)]
mod tests;
