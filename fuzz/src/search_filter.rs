//! A few resources and a search among them, whose result is held against a reading of the criteria of our own.
//!
//! Law: all pages of a search together hold what the oracle admits, each once and in pages no longer than asked for;
//! `ApproximateTotalCount` counts it; what is refused breaks a constraint of the model.
//!
//! An input that begins with `{` is a case in JSON, or criteria of a search for flows; any other is drawn from.

mod draw;
mod oracle;

use std::cell::LazyCell;
use std::collections::BTreeMap;
use std::sync::OnceLock;

use arbitrary::Unstructured;
use connect_checks::resources::{RESOURCES, Resource};
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

/// See the file.
pub struct SearchFilter;

/// What is searched for, among what, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    kind: Kind,
    things: Vec<Thing>,
    /// `SearchCriteria`. In texts, `{{1}}` stands for the id of the first thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    criteria: Option<Value>,
    /// `SearchFilter`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    filter: Option<Value>,
    /// `MaxResults`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    page: Option<u16>,
}

/// What is searched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Flow,
    Module,
    Rule,
}

/// A resource that is there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Thing {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// Type of a flow, event source of a rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<String>,
    /// A flow is only saved; a rule is published.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    other_status: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    archived: bool,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<String, String>,
}

/// How far a search came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reached {
    /// It breaks a constraint.
    Refused,
    /// It found nothing.
    Nothing,
    /// It found everything.
    Everything,
    /// It found some and left others.
    Some,
    /// The same, in several pages.
    Paged,
}

/// Most things to search among.
const MOST: usize = 8;
/// The defect that the target is shown to find: of several tags that a filter asks for, only the first is looked at.
const PLANTED: &str = "search-filter-and-first-only";

impl Target for SearchFilter {
    const NAME: &'static str = "search_filter";
    const PROPERTY: &'static str = "all pages of a search hold exactly what an oracle on the criteria's JSON admits";
    type Case = Case;
    type Reached = Reached;

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
            things: draw::shelf(),
            criteria: Some(read).filter(|read| !read.is_null()),
            filter: None,
            page: Some(2),
        })
    }

    fn hold(case: &Case) -> Reached {
        static BEGUN: OnceLock<Service> = OnceLock::new();
        let begun = BEGUN.get_or_init(|| emulator::for_target(Self::NAME, PLANTED));
        hold(begun, case).unwrap_or_else(|broken| unreachable!("{broken}"))
    }

    fn seeds() -> Vec<Seed> {
        let mut seeds: Vec<Seed> = seeds::by_hand(BY_HAND.iter().map(|(text, _)| text.as_bytes())).collect();
        seeds.extend(seeds::telling::<Self>(2000, 300, told));
        emulator::silent_on(PLANTED, seeds, Self::draw, |begun, case| hold(begun, case).is_ok())
    }
}

/// Which members the criteria and the filter have.
fn told(case: &Case) -> Vec<String> {
    let mut told = Vec::new();
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
                told.push(format!("{within} {text}"));
            }
            _ => told.push(within),
        }
    }
    told
}

