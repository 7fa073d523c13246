//! The ways to break a function, one row each: the rule, and an edit that breaks this rule only.

use arbitrary::Unstructured;
use serde_json::Value;

use super::check::{MOST_GROUPS, MOST_IN_GROUP};
use super::filters::{Data, filter_kind, is_dimension};
use super::make::{any_row, company, function, leaf, metric_group_of, metric_rule};
use super::model::{Filter, FilterClause, Function, Group, Leaf, Node};
use super::operands::{Form, Operands};
use super::paths::{Company, ComparisonPath, HISTORICAL, OPERATORS};
use crate::constraint::size::pick;
use crate::evidence::Evidence;
use crate::semantics::rule::FUNCTION as LANGUAGE;
use crate::semantics::rule::sources::{EventSource, METRIC, SLA_BREACH};
use crate::semantics::{Breach, Confidence};

/// A breach of the language, with the edit that commits it.
#[derive(Debug)]
pub struct Fault {
    /// The breach.
    pub breach: &'static Breach,
    base: Base,
    spoil: Spoil,
}

type Base = fn(&'static EventSource, &mut Unstructured<'_>) -> Option<Function>;

#[derive(Clone, Copy, Debug)]
enum Spoil {
    Model(fn(&mut Function, &EventSource) -> Option<()>),
    Text(fn(&str) -> String),
}

impl Fault {
    /// Texts of a function for rules on a source, without the breach and with it. None if the source cannot have it.
    pub fn commit(&self, source: &'static EventSource, u: &mut Unstructured<'_>) -> Option<(String, String)> {
        let mut function = (self.base)(source, u)?;
        let valid = function.to_string();
        match self.spoil {
            Spoil::Text(spoil) => {
                let invalid = spoil(&valid);
                Some((valid, invalid))
            }
            Spoil::Model(spoil) => {
                spoil(&mut function, source)?;
                Some((valid, function.to_string()))
            }
        }
    }
}

/// The whole language, for rules without a page of their own.
const LANGUAGE_GUIDE: &[Evidence] = &[Evidence::documentation("Amazon Connect rule function language")];
/// For texts that JSON itself allows.
const OURS: &[Evidence] = &[Evidence::inference("no public source: the behaviour of the service is not known")];
const CONDITIONS: &[Evidence] =
    &[Evidence::documentation("Amazon Connect rule function language, conditions of each event source")];
const METRICS: &[Evidence] = &[Evidence::documentation("Amazon Connect rule function language, OnMetricDataUpdate")];

const PATTERNS: &[Evidence] = &[Evidence::documentation("Connect administrator guide, PatternMatch operands")];
const EVALUATIONS: &[Evidence] =
    &[Evidence::documentation("Amazon Connect rule function language, OnContactEvaluationSubmit")];

macro_rules! faults {
    ($($name:ident: $kind:literal, $confidence:ident, $evidence:expr, $rule:literal, $base:expr, $spoil:expr;)*) => {
        $(pub(super) const $name: &Breach = &Breach {
            language: LANGUAGE,
            kind: $kind,
            rule: $rule,
            evidence: $evidence,
            confidence: Confidence::$confidence,
        };)*

        /// All breaches of the language.
        pub const FAULTS: &[Fault] = &[$(Fault { breach: $name, base: $base, spoil: $spoil },)*];
    };
}

use Spoil::{Model, Text};

