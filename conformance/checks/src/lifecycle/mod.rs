//! Family lifecycle: from creation over changes to deletion, as every later call shows it.

mod archive;
mod concurrent;
mod echo;
mod life;
mod published;
mod tags;
mod versions;

use crate::case::{Finding, Level};
use crate::check::{Check, Remote};
use crate::code::{On, Scope};
use crate::families::{Family, Services};
use crate::resources;
use crate::resources::{RESOURCES, Resource};
use crate::walks;

/// Where the rules on flows and modules come from.
const LIFE: &str = "Connect, life cycle of flows, modules and rules";

/// The rows of this file, in the order in which they are planned.
pub(crate) static CHECKS: &[&Check] = &[
    &CREATE_DESCRIBE,
    &CREATE_LIST,
    &UPDATE_VISIBLE,
    &DELETE_GONE,
    &DUPLICATE_NAME,
    &SAVED_PUBLISHED,
    &ARCHIVE,
    &VERSIONS,
    &CONCURRENT_CREATES,
    &CONCURRENT_SAME_NAME,
    &CONCURRENT_TAGS,
    &TAGS_SHOWN,
    &TAGS,
    &WALK,
];

/// `lifecycle.create-describe`.
pub(crate) static CREATE_DESCRIBE: Check = Check {
    id: "lifecycle.create-describe",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "what was created is shown as it was sent",
    source: LIFE,
    passes: "the same name, type, content (as JSON), status, event source and tags, within a short while; an instance \
             becomes active first",
    fails: "another value, or none; on this machine, an instance that stays in creation",
    code: &On { applies: created, run: |trial, &row| trial.scenario(life::create_describe(trial, row)) },
};

/// `lifecycle.create-list`.
pub(crate) static CREATE_LIST: Check = Check {
    id: "lifecycle.create-list",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "what was created is listed",
    source: LIFE,
    passes: "an item of that name in the list, within a short while",
    fails: "a list without it",
    code: &On { applies: created, run: |trial, &row| trial.scenario(life::create_list(trial, row)) },
};

/// `lifecycle.update-visible`.
pub(crate) static UPDATE_VISIBLE: Check = Check {
    id: "lifecycle.update-visible",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "what was changed is shown as it is now",
    source: LIFE,
    passes: "the new name or content, within a short while; content may show in the draft first",
    fails: "the old value",
    code: &On { applies: updated, run: |trial, &row| trial.scenario(life::update_visible(trial, row)) },
};

/// `lifecycle.delete-gone`.
pub(crate) static DELETE_GONE: Check = Check {
    id: "lifecycle.delete-gone",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "what was deleted is not found any more",
    source: LIFE,
    passes: "404, or the answer that an id gets that never was, within a short while",
    fails: "a success, or an answer that an unknown id does not get",
    code: &On { applies: created, run: |trial, &row| trial.scenario(life::delete_gone(trial, row)) },
};

/// `lifecycle.duplicate-name`.
pub(crate) static DUPLICATE_NAME: Check = Check {
    id: "lifecycle.duplicate-name",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "a name that is taken in the instance is refused as a conflict",
    source: "service model of Amazon Connect: DuplicateResource, ResourceConflict and Idempotency are errors with 409",
    passes: "409, while the same request under another name is accepted",
    fails: "a second resource of that name, or a refusal by another error",
    code: &On { applies: created_in_instance, run: |trial, &row| trial.scenario(life::duplicate_name(trial, row)) },
};

/// `lifecycle.saved-published`.
pub(crate) static SAVED_PUBLISHED: Check = Check {
    id: "lifecycle.saved-published",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "a saved flow is shown as its draft alone, a published one is checked and shown",
    source: "Connect, ContactFlowStatus: PUBLISHED starts validation of the content, SAVED does not",
    passes: "ContactFlowNotPublishedException for a saved flow, its draft under :$SAVED; success for a published \
             one; a refusal, under PUBLISHED and under no status, of content that is not JSON or has unknown actions",
    fails: "a draft that is shown as published, a flow that cannot be shown, or unusable content that is published",
    code: &On { applies: drafted, run: |trial, &row| trial.scenario(published::saved_published(trial, row)) },
};

