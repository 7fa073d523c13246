//! Routing: method and path to an operation.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use super::escape;
use crate::schema::{OperationId, Schema, Segment, Uri};

/// An operation and the labels of the request path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The operation.
    pub operation: OperationId,
    /// Name and decoded text of every label, in path order.
    pub labels: Vec<(String, String)>,
}

/// No operation matches.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// No operation has this path.
    #[error("no operation has the path {path}")]
    UnknownPath {
        /// Path of the request.
        path: String,
    },
    /// The path exists, but not for this method.
    #[error("the path exists for {} only", allowed.join(", "))]
    MethodNotAllowed {
        /// Methods of the path, sorted.
        allowed: Vec<String>,
    },
    /// A percent escape is broken, or the result is not UTF-8.
    #[error("{text:?} is not percent-encoded UTF-8")]
    BadEscape {
        /// Segment of the request path.
        text: String,
    },
}

/// Index of operations by method and path: a tree of path segments. The most specific path wins (a literal before a
/// label, a label before a greedy label, query literals before none). A trailing slash is ignored.
#[derive(Debug)]
pub struct Router<'s> {
    schema: &'s Schema,
    nodes: Vec<Node<'s>>,
}

#[derive(Debug, Default)]
struct Node<'s> {
    literals: HashMap<&'s str, usize>,
    label: Option<usize>,
    /// Operations whose path has a greedy label here; the segments after it are compared from the end.
    greedy: Vec<OperationId>,
    /// Operations whose path ends here, sorted by number of query literals, most first.
    ends: Vec<OperationId>,
}

impl<'s> Router<'s> {
    /// Indexes the operations of a schema.
    pub fn new(schema: &'s Schema) -> Self {
        let mut this = Self { schema, nodes: vec![Node::default()] };
        for (id, operation) in schema.operations() {
            this.add(id, &operation.uri);
        }
        for node in &mut this.nodes {
            let literals = |id: &OperationId| schema[*id].uri.query.len();
            let tail = |id: &OperationId| schema[*id].uri.segments.len();
            node.ends.sort_by_key(|id| Reverse(literals(id)));
            node.greedy.sort_by_key(|id| Reverse((tail(id), literals(id))));
        }
        this
    }

    fn add(&mut self, id: OperationId, uri: &'s Uri) {
        let mut at = 0;
        for segment in &uri.segments {
            let fresh = self.nodes.len();
            let next = match segment {
                Segment::Literal(text) => *self.nodes[at].literals.entry(text).or_insert(fresh),
                Segment::Label(_) => *self.nodes[at].label.get_or_insert(fresh),
                Segment::Greedy(_) => return self.nodes[at].greedy.push(id),
            };
            if next == fresh {
                self.nodes.push(Node::default());
            }
            at = next;
        }
        self.nodes[at].ends.push(id);
    }

    /// Returns the indexed schema.
    pub fn schema(&self) -> &'s Schema {
        self.schema
    }

    /// Finds the operation for a method and a URI, which is path and query as received.
    pub fn route(&self, method: &str, uri: &str) -> Result<Route, RouteError> {
        let path = uri.split(['?', '#']).next().unwrap_or_default();
        let unknown = || RouteError::UnknownPath { path: path.to_owned() };
        let mut parts: Vec<&str> = path.strip_prefix('/').ok_or_else(unknown)?.split('/').collect();
        let trailing_slash = parts.pop_if(|part| part.is_empty()).is_some();
        let mut segments = Vec::with_capacity(parts.len());
        for part in parts {
            segments.push(escape::unescaped(part).ok_or_else(|| RouteError::BadEscape { text: part.to_owned() })?);
        }
        let mut search =
            Search { router: self, method, uri, segments: &segments, pairs: None, allowed: BTreeSet::new() };
        if let Some(operation) = search.find(0, 0) {
            let uri = &self.schema[operation].uri;
            let mut labels = labels(uri, &segments);
            if let (true, Some(Segment::Greedy(_)), Some((_, text))) =
                (trailing_slash, uri.segments.last(), labels.last_mut())
            {
                // The trailing slash is part of a greedy label at the end.
                text.push('/');
            }
            return Ok(Route { operation, labels });
        }
        if search.allowed.is_empty() {
            return Err(unknown());
        }
        Err(RouteError::MethodNotAllowed { allowed: search.allowed.into_iter().map(str::to_owned).collect() })
    }
}

/// A search in the tree; it visits every node at most once.
struct Search<'r, 's> {
    router: &'r Router<'s>,
    method: &'r str,
    uri: &'r str,
    segments: &'r [Cow<'r, str>],
    /// Decoded query; decoded on first use.
    pairs: Option<Vec<(String, String)>>,
    /// Methods of the operations that match except for their method.
    allowed: BTreeSet<&'r str>,
}

impl<'r> Search<'r, '_> {
    fn find(&mut self, node: usize, depth: usize) -> Option<OperationId> {
        let node = &self.router.nodes[node];
        let Some(segment) = self.segments.get(depth) else { return self.pick(node.ends.iter()) };
        let literal = node.literals.get(segment.as_ref()).copied();
        let label = node.label.filter(|_| !segment.is_empty());
        for next in [literal, label].into_iter().flatten() {
            if let Some(found) = self.find(next, depth + 1) {
                return Some(found);
            }
        }
        let segments = self.segments;
        let schema = self.router.schema;
        let fits = |id: &&OperationId| greedy_fits(&schema[**id].uri.segments, segments, depth);
        self.pick(node.greedy.iter().filter(fits))
    }

    fn pick(&mut self, candidates: impl Iterator<Item = &'r OperationId>) -> Option<OperationId> {
        let schema = self.router.schema;
        for id in candidates {
            let operation = &schema[*id];
            if !self.query_fits(&operation.uri) {
                continue;
            }
            if operation.method == self.method {
                return Some(*id);
            }
            self.allowed.insert(&operation.method);
        }
        None
    }

    fn query_fits(&mut self, uri: &Uri) -> bool {
        if uri.query.is_empty() {
            return true;
        }
        // Parts that cannot be decoded are not literals; decoding the request will report them.
        let text = self.uri;
        let pairs = self.pairs.get_or_insert_with(|| escape::query_pairs(text).flatten().collect());
        uri.query.iter().all(|literal| pairs.contains(literal))
    }
}

/// Returns true if the segments from a greedy label at `at` match: at least one for the label, then the template's tail.
fn greedy_fits(template: &[Segment], segments: &[Cow<'_, str>], at: usize) -> bool {
    let tail = &template[at + 1..];
    let Some(split) = segments.len().checked_sub(tail.len()).filter(|split| *split > at) else { return false };
    segments[at..split].iter().any(|segment| !segment.is_empty())
        && tail.iter().zip(&segments[split..]).all(|(segment, text)| match segment {
            Segment::Literal(literal) => literal == text,
            Segment::Label(_) | Segment::Greedy(_) => !text.is_empty(),
        })
}

fn labels(uri: &Uri, segments: &[Cow<'_, str>]) -> Vec<(String, String)> {
    let mut labels = Vec::new();
    let mut at = 0;
    for (index, segment) in uri.segments.iter().enumerate() {
        let end = match segment {
            Segment::Greedy(_) => segments.len() - (uri.segments.len() - index - 1),
            _ => at + 1,
        };
        if let Segment::Label(name) | Segment::Greedy(name) = segment {
            labels.push((name.clone(), segments[at..end].join("/")));
        }
        at = end;
    }
    labels
}