faults! {
    NOT_JSON: "not-json", High, LANGUAGE_GUIDE, "a function is JSON text",
        plain, Text(|text| text[..text.len() - 1].to_owned());
    UNREADABLE: "unreadable-json", Low, OURS, "no object has a name twice, numbers fit 64 bits or a float, nesting and length are bounded",
        plain, Text(|text| text.replacen('{', "{\"Version\":\"2022-11-25\",", 1));
    FORM: "malformed", High, LANGUAGE_GUIDE, "the members of a function, a condition and a filter are present and have the right type",
        plain, Text(|text| text.replacen("\"RuleFunction\"", "\"Function\"", 1));
    VERSION: "unknown-version", High, LANGUAGE_GUIDE, "the version is 2022-11-25",
        plain, Model(|function, _| { function.version = "2022-11-24".into(); Some(()) });
    ROOT_OPERATOR: "root-operator", High, LANGUAGE_GUIDE, "AND or OR joins the conditions of a rule",
        plain, Model(|function, _| { function.root.operator = "XOR".into(); Some(()) });
    NESTED: "group-in-group", High, LANGUAGE_GUIDE, "a group contains conditions and no groups",
        outside_metrics, Model(|function, _| {
            let inner = Group::of("OR", std::mem::take(&mut function.root.operands));
            function.root.operands = vec![Node::Group(Group::of("AND", vec![Node::Group(inner)]))];
            Some(())
        });
    TOO_MANY: "too-many-conditions", High, LANGUAGE_GUIDE, "a rule has at most 20 conditions",
        outside_metrics, Model(|function, _| {
            let one = function.root.operands.first()?.clone();
            function.root.operands = vec![one; super::MOST_CONDITIONS + 1];
            Some(())
        });
    OPERATOR: "unknown-operator", High, LANGUAGE_GUIDE, "a condition compares with one of the five operators",
        plain, Model(|function, _| { first(function)?.operator = "MATCHES".into(); Some(()) });
    NEGATE: "negate-not-boolean", High, LANGUAGE_GUIDE, "Negate is a boolean",
        plain, Model(|function, _| {
            let leaf = first(function)?;
            leaf.negate = None;
            leaf.extra.insert("Negate".to_owned(), "false".into());
            Some(())
        });
    LOGIC: "filter-logic-operator", High, CONDITIONS, "filters are joined by AND",
        filtered, Model(|function, _| { clause(function)?.operator = "OR".into(); Some(()) });
    UNKNOWN_PATH: "unknown-comparison-path", Medium, CONDITIONS, "the comparison path of a condition is documented",
        plain, Model(|function, source| { first(function)?.path = format!("{}.NoSuchThing", source.root?).into(); Some(()) });
    OTHER_SOURCE: "path-of-another-source", Medium, CONDITIONS, "the comparison path of a condition belongs to the rule's event source",
        plain, Model(|function, source| {
            let other = if source.bit == SLA_BREACH { "$.Case.TemplateId" } else { "$.RelatedItem.SlaConfiguration.Name" };
            first(function)?.path = other.into();
            Some(())
        });
    OPERATOR_FOR_PATH: "operator-not-for-path", Medium, CONDITIONS, "the operator of a condition is documented for its path",
        |source, u| single(source, u, |row, _| row.forms.len() < OPERATORS.len()),
        Model(|function, source| {
            let leaf = first(function)?;
            let row = row_of(leaf, source)?;
            let free = |operator: &&&str| row.forms.iter().all(|form| form.operator != **operator);
            leaf.operator = (*OPERATORS.iter().find(free)?).into();
            Some(())
        });
    COUNT: "operand-count", High, CONDITIONS, "numbers are compared with exactly one number",
        numeric, Model(|function, _| {
            let operands = &mut first(function)?.operands;
            operands.extend(operands.first().cloned());
            Some(())
        });
    TYPE: "operand-type", High, CONDITIONS, "operands have the type that operator and path require",
        numeric, Model(|function, _| { *first(function)?.operands.first_mut()? = "1".into(); Some(()) });
    WORD: "operand-unknown-value", Medium, CONDITIONS, "operands are from the documented list, where there is one",
        |source, u| single(source, u, |_, form| matches!(form.operands, Operands::OneOf(_) | Operands::SomeOf(_))),
        Model(|function, _| { *first(function)?.operands.first_mut()? = "NO_SUCH_VALUE".into(); Some(()) });
    RANGE: "number-out-of-range", Medium, CONDITIONS, "numbers are in the range of the compared value",
        |source, u| single(source, u, |_, form| matches!(form.operands, Operands::Number(_, 5) | Operands::Integer(0, _))),
        Model(|function, _| { *first(function)?.operands.first_mut()? = 101.into(); Some(()) });
    PATTERN: "bad-pattern-object", Medium, PATTERNS, "a pattern object has a known type and a value of that type",
        |source, u| single(source, u, |_, form| form.operands == Operands::Patterns),
        Model(|function, _| {
            let object = first(function)?.operands.first_mut()?.get_mut(0)?;
            object["Value"] = Value::from(1);
            Some(())
        });
    MISSING_FILTER: "missing-filter", Medium, CONDITIONS, "filters that a path requires are present",
        needing_filter, Model(|function, source| {
            let row = row_of(first(function)?, source)?;
            let (name, _) = row.filters.iter().find(|(_, required)| *required)?;
            let filters = &mut clause(function)?.filters;
            filters.retain(|filter| filter.kind != *name);
            if filters.is_empty() {
                first(function)?.filter = None;
            }
            Some(())
        });
    UNKNOWN_FILTER: "unknown-filter-type", Medium, CONDITIONS, "the type of a filter is documented",
        plain, Model(|function, _| add_filter(function, Filter::of("NoSuchFilter", "ANY".into())));
    FILTER_NOT_ALLOWED: "filter-not-allowed", Medium, CONDITIONS, "a path has only filters that are documented for it",
        plain, Model(|function, source| {
            let row = row_of(first(function)?, source)?;
            let foreign = if row.filters.iter().any(|(name, _)| *name == "ParticipantRole") {
                Filter::of("AgentActivityDurationSeconds", serde_json::json!({"Past": 60}))
            } else {
                Filter::of("ParticipantRole", "ANY".into())
            };
            add_filter(function, foreign)
        });
    FILTER_DATA: "filter-data", Medium, CONDITIONS, "the data of a filter has the form of its type",
        needing_filter, Model(|function, source| {
            let row = row_of(first(function)?, source)?;
            let (name, _) = row.filters.iter().find(|(_, required)| *required)?;
            let filter = clause(function)?.filters.iter_mut().find(|filter| filter.kind == *name)?;
            filter.data = filter_kind(name).map_or(Data::Any, |kind| kind.data).spoil()?;
            Some(())
        });
    ROOT_FILTER: "root-filter-clause", Medium, METRICS, "only metric rules have filters for the whole rule, and groups have none",
        outside_metrics, Model(|function, _| {
            function.root.filter = Some(FilterClause::of(vec![Filter::of("ParticipantRole", "ANY".into())]));
            Some(())
        });
    OTHER_END: "one-end-of-conversation", Medium, CONDITIONS, "sentiment at the beginning and at the end are compared together, in an AND group",
        |source, u| Some(function("AND", vec![company(source, Company::OtherEnd, u)?])), Model(|function, _| {
            group(function)?.operands.pop();
            Some(())
        });
    FORM_FIRST: "form-not-first", Medium, EVALUATIONS, "scores and answers are compared in an AND group that starts with their form",
        |source, u| Some(function("AND", vec![company(source, Company::Form, u)?])), Model(|function, _| {
            group(function)?.operands.remove(0);
            Some(())
        });
    METRIC_GROUPING: "metric-grouping-missing", High, METRICS, "a metric rule has exactly one grouping, at its root",
        on_metrics, Model(|function, _| { function.root.filter = None; Some(()) });
    METRIC_LEAF: "metric-outside-group", High, METRICS, "the conditions of a metric rule are in groups",
        on_metrics, Model(|function, _| {
            let leaf = group(function)?.operands.pop()?;
            function.root.operands = vec![leaf];
            Some(())
        });
    METRIC_GROUPS: "metric-too-many-groups", High, METRICS, "a metric rule has at most two groups",
        on_metrics, Model(|function, _| {
            let one = function.root.operands.first()?.clone();
            function.root.operands = vec![one; MOST_GROUPS + 1];
            Some(())
        });
    METRIC_CONDITIONS: "metric-too-many-conditions", High, METRICS, "a group of metrics has at most ten conditions",
        on_metrics, Model(|function, _| {
            let group = group(function)?;
            let one = group.operands.first()?.clone();
            group.operands = vec![one; MOST_IN_GROUP + 1];
            Some(())
        });
    METRIC_DIMENSION: "metric-without-dimension", High, METRICS, "a metric has exactly one filter for its dimension",
        on_metrics, Model(|function, _| {
            let filters = &mut clause(function)?.filters;
            filters.retain(|filter| !is_dimension(&filter.kind));
            if filters.is_empty() {
                first(function)?.filter = None;
            }
            Some(())
        });
    METRIC_MIXED: "metric-mixed-dimensions", High, METRICS, "the metrics of a group have the same dimension",
        on_metrics, Model(|function, _| {
            let group = group(function)?;
            let mut other = group.operands.first()?.clone();
            let Node::Leaf(leaf) = &mut other else { return None };
            let dimension = leaf.filter.as_mut()?.filters.iter_mut().find(|filter| is_dimension(&filter.kind))?;
            dimension.data = std::iter::once("00000000-0000-4000-8000-0000000000ff").collect();
            group.operands.push(other);
            Some(())
        });
    METRIC_WINDOWS: "metric-mixed-windows", Medium, METRICS, "the metrics of a group have the same window, or none",
        |source, u| {
            let row = any_row(source, u, |row| row.company == Company::Metric && HISTORICAL.contains(&row.suffix))?;
            let group = metric_group_of(source, 1, vec![(row, row.forms)], u);
            Some(metric_rule(1, vec![group], u))
        },
        Model(|function, _| {
            let group = group(function)?;
            let mut other = group.operands.first()?.clone();
            let Node::Leaf(leaf) = &mut other else { return None };
            let window = leaf.filter.as_mut()?.filters.iter_mut().find(|filter| filter.kind == super::filters::WINDOWS[0])?;
            window.data = serde_json::json!({"Past": 86_399.5});
            group.operands.push(other);
            Some(())
        });
}