/// `lifecycle.archive`.
pub(crate) static ARCHIVE: Check = Check {
    id: "lifecycle.archive",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "what is archived is shown and listed as archived, and as active when it is reactivated",
    source: "Connect, ContactFlowState and ContactFlowModuleState: ARCHIVED can be taken back",
    passes: "the state that was asked for last, in describe and list, within a short while",
    fails: "the state before",
    code: &On { applies: archived, run: |trial, &row| trial.scenario(archive::archive(trial, row)) },
};

/// `lifecycle.versions`.
pub(crate) static VERSIONS: Check = Check {
    id: "lifecycle.versions",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "versions of a flow are numbered in order, listed, and keep what they were made of",
    source: "Connect API reference, CreateContactFlowVersion and DescribeContactFlow: a version is an immutable snapshot",
    passes: "a later version has a greater number; both are listed; each shows the content of its time",
    fails: "a number that does not grow, a version that is not listed, or one that shows another content",
    code: &On { applies: versioned, run: |trial, &row| trial.scenario(versions::life_of_versions(trial, row)) },
};

/// `lifecycle.concurrent-creates`.
pub(crate) static CONCURRENT_CREATES: Check = Check {
    id: "lifecycle.concurrent-creates",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "what is created at the same time is all there",
    source: LIFE,
    passes: "each creation that was acknowledged has an id of its own and is listed, within a short while",
    fails: "an id twice, or one that is not listed",
    code: &On { applies: created_in_instance, run: |trial, &row| trial.scenario(concurrent::creations(trial, row)) },
};

/// `lifecycle.concurrent-same-name`.
pub(crate) static CONCURRENT_SAME_NAME: Check = Check {
    id: "lifecycle.concurrent-same-name",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "of several creations under one name at the same time one succeeds",
    source: "service model of Amazon Connect: a name that is taken is a conflict",
    passes: "one success, whatever the others are told",
    fails: "two successes",
    code: &On { applies: created_in_instance, run: |trial, &row| trial.scenario(concurrent::one_name(trial, row)) },
};

/// `lifecycle.concurrent-tags`.
pub(crate) static CONCURRENT_TAGS: Check = Check {
    id: "lifecycle.concurrent-tags",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "tags that are added at the same time are all kept",
    source: "Connect, tags: TagResource merges",
    passes: "ListTagsForResource shows each tag whose addition was acknowledged, within a short while",
    fails: "a tag that another addition has undone",
    code: &On { applies: tagged, run: |trial, &row| trial.scenario(tags::concurrent(trial, row)) },
};

/// `lifecycle.tags-shown`.
pub(crate) static TAGS_SHOWN: Check = Check {
    id: "lifecycle.tags-shown",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "a resource is shown with the tags that are listed for it",
    source: "service model of Amazon Connect: Tags of a resource, tags of ListTagsForResource",
    passes: "equal tags after each change, within a short while",
    fails: "tags of its creation only, or none",
    code: &On { applies: tagged, run: |trial, &row| trial.scenario(tags::shown_as_listed(trial, row)) },
};

/// `lifecycle.tags`.
pub(crate) static TAGS: Check = Check {
    id: "lifecycle.tags",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "tags are added, overwritten and removed by key, and listed as they are",
    source: "Connect, tags: TagResource merges, UntagResource removes keys",
    passes: "ListTagsForResource shows all that was set last and nothing that was removed, within a short while; what \
             removing a key does that is not there is recorded",
    fails: "a tag that is lost, old, or still there",
    code: &On { applies: tagged, run: |trial, &row| trial.scenario(tags::life_of_tags(trial, row)) },
};

