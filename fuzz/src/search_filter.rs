//! Searches on the emulator. The results among a few resources are compared with an oracle.
//!
//! Property: the pages of a search contain exactly the resources that the oracle admits, each once; no page is longer than
//! requested; `ApproximateTotalCount` is their number. A rejected search violates a constraint of the model.
//!
//! An input that begins with `{` is a case in JSON, or the criteria of a search for flows. Otherwise the case is generated.

mod draw;
mod oracle;

use std::cell::LazyCell;
use std::collections::BTreeMap;
use std::sync::OnceLock;

use arbitrary::Unstructured;
use connect_checks::resources::{self, Resource};
use connect_emulator::{DEFAULT_INSTANCE_ID, Service};
use connect_model::generate::seed::Stream;
use connect_model::path::SchemaPath;
use connect_model::schema::Schema;
use connect_model::semantics::{self, Context};
use connect_model::validate::validate;
use connect_model::wire::encode_request;
use connect_model::wire::message::{Headers, HttpRequest};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::oracle::Known;
use crate::emulator;
use crate::placeholder;
use crate::seeds;
use crate::target::{Seed, Target};

/// The target; see the module.
pub struct SearchFilter;

/// Resources and a search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    kind: Kind,
    things: Vec<Thing>,
    /// `SearchCriteria`. In strings, `{{1}}` is the id of the first resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    criteria: Option<Value>,
    /// `SearchFilter`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    filter: Option<Value>,
    /// `MaxResults`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    page: Option<u16>,
}

/// Kind of the resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Flow,
    Module,
    Rule,
}

/// A resource to create.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Thing {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// Type of a flow; event source of a rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<String>,
    /// True for an unpublished flow or a published rule.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    other_status: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    archived: bool,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<String, String>,
}

/// Result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The search violates a constraint.
    Rejected,
    /// No resource was found.
    Nothing,
    /// All resources were found.
    Everything,
    /// Some resources were found, on one page.
    Some,
    /// Some resources were found, on several pages.
    Paged,
}

/// Maximum number of resources.
const MOST: usize = 8;
/// The defect planted by `scripts/fuzz prove`: a filter with several tags compares only the first.
const PLANTED: &str = "search-filter-and-first-only";

impl Target for SearchFilter {
    const NAME: &'static str = "search_filter";
    const PROPERTY: &'static str = "the pages of a search contain exactly the resources that an oracle admits";
    type Case = Case;
    type Outcome = Outcome;

    fn draw(data: &[u8]) -> Option<Case> {
        if data.first() == Some(&b'{') {
            return Self::plain(data);
        }
        draw::case(&mut Unstructured::new(data)).ok()
    }

    fn plain(data: &[u8]) -> Option<Case> {
        let read: Value = serde_json::from_slice(data).ok()?;
        if read.get("things").is_some() {
            return serde_json::from_value(read).ok().filter(|case: &Case| case.things.len() <= MOST);
        }
        Some(Case {
            kind: Kind::Flow,
            things: draw::examples(),
            criteria: Some(read).filter(|read| !read.is_null()),
            filter: None,
            page: Some(2),
        })
    }

    fn check(case: &Case) -> Outcome {
        static INITIAL: OnceLock<Service> = OnceLock::new();
        let initial = INITIAL.get_or_init(|| emulator::for_target(Self::NAME, PLANTED));
        check(initial, case).unwrap_or_else(|broken| unreachable!("{broken}"))
    }

    fn seeds() -> Vec<Seed> {
        let mut seeds: Vec<Seed> = seeds::by_hand(BY_HAND.iter().map(|(text, _)| text.as_bytes())).collect();
        seeds.extend(seeds::covering::<Self>(2000, 300, features));
        emulator::without_finders(PLANTED, seeds, Self::draw, |initial, case| check(initial, case).is_ok())
    }
}

