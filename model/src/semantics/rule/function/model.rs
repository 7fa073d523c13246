//! A rule's function, typed and lossless: unknown members are kept. Knows the form only, not paths, filters and event
//! sources.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use crate::planted;

/// The only version of the language.
pub const VERSION: &str = "2022-11-25";

/// A word of the language: borrowed if generated, owned if parsed.
pub(super) type Word = Cow<'static, str>;

/// Members that are not part of the language.
type Extra = Map<String, Value>;

/// The text in the member `Function` of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Version of the language.
    pub version: Word,
    /// The root condition.
    pub root: Group,
    /// Unknown members.
    pub extra: Extra,
}

/// Conditions joined by an operator.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// `AND` or `OR`.
    pub operator: Word,
    /// The joined conditions.
    pub operands: Vec<Node>,
    /// At the root of metric rules: the grouping of the metrics.
    pub filter: Option<FilterClause>,
    /// Unknown members.
    pub extra: Extra,
}

/// An operand of a group.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// Joined conditions.
    Group(Group),
    /// One condition.
    Leaf(Leaf),
    /// A malformed node: a member is missing or has the wrong type. Functions without problems have none.
    Unreadable,
}

/// One condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf {
    /// The comparison operator.
    pub operator: Word,
    /// The values to compare with.
    pub operands: Vec<Value>,
    /// The JSON path of the compared value.
    pub path: Word,
    /// The filters on the comparison.
    pub filter: Option<FilterClause>,
    /// True if the condition is negated.
    pub negate: Option<bool>,
    /// Unknown members.
    pub extra: Extra,
}

/// Filters joined by an operator.
#[derive(Clone, Debug, PartialEq)]
pub struct FilterClause {
    /// `AND`.
    pub operator: Word,
    /// The filters.
    pub filters: Vec<Filter>,
    /// Unknown members.
    pub extra: Extra,
}

/// One filter.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// Name of the filter.
    pub kind: Word,
    /// The values that pass.
    pub data: Value,
    /// Unknown members.
    pub extra: Extra,
}

impl Function {
    /// The function as JSON.
    pub fn to_json(&self) -> Value {
        // Serialization cannot fail: all keys are strings, and all numbers finite.
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// The function as text, as the API accepts it.
impl std::fmt::Display for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| std::fmt::Error)?)
    }
}

impl Group {
    /// Joined conditions without a filter.
    pub(super) fn of(operator: &'static str, operands: Vec<Node>) -> Self {
        Self { operator: operator.into(), operands, filter: None, extra: Extra::new() }
    }

    /// Number of conditions, at any depth.
    pub fn conditions(&self) -> usize {
        let count = |node: &Node| match node {
            Node::Group(group) => group.conditions(),
            Node::Leaf(_) | Node::Unreadable => 1,
        };
        self.operands.iter().map(count).sum()
    }
}

impl FilterClause {
    /// Filters joined by AND.
    pub(super) fn of(filters: Vec<Filter>) -> Self {
        Self { operator: "AND".into(), filters, extra: Extra::new() }
    }
}

impl Filter {
    /// A filter.
    pub(super) fn of(kind: &'static str, data: Value) -> Self {
        Self { kind: kind.into(), data, extra: Extra::new() }
    }
}

impl Serialize for Function {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("Version", &self.version)?;
        map.serialize_entry("RuleFunction", &self.root)?;
        finish(map, &self.extra)
    }
}

impl Serialize for Group {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("Operator", &self.operator)?;
        map.serialize_entry("Operands", &self.operands)?;
        if let Some(filter) = &self.filter {
            map.serialize_entry("FilterClause", filter)?;
        }
        finish(map, &self.extra)
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Node::Group(group) => group.serialize(to),
            Node::Leaf(leaf) => leaf.serialize(to),
            Node::Unreadable => to.serialize_unit(),
        }
    }
}

impl Serialize for Leaf {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("Operator", &self.operator)?;
        map.serialize_entry("Operands", &self.operands)?;
        map.serialize_entry("ComparisonValue", &self.path)?;
        if let Some(filter) = &self.filter {
            map.serialize_entry("FilterClause", filter)?;
        }
        if let Some(negate) = &self.negate {
            map.serialize_entry("Negate", negate)?;
        }
        finish(map, &self.extra)
    }
}

impl Serialize for FilterClause {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("LogicOperator", &self.operator)?;
        map.serialize_entry("Filters", &self.filters)?;
        if planted::is("rule_function") {
            return map.end();
        }
        finish(map, &self.extra)
    }
}

impl Serialize for Filter {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("Type", &self.kind)?;
        map.serialize_entry("Data", &self.data)?;
        finish(map, &self.extra)
    }
}

fn finish<M: SerializeMap>(mut map: M, extra: &Extra) -> Result<M::Ok, M::Error> {
    for (name, value) in extra {
        map.serialize_entry(name, value)?;
    }
    map.end()
}
