//! Defects: resources that do not live as they should.

use std::time::Duration;

use serde_json::Value;

use crate::defects::{Defect, Family, Fault};
use crate::policy::{Lapse, Race, Tagging, Versions};

pub(super) const ROWS: &[Defect] = &[
    Defect {
        id: "duplicate-name-accepted",
        family: Family::Lifecycle,
        summary: "a name that is taken may be taken again",
        kills: &["lifecycle.duplicate-name", "lifecycle.concurrent-same-name", "lifecycle.walk"],
        may: &[],
        fault: Fault::Policy(|policy| policy.shares_names = true),
    },
    Defect {
        id: "deleted-still-there",
        family: Family::Lifecycle,
        summary: "deletions are acknowledged and not made",
        kills: &["lifecycle.delete-gone", "lifecycle.walk"],
        may: &["idempotency.repeated-delete"],
        fault: Fault::Policy(|policy| policy.keeps_deleted = true),
    },
    Defect {
        id: "names-in-small-letters",
        family: Family::Lifecycle,
        summary: "names are kept in small letters",
        kills: &["lifecycle.create-describe", "lifecycle.update-visible", "lifecycle.walk"],
        may: &["lifecycle.create-list", "lifecycle.saved-published", "search.filter-oracle"],
        fault: Fault::Request(|request| {
            let Ok(Value::Object(mut members)) = serde_json::from_slice(&request.body) else { return };
            let Some(Value::String(name)) = members.get_mut("Name") else { return };
            *name = name.to_lowercase();
            request.body = Value::Object(members).to_string().into_bytes();
        }),
    },
    Defect {
        id: "update-lost",
        family: Family::Lifecycle,
        summary: "updates are acknowledged and not made",
        kills: &["lifecycle.update-visible", "lifecycle.archive", "lifecycle.versions", "lifecycle.walk"],
        may: &[],
        fault: Fault::Policy(|policy| policy.forgets_updates = true),
    },
    Defect {
        id: "tags-lost",
        family: Family::Lifecycle,
        summary: "tags are acknowledged and not kept",
        kills: &["lifecycle.tags", "lifecycle.create-describe", "lifecycle.concurrent-tags", "lifecycle.walk"],
        may: &[],
        fault: Fault::Policy(|policy| policy.tagging = Tagging::Forgotten),
    },
    Defect {
        id: "draft-shown",
        family: Family::Lifecycle,
        summary: "a flow that was only saved is shown as if it were published",
        kills: &["lifecycle.saved-published", "lifecycle.walk"],
        may: &[],
        fault: Fault::Policy(|policy| policy.shows_drafts = true),
    },
    Defect {
        id: "created-not-listed",
        family: Family::Lifecycle,
        summary: "lists show only what was there from the start",
        kills: &["lifecycle.create-list", "lifecycle.concurrent-creates", "lifecycle.walk"],
        may: &["pagination.complete", "idempotency.same-token-one-resource", "idempotency.retry-after-disconnect"],
        fault: Fault::Body(|_, body| {
            let Value::Object(members) = body else { return };
            for list in ["RuleSummaryList", "ContactFlowSummaryList", "ContactFlowModulesSummaryList"] {
                let Some(Value::Array(items)) = members.get_mut(list) else { continue };
                let before = items.len();
                items.retain(|item| item["Name"].as_str().is_some_and(|name| name.starts_with("sample-")));
                if items.len() < before {
                    // What was there from the start comes first: the list ends here.
                    members.remove("NextToken");
                }
            }
        }),
    },
    Defect {
        id: "untag-ignored",
        family: Family::Lifecycle,
        summary: "removals of tags are acknowledged and not made",
        kills: &["lifecycle.tags"],
        may: &["lifecycle.walk"],
        fault: Fault::Policy(|policy| policy.tagging = Tagging::Sticky),
    },
    Defect {
        id: "tags-replaced",
        family: Family::Lifecycle,
        summary: "TagResource replaces the tags that were there",
        kills: &["lifecycle.tags", "lifecycle.concurrent-tags"],
        may: &["lifecycle.walk"],
        fault: Fault::Policy(|policy| policy.tagging = Tagging::Replaced),
    },
    Defect {
        id: "tags-not-shown",
        family: Family::Lifecycle,
        summary: "resources are shown without their tags",
        kills: &["lifecycle.tags-shown", "lifecycle.create-describe"],
        may: &["lifecycle.walk"],
        fault: Fault::Body(|scene, body| {
            let describes = scene.operation.is_some_and(|operation| operation.name.starts_with("Describe"));
            for thing in body.as_object_mut().filter(|_| describes).into_iter().flat_map(|body| body.values_mut()) {
                if let Value::Object(members) = thing {
                    members.remove("Tags");
                }
            }
        }),
    },
    Defect {
        id: "archive-lost",
        family: Family::Lifecycle,
        summary: "archiving is acknowledged and not done",
        kills: &["lifecycle.archive"],
        may: &["lifecycle.walk"],
        fault: Fault::Policy(|policy| policy.forgets_state = true),
    },
    Defect {
        id: "version-mutable",
        family: Family::Lifecycle,
        summary: "a version shows what is published now",
        kills: &["lifecycle.versions"],
        may: &["lifecycle.walk"],
        fault: Fault::Policy(|policy| policy.versions = Versions::Mutable),
    },
    Defect {
        id: "version-number-repeats",
        family: Family::Lifecycle,
        summary: "every version of a flow has the number 1",
        kills: &["lifecycle.versions"],
        may: &["pagination.no-duplicates", "pagination.complete", "lifecycle.walk"],
        fault: Fault::Policy(|policy| policy.versions = Versions::Unnumbered),
    },
    Defect {
        id: "instance-never-active",
        family: Family::Lifecycle,
        summary: "the creation of an instance never ends",
        kills: &["lifecycle.create-describe"],
        may: &[],
        fault: Fault::Policy(|policy| policy.creation_takes = Some(Duration::MAX)),
    },
    Defect {
        id: "race-on-creation",
        family: Family::Lifecycle,
        summary: "of creations at the same time all but the first are not listed",
        kills: &["lifecycle.concurrent-creates"],
        may: &[
            "lifecycle.create-list",
            "idempotency.concurrent-same-token",
            "search.eventually-visible",
            "lifecycle.walk",
        ],
        fault: Fault::Policy(|policy| policy.race = Race::Creations),
    },
    Defect {
        id: "race-on-name",
        family: Family::Lifecycle,
        summary: "creations at the same time all get the name that they ask for",
        kills: &["lifecycle.concurrent-same-name"],
        may: &[],
        fault: Fault::Policy(|policy| policy.race = Race::Names),
    },
    Defect {
        id: "race-on-tags",
        family: Family::Lifecycle,
        summary: "of tags that are added at the same time only some are kept",
        kills: &["lifecycle.concurrent-tags"],
        may: &[],
        fault: Fault::Policy(|policy| policy.race = Race::Tags),
    },
    Defect {
        id: "name-taken-after-delete",
        family: Family::Lifecycle,
        summary: "a name stays taken when what had it is deleted",
        kills: &["lifecycle.walk"],
        may: &[],
        fault: Fault::Policy(|policy| policy.lapse = Some(Lapse::NameAfterDelete)),
    },
    Defect {
        id: "name-taken-after-rename",
        family: Family::Lifecycle,
        summary: "a name stays taken when what had it gets another",
        kills: &["lifecycle.walk"],
        may: &[],
        fault: Fault::Policy(|policy| policy.lapse = Some(Lapse::NameAfterRename)),
    },
    Defect {
        id: "draft-edit-publishes",
        family: Family::Lifecycle,
        summary: "an edit of the draft changes what is published, too",
        kills: &["lifecycle.walk"],
        may: &[],
        fault: Fault::Policy(|policy| policy.lapse = Some(Lapse::PublishesDraft)),
    },
    Defect {
        id: "rename-restores",
        family: Family::Lifecycle,
        summary: "a new name takes a flow or module out of the archive",
        kills: &["lifecycle.walk"],
        may: &[],
        fault: Fault::Policy(|policy| policy.lapse = Some(Lapse::RenameRestores)),
    },
    Defect {
        id: "archive-keeps",
        family: Family::Lifecycle,
        summary: "what is in the archive is not deleted, though that is acknowledged",
        kills: &["lifecycle.walk"],
        may: &[],
        fault: Fault::Policy(|policy| policy.lapse = Some(Lapse::ArchiveKeeps)),
    },
    Defect {
        id: "tags-return",
        family: Family::Lifecycle,
        summary: "the tags of what was deleted come back with its name",
        kills: &["lifecycle.walk"],
        may: &[],
        fault: Fault::Policy(|policy| policy.lapse = Some(Lapse::TagsReturn)),
    },
    Defect {
        id: "versions-lost",
        family: Family::Lifecycle,
        summary: "the versions of a flow are lost when other content is published",
        kills: &["lifecycle.walk", "lifecycle.versions"],
        may: &[],
        fault: Fault::Policy(|policy| policy.lapse = Some(Lapse::VersionsLost)),
    },
];