/// Members of the criteria and the filter.
fn features(case: &Case) -> Vec<String> {
    let mut features = Vec::new();
    let mut open: Vec<(String, &Value)> = Vec::new();
    for part in [&case.criteria, &case.filter].into_iter().flatten() {
        open.push((format!("{:?}", case.kind), part));
    }
    while let Some((within, value)) = open.pop() {
        match value {
            Value::Array(items) => open.extend(items.iter().map(|item| (within.clone(), item))),
            Value::Object(members) => {
                open.extend(members.iter().map(|(name, value)| (format!("{:?} {name}", case.kind), value)));
            }
            Value::String(text) if within.ends_with("Type") || within.ends_with("FieldName") => {
                features.push(format!("{within} {text}"));
            }
            _ => features.push(within),
        }
    }
    features
}

impl Kind {
    fn row(self) -> &'static Resource {
        let search = self.search().0;
        let row =
            resources::rows(Schema::connect()).iter().find(|row| row.search.is_some_and(|(name, _)| name == search));
        row.unwrap_or_else(|| unreachable!("no resource has the search {search}"))
    }

    /// The search operation, its path, and the list member of its output.
    fn search(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Kind::Flow => ("SearchContactFlows", "/search-contact-flows", "ContactFlows"),
            Kind::Module => ("SearchContactFlowModules", "/search-contact-flow-modules", "ContactFlowModules"),
            Kind::Rule => ("SearchRules", "/search-rules", "Rules"),
        }
    }

    /// The input that creates a resource.
    fn creation(self, thing: &Thing) -> Value {
        let mut input = match (self, &thing.of) {
            (Kind::Rule, Some(source)) => rule_of(source),
            (Kind::Flow, Some(kind)) => {
                let mut input = self.row().input();
                input["Type"] = kind.as_str().into();
                input
            }
            _ => self.row().input(),
        };
        input["InstanceId"] = DEFAULT_INSTANCE_ID.into();
        input["Name"] = thing.name.as_str().into();
        if !thing.tags.is_empty() {
            input["Tags"] = json!(thing.tags);
        }
        if let Some(description) = thing.description.as_ref().filter(|_| self != Kind::Rule) {
            input["Description"] = description.as_str().into();
        }
        match self {
            Kind::Flow => input["Status"] = (if thing.other_status { "SAVED" } else { "PUBLISHED" }).into(),
            Kind::Rule => input["PublishStatus"] = (if thing.other_status { "PUBLISHED" } else { "DRAFT" }).into(),
            Kind::Module => {}
        }
        input
    }

    /// The operation and input that archive a resource.
    fn archive(self, id: &str) -> Option<(&'static str, Value)> {
        let input =
            |state: &str| json!({ "InstanceId": DEFAULT_INSTANCE_ID, self.row().id_member: id, state: "ARCHIVED" });
        match self {
            Kind::Flow => Some(("UpdateContactFlowMetadata", input("ContactFlowState"))),
            Kind::Module => Some(("UpdateContactFlowModuleMetadata", input("State"))),
            Kind::Rule => None,
        }
    }
}

/// The input for a rule with an event source, and with matching actions and function.
fn rule_of(source: &str) -> Value {
    static RULES: OnceLock<BTreeMap<&'static str, Value>> = OnceLock::new();
    let make = |source: &&'static str| {
        let mut input = Kind::Rule.row().input();
        input["TriggerEventSource"] = json!({ "EventSourceName": source });
        let bytes = Stream::new(6, source).bytes(400);
        let mut u = Unstructured::new(&bytes);
        semantics::repair("CreateRule", &mut input, &SchemaPath::default(), &Context::default(), &mut u);
        (*source, input)
    };
    let rules = RULES.get_or_init(|| draw::SOURCES.iter().map(make).collect());
    rules.get(source).cloned().unwrap_or_else(|| {
        let mut input = Kind::Rule.row().input();
        input["TriggerEventSource"] = json!({ "EventSourceName": source });
        input
    })
}

