//! The part of an ARN that names the kind of a resource, which is not always the word of the operations.

/// Kinds of Amazon Connect, each with the part of its ARNs. Source: the patterns of ARNs in the `AWS::Connect::*` schemas of
/// CloudFormation.
const SEGMENTS: &[(&str, &str)] = &[
    ("AgentStatus", "agent-state"),
    ("ContactFlow", "contact-flow"),
    ("ContactFlowModule", "flow-module"),
    ("EmailAddress", "email-address"),
    ("EvaluationForm", "evaluation-form"),
    ("HoursOfOperation", "operating-hours"),
    ("Metric", "metric"),
    ("Notification", "notification"),
    ("PhoneNumber", "phone-number"),
    ("Prompt", "prompt"),
    ("Queue", "queue"),
    ("QuickConnect", "transfer-destination"),
    ("RoutingProfile", "routing-profile"),
    ("Rule", "rule"),
    ("SecurityProfile", "security-profile"),
    ("TaskTemplate", "task-template"),
    ("TestCase", "test-case"),
    ("TrafficDistributionGroup", "traffic-distribution-group"),
    ("User", "agent"),
    ("UserHierarchyGroup", "agent-group"),
    ("View", "view"),
    ("Workspace", "workspace"),
];

/// The part of the ARNs of a kind of Amazon Connect, if a source tells it.
pub fn arn_segment(noun: &str) -> Option<&'static str> {
    SEGMENTS.iter().find(|(kind, _)| *kind == noun).map(|(_, segment)| *segment)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::Graph;
    use crate::schema::Schema;

    #[test]
    fn every_row_is_a_kind_of_the_model() {
        let graph = Graph::of(Schema::connect());
        let unknown: Vec<&str> =
            SEGMENTS.iter().map(|(noun, _)| *noun).filter(|noun| graph.kind(noun).is_none()).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
        assert_eq!((arn_segment("User"), arn_segment("Vocabulary")), (Some("agent"), None));
    }
}
