//! What the model has and the SDK does not, because its release is of an older model, and the other way round. Tests
//! hold the tables against both, in either direction: a newer SDK makes them shorter.

/// Operations. None is ever asked for.
#[cfg(test)]
pub(super) const OPERATIONS: &[&str] = &["DeleteAllEntitySessions"];

/// Members of outputs and errors, by the name of their shape.
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

/// Enums of which the SDK knows fewer values. It keeps the others as text.
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

/// Members that are neither required nor zero when they are missing: shape, member, and what the SDK has for it. Its own
/// model gives them a default, which botocore's form of the model cannot express.
pub(super) const DEFAULTS: &[(&str, &str, &str)] = &[
    ("EvaluationReviewMetadata", "CreatedBy", "\"n/a\""),
    ("EvaluationReviewMetadata", "CreatedTime", "1970-01-01T00:00:00Z"),
    ("EvaluationFormSingleSelectQuestionAutomation", "Options", "[]"),
    ("Reference", "Value", "\"\""),
    ("UserPhoneConfig", "PhoneType", "SoftPhone"),
];

/// What the SDK has for a missing member.
pub(super) fn default_of(shape: &str, member: &str) -> Option<&'static str> {
    DEFAULTS.iter().find(|row| (row.0, row.1) == (shape, member)).map(|row| row.2)
}

/// The SDK passes over that member as over any that it does not know.
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

    /// A way to a shape: the operation, the error if it is one, and how to put a value of the shape into a body.
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

        /// A response with a value there.
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

        /// What the SDK makes of a value there.
        fn read(&self, schema: &Schema, value: Value) -> Answer {
            let name = &schema[self.operation].name;
            sdk::read(name, &self.response(schema, value)).unwrap_or_else(|| unreachable!("{name} was asked for"))
        }

        /// The SDK refuses a value there.
        fn is_refused(&self, schema: &Schema, value: Value) -> bool {
            let Answer::Error(tree) = self.read(schema, value) else { return false };
            self.error.is_none() || tree.only("Unhandled").is_some()
        }
    }

    /// One of the shortest ways to each shape of outputs and errors of operations that both have.
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
    fn a_structure_without_members_is_the_same_to_both() {
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
    fn the_tables_are_what_the_sdk_lacks() {
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
