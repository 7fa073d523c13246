//! From the syntax of a pattern to the languages that strings are generated from.

use super::charset::{CharSet, Partition};
use super::class::Class;
use super::syntax::Node;
use super::term::{ANY, EMPTY, Id, Terms, VOID};

/// Patterns with more parts than this are matched, but not generated from.
const MAX_NODES: usize = 2000;

/// A language over a partitioned alphabet.
pub(super) struct Language {
    /// The classes of the alphabet.
    pub(super) partition: Partition,
    /// The terms.
    pub(super) terms: Terms,
    /// The term which the whole text must match.
    pub(super) root: Id,
}

/// The texts which the pattern matches from their first character to their last; the error says what stands in the way.
pub(super) fn whole(node: &Node) -> Result<Language, String> {
    build(node, |scope, node| scope.followed_by(node, EMPTY))
}

/// The texts in which the pattern is found nowhere; the error says what stands in the way.
pub(super) fn nowhere(node: &Node) -> Result<Language, String> {
    build(node, |scope, node| {
        let here = scope.followed_by(node, ANY)?;
        let somewhere = scope.terms.concat(ANY, here);
        Ok(scope.terms.not(somewhere))
    })
}

fn build(node: &Node, root: impl Fn(&mut Scope<'_>, &Node) -> Result<Id, String>) -> Result<Language, String> {
    let mut classes = Vec::new();
    let mut nodes = 0;
    collect(node, &mut classes, &mut nodes);
    if nodes > MAX_NODES {
        return Err(format!("more than {MAX_NODES} parts"));
    }
    // The whole alphabet comes first: `Terms` counts on it.
    let sets: Vec<CharSet> = std::iter::once(CharSet::all()).chain(classes.iter().map(|class| class.set())).collect();
    let partition = Partition::of(&sets).ok_or("too many different characters")?;
    let mut scope = Scope { terms: Terms::new(partition.members.clone()), classes };
    let root = root(&mut scope, node)?;
    Ok(Language { partition, terms: scope.terms, root })
}

fn collect<'n>(node: &'n Node, classes: &mut Vec<&'n Class>, nodes: &mut usize) {
    *nodes += 1;
    match node {
        Node::Class(class) if !classes.contains(&class) => classes.push(class),
        Node::Class(_) | Node::Start | Node::End => {}
        Node::Concat(parts) | Node::Alternate(parts) => parts.iter().for_each(|part| collect(part, classes, nodes)),
        Node::Repeat(node, ..) | Node::Look { node, .. } => collect(node, classes, nodes),
    }
}

struct Scope<'n> {
    terms: Terms,
    /// The classes of the pattern; each is the set one further on.
    classes: Vec<&'n Class>,
}

impl Scope<'_> {
    /// The rests of the text that `node` begins and `rest` ends. A look-ahead speaks of all that follows it, so what
    /// follows has to be known where it stands.
    fn followed_by(&mut self, node: &Node, rest: Id) -> Result<Id, String> {
        match node {
            Node::Concat(parts) => parts.iter().rev().try_fold(rest, |rest, part| self.followed_by(part, rest)),
            Node::Alternate(branches) => {
                let branches = branches.iter().map(|branch| self.followed_by(branch, rest));
                let branches = branches.collect::<Result<Vec<_>, _>>()?;
                Ok(self.terms.or(branches))
            }
            Node::Look { node, negative } => {
                let ahead = self.followed_by(node, ANY)?;
                let ahead = if *negative { self.terms.not(ahead) } else { ahead };
                Ok(self.terms.and(vec![ahead, rest]))
            }
            Node::Class(_) | Node::Start | Node::End | Node::Repeat(..) => match (self.alone(node), node) {
                (Ok(head), _) => Ok(self.terms.concat(head, rest)),
                // Once or not at all: what follows is known in either case.
                (Err(_), Node::Repeat(node, 0, Some(1))) => {
                    let once = self.followed_by(node, rest)?;
                    Ok(self.terms.or(vec![once, rest]))
                }
                (Err(problem), _) => Err(problem),
            },
        }
    }

    /// The strings a part matches, whatever follows; the error names a look-ahead in it.
    fn alone(&mut self, node: &Node) -> Result<Id, String> {
        Ok(match node {
            Node::Class(class) => match self.classes.iter().position(|known| *known == class) {
                Some(index) => self.terms.set(index + 1),
                None => VOID,
            },
            Node::Start => self.terms.start(),
            Node::End => self.terms.end(),
            Node::Concat(parts) => {
                let mut rest = EMPTY;
                for part in parts.iter().rev() {
                    let head = self.alone(part)?;
                    rest = self.terms.concat(head, rest);
                }
                rest
            }
            Node::Alternate(branches) => {
                let branches = branches.iter().map(|branch| self.alone(branch)).collect::<Result<Vec<_>, _>>()?;
                self.terms.or(branches)
            }
            Node::Repeat(node, min, max) => {
                let node = self.alone(node)?;
                self.terms.repeat(node, *min, *max)
            }
            Node::Look { .. } => return Err("a look-ahead within a repetition".to_owned()),
        })
    }
}
