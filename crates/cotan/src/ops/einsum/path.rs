//! The order in which operands of an index sum are multiplied.
//!
//! Each step takes the pair that frees most elements (Smith, Gray, "opt_einsum", 2018). For few operands the cheapest
//! order is found as well, by dynamic programming over sets of operands (Pfeifer, Haegeman, Verstraete, "Faster
//! identification of optimal contraction sequences for tensor networks", 2014), and taken where it saves a lot. The cost
//! of an order is what all of its products cost together.

use super::notation::{Set, Subscripts, set};

/// Up to this many operands every order is considered: 3^8 pairs of sets.
const FEW: usize = 8;
/// How many times cheaper the cheapest order must be than the greedy one, which is the order that NumPy and MLX report.
const WORTHWHILE: f64 = 2.0;

/// An order of products: at each step, the places of the operands that are multiplied. They leave the list, and their
/// product joins its end.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Path {
    pub steps: Vec<Vec<usize>>,
    /// Multiplications and additions of all steps.
    pub cost: f64,
    /// The most indices that a step runs over.
    pub scaling: u32,
}

/// How large things over given indices are.
pub(super) struct Sizes<'a>(pub &'a [usize]);

impl Sizes<'_> {
    /// The number of elements over a set of indices.
    pub fn count(&self, indices: Set) -> f64 {
        (0..self.0.len()).filter(|index| indices & 1 << index != 0).map(|index| self.0[index] as f64).product()
    }

    /// Multiplications and additions of a product of `operands` over `all` indices, of which `kept` stay.
    pub fn cost(&self, operands: usize, all: Set, kept: Set) -> f64 {
        let additions = f64::from(u8::from(all & !kept != 0));
        self.count(all) * (operands.saturating_sub(1).max(1) as f64 + additions)
    }
}

/// The order for the operands of some subscripts.
pub(super) fn find(subscripts: &Subscripts) -> Path {
    let terms: Vec<Set> = subscripts.inputs.iter().map(|indices| set(indices)).collect();
    let (output, sizes) = (set(&subscripts.output), Sizes(&subscripts.sizes));
    if terms.len() <= 2 {
        let all = terms.iter().fold(0, |all, term| all | term);
        let steps = if terms.is_empty() { vec![] } else { vec![(0..terms.len()).collect()] };
        return Path { steps, cost: sizes.cost(terms.len(), all, output), scaling: all.count_ones() };
    }
    let greedy = greedy(&terms, output, &sizes);
    if terms.len() > FEW {
        return greedy;
    }
    let best = cheapest(&terms, output, &sizes);
    if best.cost < greedy.cost / WORTHWHILE { best } else { greedy }
}

/// What remains of the indices of some operands when all others are still to come.
fn remaining(own: Set, others: impl Iterator<Item = Set>, output: Set) -> Set {
    own & others.fold(output, |all, term| all | term)
}

fn without(terms: &[Set], pair: [usize; 2]) -> impl Iterator<Item = Set> {
    terms.iter().enumerate().filter(move |(at, _)| !pair.contains(at)).map(|(_, &term)| term)
}

/// At each step the pair of operands that frees most elements, then the cheapest, then the first found.
fn greedy(terms: &[Set], output: Set, sizes: &Sizes) -> Path {
    let mut terms = terms.to_vec();
    let mut path = Path { steps: Vec::new(), cost: 0.0, scaling: 0 };
    // Pairs keep the order in which they became possible, which settles ties.
    let mut pairs: Vec<[usize; 2]> = all_pairs(terms.len());
    while terms.len() > 1 {
        let meeting = pairs.iter().filter(|[a, b]| terms[*a] & terms[*b] != 0);
        let mut candidates: Vec<[usize; 2]> = meeting.copied().collect();
        if candidates.is_empty() {
            candidates.clone_from(&pairs);
        }
        let mut best: Option<([usize; 2], Set, f64, f64)> = None;
        for pair @ [a, b] in candidates {
            let all = terms[a] | terms[b];
            let kept = remaining(all, without(&terms, pair), output);
            let freed = sizes.count(terms[a]) + sizes.count(terms[b]) - sizes.count(kept);
            let cost = sizes.cost(2, all, kept);
            if best.is_none_or(|(.., most, least)| freed > most || (freed == most && cost < least)) {
                best = Some((pair, kept, freed, cost));
            }
        }
        let Some((pair, kept, _, cost)) = best else { break };
        path.cost += cost;
        path.scaling = path.scaling.max((terms[pair[0]] | terms[pair[1]]).count_ones());
        path.steps.push(pair.to_vec());
        terms = without(&terms, pair).chain([kept]).collect();
        let last = terms.len() - 1;
        pairs.retain(|other| !other.iter().any(|at| pair.contains(at)));
        for place in pairs.iter_mut().flatten() {
            *place -= pair.iter().filter(|&&gone| gone < *place).count();
        }
        pairs.extend((0..last).map(|at| [at, last]));
    }
    path
}