fn check(initial: &Service, case: &Case) -> Result<Outcome, String> {
    let service = &initial.afresh();
    let (known, ids) = make(service, case)?;
    let (operation, uri, list) = case.kind.search();
    let schema = Schema::connect();
    let id = schema.operation_named(operation).ok_or("no such search")?;
    let fill = |value: &Value| placeholder::in_value(value, &ids);
    let criteria = case.criteria.as_ref().map(fill);
    let filter = case.filter.as_ref().map(fill);
    let mut input = json!({ "InstanceId": DEFAULT_INSTANCE_ID });
    for (member, value) in [("SearchCriteria", &criteria), ("SearchFilter", &filter)] {
        if let Some(value) = value {
            input[member] = value.clone();
        }
    }
    if let Some(page) = case.page {
        input["MaxResults"] = page.into();
    }
    let member = case.kind.row().search.map_or("Id", |(_, id)| id);
    // Lazy, since the oracle does not handle rejected searches.
    let admitted = LazyCell::new(|| oracle::admitted(case.kind, &known, criteria.as_ref(), filter.as_ref()));
    let mut found = Vec::new();
    let mut pages = 0;
    loop {
        let (status, body) = ask(service, uri, &input);
        if status != 200 {
            let shape = schema[id].input.ok_or("a search without input")?;
            let violations = validate(schema, shape, &input);
            if pages > 0 || (400..500).contains(&status) == violations.is_empty() {
                return Err(format!("page {pages} of {input} returns {status} {body}; violations: {violations:?}"));
            }
            return Ok(Outcome::Rejected);
        }
        pages += 1;
        let items = body[list].as_array().cloned().unwrap_or_default();
        if case.page.is_some_and(|page| items.len() > usize::from(page)) {
            return Err(format!("{} items on a page of {input}", items.len()));
        }
        found.extend(items.iter().map(|item| item[member].as_str().unwrap_or_default().to_owned()));
        if body["ApproximateTotalCount"].as_u64() != Some(admitted.len() as u64) {
            return Err(format!("{input} must find {:?}, but counts {}", *admitted, body["ApproximateTotalCount"]));
        }
        match body.get("NextToken").cloned() {
            Some(token) if pages <= known.len() => input["NextToken"] = token,
            Some(_) => return Err(format!("{input} has too many pages")),
            None => {
                found.sort_unstable();
                let mut expected: Vec<String> = admitted.iter().map(|thing| thing.id.clone()).collect();
                expected.sort_unstable();
                if found != expected {
                    return Err(format!("{input} among {known:#?} finds {found:?} instead of {expected:?}"));
                }
                break;
            }
        }
    }
    Ok(match found.len() {
        0 => Outcome::Nothing,
        all if all == known.len() => Outcome::Everything,
        _ if pages > 1 => Outcome::Paged,
        _ => Outcome::Some,
    })
}

/// Creates the resources. Returns the created ones, and for each requested one its id or null.
fn make(service: &Service, case: &Case) -> Result<(Vec<Known>, Vec<Value>), String> {
    let row = case.kind.row();
    let (mut known, mut ids) = (Vec::new(), Vec::new());
    for thing in &case.things {
        let input = case.kind.creation(thing);
        let body = call(service, row.create, &input);
        let id = body.as_ref().and_then(|body| row.id_in(&input, body));
        ids.push(json!(id.clone()));
        // The name is in use, or the type does not exist.
        let Some(id) = id else { continue };
        let archived = thing.archived && case.kind.archive(&id).is_some();
        if let Some((operation, input)) = case.kind.archive(&id).filter(|_| archived) {
            call(service, operation, &input).ok_or_else(|| format!("{operation} of {thing:?} is rejected"))?;
        }
        known.push(Known { id, made: input, archived });
    }
    Ok((known, ids))
}

/// Calls an operation. Returns the body of a success.
fn call(service: &Service, operation: &str, input: &Value) -> Option<Value> {
    let schema = Schema::connect();
    let request = encode_request(schema, schema.operation_named(operation)?, input).ok()?;
    let response = service.handle(&request);
    (response.status == 200).then(|| serde_json::from_slice(&response.body).ok())?
}

/// Sends a search, even if it is invalid.
fn ask(service: &Service, uri: &str, input: &Value) -> (u16, Value) {
    let mut headers = Headers::default();
    headers.push("content-type", "application/json");
    let body = input.to_string().into_bytes();
    let response = service.handle(&HttpRequest { method: "POST".to_owned(), uri: uri.to_owned(), headers, body });
    (response.status, serde_json::from_slice(&response.body).unwrap_or_default())
}

