//! Family lifecycle: creation, changes and deletion of resources, as later calls show them.

mod apart;
mod archive;
mod associated;
mod association;
mod association_update;
mod concurrent;
mod echo;
mod life;
mod neighbours;
mod published;
mod tags;
mod versions;

use std::sync::Arc;

use connect_model::resources::{self as graph, Link};
use connect_model::schema::Schema;

use crate::case::Level;
use crate::check::{Check, Remote};
use crate::client::reply::NOT_PUBLISHED;
use crate::code::{Attempt, Bound, Code, Omission, On, Scope, Subjects, Trial, Variant};
use crate::evidence::{Evidence, GONE, TAG_CHANGES, TAG_UPDATES};
use crate::families::{Family, Services};
use crate::harm::Harm;
use crate::judge::Judgement;
use crate::resources;
use crate::resources::Resource;
use crate::walks;

/// Reads show writes, according to CloudFormation.
const HANDLERS: Evidence = Evidence::cloudformation(
    "contract of handlers: a read shows what a create or an update has set; the resources of Connect in CloudFormation are read by the Describe \
     operations",
);
/// A flow on the real service, from its creation to its deletion.
const FLOW_TEST: Evidence = Evidence::captured(
    "a flow that was created, described and updated on the service in December 2024 (hashicorp/terraform-provider-aws#40419)",
);
/// Names that are taken.
const TAKEN: Evidence = Evidence::model(
    "service model of Amazon Connect (botocore): DuplicateResource, ResourceConflict and Idempotency are errors with 409",
);