fn all_pairs(count: usize) -> Vec<[usize; 2]> {
    (0..count).flat_map(|a| (a + 1..count).map(move |b| [a, b])).collect()
}

/// The cheapest way to multiply a set of operands.
#[derive(Clone, Copy)]
struct Tree {
    cost: f64,
    scaling: u32,
    /// The operands of the left factor; none for a single operand.
    left: usize,
}

/// The cheapest order of all.
fn cheapest(terms: &[Set], output: Set, sizes: &Sizes) -> Path {
    let whole = (1usize << terms.len()) - 1;
    let of = |group: usize| terms.iter().enumerate().filter(move |(at, _)| group & 1 << at != 0).map(|(_, &term)| term);
    let union = |group: usize| of(group).fold(0, |all, term| all | term);
    let kept: Vec<Set> =
        (0..=whole)
            .map(|group| {
                if group.count_ones() == 1 { union(group) } else { remaining(union(group), of(whole & !group), output) }
            })
            .collect();
    let mut trees = vec![Tree { cost: 0.0, scaling: 0, left: 0 }; whole + 1];
    for group in (1..=whole).filter(|group| group.count_ones() > 1) {
        let mut best = Tree { cost: f64::INFINITY, scaling: u32::MAX, left: group & group.wrapping_neg() };
        let mut left = (group - 1) & group;
        while left > 0 {
            let right = group & !left;
            // Each pair of factors once.
            if left < right {
                let all = kept[left] | kept[right];
                let cost = trees[left].cost + trees[right].cost + sizes.cost(2, all, kept[group]);
                let scaling = trees[left].scaling.max(trees[right].scaling).max(all.count_ones());
                if (cost, scaling) < (best.cost, best.scaling) {
                    best = Tree { cost, scaling, left };
                }
            }
            left = (left - 1) & group;
        }
        trees[group] = best;
    }
    Path { steps: steps(&trees, whole, terms.len()), cost: trees[whole].cost, scaling: trees[whole].scaling }
}

/// The products of a tree in an order in which factors come before what they make.
fn steps(trees: &[Tree], whole: usize, count: usize) -> Vec<Vec<usize>> {
    let (mut order, mut stack) = (Vec::new(), vec![whole]);
    while let Some(group) = stack.pop() {
        if group.count_ones() > 1 {
            let left = trees[group].left;
            order.push([left, group & !left]);
            stack.extend([left, group & !left]);
        }
    }
    let mut list: Vec<usize> = (0..count).map(|at| 1 << at).collect();
    let mut steps = Vec::new();
    for pair in order.into_iter().rev() {
        let mut places: Vec<usize> = (0..list.len()).filter(|&at| pair.contains(&list[at])).collect();
        places.sort_unstable();
        list.retain(|group| !pair.contains(group));
        list.push(pair[0] | pair[1]);
        steps.push(places);
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Array;

    fn path(text: &str, shapes: &[&[usize]]) -> Path {
        let operands: Vec<Array> = shapes.iter().map(|shape| crate::ops::zeros(shape, crate::DType::F32)).collect();
        find(&Subscripts::new(text, &operands).unwrap())
    }

    #[test]
    fn each_step_frees_most_elements() {
        let found = path("ij,jk,kl->il", &[&[2, 3], &[3, 4], &[4, 5]]);
        assert_eq!((found.steps, found.cost), (vec![vec![1, 2], vec![0, 1]], 180.0));
    }

    #[test]
    fn the_cheapest_order_is_taken_where_the_greedy_one_costs_far_more() {
        let found = path("ij,jk,kl->il", &[&[1, 30], &[30, 40], &[40, 50]]);
        assert_eq!((found.steps, found.cost), (vec![vec![0, 1], vec![0, 1]], 2.0 * (30.0 * 40.0 + 40.0 * 50.0)));
    }

    #[test]
    fn many_operands_are_ordered_quickly() {
        let text: Vec<String> = (0..40u8)
            .map(|i| {
                let letter = |i: u8| char::from(if i < 26 { b'a' + i } else { b'A' + i - 26 });
                format!("{}{}", letter(i), letter(i + 1))
            })
            .collect();
        let shapes = vec![&[2usize, 2][..]; 40];
        assert_eq!(path(&text.join(","), &shapes).steps.len(), 39);
    }
}
