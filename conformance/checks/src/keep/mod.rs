//! Family keep: what an endpoint accepted is what it stores and shows, in every view.
//!
//! The other families judge that requests are accepted and that a resource is found. This one compares values: those that
//! were sent with those that are shown, and the views of one resource with each other.

mod another;
mod echo;
mod filters;
mod plausible;
mod refused;
mod setting;
mod several;
mod thing;
mod update;
mod views;
mod zero;

pub(crate) use self::another::near;
pub(crate) use self::update::replaces_whole;

use crate::case::Level;
use crate::check::{Check, Remote};
use crate::code::{Observed, On, Scope, Subjects};
use crate::evidence::{Evidence, MODEL};
use crate::families::{Family, Services};
use crate::harm::Harm;
use crate::resources;
use crate::resources::Resource;
use crate::search::conditions::{COUNTS, SEARCH_CONDITION};

/// Source of the rules that compare a description with what was sent.
const HANDLERS: Evidence = Evidence::cloudformation(
    "contract of handlers: a read shows what a create or an update set; the resources of Connect in CloudFormation are read by the Describe operations",
);
/// Source of the rules on members that an update leaves out.
const UPDATES: Evidence = Evidence::documentation(
    "Connect API reference, the Update operations: they change the specified resource; UpdateTaskTemplate alone is documented \
     to remove what is left out",
);
/// Source of the rules on the members of several views.
const VIEWS: Evidence = Evidence::documentation(
    "Connect API reference: summaries, search results and descriptions contain information about the same resource",
);
/// Source of the rules on members that narrow a list.
const LISTS: Evidence = Evidence::documentation(
    "Connect API reference, the List operations: types, states and statuses by which the results are filtered",
);

/// The checks, in the order in which they are planned.
pub(crate) static CHECKS: &[&Check] = &[
    &ECHO,
    &UPDATE,
    &SETTING,
    &REFUSED,
    &VIEWS_AGREE,
    &LIST_FILTER,
    &SEARCH_CONDITION,
    &COUNTS,
    &PLAUSIBLE,
    &REPEATED_READ,
];

pub(crate) static ECHO: Check = Check {
    id: "keep.echo",
    level: Level::Must,
    remote: Remote::SHOULD,
    rule: "every member of a creation is kept, alone and with all others",
    evidence: &[HANDLERS, VIEWS],
    harm: Harm::Loss,
    fault: "did not keep what a creation sent",
    passes: "a description that shows each member as it was sent; text that holds JSON may be written otherwise, and members \
             may be added",
    fails: "a member that is absent from the description or has another value",
    code: &On { applies: created, run: |trial, &row| trial.scenario(echo::echo(trial, row)) },
};

pub(crate) static UPDATE: Check = Check {
    id: "keep.update-only-named",
    level: Level::Must,
    remote: Remote::SHOULD,
    rule: "an update changes the members that it names, and no others",
    evidence: &[HANDLERS, UPDATES],
    harm: Harm::Loss,
    fault: "changed with an update what it did not name, or did not change what it named",
    passes: "each optional member of the update alone, null, and none of them: a description with the sent values, and \
             otherwise as before, except for times, versions and digests; what a PUT does to members that it leaves out is \
             recorded",
    fails: "a member that is wiped, kept or changed although the update does not say so",
    code: &On { applies: updated, run: |trial, &row| trial.scenario(update::only_named(trial, row)) },
};

pub(crate) static SETTING: Check = Check {
    id: "keep.setting",
    level: Level::Must,
    remote: Remote::SHOULD,
    rule: "what an operation sets beside a resource is shown by the operation that describes it",
    evidence: &[UPDATES, VIEWS],
    harm: Harm::Loss,
    fault: "did not show what was set",
    passes: "the values of two updates, one after the other, each as it was sent",
    fails: "a value from before the update, or none",
    code: &On { applies: setting::settings, run: |trial, setting| trial.scenario(setting::is_shown(trial, setting)) },
};

pub(crate) static REFUSED: Check = Check {
    id: "keep.refused-changes-nothing",
    level: Level::Must,
    remote: Remote::SHOULD,
    rule: "a request that is refused leaves everything as it was",
    evidence: &[
        Evidence::normative("RFC 9110, section 15.5: a request with a status of 4xx cannot be fulfilled"),
        Evidence::documentation("Connect API reference, the errors of the operations: the request is not valid"),
    ],
    harm: Harm::Loss,
    fault: "performed a part of a request that it refused",
    passes: "after a refused update, a description as before; after a refused creation, a name that is free: for broken \
             content, a taken name, an unknown value and a text or a number beyond its limit, in a request that otherwise \
             changes all that it can",
    fails: "a member with the value of the refused request, or a name that is taken",
    code: &On { applies: refusable, run: |trial, &row| trial.scenario(refused::nothing(trial, row)) },
};