/// The rows of this file, in the order in which they are planned.
pub(crate) static CHECKS: &[&Check] = &[
    &CREATE_DESCRIBE,
    &CREATE_LIST,
    &UPDATE_VISIBLE,
    &DELETE_GONE,
    &NAME_FREE,
    &DELETE_ONLY,
    &IN_USE,
    &OWN_PARENT,
    &ASSOCIATION,
    &ASSOCIATION_SHOWN,
    &ASSOCIATION_UPDATE,
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

pub(crate) static CREATE_DESCRIBE: Check = Check {
    id: "lifecycle.create-describe",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "a new resource is described as it was sent",
    evidence: &[HANDLERS, FLOW_TEST, Evidence::documentation("Connect API reference, the Describe operations")],
    harm: Harm::WrongData,
    fault: "described a new resource otherwise than it was sent",
    passes: "the same name, type, content (as JSON), status, event source and tags, within a short time; an instance \
             becomes active first",
    fails: "a different or missing value, or another id; on this machine, an instance that does not become active",
    code: &On { applies: described, run: |trial, &row| trial.scenario(life::create_describe(trial, row)) },
};

pub(crate) static CREATE_LIST: Check = Check {
    id: "lifecycle.create-list",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "a new resource is listed",
    evidence: &[
        Evidence::cloudformation(
            "contract of handlers: a list has what was created; the resources of Connect in CloudFormation are listed by the List operations",
        ),
        Evidence::documentation("Connect API reference, the List operations"),
    ],
    harm: Harm::WrongData,
    fault: "did not list a new resource",
    passes: "an item of that name in the list, within a short time",
    fails: "a list without that name",
    code: &On { applies: listed, run: |trial, &row| trial.scenario(life::create_list(trial, row)) },
};

pub(crate) static UPDATE_VISIBLE: Check = Check {
    id: "lifecycle.update-visible",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "an updated resource is described with its new values",
    evidence: &[HANDLERS, FLOW_TEST, Evidence::documentation("Connect API reference, the Update operations")],
    harm: Harm::Loss,
    fault: "showed old values after an update",
    passes: "the new name or content, within a short time; content may be visible in the draft only",
    fails: "the old value",
    code: &On { applies: updated, run: |trial, &row| trial.scenario(life::update_visible(trial, row)) },
};

pub(crate) static DELETE_GONE: Check = Check {
    id: "lifecycle.delete-gone",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "a deleted resource is not found any more, neither by its id nor in a list or search",
    evidence: &[
        Evidence::cloudformation(
            "contract of handlers: a read after a delete is NotFound; the resources of Connect in CloudFormation are read by the Describe operations",
        ),
        GONE,
        Evidence::documentation("Connect API reference, the Delete operations"),
    ],
    harm: Harm::WrongData,
    fault: "still knew a resource after its deletion",
    passes: "404, or the response that an unknown id gets, by the id and by the ARN, and no item of lists and searches, within a \
             short time",
    fails: "a success, a rejection that an unknown id does not get, or an item with the id",
    code: &On { applies: created, run: |trial, &row| trial.scenario(life::delete_gone(trial, row)) },
};

pub(crate) static NAME_FREE: Check = Check {
    id: "lifecycle.name-free",
    level: Level::Should,
    remote: Remote::ALWAYS_SHOULD,
    rule: "the name of a deleted resource can be given to a new one",
    evidence: &[Evidence::inference(
        "a name must be unique among what exists; no source says how long that of a deleted resource stays taken",
    )],
    harm: Harm::WrongData,
    fault: "kept the name of a deleted resource taken",
    passes: "success, within a short time",
    fails: "a conflict, although the description of the deleted resource is gone",
    code: &On { applies: created_by_name, run: |trial, &row| trial.scenario(apart::name_free(trial, row)) },
};

pub(crate) static DELETE_ONLY: Check = Check {
    id: "lifecycle.delete-only",
    level: Level::Must,
    remote: Remote::SHOULD,
    rule: "a deletion takes away the resource that it names, and neither others of its kind nor what it refers to",
    evidence: &[
        Evidence::documentation("Connect API reference, the Delete operations: each deletes the named resource"),
        Evidence::cloudformation(
            "contract of handlers: a delete removes one resource; what it refers to has handlers of its own",
        ),
    ],
    harm: Harm::Loss,
    fault: "deleted a resource that the request did not name",
    passes: "the descriptions of another resource of the kind, and of those to which the deleted one referred, succeed as before",
    fails: "404 for one of them",
    code: &On { applies: created_in_instance, run: |trial, &row| trial.scenario(neighbours::delete_only(trial, row)) },
};

pub(crate) static IN_USE: Check = Check {
    id: "lifecycle.in-use",
    level: Level::Must,
    remote: Remote::SHOULD,
    rule: "a resource that another one refers to is not deleted, if the deletion has an error for that",
    evidence: &[
        Evidence::documentation(
            "Connect API reference, ResourceInUseException: to delete a resource, remove its reference from related resources first",
        ),
        Evidence::model("service model of Amazon Connect (botocore), ResourceInUseException of the Delete operations"),
    ],
    harm: Harm::Loss,
    fault: "deleted a resource to which another one still refers",
    passes: "a rejection, and success after what referred to it is deleted; or the reference ends with the deletion",
    fails: "success, and the other resource still shows the id",
    code: &On { applies: referring, run: |trial, &row| trial.scenario(neighbours::in_use(trial, row)) },
};

pub(crate) static OWN_PARENT: Check = Check {
    id: "lifecycle.own-parent",
    level: Level::Must,
    remote: Remote::SHOULD,
    rule: "a resource is found under its own parent, and under no other",
    evidence: &[
        Evidence::model(
            "service model of Amazon Connect (botocore), ResourceNotFoundException of the describe operations",
        ),
        Evidence::documentation(
            "Connect API reference, the Describe operations: InstanceId is the instance of the resource",
        ),
    ],
    harm: Harm::Access,
    fault: "showed a resource under a parent that does not have it",
    passes: "a rejection of the same id, and of the ARN where that names it, under another instance, or under another parent \
             of the same kind; lists and searches of the other instance without it, no tags under its ARN there, and its name free",
    fails: "the resource or its tags, in a description, a list or a search; at level should: its name is taken under another instance",
    code: &On { applies: housed, run: |trial, &row| trial.scenario(apart::own_parent(trial, row)) },
};

pub(crate) static ASSOCIATION: Check = Check {
    id: "lifecycle.association",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "what was associated or made is listed, and not any more once it has ended",
    evidence: &[
        Evidence::documentation("Connect API reference, the Associate, Disassociate and List operations"),
        Evidence::cloudformation(
            "contract of handlers: a list has what was created, and not what was deleted; the associations of Connect in CloudFormation are listed by the List operations",
        ),
    ],
    harm: Harm::WrongData,
    fault: "did not list what was associated, or listed it after its end",
    passes: "an item with an id or a text of the request, within a short time, and none after its end",
    fails: "no such item, or one that stays",
    code: &On { applies: linked, run: |trial, &link| trial.scenario(association::life(trial, link)) },
};

pub(crate) static ASSOCIATION_SHOWN: Check = Check {
    id: "lifecycle.association-shown",
    level: Level::Must,
    remote: Remote::SHOULD,
    rule: "a list of associations shows the same values of an associated resource as its description",
    evidence: &[
        Evidence::documentation(
            "Connect API reference, the List operations of associations: names, ARNs and types of the associated resources",
        ),
        HANDLERS,
    ],
    harm: Harm::WrongData,
    fault: "listed an associated resource with other values than it has",
    passes: "equal names, ARNs and types, within a short time; what the item leaves out is no difference",
    fails: "another name, ARN or type than the description shows",
    code: &On { applies: linked_with, run: |trial, shown| trial.scenario(associated::as_described(trial, shown)) },
};

pub(crate) static ASSOCIATION_UPDATE: Check = Check {
    id: "lifecycle.association-update",
    level: Level::Must,
    remote: Remote::SHOULD,
    rule: "a list of associations shows the numbers and texts that an update of one gave it",
    evidence: &[
        Evidence::documentation("Connect API reference, UpdateRoutingProfileQueues and UpdateUserProficiencies"),
        HANDLERS,
    ],
    harm: Harm::WrongData,
    fault: "did not list what an update of an association changed",
    passes: "the values of the update, within a short time, where the list shows such values",
    fails: "the values from before the update, or no item",
    code: &On { applies: relinked, run: |trial, &link| trial.scenario(association_update::update(trial, link)) },
};

pub(crate) static DUPLICATE_NAME: Check = Check {
    id: "lifecycle.duplicate-name",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "a name that is taken in the instance is rejected as a conflict",
    evidence: &[
        TAKEN,
        Evidence::documentation("Connect API reference: a resource with the specified name already exists"),
    ],
    harm: Harm::Loss,
    fault: "did not reject a taken name as a conflict",
    passes: "409, while the same request with another name is accepted",
    fails: "a second resource of that name, or a rejection with another error",
    code: &On { applies: created_by_name, run: |trial, &row| trial.scenario(life::duplicate_name(trial, row)) },
};

pub(crate) static SAVED_PUBLISHED: Check = Check {
    id: "lifecycle.saved-published",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "a saved flow is visible only as a draft; a published flow is validated and visible",
    evidence: &[
        Evidence::documentation(
            "Connect API reference, CreateContactFlow: PUBLISHED starts validation of the content, SAVED does not",
        ),
        Evidence::captured(
            "content is validated on publication, and a saved flow is answered with \"Contact flow not published\", from probes published in 2026",
        ),
    ],
    harm: Harm::WrongData,
    fault: "mixed up saved and published flows",
    passes: "ContactFlowNotPublishedException for a saved flow, and its draft under :$SAVED; success for a published \
             one; each is listed with its status; content that is not JSON or has unknown actions is rejected with PUBLISHED and with no \
             status",
    fails: "a draft that is described or listed as published, a flow that cannot be described, or invalid content that is \
            published",
    code: &On { applies: drafted, run: |trial, &row| trial.scenario(published::saved_published(trial, row)) },
};

pub(crate) static ARCHIVE: Check = Check {
    id: "lifecycle.archive",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "an archived resource is described and listed as archived, and as active once it is reactivated",
    evidence: &[
        Evidence::documentation(
            "Connect API reference, ContactFlowState and ContactFlowModuleState: ARCHIVED can be reversed",
        ),
        Evidence::cloudformation(
            "ContactFlow and ContactFlowModule of Connect in CloudFormation, State: an update sets it, a read shows it",
        ),
    ],
    harm: Harm::WrongData,
    fault: "did not show that a resource was archived or reactivated",
    passes: "the state that was set last, in describe and list, within a short time",
    fails: "the previous state",
    code: &On { applies: archived, run: |trial, &row| trial.scenario(archive::archive(trial, row)) },
};

pub(crate) static VERSIONS: Check = Check {
    id: "lifecycle.versions",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "versions of a flow have increasing numbers, are listed, and keep their content",
    evidence: &[Evidence::documentation(
        "Connect API reference, CreateContactFlowVersion and DescribeContactFlow: a version is an immutable snapshot",
    )],
    harm: Harm::WrongData,
    fault: "lost, changed or misnumbered versions of a flow",
    passes: "a later version has a greater number; both are listed; each shows the content from its creation; one is made with \
             the digest that the flow shows",
    fails: "a number that does not increase, a version that is not listed, or one with other content; a refusal of that digest",
    code: &On { applies: versioned, run: |trial, &row| trial.scenario(versions::life_of_versions(trial, row)) },
};

pub(crate) static CONCURRENT_CREATES: Check = Check {
    id: "lifecycle.concurrent-creates",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "all resources that are created concurrently exist",
    evidence: &[Evidence::documentation(
        "Connect API reference, the Create operations: each success has created a resource",
    )],
    harm: Harm::Loss,
    fault: "lost resources that were created concurrently",
    passes: "each successful creation has a distinct id and is listed, within a short time",
    fails: "an id that occurs twice, or is not listed",
    code: &On { applies: created_in_instance, run: |trial, &row| trial.scenario(concurrent::creations(trial, row)) },
};

pub(crate) static CONCURRENT_SAME_NAME: Check = Check {
    id: "lifecycle.concurrent-same-name",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "of several concurrent creations with one name, one succeeds",
    evidence: &[TAKEN],
    harm: Harm::Loss,
    fault: "made several resources with one name in concurrent calls",
    passes: "one success, whatever the responses to the others",
    fails: "two successes",
    code: &On { applies: created_by_name, run: |trial, &row| trial.scenario(concurrent::one_name(trial, row)) },
};

pub(crate) static CONCURRENT_TAGS: Check = Check {
    id: "lifecycle.concurrent-tags",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "all tags that are added concurrently are kept",
    evidence: &[Evidence::documentation("Connect API reference, TagResource: adds the specified tags")],
    harm: Harm::Loss,
    fault: "lost tags that were added concurrently",
    passes: "ListTagsForResource shows each tag whose addition succeeded, within a short time",
    fails: "a tag that another addition has removed",
    code: &Tagging { applies: |_, _| true, run: |trial, &row| trial.scenario(tags::concurrent(trial, row)) },
};

pub(crate) static TAGS_SHOWN: Check = Check {
    id: "lifecycle.tags-shown",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "a resource is described with the tags that are listed for it",
    evidence: &[Evidence::model(
        "service model of Amazon Connect (botocore), Tags of a resource and tags of ListTagsForResource",
    )],
    harm: Harm::WrongData,
    fault: "set tags that the description of the resource does not show",
    passes: "equal tags after each change, within a short time",
    fails: "only the tags from its creation, or none",
    code: &Tagging { applies: tags::are_shown, run: |trial, &row| trial.scenario(tags::shown_as_listed(trial, row)) },
};

pub(crate) static TAGS: Check = Check {
    id: "lifecycle.tags",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "tags are added, overwritten and removed by key, and listed with their current values",
    evidence: &[TAG_CHANGES, TAG_UPDATES],
    harm: Harm::Loss,
    fault: "lost tags, or kept old ones",
    passes: "ListTagsForResource shows every tag with the value that was set last, and no removed tag, within a short \
             time, and none of an addition that was refused; the response to removing an absent key is recorded",
    fails: "a tag that is missing, has an old value, is still there after its removal, or comes from a refused addition; at \
            level should: more than 50 tags of a resource",
    code: &Tagging { applies: |_, _| true, run: |trial, &row| trial.scenario(tags::life_of_tags(trial, row)) },
};

/// Random walks, see [`walks`].
pub static WALK: Check = Check {
    id: "lifecycle.walk",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "after any sequence of operations on resources, every response is the one that follows from the steps before",
    evidence: &[
        HANDLERS,
        Evidence::documentation(
            "Connect API reference; the sources of the other rules of this family and of idempotency",
        ),
    ],
    harm: Harm::WrongData,
    fault: "answered a sequence of calls otherwise than the calls before it demand",
    passes: "each step is accepted or rejected as required, and shows the values that were set last; where Connect's \
             behaviour is unknown, either response passes",
    fails: "a response differs; the sequence is shortened until no step can be left out",
    code: &walks::Walks,
};

/// The family.
pub(crate) const FAMILY: Family = Family {
    name: "lifecycle",
    checks: || CHECKS.to_vec(),
    services: Services::All,
    judges_input: false,
    // Walks need more, as many as --walks says; elsewhere there are none by default.
    requests: |scope, check| if check.id == UPDATE_VISIBLE.id { 4 + 4 * resources::updates_of(scope) } else { 8 },
    compares_recorded: false,
};

/// Kinds of resource, each with a variant name if an operation is tried on several.
type Kinds = Subjects<&'static Resource>;

/// The kind that the operation in scope creates, if it meets a condition.
fn created_if(scope: &Scope<'_>, condition: impl Fn(&'static Resource) -> bool) -> Kinds {
    described_if(scope, |row| row.is_judged() && condition(row))
}

