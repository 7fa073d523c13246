//! Draws resources and a search. Names and values come from small sets, so that searches find something.

use arbitrary::Unstructured;
use serde_json::{Map, Value, json};

use super::{Case, Kind, MOST, Thing};
use crate::edits::Editor;

/// Event sources of rules.
pub(super) const SOURCES: &[&str] =
    &["OnPostCallAnalysisAvailable", "OnRealTimeChatAnalysisAvailable", "OnSalesforceCaseCreate", "OnCaseUpdate"];

const TYPES: &[&str] = &["CONTACT_FLOW", "QUEUE_TRANSFER", "CAMPAIGN", "CUSTOMER_HOLD"];
/// Words for names and values. Some contain others.
const WORDS: &[&str] = &["amber", "Amber", "amber.two", "birch-amber", "b", "two"];
const FIELDS: &[&[&str]] = &[
    &["name", "description", "resourceID"],
    &["Name", "RuleId", "PublishStatus", "EventSourceName", "IntegrationAssociationId", "ActionSummaries"],
];
const COMPARISONS: &[&str] = &["EXACT", "STARTS_WITH", "CONTAINS"];
const TAG_KEYS: &[&str] = &["color", "size"];
const TAG_VALUES: &[&str] = &["", "small", "Small", "amber"];
/// Maximum nesting of criteria.
const DEPTH: u32 = 3;

type Drawn<T> = arbitrary::Result<T>;

/// The resources for inputs that are only criteria.
pub(super) fn examples() -> Vec<Thing> {
    let thing = |(at, name): (usize, &&str)| Thing {
        name: (*name).to_owned(),
        description: (at % 2 == 1).then(|| "an amber thing".to_owned()),
        of: Some(TYPES[at % 3].to_owned()),
        other_status: at % 3 == 2,
        archived: at == 3,
        tags: [(TAG_KEYS[at % 2].to_owned(), TAG_VALUES[at % 4].to_owned())].into(),
    };
    WORDS.iter().enumerate().map(thing).collect()
}

/// Draws a case.
pub(super) fn case(u: &mut Unstructured<'_>) -> Drawn<Case> {
    let kind = *u.choose(&[Kind::Flow, Kind::Module, Kind::Rule])?;
    let count = u.int_in_range(0..=MOST - 2)? + 2;
    let things = (0..count).map(|_| thing(kind, u)).collect::<Drawn<Vec<_>>>()?;
    let criteria = if u.ratio(7, 8)? { Some(node(kind, DEPTH, u)?) } else { None };
    let filter = if u.ratio(2, 5)? { Some(filter(kind, u)?) } else { None };
    let (criteria, filter) =
        if u.ratio(1, 8)? { (edited(criteria, u)?, edited(filter, u)?) } else { (criteria, filter) };
    let page = if u.ratio(3, 4)? { Some(u.int_in_range(1..=3)?) } else { None };
    Ok(Case { kind, things, criteria, filter, page })
}

fn thing(kind: Kind, u: &mut Unstructured<'_>) -> Drawn<Thing> {
    let word = *u.choose(WORDS)?;
    let name = if u.ratio(1, 2)? { format!("{word}{}", u.int_in_range(0..=9)?) } else { word.to_owned() };
    let mut tags = std::collections::BTreeMap::new();
    for _ in 0..u.int_in_range(0..=2)? {
        tags.insert((*u.choose(TAG_KEYS)?).to_owned(), (*u.choose(TAG_VALUES)?).to_owned());
    }
    let of = match kind {
        Kind::Flow => Some((*u.choose(TYPES)?).to_owned()),
        Kind::Module => None,
        Kind::Rule => Some((*u.choose(SOURCES)?).to_owned()),
    };
    Ok(Thing {
        name,
        description: if kind != Kind::Rule && u.arbitrary()? { Some((*u.choose(WORDS)?).to_owned()) } else { None },
        of,
        other_status: u.arbitrary()?,
        archived: kind != Kind::Rule && u.ratio(1, 4)?,
        tags,
    })
}

/// Draws a node of criteria: mostly with one key, sometimes with none or several.
fn node(kind: Kind, depth: u32, u: &mut Unstructured<'_>) -> Drawn<Value> {
    let mut node = Map::new();
    let keys = *u.choose(&[1, 1, 1, 1, 1, 1, 1, 2, 2, 3, 0])?;
    for _ in 0..keys {
        let (key, value) = match u.int_in_range(0..=7)? {
            0 if depth > 0 => ("AndConditions", nodes(kind, depth, u)?),
            1..=3 if depth > 0 => ("OrConditions", nodes(kind, depth, u)?),
            5 if kind == Kind::Flow => ("TypeCondition", (*u.choose(TYPES)?).into()),
            6 if kind != Kind::Rule => ("StateCondition", (*u.choose(&["ACTIVE", "ARCHIVED"])?).into()),
            7 if kind != Kind::Rule => ("StatusCondition", (*u.choose(&["PUBLISHED", "SAVED"])?).into()),
            _ => ("StringCondition", text(kind, u)?),
        };
        node.insert(key.to_owned(), value);
    }
    Ok(Value::Object(node))
}