impl Kind {
    fn row(self) -> &'static Resource {
        let search = self.search().0;
        let row = RESOURCES.iter().find(|row| row.search.is_some_and(|(name, _)| name == search));
        row.unwrap_or_else(|| unreachable!("no resource is found by {search}"))
    }

    /// The operation, where it is, and the member of its answer that lists.
    fn search(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Kind::Flow => ("SearchContactFlows", "/search-contact-flows", "ContactFlows"),
            Kind::Module => ("SearchContactFlowModules", "/search-contact-flow-modules", "ContactFlowModules"),
            Kind::Rule => ("SearchRules", "/search-rules", "Rules"),
        }
    }

    /// The input that makes a thing.
    fn creation(self, thing: &Thing) -> Value {
        let mut input = match (self, &thing.of) {
            (Kind::Rule, Some(source)) => rule_of(source),
            (Kind::Flow, Some(kind)) => {
                let mut input = (self.row().template)();
                input["Type"] = kind.as_str().into();
                input
            }
            _ => (self.row().template)(),
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

    /// The call that archives.
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

/// A rule of an event source, with actions and a function that go with it.
fn rule_of(source: &str) -> Value {
    static RULES: OnceLock<BTreeMap<&'static str, Value>> = OnceLock::new();
    let make = |source: &&'static str| {
        let mut input = (Kind::Rule.row().template)();
        input["TriggerEventSource"] = json!({ "EventSourceName": source });
        let bytes = Stream::new(6, source).bytes(400);
        let mut u = Unstructured::new(&bytes);
        semantics::repair("CreateRule", &mut input, &SchemaPath::default(), &Context::default(), &mut u);
        (*source, input)
    };
    let rules = RULES.get_or_init(|| draw::SOURCES.iter().map(make).collect());
    rules.get(source).cloned().unwrap_or_else(|| {
        let mut input = (Kind::Rule.row().template)();
        input["TriggerEventSource"] = json!({ "EventSourceName": source });
        input
    })
}

fn hold(begun: &Service, case: &Case) -> Result<Reached, String> {
    let service = &begun.afresh();
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
    // Of a search that is refused nothing is asked.
    let admitted = LazyCell::new(|| oracle::admitted(case.kind, &known, criteria.as_ref(), filter.as_ref()));
    let mut found = Vec::new();
    let mut pages = 0;
    loop {
        let (status, body) = ask(service, uri, &input);
        if status != 200 {
            let shape = schema[id].input.ok_or("a search without input")?;
            let blame = validate(schema, shape, &input);
            if pages > 0 || (400..500).contains(&status) == blame.is_empty() {
                return Err(format!("page {pages} of {input} is answered {status} {body}, with {blame:?} to blame"));
            }
            return Ok(Reached::Refused);
        }
        pages += 1;
        let items = body[list].as_array().cloned().unwrap_or_default();
        if case.page.is_some_and(|page| items.len() > usize::from(page)) {
            return Err(format!("{} items in a page of {input}", items.len()));
        }
        found.extend(items.iter().map(|item| item[member].as_str().unwrap_or_default().to_owned()));
        if body["ApproximateTotalCount"].as_u64() != Some(admitted.len() as u64) {
            return Err(format!("{input} finds {:?} and counts {}", *admitted, body["ApproximateTotalCount"]));
        }
        match body.get("NextToken").cloned() {
            Some(token) if pages <= known.len() => input["NextToken"] = token,
            Some(_) => return Err(format!("{input} has no end")),
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
        0 => Reached::Nothing,
        all if all == known.len() => Reached::Everything,
        _ if pages > 1 => Reached::Paged,
        _ => Reached::Some,
    })
}

/// Makes the things; with what each is, and the id of each that could be made.
fn make(service: &Service, case: &Case) -> Result<(Vec<Known>, Vec<Value>), String> {
    let row = case.kind.row();
    let (mut known, mut ids) = (Vec::new(), Vec::new());
    for thing in &case.things {
        let input = case.kind.creation(thing);
        let body = call(service, row.create, &input);
        let id = body.as_ref().and_then(|body| body[row.id].as_str().map(str::to_owned));
        ids.push(json!(id.clone()));
        // A name that is taken, or a type that there is not.
        let Some(id) = id else { continue };
        let archived = thing.archived && case.kind.archive(&id).is_some();
        if let Some((operation, input)) = case.kind.archive(&id).filter(|_| archived) {
            call(service, operation, &input).ok_or_else(|| format!("{operation} of {thing:?} is refused"))?;
        }
        known.push(Known { id, made: input, archived });
    }
    Ok((known, ids))
}

/// The body of a success.
fn call(service: &Service, operation: &str, input: &Value) -> Option<Value> {
    let schema = Schema::connect();
    let request = encode_request(schema, schema.operation_named(operation)?, input).ok()?;
    let response = service.handle(&request);
    (response.status == 200).then(|| serde_json::from_slice(&response.body).ok())?
}

/// Sends a search as it is, be it of the right form or not.
fn ask(service: &Service, uri: &str, input: &Value) -> (u16, Value) {
    let mut headers = Headers::default();
    headers.push("content-type", "application/json");
    let body = input.to_string().into_bytes();
    let response = service.handle(&HttpRequest { method: "POST".to_owned(), uri: uri.to_owned(), headers, body });
    (response.status, serde_json::from_slice(&response.body).unwrap_or_default())
}

/// Searches by hand, and how far each comes.
const BY_HAND: &[(&str, Reached)] = &[
    ("{}", Reached::Everything),
    (r#"{"AndConditions":[{"StringCondition":{"FieldName":"name"}}],"OrConditions":[]}"#, Reached::Nothing),
    (r#"{"OrConditions":[{"TypeCondition":"CAMPAIGN"},{"StateCondition":"ARCHIVED"}]}"#, Reached::Paged),
    (r#"{"StringCondition":{"FieldName":"resourceID","Value":"{{2}}","ComparisonType":"EXACT"}}"#, Reached::Some),
    (
        r#"{"StringCondition":{"FieldName":"name","Value":"amber","ComparisonType":"CONTAINS"},"StatusCondition":"PUBLISHED"}"#,
        Reached::Some,
    ),
    (r#"{"AndConditions":[{"TypeCondition":"campaign"}]}"#, Reached::Refused),
    (
        r#"{"kind":"rule","things":[{"name":"a","of":"OnSalesforceCaseCreate"},{"name":"b","tags":{"k":"v"}}],
            "criteria":{"StringCondition":{"FieldName":"RuleId","Value":"-","ComparisonType":"CONTAINS"}},
            "filter":{"AttributeFilter":{"OrConditions":[{"TagConditions":[{"TagKey":"x"}]},{"TagConditions":[]}]}}}"#,
        Reached::Everything,
    ),
    (
        r#"{"kind":"module","things":[{"name":"a","tags":{"k":"v"}},{"name":"b","archived":true}],
            "filter":{"TagFilter":{"OrConditions":[[{"TagKey":"k","TagValue":"w"}],[{"TagValue":"v"}]]}}}"#,
        Reached::Some,
    ),
    (
        // The members of another kind of filter.
        r#"{"kind":"module","things":[{"name":"a","tags":{"k":"v"}},{"name":"b"}],
            "filter":{"TagFilter":{"AndCondition":{"TagConditions":[{"TagKey":"x"}]}}}}"#,
        Reached::Everything,
    ),
    (r#"{"kind":"flow","things":[{"name":"a"}],"page":0}"#, Reached::Refused),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::{assert_cases_can_be_kept, reach, survey};

    #[test]
    fn searches_by_hand_reach_what_they_are_for() {
        for (text, reached) in BY_HAND {
            assert_eq!(reach::<SearchFilter>(text.as_bytes()), Some(*reached), "{text}");
        }
        assert_eq!(reach::<SearchFilter>(b"{"), None);
    }

    #[test]
    fn random_searches_find_some_and_leave_others() {
        let count = survey::<SearchFilter>(3000, 300);
        for (reached, least) in [
            (Reached::Refused, 100),
            (Reached::Nothing, 200),
            (Reached::Everything, 100),
            (Reached::Some, 400),
            (Reached::Paged, 80),
        ] {
            assert!(count.get(&reached).is_some_and(|count| *count > least), "{reached:?}: {count:?}");
        }
        assert_cases_can_be_kept::<SearchFilter>(300, 300);
    }

    #[test]
    fn every_thing_of_the_shelf_can_be_made() {
        for kind in [Kind::Flow, Kind::Module, Kind::Rule] {
            let sources = draw::SOURCES.iter().enumerate().map(|(at, source)| Thing {
                name: at.to_string(),
                of: Some((*source).to_owned()),
                ..Thing::default()
            });
            let things: Vec<Thing> = if kind == Kind::Rule { sources.collect() } else { draw::shelf() };
            let case = Case { kind, things, criteria: None, filter: None, page: None };
            assert_eq!(hold(&emulator::with(None), &case), Ok(Reached::Everything));
            let made = make(&emulator::with(None), &case).map(|(known, _)| known.len());
            assert_eq!(made, Ok(case.things.len()), "{kind:?}");
        }
    }

    #[test]
    fn random_searches_find_defects_of_criteria_filters_and_pages() {
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
        emulator::assert_are_found::<SearchFilter>(&defects, 4000, 300, hold);
    }
}