/// The same for a kind that nothing may delete.
fn described_if(scope: &Scope<'_>, condition: impl Fn(&'static Resource) -> bool) -> Kinds {
    let row = resources::created_by(scope.schema, scope.name());
    row.filter(|row| row.is_described() && condition(row)).map(|row| (None, row)).into_iter().collect()
}

fn described(scope: &Scope<'_>) -> Kinds {
    described_if(scope, |_| true)
}

fn created(scope: &Scope<'_>) -> Kinds {
    created_if(scope, |_| true)
}

fn created_in_instance(scope: &Scope<'_>) -> Kinds {
    created_if(scope, |row| !row.is_instance() && row.list.is_some())
}

fn created_by_name(scope: &Scope<'_>) -> Kinds {
    created_if(scope, |row| !row.is_instance() && row.has_unique_names())
}

fn housed(scope: &Scope<'_>) -> Kinds {
    created_if(scope, |row| !row.is_instance() && apart::has_home(row))
}

fn referring(scope: &Scope<'_>) -> Kinds {
    created_if(scope, neighbours::holds_something)
}

fn linked(scope: &Scope<'_>) -> Subjects<&'static Link> {
    association::made_by(scope.schema, scope.operation).map(|link| (None, link)).into_iter().collect()
}

fn relinked(scope: &Scope<'_>) -> Subjects<&'static Link> {
    association_update::changed_by(scope.schema, scope.operation).map(|link| (None, link)).into_iter().collect()
}

fn linked_with(scope: &Scope<'_>) -> Subjects<associated::Shown> {
    let link = association::made_by(scope.schema, scope.operation);
    link.and_then(|link| associated::Shown::by(scope.schema, link)).map(|shown| (None, shown)).into_iter().collect()
}

fn listed(scope: &Scope<'_>) -> Kinds {
    described_if(scope, |row| row.list.is_some())
}

fn updated(scope: &Scope<'_>) -> Kinds {
    described_if(scope, |row| !row.updates.is_empty())
}

fn archived(scope: &Scope<'_>) -> Kinds {
    created_if(scope, |row| archive::archived_by(row).is_some())
}

/// Kinds with drafts: their describe operation has an error for resources that were never published.
fn drafted(scope: &Scope<'_>) -> Kinds {
    let schema = scope.schema;
    created_if(scope, |row| {
        let describe = schema.operation_named(row.describe);
        describe.is_some_and(|describe| schema.error_of(&schema[describe], NOT_PUBLISHED).is_some())
    })
}

fn versioned(scope: &Scope<'_>) -> Kinds {
    versions::versioned_by(scope.schema, scope.name()).map(|row| (None, row)).into_iter().collect()
}

/// Code of a check on the tags of each kind of resource that may be created.
struct Tagging {
    applies: fn(&'static Schema, &'static Resource) -> bool,
    run: for<'t> fn(Trial<'t>, &'t &'static Resource) -> Judgement<'t>,
}

impl Code for Tagging {
    fn variants(&'static self, scope: &Scope<'_>, _: &'static Check) -> Vec<Variant> {
        let (schema, permission) = (scope.schema, &scope.selection.permission);
        let tag = graph::shared(schema).tagging.as_ref().map(|tagging| tagging.tag);
        let variant = |row: &'static Resource| {
            let create = schema.operation_named(row.create).map(|create| &schema[create]);
            let attempt: Result<Arc<dyn Attempt>, Omission> =
                match create.map_or(Ok(()), |create| permission.check(schema, create)) {
                    Ok(()) => Ok(Arc::new(Bound { subject: row, run: self.run })),
                    Err(why) => Err(Omission::NotPermitted(format!("{} on {}: {why}", scope.name(), row.variant))),
                };
            Variant { name: Some(row.variant.to_owned()), attempt }
        };
        resources::rows(schema)
            .iter()
            .filter(|row| tag == Some(scope.operation) && row.is_judged() && row.is_taggable())
            .filter(|row| (self.applies)(schema, row))
            .map(variant)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use connect_model::schema::Schema;

    use super::*;
    use crate::selection::Selection;

    #[test]
    fn operations_have_the_cases_of_their_kind() {
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
        assert_eq!(
            ids("TagResource").len(),
            3 * resources::rows(schema).iter().filter(|row| row.is_judged() && row.is_taggable()).count()
        );
        assert_eq!(ids("CreateContactFlowVersion"), ["lifecycle.association", "lifecycle.versions"]);
        assert_eq!(ids("CreateRule").len(), 10);
        assert_eq!(ids("CreateContactFlowModule").len(), 11);
        assert!(ids("CreateContactFlow").contains(&"lifecycle.saved-published"));
    }
}
