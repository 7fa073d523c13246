//! Effects of calling an operation, so that a harness knows which operations it must not call on a real account.

use crate::schema::{Operation, Schema};

/// Danger of calling an operation, lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Danger {
    /// Changes nothing.
    Read,
    /// Changes resources created for the test; can be undone or cleaned up.
    Write,
    /// Changes things shared by the whole instance (settings, permissions, integrations), or creates things that no
    /// operation deletes.
    InstanceWide,
    /// Costs money, or calls, messages or interrupts people.
    CostsOrReachesPeople,
    /// Changes things shared by the whole account: instances, numbers, regions.
    AccountWide,
}

impl Danger {
    /// The effect in words, for messages.
    pub fn describe(self) -> &'static str {
        match self {
            Danger::Read => "reads",
            Danger::Write => "writes",
            Danger::InstanceWide => {
                "changes what the whole instance shares, makes what cannot be taken away, or acts on resources of others"
            }
            Danger::CostsOrReachesPeople => "costs money or reaches people",
            Danger::AccountWide => "changes what the whole account shares",
        }
    }
}

/// Operations more dangerous than a write. Evidence: documentation (the effect described in the Connect API reference);
/// for creations, the model (it has no deletion). No verdict on an endpoint depends on the table.
const CONNECT: &[(&str, Danger)] = &[
    ("AssociatePhoneNumberContactFlow", Danger::AccountWide),
    ("ClaimPhoneNumber", Danger::AccountWide),
    ("CreateInstance", Danger::AccountWide),
    ("CreateTrafficDistributionGroup", Danger::AccountWide),
    ("DeleteInstance", Danger::AccountWide),
    ("DeleteTrafficDistributionGroup", Danger::AccountWide),
    ("DisassociatePhoneNumberContactFlow", Danger::AccountWide),
    ("ImportPhoneNumber", Danger::AccountWide),
    ("ReleasePhoneNumber", Danger::AccountWide),
    ("ReplicateInstance", Danger::AccountWide),
    ("UpdateInstanceAttribute", Danger::AccountWide),
    ("UpdatePhoneNumber", Danger::AccountWide),
    ("UpdatePhoneNumberMetadata", Danger::AccountWide),
    ("UpdateTrafficDistribution", Danger::AccountWide),
    // Returns credentials, which must not appear in a report.
    ("GetFederationToken", Danger::InstanceWide),
    ("CreateContact", Danger::CostsOrReachesPeople),
    ("CreateNotification", Danger::CostsOrReachesPeople),
    ("CreateParticipant", Danger::CostsOrReachesPeople),
    ("CreatePushNotificationRegistration", Danger::CostsOrReachesPeople),
    ("DismissUserContact", Danger::CostsOrReachesPeople),
    ("MonitorContact", Danger::CostsOrReachesPeople),
    ("PauseContact", Danger::CostsOrReachesPeople),
    ("PutUserStatus", Danger::CostsOrReachesPeople),
    ("ResumeContact", Danger::CostsOrReachesPeople),
    ("StopContact", Danger::CostsOrReachesPeople),
    ("SuspendContactRecording", Danger::CostsOrReachesPeople),
    ("TransferContact", Danger::CostsOrReachesPeople),
    ("AssociateAnalyticsDataSet", Danger::InstanceWide),
    ("AssociateApprovedOrigin", Danger::InstanceWide),
    ("AssociateBot", Danger::InstanceWide),
    ("AssociateDefaultVocabulary", Danger::InstanceWide),
    ("AssociateFlow", Danger::InstanceWide),
    ("AssociateInstanceStorageConfig", Danger::InstanceWide),
    ("AssociateLambdaFunction", Danger::InstanceWide),
    ("AssociateLexBot", Danger::InstanceWide),
    ("AssociateSecurityKey", Danger::InstanceWide),
    ("AssociateSecurityProfiles", Danger::InstanceWide),
    ("BatchAssociateAnalyticsDataSet", Danger::InstanceWide),
    ("BatchDisassociateAnalyticsDataSet", Danger::InstanceWide),
    ("CreateAgentStatus", Danger::InstanceWide),
    ("CreateAuthCode", Danger::InstanceWide),
    ("CreateEmailAddress", Danger::InstanceWide),
    ("CreateIntegrationAssociation", Danger::InstanceWide),
    ("CreatePersistentContactAssociation", Danger::InstanceWide),
    ("CreatePredefinedAttribute", Danger::InstanceWide),
    ("CreateSecurityProfile", Danger::InstanceWide),
    ("CreateUseCase", Danger::InstanceWide),
    ("CreateUser", Danger::InstanceWide),
    ("CreateVocabulary", Danger::InstanceWide),
    ("DeleteIntegrationAssociation", Danger::InstanceWide),
    ("DeletePredefinedAttribute", Danger::InstanceWide),
    ("DeleteUseCase", Danger::InstanceWide),
    ("DisassociateAnalyticsDataSet", Danger::InstanceWide),
    ("DisassociateApprovedOrigin", Danger::InstanceWide),
    ("DisassociateBot", Danger::InstanceWide),
    ("DisassociateFlow", Danger::InstanceWide),
    ("DisassociateInstanceStorageConfig", Danger::InstanceWide),
    ("DisassociateLambdaFunction", Danger::InstanceWide),
    ("DisassociateLexBot", Danger::InstanceWide),
    ("DisassociateSecurityKey", Danger::InstanceWide),
    ("DisassociateSecurityProfiles", Danger::InstanceWide),
    ("UpdateAttachedFilesConfiguration", Danger::InstanceWide),
    ("UpdateAuthenticationProfile", Danger::InstanceWide),
    ("UpdateCrossRegionRouting", Danger::InstanceWide),
    ("UpdateInstanceStorageConfig", Danger::InstanceWide),
    ("UpdateParticipantAuthentication", Danger::InstanceWide),
    ("UpdatePredefinedAttribute", Danger::InstanceWide),
    ("UpdateUserHierarchyStructure", Danger::InstanceWide),
];