/// `lifecycle.walk`.
pub static WALK: Check = Check {
    id: "lifecycle.walk",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "whatever is done to resources, in whatever order, every answer is what it must be after what came before",
    source: "the other rules of this family and of idempotency, applied to random sequences of operations",
    passes: "each step is accepted or refused as it must be, and shows what was set last; where Connect's behaviour \
             is not known, either",
    fails: "a sequence of steps, shortened until none can be left out, after which an answer is another",
    code: &walks::Walks,
};

/// The error that a flow without published content gets.
const NOT_PUBLISHED: &str = "ContactFlowNotPublishedException";

/// The family.
pub(crate) const FAMILY: Family = Family {
    name: "lifecycle",
    checks: || CHECKS.to_vec(),
    services: Services::Connect,
    judges_input: false,
    compares_recorded: false,
};

/// A kind of resource, with the variant's name where an operation is tried on several.
type Kinds = Vec<(Option<String>, &'static Resource)>;

/// The kind that the operation in scope creates, if a condition holds for it.
fn created_if(scope: &Scope<'_>, condition: impl Fn(&'static Resource) -> bool) -> Kinds {
    resources::created_by(scope.name()).filter(|row| condition(row)).map(|row| (None, row)).into_iter().collect()
}

fn created(scope: &Scope<'_>) -> Kinds {
    created_if(scope, |_| true)
}

fn created_in_instance(scope: &Scope<'_>) -> Kinds {
    created_if(scope, |row| row.id_member != "InstanceId")
}

fn updated(scope: &Scope<'_>) -> Kinds {
    created_if(scope, |row| !row.updates.is_empty())
}

fn archived(scope: &Scope<'_>) -> Kinds {
    created_if(scope, |row| archive::archived_by(row).is_some())
}

/// Kinds that have drafts: describing one that was never published is an error of its own.
fn drafted(scope: &Scope<'_>) -> Kinds {
    let schema = scope.schema;
    created_if(scope, |row| {
        let describe = schema.operation_named(row.describe);
        describe.is_some_and(|describe| schema.error_of(&schema[describe], NOT_PUBLISHED).is_some())
    })
}

fn versioned(scope: &Scope<'_>) -> Kinds {
    versions::versioned_by(scope.name()).map(|row| (None, row)).into_iter().collect()
}

fn tagged(scope: &Scope<'_>) -> Kinds {
    let rows = RESOURCES.iter().filter(|_| scope.name() == "TagResource");
    rows.map(|row| (Some(row.variant.to_owned()), row)).collect()
}

type Judged = Result<Vec<Finding>, String>;

#[cfg(test)]
mod tests {
    use connect_model::schema::Schema;

    use super::*;
    use crate::selection::Selection;

    #[test]
    fn each_operation_has_the_cases_of_its_kind() {
        let schema = Schema::connect();
        let ids = |name: &str| {
            let operation = schema.operation_named(name).unwrap_or_else(|| unreachable!("{name}"));
            let selection = Selection::default();
            let scope = Scope::new(schema, operation, &selection);
            let cases = |check: &&'static Check| check.code.variants(&scope, check).len();
            let cases = CHECKS.iter().flat_map(|check| std::iter::repeat_n(check.id, cases(check)));
            cases.filter(|id| *id != WALK.id).collect::<Vec<_>>()
        };
        assert_eq!(
            ids("CreateInstance"),
            ["lifecycle.create-describe", "lifecycle.create-list", "lifecycle.delete-gone"]
        );
        assert_eq!(ids("TagResource").len(), 3 * RESOURCES.len());
        assert_eq!(ids("CreateContactFlowVersion"), ["lifecycle.versions"]);
        assert_eq!(ids("CreateRule").len(), 7);
        assert_eq!(ids("CreateContactFlowModule").len(), 8);
        assert!(ids("CreateContactFlow").contains(&"lifecycle.saved-published"));
    }
}