/// A condition that needs no other, in a group if the source requires one.
fn single(
    source: &'static EventSource,
    u: &mut Unstructured<'_>,
    wanted: impl Fn(&ComparisonPath, &Form) -> bool,
) -> Option<Function> {
    let alone = |row: &ComparisonPath| matches!(row.company, Company::None | Company::Metric);
    let row = any_row(source, u, |row| alone(row) && row.forms.iter().any(|form| wanted(row, form)))?;
    let forms: Vec<usize> = (0..row.forms.len()).filter(|at| wanted(row, &row.forms[*at])).collect();
    let at = forms[pick(u, 0, forms.len() as u64 - 1) as usize];
    if source.bit == METRIC {
        let group = metric_group_of(source, 1, vec![(row, &row.forms[at..=at])], u);
        return Some(metric_rule(1, vec![group], u));
    }
    Some(function("OR", vec![Node::Leaf(leaf(row, &row.forms[at], source, u))]))
}

fn plain(source: &'static EventSource, u: &mut Unstructured<'_>) -> Option<Function> {
    single(source, u, |_, _| true)
}

fn numeric(source: &'static EventSource, u: &mut Unstructured<'_>) -> Option<Function> {
    single(source, u, |_, form| matches!(form.operands, Operands::Number(..) | Operands::Integer(..)))
}

