//! Differences between our model and the older one of the SDK's release. Tests check that the tables are exact, so a newer
//! SDK makes them shorter.

/// Operations that the SDK lacks.
#[cfg(test)]
pub(super) const OPERATIONS: &[&str] = &["DeleteAllEntitySessions"];

/// Members of outputs and errors that the SDK lacks: shape and member.
pub(super) const MEMBERS: &[(&str, &str)] = &[
    ("Contact", "Cases"),
    ("Contact", "ContactLens"),
    ("Evaluation", "ItemEnablementStatus"),
    ("Evaluation", "SourceResolutionStatus"),
    ("Evaluation", "SourceValues"),
    ("EvaluationFormItemEnablementSource", "AiMetricsField"),
    ("EvaluationFormItemEnablementSource", "ContactAttributeKey"),
    ("EvaluationFormItemEnablementSource", "ContactField"),
    ("EvaluationFormItemEnablementSource", "EvaluationMetadataField"),
    ("EvaluationFormItemEnablementSource", "SegmentAttributeKey"),
    ("EvaluationFormItemEnablementSourceValue", "BooleanValue"),
    ("EvaluationFormItemEnablementSourceValue", "DateTimeValue"),
    ("EvaluationFormItemEnablementSourceValue", "NumericValue"),
    ("EvaluationFormItemEnablementSourceValue", "StringValue"),
    ("EvaluationFormSection", "Enablement"),
    ("EvaluationFormSingleSelectQuestionAutomationOption", "AutomationRule"),
    ("IntegrationAssociationSummary", "LastModifiedRegion"),
    ("IntegrationAssociationSummary", "LastModifiedTime"),
    ("RuleAction", "EndAssociatedEmailsAction"),
];

/// Enums with values that the SDK lacks. It keeps those as text.
pub(super) const ENUMS: &[&str] = &[
    "ActionType",
    "EvaluationFormItemEnablementSourceType",
    "EvaluationFormItemEnablementSourceValueType",
    "EvaluationFormItemSourceValuesComparator",
    "EvaluationFormLanguageCode",
    "EvaluationFormQuestionAutomationAnswerSourceType",
    "EvaluationQuestionAnswerAnalysisType",
    "NumericQuestionPropertyAutomationLabel",
];

/// Members with a default in the SDK: shape, member, and the default in debug output. The SDK's model has these defaults;
/// botocore's format cannot express them.
pub(super) const DEFAULTS: &[(&str, &str, &str)] = &[
    ("EvaluationReviewMetadata", "CreatedBy", "\"n/a\""),
    ("EvaluationReviewMetadata", "CreatedTime", "1970-01-01T00:00:00Z"),
    ("EvaluationFormSingleSelectQuestionAutomation", "Options", "[]"),
    ("Reference", "Value", "\"\""),
    ("UserPhoneConfig", "PhoneType", "SoftPhone"),
];

/// The SDK's default of a member.
pub(super) fn default_of(shape: &str, member: &str) -> Option<&'static str> {
    DEFAULTS.iter().find(|row| (row.0, row.1) == (shape, member)).map(|row| row.2)
}