/// Verbs whose operations always reach people or cost money.
const CONNECT_PREFIXES: &[(&str, Danger)] = &[
    ("Send", Danger::CostsOrReachesPeople),
    ("Start", Danger::CostsOrReachesPeople),
    ("BatchPut", Danger::CostsOrReachesPeople),
];

/// Verbs that only read. The model marks two operations of Connect as read-only; the others are recognised by name.
const READING: &[&str] = &["BatchDescribe", "BatchGet", "Describe", "Evaluate", "Get", "List", "Search"];

/// Danger class of an operation. For other services, an operation that is not clearly a read counts as a write.
pub fn danger(schema: &Schema, operation: &Operation) -> Danger {
    let name = operation.name.as_str();
    if schema.service.is_connect() {
        if let Some((_, danger)) = CONNECT.iter().find(|(known, _)| *known == name) {
            return *danger;
        }
        if let Some((_, danger)) = CONNECT_PREFIXES.iter().find(|(prefix, _)| name.starts_with(prefix)) {
            return *danger;
        }
    }
    let reads = operation.readonly
        || operation.method == "GET"
        || operation.method == "HEAD"
        || READING.iter().any(|verb| name.starts_with(verb));
    if reads { Danger::Read } else { Danger::Write }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_row_names_an_operation_of_the_model() {
        let schema = Schema::connect();
        for (name, _) in CONNECT {
            assert!(schema.operation_named(name).is_some(), "{name} is not an operation; remove the row");
        }
        for (prefix, _) in CONNECT_PREFIXES {
            assert!(schema.operations().any(|(_, op)| op.name.starts_with(prefix)), "{prefix} matches nothing");
        }
    }

    #[test]
    fn operations_that_reach_people_are_not_plain_writes() {
        let schema = Schema::connect();
        let class = |name: &str| danger(schema, &schema[schema.operation_named(name).unwrap()]);
        assert_eq!(class("StartOutboundVoiceContact"), Danger::CostsOrReachesPeople);
        assert_eq!(class("SendOutboundEmail"), Danger::CostsOrReachesPeople);
        assert_eq!(class("ClaimPhoneNumber"), Danger::AccountWide);
        assert_eq!(class("CreateRule"), Danger::Write);
        assert_eq!(class("UpdateCrossRegionRouting"), Danger::InstanceWide);
        assert_eq!(class("SearchRules"), Danger::Read);
        assert_eq!(class("DescribeContactFlow"), Danger::Read);
    }

    /// A write that names no resource but the instance changes the instance. Exceptions: a contact is named in an
    /// optional member, and tagged resources are named by ARN.
    #[test]
    fn plain_writes_name_a_resource() {
        let schema = Schema::connect();
        for (_, operation) in schema.operations() {
            let members = schema.input_members(operation);
            let named = members
                .into_iter()
                .flatten()
                .any(|member| member.required && member.name.ends_with("Id") && member.name != "InstanceId");
            let known = ["StopContactMediaProcessing", "TagResource", "UntagResource"];
            if danger(schema, operation) == Danger::Write && !named && !known.contains(&operation.name.as_str()) {
                assert!(operation.name.starts_with("Create"), "{} changes the instance", operation.name);
            }
        }
    }
}