fn needing_filter(source: &'static EventSource, u: &mut Unstructured<'_>) -> Option<Function> {
    single(source, u, |row, _| row.filters.iter().any(|(_, required)| *required))
}

/// A condition with a filter. Metrics have filters of their own in addition to those of the row.
fn filtered(source: &'static EventSource, u: &mut Unstructured<'_>) -> Option<Function> {
    if source.bit == METRIC { plain(source, u) } else { needing_filter(source, u) }
}

fn outside_metrics(source: &'static EventSource, u: &mut Unstructured<'_>) -> Option<Function> {
    (source.bit != METRIC).then(|| plain(source, u))?
}

fn on_metrics(source: &'static EventSource, u: &mut Unstructured<'_>) -> Option<Function> {
    (source.bit == METRIC).then(|| plain(source, u))?
}

fn row_of(leaf: &Leaf, source: &EventSource) -> Option<&'static ComparisonPath> {
    match super::paths::find(&leaf.path, Some(source)) {
        super::paths::Found::Row(row) => Some(row),
        _ => None,
    }
}

fn group(function: &mut Function) -> Option<&mut Group> {
    match function.root.operands.first_mut()? {
        Node::Group(group) => Some(group),
        _ => None,
    }
}

/// The first condition, in a group or not.
fn first(function: &mut Function) -> Option<&mut Leaf> {
    let node = match function.root.operands.first_mut()? {
        Node::Group(group) => group.operands.first_mut()?,
        other => other,
    };
    match node {
        Node::Leaf(leaf) => Some(leaf),
        _ => None,
    }
}

fn clause(function: &mut Function) -> Option<&mut FilterClause> {
    first(function)?.filter.as_mut()
}

fn add_filter(function: &mut Function, filter: Filter) -> Option<()> {
    first(function)?.filter.get_or_insert_with(|| FilterClause::of(Vec::new())).filters.push(filter);
    Some(())
}