/// Returns true if the SDK lacks the member, and so ignores it.
pub(super) fn lacks_member(shape: &str, member: &str) -> bool {
    MEMBERS.contains(&(shape, member))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet, VecDeque};

    use connect_model::schema::{Kind, OperationId, Schema, ShapeId};
    use connect_model::wire::message::{Headers, HttpResponse};
    use serde_json::{Value, json};

    use super::*;
    use crate::sdk_response::agree::agree;
    use crate::sdk_response::debug::{self, Tree};
    use crate::sdk_response::sdk::{self, Answer};

    /// A path to a shape: the operation, the error if it belongs to one, and the position of its values in a body.
    #[derive(Clone)]
    struct Route {
        operation: OperationId,
        error: Option<ShapeId>,
        steps: Vec<Step>,
    }

    #[derive(Clone)]
    enum Step {
        Member(String),
        Element,
        Entry(String),
    }

    impl Route {
        fn then(&self, step: Step) -> Self {
            let steps = self.steps.iter().cloned().chain([step]).collect();
            Self { steps, ..self.clone() }
        }

        /// A response with the value at this position.
        fn response(&self, schema: &Schema, value: Value) -> HttpResponse {
            let body = self.steps.iter().rev().fold(value, |value, step| match step {
                Step::Member(name) | Step::Entry(name) => json!({ name.as_str(): value }),
                Step::Element => json!([value]),
            });
            let header = |error: ShapeId| ("x-amzn-errortype".to_owned(), schema[error].name.clone());
            HttpResponse {
                status: self.error.map_or(200, |_| 400),
                headers: Headers(self.error.map(header).into_iter().collect()),
                body: body.to_string().into_bytes(),
            }
        }

        /// Decodes a response with the value at this position.
        fn read(&self, schema: &Schema, value: Value) -> Answer {
            let name = &schema[self.operation].name;
            sdk::read(name, &self.response(schema, value)).unwrap_or_else(|| unreachable!("the SDK lacks {name}"))
        }

        /// Returns true if the SDK rejects the value at this position.
        fn is_refused(&self, schema: &Schema, value: Value) -> bool {
            let Answer::Error(tree) = self.read(schema, value) else { return false };
            self.error.is_none() || tree.only("Unhandled").is_some()
        }
    }

    /// A shortest path to each shape of outputs and errors of operations that both have.
    fn routes(schema: &Schema) -> BTreeMap<ShapeId, Route> {
        let names: BTreeSet<&str> = sdk::names().collect();
        let mut found = BTreeMap::new();
        let mut next: VecDeque<(ShapeId, Route)> = VecDeque::new();
        for (id, operation) in schema.operations().filter(|(_, operation)| names.contains(operation.name.as_str())) {
            let route = |error| Route { operation: id, error, steps: Vec::new() };
            next.extend(operation.output.map(|output| (output, route(None))));
            next.extend(operation.errors.iter().map(|error| (*error, route(Some(*error)))));
        }
        while let Some((shape, route)) = next.pop_front() {
            if found.contains_key(&shape) {
                continue;
            }
            match &schema[shape].kind {
                Kind::Structure(members) | Kind::Union(members) => {
                    for member in members.iter().filter(|member| !lacks_member(&schema[shape].name, &member.name)) {
                        next.push_back((member.slot.target, route.then(Step::Member(member.json_name.clone()))));
                    }
                }
                Kind::List(list) => next.push_back((list.member.target, route.then(Step::Element))),
                Kind::Map(map) => {
                    let key = match &schema[map.key.target].kind {
                        Kind::Enum(values) => values[0].clone(),
                        _ => "k".to_owned(),
                    };
                    next.push_back((map.value.target, route.then(Step::Entry(key))));
                }
                _ => {}
            }
            found.insert(shape, route);
        }
        found
    }

    #[test]
    fn the_sdk_has_the_operations_of_the_model() {
        let schema = Schema::connect();
        let sdk: BTreeSet<&str> = sdk::names().chain(OPERATIONS.iter().copied()).collect();
        let model: BTreeSet<&str> = schema.operations().map(|(_, operation)| operation.name.as_str()).collect();
        assert_eq!(sdk, model);
        assert!(sdk::names().all(|name| !OPERATIONS.contains(&name)));
    }

    #[test]
    fn both_agree_on_empty_structures() {
        let schema = Schema::connect();
        let mut missed: BTreeSet<(&str, &str)> = DEFAULTS.iter().map(|row| (row.0, row.1)).collect();
        let mut checked = 0;
        for (id, route) in routes(schema).into_iter().filter(|(id, _)| matches!(schema[*id].kind, Kind::Structure(_))) {
            checked += 1;
            let answer = route.read(schema, json!({}));
            if let Err(difference) = agree(schema, route.operation, &route.response(schema, json!({})), &answer) {
                unreachable!("{}: {difference}", schema[id].name);
            }
            let answer = format!("{answer:?}");
            for row in DEFAULTS.iter().filter(|row| row.0 == schema[id].name) {
                let default = debug::parse(row.2).map(|tree| format!("{tree:?}"));
                if default.is_ok_and(|default| answer.contains(&default)) {
                    missed.remove(&(row.0, row.1));
                }
            }
        }
        assert!(checked > 700, "{checked}");
        assert_eq!(missed, BTreeSet::new());
    }

    #[test]
    fn the_tables_are_exact() {
        let schema = Schema::connect();
        let (mut members, mut enums) = (BTreeSet::new(), BTreeSet::new());
        let mut checked = 0;
        for (id, route) in routes(schema) {
            let shape = &schema[id];
            match &shape.kind {
                Kind::Structure(list) | Kind::Union(list) => {
                    for member in list {
                        checked += 1;
                        let wrong = match schema[member.slot.target].kind {
                            Kind::Number(_) | Kind::Timestamp => json!("x"),
                            _ => json!(7),
                        };
                        if !route.then(Step::Member(member.json_name.clone())).is_refused(schema, wrong) {
                            members.insert((shape.name.as_str(), member.name.as_str()));
                        }
                    }
                }
                Kind::Enum(values) => {
                    for value in values {
                        checked += 1;
                        let unknown = format!("{:?}", Tree::Text(value.clone()));
                        if format!("{:?}", route.read(schema, json!(value))).contains(&unknown) {
                            enums.insert(shape.name.as_str());
                        }
                    }
                }
                _ => {}
            }
        }
        assert!(checked > 3000, "{checked}");
        assert_eq!(members, MEMBERS.iter().copied().collect());
        assert_eq!(enums, ENUMS.iter().copied().collect());
    }
}
