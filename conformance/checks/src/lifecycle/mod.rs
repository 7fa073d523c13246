//! Family lifecycle: from creation over changes to deletion, as every later call shows it.

mod archive;
mod concurrent;
mod echo;
mod life;
mod published;
mod tags;
mod versions;

use connect_model::schema::{OperationId, Schema};

use crate::case::{Finding, Level, Outcome};
use crate::check::Check;
use crate::client::Client;
use crate::resources;
use crate::resources::{RESOURCES, Resource};

/// Where the rules on flows and modules come from.
const LIFE: &str = "Connect, life cycle of flows, modules and rules";

/// The checks of the family.
pub const CHECKS: &[Check] = &[
    Check {
        id: "lifecycle.create-describe",
        level: Level::Must,
        rule: "what was created is shown as it was sent",
        source: LIFE,
        passes: "the same name, type, content (as JSON), status, event source and tags, within a short while; an instance \
                 becomes active first",
        fails: "another value, or none; on this machine, an instance that stays in creation",
    },
    Check {
        id: "lifecycle.create-list",
        level: Level::Must,
        rule: "what was created is listed",
        source: LIFE,
        passes: "an item of that name in the list, within a short while",
        fails: "a list without it",
    },
    Check {
        id: "lifecycle.update-visible",
        level: Level::Must,
        rule: "what was changed is shown as it is now",
        source: LIFE,
        passes: "the new name or content, within a short while; content may show in the draft first",
        fails: "the old value",
    },
    Check {
        id: "lifecycle.delete-gone",
        level: Level::Must,
        rule: "what was deleted is not found any more",
        source: LIFE,
        passes: "404, or the answer that an id gets that never was, within a short while",
        fails: "a success, or an answer that an unknown id does not get",
    },
    Check {
        id: "lifecycle.duplicate-name",
        level: Level::Must,
        rule: "a name that is taken in the instance is refused as a conflict",
        source: "service model of Amazon Connect: DuplicateResource, ResourceConflict and Idempotency are errors with 409",
        passes: "409, while the same request under another name is accepted",
        fails: "a second resource of that name, or a refusal by another error",
    },
    Check {
        id: "lifecycle.saved-published",
        level: Level::Must,
        rule: "a saved flow is shown as its draft alone, a published one is checked and shown",
        source: "Connect, ContactFlowStatus: PUBLISHED starts validation of the content, SAVED does not",
        passes: "ContactFlowNotPublishedException for a saved flow, its draft under :$SAVED; success for a published \
                 one; a refusal, under PUBLISHED and under no status, of content that is not JSON or has unknown actions",
        fails: "a draft that is shown as published, a flow that cannot be shown, or unusable content that is published",
    },
    Check {
        id: "lifecycle.archive",
        level: Level::Must,
        rule: "what is archived is shown and listed as archived, and as active when it is reactivated",
        source: "Connect, ContactFlowState and ContactFlowModuleState: ARCHIVED can be taken back",
        passes: "the state that was asked for last, in describe and list, within a short while",
        fails: "the state before",
    },
    Check {
        id: "lifecycle.versions",
        level: Level::Must,
        rule: "versions of a flow are numbered in order, listed, and keep what they were made of",
        source: "Connect API reference, CreateContactFlowVersion and DescribeContactFlow: a version is an immutable snapshot",
        passes: "a later version has a greater number; both are listed; each shows the content of its time",
        fails: "a number that does not grow, a version that is not listed, or one that shows another content",
    },
    Check {
        id: "lifecycle.concurrent-creates",
        level: Level::Must,
        rule: "what is created at the same time is all there",
        source: LIFE,
        passes: "each creation that was acknowledged has an id of its own and is listed, within a short while",
        fails: "an id twice, or one that is not listed",
    },
    Check {
        id: "lifecycle.concurrent-same-name",
        level: Level::Must,
        rule: "of several creations under one name at the same time one succeeds",
        source: "service model of Amazon Connect: a name that is taken is a conflict",
        passes: "one success, whatever the others are told",
        fails: "two successes",
    },
    Check {
        id: "lifecycle.concurrent-tags",
        level: Level::Must,
        rule: "tags that are added at the same time are all kept",
        source: "Connect, tags: TagResource merges",
        passes: "ListTagsForResource shows each tag whose addition was acknowledged, within a short while",
        fails: "a tag that another addition has undone",
    },
    Check {
        id: "lifecycle.tags-shown",
        level: Level::Must,
        rule: "a resource is shown with the tags that are listed for it",
        source: "service model of Amazon Connect: Tags of a resource, tags of ListTagsForResource",
        passes: "equal tags after each change, within a short while",
        fails: "tags of its creation only, or none",
    },
    Check {
        id: "lifecycle.tags",
        level: Level::Must,
        rule: "tags are added, overwritten and removed by key, and listed as they are",
        source: "Connect, tags: TagResource merges, UntagResource removes keys",
        passes: "ListTagsForResource shows all that was set last and nothing that was removed, within a short while; what \
                 removing a key does that is not there is recorded",
        fails: "a tag that is lost, old, or still there",
    },
    Check {
        id: "lifecycle.walk",
        level: Level::Must,
        rule: "whatever is done to resources, in whatever order, every answer is what it must be after what came before",
        source: "the other rules of this family and of idempotency, applied to random sequences of operations",
        passes: "each step is accepted or refused as it must be, and shows what was set last; where Connect's behaviour \
                 is not known, either",
        fails: "a sequence of steps, shortened until none can be left out, after which an answer is another",
    },
];