/// Handwritten searches and their outcomes.
const BY_HAND: &[(&str, Outcome)] = &[
    ("{}", Outcome::Everything),
    (r#"{"AndConditions":[{"StringCondition":{"FieldName":"name"}}],"OrConditions":[]}"#, Outcome::Nothing),
    (r#"{"OrConditions":[{"TypeCondition":"CAMPAIGN"},{"StateCondition":"ARCHIVED"}]}"#, Outcome::Paged),
    (r#"{"StringCondition":{"FieldName":"resourceID","Value":"{{2}}","ComparisonType":"EXACT"}}"#, Outcome::Some),
    (
        r#"{"StringCondition":{"FieldName":"name","Value":"amber","ComparisonType":"CONTAINS"},"StatusCondition":"PUBLISHED"}"#,
        Outcome::Some,
    ),
    (r#"{"AndConditions":[{"TypeCondition":"campaign"}]}"#, Outcome::Rejected),
    (
        r#"{"kind":"rule","things":[{"name":"a","of":"OnSalesforceCaseCreate"},{"name":"b","tags":{"k":"v"}}],
            "criteria":{"StringCondition":{"FieldName":"RuleId","Value":"-","ComparisonType":"CONTAINS"}},
            "filter":{"AttributeFilter":{"OrConditions":[{"TagConditions":[{"TagKey":"x"}]},{"TagConditions":[]}]}}}"#,
        Outcome::Everything,
    ),
    (
        r#"{"kind":"module","things":[{"name":"a","tags":{"k":"v"}},{"name":"b","archived":true}],
            "filter":{"TagFilter":{"OrConditions":[[{"TagKey":"k","TagValue":"w"}],[{"TagValue":"v"}]]}}}"#,
        Outcome::Some,
    ),
    (
        // Members of another kind of filter.
        r#"{"kind":"module","things":[{"name":"a","tags":{"k":"v"}},{"name":"b"}],
            "filter":{"TagFilter":{"AndCondition":{"TagConditions":[{"TagKey":"x"}]}}}}"#,
        Outcome::Everything,
    ),
    (r#"{"kind":"flow","things":[{"name":"a"}],"page":0}"#, Outcome::Rejected),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smoke::{assert_cases_round_trip, assert_outcomes, assert_reached};
    use crate::target::outcome_of;

    #[test]
    fn handwritten_searches_have_the_expected_outcomes() {
        assert_outcomes::<SearchFilter>(BY_HAND.iter().map(|(text, outcome)| (text.as_bytes(), *outcome)));
        assert_eq!(outcome_of::<SearchFilter>(b"{"), None);
    }

    #[test]
    fn random_searches_reach_every_outcome() {
        assert_reached::<SearchFilter>(
            3000,
            300,
            [
                (Outcome::Rejected, 100),
                (Outcome::Nothing, 200),
                (Outcome::Everything, 100),
                (Outcome::Some, 400),
                (Outcome::Paged, 80),
            ],
        );
        assert_cases_round_trip::<SearchFilter>(300, 300);
    }

    #[test]
    fn every_example_resource_can_be_created() {
        for kind in [Kind::Flow, Kind::Module, Kind::Rule] {
            let sources = draw::SOURCES.iter().enumerate().map(|(at, source)| Thing {
                name: at.to_string(),
                of: Some((*source).to_owned()),
                ..Thing::default()
            });
            let things: Vec<Thing> = if kind == Kind::Rule { sources.collect() } else { draw::examples() };
            let case = Case { kind, things, criteria: None, filter: None, page: None };
            assert_eq!(check(&emulator::with(None), &case), Ok(Outcome::Everything));
            let made = make(&emulator::with(None), &case).map(|(known, _)| known.len());
            assert_eq!(made, Ok(case.things.len()), "{kind:?}");
        }
    }

    #[test]
    fn random_searches_find_defects() {
        let defects = [
            PLANTED,
            "search-filter-or-first-only",
            "search-filter-type-ignored",
            "search-and-drops-last",
            "search-or-drops-last",
            "search-exact-as-starts-with",
            "search-starts-with-as-contains",
            "search-finds-newest",
            "page-repeats-item",
            "page-of-three-loses-last",
            "total-of-page",
        ];
        emulator::assert_defects_are_found::<SearchFilter>(&defects, 4000, 300, check);
    }
}