fn nodes(kind: Kind, depth: u32, u: &mut Unstructured<'_>) -> Drawn<Value> {
    let count = *u.choose(&[2, 2, 2, 2, 3, 3, 4, 1, 1, 0])?;
    (0..count).map(|_| node(kind, depth - 1, u)).collect()
}

fn text(kind: Kind, u: &mut Unstructured<'_>) -> Drawn<Value> {
    let fields = FIELDS[usize::from(kind == Kind::Rule)];
    // The name in half of the cases.
    let field = if u.ratio(1, 2)? { fields[0] } else { *u.choose(fields)? };
    let value = match field {
        "resourceID" | "RuleId" => format!("{{{{{}}}}}", u.int_in_range(1..=MOST)?),
        "EventSourceName" => (*u.choose(SOURCES)?).to_owned(),
        "PublishStatus" => (*u.choose(&["DRAFT", "PUBLISHED"])?).to_owned(),
        "ActionSummaries" => (*u.choose(&["ASSIGN_CONTACT_CATEGORY", "CREATE_TASK", "CREATE_CASE"])?).to_owned(),
        _ => (*u.choose(WORDS)?).to_owned(),
    };
    // The value or a part of it.
    let value = match u.int_in_range(0..=3)? {
        0 => value.chars().skip(1).collect(),
        1 => value.chars().take(u.int_in_range(0..=4)?).collect(),
        _ => value,
    };
    let mut condition = json!({ "FieldName": field, "Value": value, "ComparisonType": *u.choose(COMPARISONS)? });
    if let (true, Some(members)) = (u.ratio(1, 12)?, condition.as_object_mut()) {
        members.remove(*u.choose(&["FieldName", "Value", "ComparisonType"])?);
    }
    Ok(condition)
}

fn filter(kind: Kind, u: &mut Unstructured<'_>) -> Drawn<Value> {
    match kind {
        Kind::Flow if u.arbitrary()? => Ok(json!({ "FlowAttributeFilter": attributes(kind, u)? })),
        Kind::Rule => Ok(json!({ "AttributeFilter": attributes(kind, u)? })),
        _ => {
            let inner = match u.int_in_range(0..=2)? {
                0 => json!({ "TagCondition": tag(u)? }),
                1 => json!({ "AndConditions": tags(u)? }),
                _ => json!({ "OrConditions": some(u, tags)? }),
            };
            Ok(json!({ "TagFilter": inner }))
        }
    }
}

fn attributes(kind: Kind, u: &mut Unstructured<'_>) -> Drawn<Value> {
    let of_type = |u: &mut Unstructured<'_>| Drawn::Ok(json!({ "ContactFlowType": *u.choose(TYPES)? }));
    let group = |u: &mut Unstructured<'_>| {
        let mut group = json!({ "TagConditions": tags(u)? });
        if kind == Kind::Flow && u.arbitrary()? {
            group["ContactFlowTypeCondition"] = of_type(u)?;
        }
        Drawn::Ok(group)
    };
    Ok(match u.int_in_range(0..=3)? {
        0 => json!({ "TagCondition": tag(u)? }),
        1 if kind == Kind::Flow => json!({ "ContactFlowTypeCondition": of_type(u)? }),
        2 => json!({ "AndCondition": group(u)? }),
        _ => json!({ "OrConditions": some(u, group)? }),
    })
}

fn some(u: &mut Unstructured<'_>, one: impl Fn(&mut Unstructured<'_>) -> Drawn<Value>) -> Drawn<Value> {
    let count = *u.choose(&[2, 2, 1, 3, 0])?;
    (0..count).map(|_| one(u)).collect()
}

fn tags(u: &mut Unstructured<'_>) -> Drawn<Value> {
    let count = *u.choose(&[1, 1, 2, 0])?;
    (0..count).map(|_| tag(u)).collect()
}

fn tag(u: &mut Unstructured<'_>) -> Drawn<Value> {
    let mut condition = json!({ "TagKey": *u.choose(TAG_KEYS)?, "TagValue": *u.choose(TAG_VALUES)? });
    if let (true, Some(members)) = (u.ratio(1, 5)?, condition.as_object_mut()) {
        members.remove(*u.choose(&["TagKey", "TagValue"])?);
    }
    Ok(condition)
}

/// Adds members in wrong places and values of wrong types.
fn edited(value: Option<Value>, u: &mut Unstructured<'_>) -> Drawn<Option<Value>> {
    const KEYS: &[&str] =
        &["AndConditions", "OrConditions", "AndCondition", "TagCondition", "StringCondition", "Unknown"];
    let values = [json!(null), json!([]), json!({}), json!(""), json!([null]), json!(1), json!("ACTIVE")];
    let editor = Editor { keys: KEYS, values: &values };
    let edited = value.map(|value| editor.edited(value, 2, u)).transpose()?;
    // Null stands for absent, in cases and on the wire.
    Ok(edited.filter(|value| !value.is_null()))
}