pub(crate) static VIEWS_AGREE: Check = Check {
    id: "keep.views-agree",
    level: Level::Must,
    remote: Remote::SHOULD,
    rule: "creation, description by id and by ARN, list and search show the same values of one resource",
    evidence: &[VIEWS, MODEL],
    harm: Harm::WrongData,
    fault: "showed one resource differently in two views",
    passes: "equal values of every member that two views share, after its creation, after each update, and after a new one of \
             the same name, within a short time; times may differ by less than a second",
    fails: "two views with different values, or a view of the resource that had the name before",
    code: &Observed { applies: is_created, by: &views::OBSERVER },
};

pub(crate) static LIST_FILTER: Check = Check {
    id: "keep.list-filter",
    level: Level::Must,
    remote: Remote::SHOULD,
    rule: "a list that is narrowed shows the items with the given values, and no others",
    evidence: &[LISTS, MODEL],
    harm: Harm::WrongData,
    fault: "listed items of other values than asked for, or left some out",
    passes: "for each enum that narrows the list: items of the given value alone, all of those that the whole list shows, and \
             for two values the items of both",
    fails: "an item with another value, or a missing item of the value",
    code: &On { applies: filters::narrowed, run: filters::list_filter },
};

pub(crate) static PLAUSIBLE: Check = Check {
    id: "keep.plausible",
    level: Level::Must,
    remote: Remote::SHOULD,
    rule: "times, ARNs and digests of a resource fit its life",
    evidence: &[
        VIEWS,
        Evidence::normative("AWS General Reference, ARN format; Smithy specification, timestamp in epoch seconds"),
        Evidence::cloudformation("schemas of the resources of Connect: the patterns of their ARNs"),
    ],
    harm: Harm::WrongData,
    fault: "showed times, ARNs or digests that cannot be right",
    passes: "times within the run, the creation not after the last change, which moves with an update while the creation \
             stays; an ARN of the same account, region and instance that holds the kind and the id; a digest that changes when \
             the content does",
    fails: "milliseconds in place of seconds, a time that was never or stays, another account, instance or kind, a digest that \
            stays",
    code: &Observed { applies: is_created, by: &views::OBSERVER },
};

pub(crate) static REPEATED_READ: Check = Check {
    id: "keep.repeated-read",
    level: Level::Must,
    remote: Remote::SHOULD,
    rule: "a read that is repeated without a change in between shows the same",
    evidence: &[HANDLERS, VIEWS],
    harm: Harm::WrongData,
    fault: "showed something else when a read was repeated",
    passes: "equal descriptions, list items and search results of a resource that nothing changes",
    fails: "another value in the second answer",
    code: &Observed { applies: is_created, by: &views::OBSERVER },
};

/// The family.
pub(crate) const FAMILY: Family = Family {
    name: "keep",
    checks: || CHECKS.to_vec(),
    services: Services::All,
    judges_input: false,
    requests,
    compares_recorded: false,
};

fn requests(scope: &Scope<'_>, check: &Check) -> u32 {
    match check.id {
        id if id == ECHO.id => 12,
        id if id == UPDATE.id => 34,
        id if id == SETTING.id => 6,
        id if id == REFUSED.id => 8,
        id if id == LIST_FILTER.id => 16,
        // A resource is read after its creation, after each update, and after another creation.
        _ => 24 + 8 * resources::updates_of(scope),
    }
}

/// The kind that the operation in scope creates.
fn created(scope: &Scope<'_>) -> Subjects<&'static Resource> {
    one(resources::created_by(scope.schema, scope.name()).filter(|row| row.is_described()))
}

/// The kind that the operation in scope updates.
fn updated(scope: &Scope<'_>) -> Subjects<&'static Resource> {
    one(resources::updated_by(scope.schema, scope.name()).filter(|row| row.is_described()))
}

/// The kind that the operation in scope updates, or creates under a unique name, if a request can be wrong in one member.
fn refusable(scope: &Scope<'_>) -> Subjects<&'static Resource> {
    let created = resources::created_by(scope.schema, scope.name()).filter(|row| row.is_described());
    let row = match created {
        Some(row) => Some(row).filter(|row| !row.is_instance() && row.has_unique_names()),
        None => resources::updated_by(scope.schema, scope.name()).filter(|row| row.is_described()),
    };
    one(row.filter(|row| refused::can_be_wrong(scope.schema, scope.operation, row)))
}

fn one(row: Option<&'static Resource>) -> Subjects<&'static Resource> {
    row.map(|row| (None, row)).into_iter().collect()
}

fn is_created(scope: &Scope<'_>) -> bool {
    !created(scope).is_empty()
}
