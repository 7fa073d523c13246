//! Generates valid functions, small ones by default.

use arbitrary::Unstructured;

use super::filters::{GROUPINGS, WINDOWS, filter_kind};
use super::model::{Filter, FilterClause, Function, Group, Leaf, Node, VERSION};
use super::operands::Form;
use super::paths::{BEGINNING, Company, ComparisonPath, END, FORM, HISTORICAL, PATHS};
use crate::constraint::size::pick;
use crate::semantics::rule::sources::{EVENT_SOURCES, EventSource, METRIC, REAL_TIME_CALL};

/// The size of generated functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Maximum number of conditions, from 1 to 20.
    pub conditions: u64,
}

impl Size {
    /// A size as people write them.
    pub const SMALL: Size = Size { conditions: 3 };
    /// The maximum size.
    pub const LARGE: Size = Size { conditions: 20 };
}

/// A function for rules on a source, or on a random documented source if none is given.
pub fn make(source: Option<&EventSource>, size: Size, u: &mut Unstructured<'_>) -> Function {
    let documented = EVENT_SOURCES.iter().filter(|source| source.root.is_some());
    let source = source.or_else(|| documented.clone().nth(pick(u, 0, documented.count() as u64 - 1) as usize));
    let source = source.unwrap_or(&EVENT_SOURCES[0]);
    if source.bit == METRIC {
        return metric(source, size, u);
    }
    let mut left = pick(u, 1, size.conditions.max(1));
    let mut operands = Vec::new();
    while left > 0 {
        let node = node(source, left, u);
        left = left.saturating_sub(match &node {
            Node::Group(group) => group.operands.len() as u64,
            _ => 1,
        });
        operands.push(node);
    }
    function(joiner(u), operands)
}

/// A function of these operands.
pub(super) fn function(operator: &'static str, operands: Vec<Node>) -> Function {
    Function { version: VERSION.into(), root: Group::of(operator, operands), extra: Default::default() }
}

fn joiner(u: &mut Unstructured<'_>) -> &'static str {
    if pick(u, 0, 1) == 0 { "OR" } else { "AND" }
}

/// A condition with the others that it requires, or a few conditions that require none.
fn node(source: &EventSource, left: u64, u: &mut Unstructured<'_>) -> Node {
    if left >= 2 && pick(u, 0, 3) == 3 {
        let count = pick(u, 2, left.min(4));
        return Node::Group(Group::of(joiner(u), (0..count).map(|_| Node::Leaf(alone(source, u))).collect()));
    }
    let row = any_row(source, u, |row| left >= 2 || row.company == Company::None);
    match (row, row.map(|row| row.company)) {
        (Some(_), Some(Company::OtherEnd)) => pair(source, BEGINNING, END, u),
        (Some(row), Some(Company::Form)) => pair(source, FORM, row.suffix, u),
        (Some(row), _) => Node::Leaf(leaf(row, any_form(row, u), source, u)),
        (None, _) => Node::Leaf(alone(source, u)),
    }
}

/// Two conditions that are required together.
fn pair(source: &EventSource, first: &str, second: &str, u: &mut Unstructured<'_>) -> Node {
    let rows = [first, second].into_iter().filter_map(|suffix| any_row(source, u, |row| row.suffix == suffix));
    let rows: Vec<_> = rows.collect();
    Node::Group(Group::of(
        "AND",
        rows.into_iter().map(|row| Node::Leaf(leaf(row, any_form(row, u), source, u))).collect(),
    ))
}

/// The beginning and end of the conversation, or a form with its answers.
pub(super) fn company(source: &EventSource, company: Company, u: &mut Unstructured<'_>) -> Option<Node> {
    let row = any_row(source, u, |row| row.company == company)?;
    match company {
        Company::OtherEnd => Some(pair(source, BEGINNING, END, u)),
        Company::Form => Some(pair(source, FORM, row.suffix, u)),
        Company::None | Company::Metric => None,
    }
}

/// A condition that requires no others.
fn alone(source: &EventSource, u: &mut Unstructured<'_>) -> Leaf {
    let row = any_row(source, u, |row| row.company == Company::None);
    // For undocumented sources, a condition of the usual form.
    let row = row.unwrap_or_else(|| row_for(REAL_TIME_CALL));
    leaf(row, any_form(row, u), source, u)
}

fn row_for(bit: u32) -> &'static ComparisonPath {
    PATHS.iter().find(|row| row.sources & bit != 0).unwrap_or(&PATHS[0])
}

/// One of the source's rows that satisfy a predicate.
pub(super) fn any_row(
    source: &EventSource,
    u: &mut Unstructured<'_>,
    wanted: impl Fn(&ComparisonPath) -> bool,
) -> Option<&'static ComparisonPath> {
    let rows = || PATHS.iter().filter(|row| row.sources & source.bit != 0 && wanted(row));
    let count = rows().count() as u64;
    rows().nth(pick(u, 0, count.saturating_sub(1)) as usize)
}

