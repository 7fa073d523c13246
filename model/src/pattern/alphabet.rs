//! The alphabet of a pattern: characters that none of its classes distinguishes count as one.

use super::charset::{CharSet, Partition};
use super::class::Class;
use super::syntax::Node;

/// Maximum number of parts of a pattern that has an alphabet.
const MAX_NODES: usize = 2000;

/// The classes of a pattern, and the partition of all characters by them.
pub(super) struct Alphabet<'n> {
    /// The partition. Its first set is that of all characters.
    pub(super) partition: Partition,
    /// The classes. The set of each has the next higher index.
    classes: Vec<&'n Class>,
}

impl<'n> Alphabet<'n> {
    /// The alphabet of a pattern. The error says what the pattern has too much of.
    pub(super) fn of(node: &'n Node) -> Result<Alphabet<'n>, String> {
        let (mut classes, mut nodes) = (Vec::new(), 0);
        collect(node, &mut classes, &mut nodes);
        if nodes > MAX_NODES {
            return Err(format!("more than {MAX_NODES} parts"));
        }
        let sets = std::iter::once(CharSet::all()).chain(classes.iter().map(|class| class.set()));
        let partition = Partition::of(&sets.collect::<Vec<_>>()).ok_or("too many different characters")?;
        Ok(Alphabet { partition, classes })
    }

    /// The letters of a class of the pattern, see [`letter`].
    pub(super) fn letters(&self, class: &Class) -> CharSet {
        let members = self.index(class).into_iter().flat_map(|index| &self.partition.members[index]).enumerate();
        let letters = members.filter(|(_, belongs)| **belongs).map(|(part, _)| u32::from(letter(part)));
        CharSet::of(letters.map(|letter| (letter, letter)))
    }

    /// The index of the set of a class of the pattern.
    pub(super) fn index(&self, class: &Class) -> Option<usize> {
        self.classes.iter().position(|known| *known == class).map(|position| position + 1)
    }
}

/// The letter that stands for all characters of a class of the partition. Partitions have at most a thousand classes, so
/// that each number is a character.
pub(super) fn letter(class: usize) -> char {
    u32::try_from(class).ok().and_then(char::from_u32).unwrap_or_default()
}

fn collect<'n>(node: &'n Node, classes: &mut Vec<&'n Class>, nodes: &mut usize) {
    *nodes += 1;
    match node {
        _ if *nodes > MAX_NODES => {}
        Node::Class(class) if !classes.contains(&class) => classes.push(class),
        Node::Class(_) | Node::Start | Node::End => {}
        Node::Concat(parts) | Node::Alternate(parts) => parts.iter().for_each(|part| collect(part, classes, nodes)),
        Node::Repeat(node, ..) | Node::Look { node, .. } => collect(node, classes, nodes),
    }
}
