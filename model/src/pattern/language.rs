//! Translates the syntax of a pattern into the languages that strings are generated from.

use super::alphabet::Alphabet;
use super::charset::Partition;
use super::syntax::Node;
use super::term::{ANY, EMPTY, Id, Terms, VOID};

/// A language over a partitioned alphabet.
pub(super) struct Language {
    /// The classes of the alphabet.
    pub(super) partition: Partition,
    /// The terms.
    pub(super) terms: Terms,
    /// The term that the whole text must match.
    pub(super) root: Id,
}

/// The texts that the pattern matches from the first to the last character, if they also match the grammar. The error is
/// the obstacle.
pub(super) fn whole(node: &Node, grammar: Option<&Node>) -> Result<Language, String> {
    build(node, grammar, |scope, node| scope.followed_by(node, EMPTY))
}

/// The texts that do not match the pattern anywhere, if they match the grammar. The error is the obstacle.
pub(super) fn nowhere(node: &Node, grammar: Option<&Node>) -> Result<Language, String> {
    build(node, grammar, |scope, node| {
        let here = scope.followed_by(node, ANY)?;
        let somewhere = scope.terms.concat(ANY, here);
        Ok(scope.terms.not(somewhere))
    })
}

fn build(
    node: &Node,
    grammar: Option<&Node>,
    root: impl Fn(&mut Scope<'_>, &Node) -> Result<Id, String>,
) -> Result<Language, String> {
    let both = Node::Concat(std::iter::once(node).chain(grammar).cloned().collect());
    let alphabet = Alphabet::of(&both)?;
    let mut scope = Scope { terms: Terms::new(alphabet.partition.members.clone()), alphabet };
    let mut root = root(&mut scope, node)?;
    if let Some(grammar) = grammar {
        let held = scope.followed_by(grammar, EMPTY)?;
        root = scope.terms.and(vec![held, root]);
    }
    Ok(Language { partition: scope.alphabet.partition, terms: scope.terms, root })
}

struct Scope<'n> {
    terms: Terms,
    alphabet: Alphabet<'n>,
}

impl Scope<'_> {
    /// The rests of the text that start with `node` and continue with `rest`. The continuation is needed because a
    /// look-ahead applies to everything that follows it.
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
                // Optional: the continuation is known in both cases.
                (Err(_), Node::Repeat(node, 0, Some(1))) => {
                    let once = self.followed_by(node, rest)?;
                    Ok(self.terms.or(vec![once, rest]))
                }
                (Err(problem), _) => Err(problem),
            },
        }
    }

    /// The strings that a part matches, independent of the continuation. The error names a look-ahead in it.
    fn alone(&mut self, node: &Node) -> Result<Id, String> {
        Ok(match node {
            Node::Class(class) => match self.alphabet.index(class) {
                Some(index) => self.terms.set(index),
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
