//! Finds all problems of a function, each with its place, in one pass over the conditions.

use super::faults as fault;
use super::filters::{WINDOWS, filter_kind, is_dimension};
use super::model::{Filter, FilterClause, Function, Group, Leaf, Node, VERSION};
use super::operands::Wrong;
use super::paths::{BEGINNING, Company, ComparisonPath, END, FORM, Found, HISTORICAL, OPERATORS, find};
use super::read::{At, Report, read};
use crate::semantics::Problem;
use crate::semantics::problem::brief;
use crate::semantics::rule::sources::{EventSource, METRIC, event_source};

/// Maximum number of conditions in a rule.
pub const MOST_CONDITIONS: usize = 20;

/// Maximum number of groups in a metric rule.
pub(super) const MOST_GROUPS: usize = 2;

/// Maximum number of conditions in a group of a metric rule.
pub(super) const MOST_IN_GROUP: usize = 10;

/// All problems of a function for rules on an event source, or on any source if none is given. For undocumented event
/// sources only the form of conditions is checked. At most [`super::MOST_PROBLEMS`].
pub fn check(text: &str, source: Option<&str>) -> Vec<Problem> {
    let mut report = Report::default();
    if let Some(function) = read(text, &mut report) {
        let named = source.and_then(event_source).filter(|source| source.root.is_some());
        let on = match (source, named) {
            (None, _) => On::Any,
            (Some(_), Some(source)) => On::Source(source),
            (Some(_), None) => On::Undocumented,
        };
        Judge { on, report: &mut report }.function(&function);
    }
    report.problems
}

/// The event source of the rule.
#[derive(Clone, Copy)]
enum On {
    Any,
    Source(&'static EventSource),
    Undocumented,
}

struct Judge<'r> {
    on: On,
    report: &'r mut Report,
}

