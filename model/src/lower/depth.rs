//! Graph properties of shapes: least depth and size, recursion, and null in collections of documents.

use std::collections::VecDeque;

use super::Lowered;
use crate::schema::{Kind, Schema, Shape, ShapeId};

/// Marks collections of documents as sparse: null is a document.
pub(super) fn admit_null_documents(schema: &mut Schema) {
    let documents: Vec<bool> = schema.shapes.iter().map(|shape| matches!(shape.kind, Kind::Document)).collect();
    for shape in &mut schema.shapes {
        match &mut shape.kind {
            Kind::List(list) => list.sparse |= documents[list.member.target.0 as usize],
            Kind::Map(map) => map.sparse |= documents[map.value.target.0 as usize],
            _ => {}
        }
    }
}

/// Sets the least depth and size of every shape and marks recursive shapes. Neither computation recurses, since a model may be a
/// chain of thousands of shapes.
pub(super) fn measure_depth(schema: &mut Schema) -> Lowered<()> {
    let count = schema.shapes.len();
    // Number of targets without a known depth that a value needs: all of them for structures, one of them for unions.
    let mut missing = vec![0_usize; count];
    let mut dependents: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (at, shape) in schema.shapes.iter().enumerate() {
        let forced = shape.base.length.and_then(|bounds| bounds.min).unwrap_or(0) > 0;
        let needs: Vec<ShapeId> = match &shape.kind {
            Kind::Structure(members) => members.iter().filter(|m| m.required).map(|m| m.slot.target).collect(),
            Kind::Union(members) => members.iter().map(|m| m.slot.target).collect(),
            Kind::List(list) if forced => vec![list.member.target],
            Kind::Map(map) if forced => vec![map.value.target],
            _ => Vec::new(),
        };
        missing[at] = match &shape.kind {
            Kind::Union(_) => 1,
            _ => needs.len(),
        };
        for target in needs {
            dependents[target.0 as usize].push(at);
        }
    }
    // Breadth-first: a shape is one level deeper than the last target that it waited for.
    let mut depth = vec![0_u32; count];
    let mut values = vec![1_u64; count];
    let mut known: VecDeque<usize> = (0..count).filter(|at| missing[*at] == 0).collect();
    known.iter().for_each(|at| depth[*at] = 1);
    while let Some(at) = known.pop_front() {
        for dependent in &dependents[at] {
            if depth[*dependent] == 0 {
                missing[*dependent] -= 1;
                // A union needs the first of its targets only, and a list as many elements as it must have.
                let times = schema.shapes[*dependent].base.length.and_then(|bounds| bounds.min).unwrap_or(1).max(1);
                values[*dependent] = values[*dependent].saturating_add(values[at].saturating_mul(times));
                if missing[*dependent] == 0 {
                    depth[*dependent] = depth[at].saturating_add(1);
                    known.push_back(*dependent);
                }
            }
        }
    }
    let recursive = on_cycles(schema);
    for (((shape, depth), values), recursive) in schema.shapes.iter_mut().zip(depth).zip(values).zip(recursive) {
        if depth == 0 {
            return Err(format!("shape {} requires itself: no finite value satisfies it", shape.name));
        }
        shape.min_depth = depth;
        shape.min_values = values;
        shape.recursive = recursive;
    }
    Ok(())
}

/// Finds the shapes that can be reached from themselves: those in a strongly connected component of more than one shape,
/// and those with a reference to themselves (Tarjan's algorithm, without recursion).
fn on_cycles(schema: &Schema) -> Vec<bool> {
    const UNSEEN: usize = usize::MAX;
    let count = schema.shapes.len();
    let targets = |shape: &Shape| shape.kind.slots().into_iter().map(|slot| slot.target.0 as usize).collect();
    let edges: Vec<Vec<usize>> = schema.shapes.iter().map(targets).collect();
    let (mut order, mut low) = (vec![UNSEEN; count], vec![UNSEEN; count]);
    let (mut open, mut stack, mut seen) = (vec![false; count], Vec::new(), 0);
    let mut cyclic = vec![false; count];
    for root in 0..count {
        if order[root] != UNSEEN {
            continue;
        }
        let mut path = vec![(root, 0)];
        while let Some((at, edge)) = path.pop() {
            if edge == 0 {
                (order[at], low[at], open[at]) = (seen, seen, true);
                seen += 1;
                stack.push(at);
            } else {
                low[at] = low[at].min(low[edges[at][edge - 1]]);
            }
            let next = (edge..edges[at].len()).find(|next| {
                let target = edges[at][*next];
                if open[target] {
                    low[at] = low[at].min(order[target]);
                }
                order[target] == UNSEEN
            });
            if let Some(next) = next {
                path.push((at, next + 1));
                path.push((edges[at][next], 0));
                continue;
            }
            if low[at] == order[at] {
                let from = stack.iter().rposition(|shape| *shape == at).unwrap_or_default();
                let component = stack.split_off(from);
                let loops = component.len() > 1 || edges[at].contains(&at);
                for shape in component {
                    (open[shape], cyclic[shape]) = (false, loops);
                }
            }
        }
    }
    cyclic
}
