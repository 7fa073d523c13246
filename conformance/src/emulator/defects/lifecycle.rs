//! Defects: resources that do not live as they should.

use serde_json::Value;

use super::{Defect, Family, Fault};
use crate::emulator::policy::Lapse;

pub(super) const ROWS: &[Defect] = &[
    Defect {
        id: "duplicate-name-accepted",
        family: Family::Lifecycle,
        summary: "a name that is taken may be taken again",
        kills: &["lifecycle.duplicate-name", "lifecycle.walk"],
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
        id: "update-lost",
        family: Family::Lifecycle,
        summary: "updates are acknowledged and not made",
        kills: &["lifecycle.update-visible", "lifecycle.walk"],
        may: &[],
        fault: Fault::Policy(|policy| policy.forgets_updates = true),
    },
    Defect {
        id: "publish-unchecked",
        family: Family::Lifecycle,
        summary: "content is published although it is not JSON",
        kills: &["lifecycle.saved-published"],
        may: &[],
        fault: Fault::Policy(|policy| policy.publishes_anything = true),
    },
    Defect {
        id: "tags-lost",
        family: Family::Lifecycle,
        summary: "tags are acknowledged and not kept",
        kills: &["lifecycle.tags", "lifecycle.walk"],
        may: &["lifecycle.create-describe"],
        fault: Fault::Policy(|policy| policy.forgets_tags = true),
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
        kills: &["lifecycle.create-list", "lifecycle.walk"],
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
        kills: &["lifecycle.walk"],
        may: &[],
        fault: Fault::Policy(|policy| policy.lapse = Some(Lapse::VersionsLost)),
    },
];