fn any_form(row: &ComparisonPath, u: &mut Unstructured<'_>) -> &'static Form {
    // The field of a user has a type that only its account knows: text is documented, a number is possible.
    let is_unknown = |form: &&Form| row.suffix == ".Fields.*" && form.operator.starts_with("Number");
    let known: Vec<&'static Form> = row.forms.iter().filter(|form| !is_unknown(form)).collect();
    // The forms of a row are in the static table.
    known.get(pick(u, 0, known.len().saturating_sub(1) as u64) as usize).copied().unwrap_or(&row.forms[0])
}

/// A condition of a row, with the filters that it requires.
pub(super) fn leaf(row: &ComparisonPath, form: &Form, source: &EventSource, u: &mut Unstructured<'_>) -> Leaf {
    let mut filters = Vec::new();
    for (name, required) in row.filters {
        if (*required || pick(u, 0, 3) == 3)
            && let Some(kind) = filter_kind(name)
        {
            filters.push(Filter::of(kind.name, kind.data.make(u)));
        }
    }
    let key = if row.suffix.ends_with('*') { "contract_test" } else { "" };
    let root = source.root.unwrap_or("$.ContactLens.RealTimeCall");
    Leaf {
        operator: form.operator.into(),
        operands: form.operands.make(u),
        path: format!("{root}{}{key}", row.suffix.trim_end_matches('*')).into(),
        filter: (!filters.is_empty()).then(|| FilterClause::of(filters)),
        negate: Some(false),
        extra: Default::default(),
    }
}

/// The dimension of each grouping, in the order of [`GROUPINGS`].
const DIMENSIONS: [&str; 4] = [
    "MetricDataFilterByAgent",
    "MetricDataFilterByQueue",
    "MetricDataFilterByRoutingProfile",
    "MetricDataFilterByFlow",
];

/// Index of FLOW in [`GROUPINGS`].
const FLOW: usize = 3;

fn metric(source: &EventSource, size: Size, u: &mut Unstructured<'_>) -> Function {
    let grouping = pick(u, 0, GROUPINGS.len() as u64 - 1) as usize;
    let mut left = pick(u, 1, size.conditions.max(1));
    let mut groups = Vec::new();
    while left > 0 && groups.len() < 2 {
        let count = pick(u, 1, left.min(10));
        left -= count;
        groups.push(metric_group(source, grouping, count, u));
    }
    metric_rule(grouping, groups, u)
}

/// A metric rule of groups, with the grouping at an index of [`GROUPINGS`].
pub(super) fn metric_rule(grouping: usize, groups: Vec<Node>, u: &mut Unstructured<'_>) -> Function {
    let mut made = function(joiner(u), groups);
    let data = std::iter::once(GROUPINGS[grouping]).collect();
    made.root.filter = Some(FilterClause::of(vec![Filter::of("MetricDataGrouping", data)]));
    made
}

fn metric_group(source: &EventSource, grouping: usize, count: u64, u: &mut Unstructured<'_>) -> Node {
    let historical = grouping != FLOW && pick(u, 0, 1) == 1;
    let of_group = |row: &ComparisonPath| {
        HISTORICAL.contains(&row.suffix) == historical
            && row.suffix.contains("FLOW") == (grouping == FLOW)
            && (row.suffix != ".AGENT_ACTIVITY" || GROUPINGS[grouping] == "AGENT")
    };
    let rows: Vec<_> = (0..count).filter_map(|_| any_row(source, u, of_group)).collect();
    metric_group_of(source, grouping, rows.into_iter().map(|row| (row, row.forms)).collect(), u)
}

/// A group of these metrics, with the same dimension and window.
pub(super) fn metric_group_of(
    source: &EventSource,
    grouping: usize,
    rows: Vec<(&'static ComparisonPath, &'static [Form])>,
    u: &mut Unstructured<'_>,
) -> Node {
    let windowed = grouping == FLOW || rows.iter().any(|(row, _)| HISTORICAL.contains(&row.suffix));
    let kinds = std::iter::once(DIMENSIONS[grouping]).chain(windowed.then_some(WINDOWS[0]));
    let common: Vec<Filter> =
        kinds.filter_map(filter_kind).map(|kind| Filter::of(kind.name, kind.data.make(u))).collect();
    let leaves = rows.into_iter().map(|(row, forms)| {
        let form = &forms[pick(u, 0, forms.len() as u64 - 1) as usize];
        let mut leaf = leaf(row, form, source, u);
        let mut filters = common.clone();
        filters.extend(leaf.filter.into_iter().flat_map(|clause| clause.filters));
        leaf.filter = Some(FilterClause::of(filters));
        Node::Leaf(leaf)
    });
    let leaves = leaves.collect();
    Node::Group(Group::of(joiner(u), leaves))
}