impl Judge<'_> {
    fn function(&mut self, function: &Function) {
        if function.version != VERSION {
            let message = format!("the version is {}; the only version is {VERSION}", brief(&function.version, 40));
            self.report.add(fault::VERSION, &At::Member(&At::Top, "Version"), &message);
        }
        let (root, at) = (&function.root, At::Member(&At::Top, "RuleFunction"));
        if !matches!(&*root.operator, "AND" | "OR") {
            let message = format!("the operator {} is not AND or OR", brief(&root.operator, 40));
            self.report.add(fault::ROOT_OPERATOR, &At::Member(&at, "Operator"), &message);
        }
        let conditions = root.conditions();
        if conditions > MOST_CONDITIONS {
            let message =
                format!("the rule has {conditions} conditions, the maximum is {MOST_CONDITIONS}; split the rule");
            self.report.add(fault::TOO_MANY, &at, &message);
        }
        let metric = self.is_metric(root);
        self.root_filter(root, metric, &at);
        let place = At::Member(&at, "Operands");
        if metric && root.operands.len() > MOST_GROUPS {
            let message = format!("the rule has {} groups, the maximum is {MOST_GROUPS}", root.operands.len());
            self.report.add(fault::METRIC_GROUPS, &place, &message);
        }
        let beside = Beside::of(root);
        for (index, node) in root.operands.iter().enumerate() {
            let at = At::Index(&place, index);
            match node {
                Node::Group(group) => self.group(group, metric, &at),
                Node::Leaf(leaf) => {
                    if metric {
                        let message = "a condition of a metric rule must be in a group; wrap it in AND";
                        self.report.add(fault::METRIC_LEAF, &at, message);
                    }
                    self.leaf(leaf, beside, &at);
                }
                Node::Unreadable => {}
            }
        }
    }

    fn is_metric(&self, root: &Group) -> bool {
        match self.on {
            On::Source(source) => source.bit == METRIC,
            On::Undocumented => false,
            On::Any => {
                let is_metric =
                    |node: &Node| matches!(node, Node::Leaf(leaf) if leaf.path.starts_with("$.MetricData."));
                root.operands.iter().any(|node| match node {
                    Node::Group(group) => group.operands.iter().any(is_metric),
                    other => is_metric(other),
                })
            }
        }
    }

    fn root_filter(&mut self, root: &Group, metric: bool, at: &At<'_>) {
        let at = At::Member(at, "FilterClause");
        let Some(clause) = &root.filter else {
            if metric {
                let message = "the root of a metric rule must have a grouping; add MetricDataGrouping";
                self.report.add(fault::METRIC_GROUPING, &at, message);
            }
            return;
        };
        self.logic(clause, &at);
        if metric {
            let groupings = clause.filters.iter().filter(|filter| filter.kind == "MetricDataGrouping").count();
            if groupings != 1 {
                let message = format!("exactly one MetricDataGrouping is required, found {groupings}");
                self.report.add(fault::METRIC_GROUPING, &at, &message);
            }
            let place = At::Member(&at, "Filters");
            for (index, filter) in clause.filters.iter().enumerate() {
                self.filter(filter, &["MetricDataGrouping"], &At::Index(&place, index));
            }
        } else if !matches!(self.on, On::Undocumented) {
            let message = "only metric rules have filters for the whole rule; move them to the conditions";
            self.report.add(fault::ROOT_FILTER, &at, message);
        }
    }

    fn group(&mut self, group: &Group, metric: bool, at: &At<'_>) {
        let place = At::Member(at, "Operands");
        if group.filter.is_some() && !matches!(self.on, On::Undocumented) {
            let message = "a group has no filters; move them to its conditions";
            self.report.add(fault::ROOT_FILTER, &At::Member(at, "FilterClause"), message);
        }
        if metric {
            self.metric_group(group, &place);
        }
        let beside = Beside::of(group);
        for (index, node) in group.operands.iter().enumerate() {
            let at = At::Index(&place, index);
            match node {
                Node::Group(inner) => {
                    let message = "a group cannot contain a group; use one level";
                    self.report.add(fault::NESTED, &at, message);
                    self.nested(inner, &at);
                }
                Node::Leaf(leaf) => self.leaf(leaf, beside, &at),
                Node::Unreadable => {}
            }
        }
    }

    /// Checks conditions in groups that are not allowed. The reader bounds the nesting.
    fn nested(&mut self, group: &Group, at: &At<'_>) {
        let place = At::Member(at, "Operands");
        let beside = Beside::of(group);
        for (index, node) in group.operands.iter().enumerate() {
            let at = At::Index(&place, index);
            match node {
                Node::Group(inner) => self.nested(inner, &at),
                Node::Leaf(leaf) => self.leaf(leaf, beside, &at),
                Node::Unreadable => {}
            }
        }
    }

    fn metric_group(&mut self, group: &Group, at: &At<'_>) {
        if group.operands.len() > MOST_IN_GROUP {
            let message = format!("the group has {} conditions, the maximum is {MOST_IN_GROUP}", group.operands.len());
            self.report.add(fault::METRIC_CONDITIONS, at, &message);
        }
        let mut first: Option<[Option<&Filter>; 2]> = None;
        for (index, node) in group.operands.iter().enumerate() {
            let Node::Leaf(leaf) = node else { continue };
            let at = At::Index(at, index);
            let filters = || leaf.filter.iter().flat_map(|clause| &clause.filters);
            let dimensions = filters().filter(|filter| is_dimension(&filter.kind)).count();
            if dimensions != 1 {
                let message = format!("exactly one filter for the dimension is required, found {dimensions}");
                self.report.add(fault::METRIC_DIMENSION, &at, &message);
                continue;
            }
            let own = [
                filters().find(|filter| is_dimension(&filter.kind)),
                filters().find(|filter| WINDOWS.contains(&&*filter.kind)),
            ];
            let [dimension, window] = *first.get_or_insert(own);
            if dimension != own[0] {
                let message = "the metrics of a group must have the same dimension; make the filters equal";
                self.report.add(fault::METRIC_MIXED, &at, message);
            } else if window != own[1] {
                let message = "the metrics of a group must have the same window, or none";
                self.report.add(fault::METRIC_WINDOWS, &at, message);
            }
        }
    }

    fn leaf(&mut self, leaf: &Leaf, beside: Beside, at: &At<'_>) {
        if let Some(clause) = &leaf.filter {
            self.logic(clause, &At::Member(at, "FilterClause"));
        }
        if !OPERATORS.contains(&&*leaf.operator) {
            let message = format!("{} is not one of {}", brief(&leaf.operator, 40), OPERATORS.join(", "));
            return self.report.add(fault::OPERATOR, &At::Member(at, "Operator"), &message);
        }
        let place = At::Member(at, "ComparisonValue");
        let shown = || brief(&leaf.path, 100);
        let source = match self.on {
            On::Undocumented => return,
            On::Source(source) => Some(source),
            On::Any => None,
        };
        let row = match find(&leaf.path, source) {
            Found::Row(row) => row,
            Found::Elsewhere(other) => {
                let message = format!("{} belongs to rules on {}", shown(), other.name);
                return self.report.add(fault::OTHER_SOURCE, &place, &message);
            }
            Found::Nowhere => {
                let message = format!("{} is not a comparison path", shown());
                return self.report.add(fault::UNKNOWN_PATH, &place, &message);
            }
        };
        self.operands(leaf, row, at);
        self.filters(leaf, row, at);
        self.company(row, beside, &place);
    }

    fn operands(&mut self, leaf: &Leaf, row: &ComparisonPath, at: &At<'_>) {
        let mut forms = row.forms.iter().filter(|form| form.operator == leaf.operator);
        let Some(form) = forms.next() else {
            let known: Vec<&str> = row.forms.iter().map(|form| form.operator).collect();
            let message = format!("{} takes {}, not {}", brief(&leaf.path, 80), known.join(" or "), leaf.operator);
            return self.report.add(fault::OPERATOR_FOR_PATH, &At::Member(at, "Operator"), &message);
        };
        let place = At::Member(at, "Operands");
        match form.operands.check(&leaf.operands) {
            None => {}
            Some(Wrong::Count(message)) => self.report.add(fault::COUNT, &place, &message),
            Some(Wrong::Type(index, wanted)) => {
                self.report.add(fault::TYPE, &At::Index(&place, index), &format!("the operand must be {wanted}"));
            }
            Some(Wrong::Word(index, words)) => {
                let message = format!("the operand must be one of {words}");
                self.report.add(fault::WORD, &At::Index(&place, index), &message);
            }
            Some(Wrong::Range(index, bounds)) => {
                self.report.add(fault::RANGE, &At::Index(&place, index), &format!("the operand must be {bounds}"));
            }
            Some(Wrong::Pattern(index, inner, why)) => {
                self.report.add(fault::PATTERN, &At::Index(&At::Index(&place, index), inner), why);
            }
        }
    }

    fn filters(&mut self, leaf: &Leaf, row: &ComparisonPath, at: &At<'_>) {
        let at = At::Member(at, "FilterClause");
        let present = leaf.filter.as_ref().map_or(&[][..], |clause| &clause.filters);
        let has = |name: &str| present.iter().any(|filter| filter.kind == name);
        for (name, _) in row.filters.iter().filter(|(name, required)| *required && !has(name)) {
            let message = format!("{} needs the filter {name}", brief(&leaf.path, 100));
            self.report.add(fault::MISSING_FILTER, &at, &message);
        }
        if HISTORICAL.contains(&row.suffix) && row.company == Company::Metric && !WINDOWS.iter().any(|name| has(name)) {
            let message = format!("{} needs the filter {}", brief(&leaf.path, 100), WINDOWS[0]);
            self.report.add(fault::MISSING_FILTER, &at, &message);
        }
        let place = At::Member(&at, "Filters");
        let allowed: Vec<&str> = row.filters.iter().map(|(name, _)| *name).collect();
        for (index, filter) in present.iter().enumerate() {
            let metric = row.company == Company::Metric;
            let own = metric && (is_dimension(&filter.kind) || WINDOWS.contains(&&*filter.kind));
            let allowed = if own { std::slice::from_ref(&filter.kind) } else { &[] }
                .iter()
                .map(|kind| &**kind)
                .chain(allowed.iter().copied())
                .collect::<Vec<_>>();
            self.filter(filter, &allowed, &At::Index(&place, index));
        }
    }

    fn filter(&mut self, filter: &Filter, allowed: &[&str], at: &At<'_>) {
        let Some(kind) = filter_kind(&filter.kind) else {
            let message = format!("the filter type {} does not exist", brief(&filter.kind, 60));
            return self.report.add(fault::UNKNOWN_FILTER, &At::Member(at, "Type"), &message);
        };
        if !allowed.contains(&kind.name) {
            let message = match allowed {
                [] => format!("{} is not allowed here; no filter is", kind.name),
                _ => format!("{} is not allowed here; allowed filters are {}", kind.name, allowed.join(", ")),
            };
            return self.report.add(fault::FILTER_NOT_ALLOWED, at, &message);
        }
        if let Err(message) = kind.data.check(&filter.data) {
            self.report.add(fault::FILTER_DATA, &At::Member(at, "Data"), &message);
        }
    }

    fn logic(&mut self, clause: &FilterClause, at: &At<'_>) {
        if clause.operator != "AND" {
            let message = format!("filters must be joined by AND, not by {}", brief(&clause.operator, 40));
            self.report.add(fault::LOGIC, &At::Member(at, "LogicOperator"), &message);
        }
    }

    fn company(&mut self, row: &ComparisonPath, company: Beside, at: &At<'_>) {
        match row.company {
            Company::None | Company::Metric => {}
            Company::OtherEnd => {
                let (other, is_there) =
                    if row.suffix == END { (BEGINNING, company.beginning) } else { (END, company.end) };
                if !is_there {
                    let message = format!("it must be in an AND group with {other}");
                    self.report.add(fault::OTHER_END, at, &message);
                }
            }
            Company::Form => {
                if !company.form_first {
                    let message = format!("it must be in an AND group that starts with {FORM}");
                    self.report.add(fault::FORM_FIRST, at, &message);
                }
            }
        }
    }
}

/// Facts about a group that its conditions depend on. Computed once, because a group can have any number of conditions.
#[derive(Clone, Copy, Default)]
struct Beside {
    beginning: bool,
    end: bool,
    form_first: bool,
}

impl Beside {
    /// Everything is false unless the group joins with AND.
    fn of(group: &Group) -> Self {
        if group.operator != "AND" {
            return Self::default();
        }
        let ends_with = |node: &Node, suffix: &str| matches!(node, Node::Leaf(leaf) if leaf.path.ends_with(suffix));
        let has = |suffix: &str| group.operands.iter().any(|node| ends_with(node, suffix));
        let form_first = group.operands.first().is_some_and(|node| ends_with(node, FORM));
        Self { beginning: has(BEGINNING), end: has(END), form_first }
    }
}