/// The error that a flow without published content gets.
const NOT_PUBLISHED: &str = "ContactFlowNotPublishedException";

/// A check on one kind of resource.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// The judge.
    pub check: &'static Check,
    /// What lives.
    pub row: &'static Resource,
    /// The kind, where an operation is tried on several.
    pub variant: Option<&'static str>,
}

/// Scenarios that make sense for an operation.
pub fn planned(schema: &Schema, operation: OperationId) -> Vec<Scenario> {
    let name = schema[operation].name.as_str();
    let of = |row: &'static Resource, ids: &dyn Fn(&str) -> bool| {
        let checks = CHECKS.iter().filter(|check| ids(check.id));
        checks.map(|check| Scenario { check, row, variant: None }).collect::<Vec<_>>()
    };
    if name == "TagResource" {
        let tagged = |id: &str| matches!(id, "lifecycle.tags" | "lifecycle.tags-shown" | "lifecycle.concurrent-tags");
        let variant = |scenario: Scenario| Scenario { variant: Some(scenario.row.variant), ..scenario };
        return RESOURCES.iter().flat_map(|row| of(row, &tagged)).map(variant).collect();
    }
    if let Some(row) = versions::versioned_by(name) {
        return of(row, &|id| id == "lifecycle.versions");
    }
    let Some(row) = resources::created_by(name) else { return Vec::new() };
    let drafts = schema
        .operation_named(row.describe)
        .is_some_and(|describe| schema.error_of(&schema[describe], NOT_PUBLISHED).is_some());
    let instance = row.id_member == "InstanceId";
    of(row, &|id| match id {
        "lifecycle.create-describe" | "lifecycle.create-list" | "lifecycle.delete-gone" => true,
        "lifecycle.duplicate-name" | "lifecycle.concurrent-creates" | "lifecycle.concurrent-same-name" => !instance,
        "lifecycle.update-visible" => !row.updates.is_empty(),
        "lifecycle.saved-published" => drafts,
        "lifecycle.archive" => archive::archived_by(row).is_some(),
        _ => false,
    })
}

/// Carries one check out on a kind of resource.
pub async fn run(client: &Client, operation: OperationId, check: &'static Check, row: &'static Resource) -> Outcome {
    if let Some(why) = client.unsupported(operation).await {
        return Outcome::unsupported(why);
    }
    let result = match check.id {
        "lifecycle.tags" => tags::life_of_tags(client, row, check).await,
        "lifecycle.tags-shown" => tags::shown_as_listed(client, row, check).await,
        "lifecycle.concurrent-tags" => tags::concurrent(client, row, check).await,
        "lifecycle.versions" => versions::life_of_versions(client, row, check).await,
        "lifecycle.concurrent-creates" => concurrent::creations(client, row, check).await,
        "lifecycle.concurrent-same-name" => concurrent::one_name(client, row, check).await,
        "lifecycle.saved-published" => published::saved_published(client, row, check).await,
        _ => life::life(client, row, check).await,
    };
    match result {
        Ok(findings) => Outcome::from_findings(findings),
        Err(why) => Outcome::indeterminate(why),
    }
}

type Judged = Result<Vec<Finding>, String>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_lives_through_the_same() {
        let schema = Schema::connect();
        let ids = |name: &str| {
            let operation = schema.operation_named(name).unwrap_or_else(|| unreachable!("{name}"));
            planned(schema, operation).iter().map(|scenario| scenario.check.id).collect::<Vec<_>>()
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
