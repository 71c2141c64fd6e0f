//! Places boxes in layers and routes links between them.
//!
//! The layered method of Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system structures"
//! (1981): assign layers, order each layer by barycentres, then choose coordinates.

use std::collections::hash_map::Entry;

use rustc_hash::FxHashMap;

/// Where a box may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pin {
    Free,
    /// The first layer.
    Top,
    /// The last layer.
    Bottom,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    pub width: f64,
    pub height: f64,
    pub pin: Pin,
}

/// A link from the bottom of one block to the top of a later one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    pub from: usize,
    pub to: usize,
    /// Distances of the ends from the middles of their blocks.
    pub from_x: f64,
    pub to_x: f64,
}

pub(super) type Point = (f64, f64);

#[derive(Clone, Debug, Default)]
pub(super) struct Placed {
    /// Left upper corner of each block.
    pub corners: Vec<Point>,
    /// Points of each link from its start on; between an even and the next odd one it runs straight.
    pub routes: Vec<Vec<Point>>,
    pub width: f64,
    pub height: f64,
}

const GAP_X: f64 = 22.0;
const GAP_Y: f64 = 30.0;
/// Width that a passing link takes.
const LANE: f64 = 6.0;
const SWEEPS: usize = 12;

/// A block, or a passing link, in its layer.
struct Item {
    layer: usize,
    width: f64,
    above: Vec<End>,
    below: Vec<End>,
    is_lane: bool,
}

/// A piece of a link, as seen from one of its ends.
#[derive(Clone, Copy)]
struct End {
    other: usize,
    /// Distances of its ends from the middles of this item and of the other.
    here: f64,
    there: f64,
}

/// Places blocks, of which links lead from earlier to later ones.
pub(super) fn place(blocks: &[Block], links: &[Link]) -> Placed {
    let layers = layers(blocks, links);
    let (items, chains) = items(blocks, links, &layers);
    let mut rows: Vec<Vec<usize>> = vec![Vec::new(); layers.iter().max().map_or(0, |last| last + 1)];
    items.iter().enumerate().for_each(|(index, item)| rows[item.layer].push(index));
    order(&items, &mut rows);
    let x = coordinates(&items, &rows);
    finish(blocks, links, &layers, &items, &chains, &x)
}

/// The longest way from the first layer to each block; then blocks move down to their readers, as far as they go.
fn layers(blocks: &[Block], links: &[Link]) -> Vec<usize> {
    let first = usize::from(blocks.iter().any(|block| block.pin == Pin::Top));
    let mut layer: Vec<usize> = blocks.iter().map(|block| if block.pin == Pin::Top { 0 } else { first }).collect();
    let mut links: Vec<&Link> = links.iter().collect();
    links.sort_by_key(|link| link.to);
    for link in &links {
        layer[link.to] = layer[link.to].max(layer[link.from] + 1);
    }
    let free = blocks.iter().zip(&layer).filter(|(block, _)| block.pin != Pin::Bottom);
    let last = free.map(|(_, layer)| layer + 1).max().unwrap_or(0);
    blocks.iter().zip(&mut layer).filter(|(block, _)| block.pin == Pin::Bottom).for_each(|(_, layer)| *layer = last);
    links.sort_by_key(|link| std::cmp::Reverse(link.from));
    for readers in links.chunk_by(|a, b| a.from == b.from) {
        let block = readers[0].from;
        if blocks[block].pin == Pin::Free {
            // Ports at the lower edge come after everything: a result needn't wait for them.
            let above = readers.iter().filter(|link| blocks[link.to].pin == Pin::Free).map(|link| layer[link.to] - 1);
            layer[block] = above.min().unwrap_or(layer[block]);
        }
    }
    layer
}

/// Blocks and lanes with their neighbours, and the items that each link passes.
fn items(blocks: &[Block], links: &[Link], layers: &[usize]) -> (Vec<Item>, Vec<Vec<usize>>) {
    let new = |layer, width, is_lane| Item { layer, width, above: Vec::new(), below: Vec::new(), is_lane };
    let mut items: Vec<Item> = blocks.iter().zip(layers).map(|(b, &layer)| new(layer, b.width, false)).collect();
    // Links that leave a block at one point share their lanes.
    let mut lanes: FxHashMap<(usize, u64, usize), usize> = FxHashMap::default();
    let mut chains = Vec::with_capacity(links.len());
    for link in links {
        let (mut last, mut offset) = (link.from, link.from_x);
        let mut chain = vec![last];
        for layer in layers[link.from] + 1..layers[link.to] {
            let next = match lanes.entry((link.from, link.from_x.to_bits(), layer)) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(place) => {
                    items.push(new(layer, LANE, true));
                    let lane = *place.insert(items.len() - 1);
                    join(&mut items, (last, offset), (lane, 0.0));
                    lane
                }
            };
            (last, offset) = (next, 0.0);
            chain.push(last);
        }
        join(&mut items, (last, offset), (link.to, link.to_x));
        chain.push(link.to);
        chains.push(chain);
    }
    (items, chains)
}

fn join(items: &mut [Item], upper: (usize, f64), lower: (usize, f64)) {
    items[upper.0].below.push(End { other: lower.0, here: upper.1, there: lower.1 });
    items[lower.0].above.push(End { other: upper.0, here: lower.1, there: upper.1 });
}

/// Orders each layer so that few links cross.
fn order(items: &[Item], rows: &mut Vec<Vec<usize>>) {
    let mut best = rows.clone();
    let mut fewest = crossings(items, rows);
    let mut place = vec![0.0; items.len()];
    rows.iter().for_each(|row| row.iter().enumerate().for_each(|(position, &item)| place[item] = position as f64));
    for sweep in 0..SWEEPS {
        if fewest == 0 {
            break;
        }
        let down = sweep % 2 == 0;
        let count = rows.len();
        for step in 0..count {
            let row = &mut rows[if down { step } else { count - 1 - step }];
            let key = |item: usize| -> f64 {
                let neighbours = if down { &items[item].above } else { &items[item].below };
                if neighbours.is_empty() {
                    return place[item];
                }
                let points = neighbours.iter().map(|end| place[end.other] + fraction(items, end.other, end.there));
                points.sum::<f64>() / neighbours.len() as f64
            };
            if step > 0 {
                let mut keyed: Vec<(f64, usize)> = row.iter().map(|&item| (key(item), item)).collect();
                keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
                *row = keyed.into_iter().map(|(_, item)| item).collect();
            }
            row.iter().enumerate().for_each(|(position, &item)| place[item] = position as f64);
        }
        let now = crossings(items, rows);
        if now < fewest {
            fewest = now;
            best.clone_from(rows);
        }
    }
    *rows = best;
}

/// Where in its item a link ends, from -0.5 to 0.5.
fn fraction(items: &[Item], item: usize, x: f64) -> f64 {
    (x / items[item].width.max(LANE)).clamp(-0.5, 0.5)
}

/// How many pairs of links cross.
fn crossings(items: &[Item], rows: &[Vec<usize>]) -> usize {
    let mut place = vec![0.0; items.len()];
    rows.iter().for_each(|row| row.iter().enumerate().for_each(|(position, &item)| place[item] = position as f64));
    let mut total = 0;
    for row in rows {
        let mut ends: Vec<(f64, f64)> = Vec::new();
        for &item in row {
            let point = |end: &End| (end.here, place[end.other] + fraction(items, end.other, end.there));
            let start = ends.len();
            ends.extend(items[item].below.iter().map(point));
            ends[start..].sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        }
        total += inversions(&mut ends.into_iter().map(|(_, end)| end).collect::<Vec<f64>>());
    }
    total
}

/// Pairs in the wrong order, counted while sorting by bottom-up merges.
fn inversions(values: &mut [f64]) -> usize {
    let (mut count, mut width, mut merged) = (0, 1, Vec::with_capacity(values.len()));
    while width < values.len() {
        for chunk in values.chunks_mut(2 * width) {
            let (left, right) = chunk.split_at(width.min(chunk.len()));
            let (mut i, mut j) = (0, 0);
            merged.clear();
            while i < left.len() || j < right.len() {
                if j == right.len() || (i < left.len() && left[i] <= right[j]) {
                    merged.push(left[i]);
                    i += 1;
                } else {
                    count += left.len() - i;
                    merged.push(right[j]);
                    j += 1;
                }
            }
            chunk.copy_from_slice(&merged);
        }
        width *= 2;
    }
    count
}

/// Middles of the items: near those of their neighbours, in the order of their layer.
fn coordinates(items: &[Item], rows: &[Vec<usize>]) -> Vec<f64> {
    let mut x = vec![0.0; items.len()];
    for row in rows {
        let width: f64 = row.iter().map(|&item| items[item].width + GAP_X).sum();
        let mut left = -width / 2.0;
        for &item in row {
            x[item] = left + items[item].width / 2.0;
            left += items[item].width + GAP_X;
        }
    }
    for sweep in 0..4 * SWEEPS {
        let both = sweep >= 2 * SWEEPS;
        let down = sweep % 2 == 0;
        for step in 0..rows.len() {
            let row = &rows[if down { step } else { rows.len() - 1 - step }];
            let wishes: Vec<(f64, f64)> = row.iter().map(|&item| wish(items, &x, item, down, both)).collect();
            let pairs = row.windows(2).map(|pair| distance(&items[pair[0]], &items[pair[1]]));
            let settled = settle(&wishes, pairs.collect());
            row.iter().zip(settled).for_each(|(&item, place)| x[item] = place);
        }
    }
    x
}

/// Where an item would like to be, and how much.
fn wish(items: &[Item], x: &[f64], item: usize, down: bool, both: bool) -> (f64, f64) {
    let this = &items[item];
    let above = this.above.iter().filter(|_| down || both);
    let below = this.below.iter().filter(|_| !down || both);
    let (mut sum, mut weight) = (0.01 * x[item], 0.01);
    for end in above.chain(below) {
        let other = &items[end.other];
        // Long links are straight first, and inputs stand beside the way from call to call.
        let strength = match (this.is_lane, other.is_lane) {
            (true, true) => 16.0,
            (true, false) | (false, true) => 2.0,
            (false, false) if other.above.is_empty() && other.below.len() == 1 => 0.1,
            (false, false) => 1.0,
        };
        sum += strength * (x[end.other] + end.there - end.here);
        weight += strength;
    }
    (sum / weight, weight)
}

fn distance(left: &Item, right: &Item) -> f64 {
    let gap = if left.is_lane && right.is_lane { GAP_X / 2.0 } else { GAP_X };
    (left.width + right.width) / 2.0 + gap
}

/// The places nearest to the wishes, in weighted least squares, that keep the distances: by pooling adjacent violators.
fn settle(wishes: &[(f64, f64)], distances: Vec<f64>) -> Vec<f64> {
    let mut starts = vec![0.0; wishes.len()];
    for (index, distance) in distances.into_iter().enumerate() {
        starts[index + 1] = starts[index] + distance;
    }
    // Pools of neighbours that touch: the mean of their wishes, its weight, and how many they are.
    let mut pools: Vec<(f64, f64, usize)> = Vec::new();
    for (&(place, weight), start) in wishes.iter().zip(&starts) {
        let mut pool = (place - start, weight, 1);
        while let Some(&(mean, mass, count)) = pools.last()
            && mean >= pool.0
        {
            pools.pop();
            pool = ((mean * mass + pool.0 * pool.1) / (mass + pool.1), mass + pool.1, count + pool.2);
        }
        pools.push(pool);
    }
    let means = pools.into_iter().flat_map(|(mean, _, count)| std::iter::repeat_n(mean, count));
    means.zip(starts).map(|(mean, start)| mean + start).collect()
}

/// The top and the height of each layer.
fn rows_of(blocks: &[Block], layers: &[usize], items: &[Item], x: &[f64]) -> Vec<(f64, f64)> {
    let count = layers.iter().max().map_or(0, |last| last + 1);
    let mut rows = vec![(0.0, 0.0f64); count];
    for (block, &layer) in blocks.iter().zip(layers) {
        rows[layer].1 = rows[layer].1.max(block.height);
    }
    let mut reach = vec![0.0f64; count];
    for (item, &middle) in items.iter().zip(x) {
        let across = item.below.iter().map(|end| (x[end.other] + end.there - middle - end.here).abs());
        reach[item.layer] = across.fold(reach[item.layer], f64::max);
    }
    for layer in 1..count {
        let (top, height) = rows[layer - 1];
        // Links that go far sideways need room to do so.
        let gap = GAP_Y + (reach[layer - 1] * 0.06).min(60.0);
        let beside_ports = height == 0.0 || rows[layer].1 == 0.0;
        rows[layer].0 = top + height + if beside_ports { gap * 0.5 } else { gap };
    }
    rows
}

/// Corners and routes, moved to where nothing is negative.
fn finish(
    blocks: &[Block],
    links: &[Link],
    layers: &[usize],
    items: &[Item],
    chains: &[Vec<usize>],
    x: &[f64],
) -> Placed {
    let rows = rows_of(blocks, layers, items, x);
    let Some(&(last_top, last_height)) = rows.last() else { return Placed::default() };
    let left = items.iter().zip(x).map(|(item, x)| x - item.width / 2.0).fold(f64::INFINITY, f64::min);
    let right = items.iter().zip(x).map(|(item, x)| x + item.width / 2.0).fold(f64::NEG_INFINITY, f64::max);
    let y = |block: usize| rows[layers[block]].0 + (rows[layers[block]].1 - blocks[block].height) / 2.0;
    let corners = (0..blocks.len()).map(|b| (x[b] - blocks[b].width / 2.0 - left, y(b))).collect();
    let route = |(link, chain): (&Link, &Vec<usize>)| {
        let (start, end) = (x[link.from] + link.from_x - left, x[link.to] + link.to_x - left);
        let (first, last) = (rows[layers[link.from]], rows[layers[link.to]]);
        let mut points = vec![(start, y(link.from) + blocks[link.from].height), (start, first.0 + first.1)];
        for &lane in &chain[1..chain.len() - 1] {
            let (top, height) = rows[items[lane].layer];
            points.extend([(x[lane] - left, top), (x[lane] - left, top + height)]);
        }
        points.extend([(end, last.0), (end, y(link.to))]);
        points
    };
    let routes = links.iter().zip(chains).map(route).collect();
    Placed { corners, routes, width: right - left, height: last_top + last_height }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_out_of_order_are_counted() {
        assert_eq!(inversions(&mut [3.0, 1.0, 2.0, 0.0, 5.0, 4.0]), 6);
        assert_eq!(inversions(&mut []), 0);
    }

    #[test]
    fn wishes_that_collide_meet_in_the_middle() {
        assert_eq!(settle(&[(0.0, 1.0), (0.0, 1.0)], vec![10.0]), [-5.0, 5.0]);
        assert_eq!(settle(&[(0.0, 1.0), (50.0, 1.0)], vec![10.0]), [0.0, 50.0]);
    }

    #[test]
    fn blocks_of_a_layer_do_not_overlap_and_links_lead_down() {
        let blocks = [Block { width: 40.0, height: 20.0, pin: Pin::Free }; 40];
        let links: Vec<Link> = (1..40)
            .flat_map(|to| [to / 2, to / 3].map(|from| Link { from, to, from_x: 0.0, to_x: 5.0 }))
            .filter(|link| link.from < link.to)
            .collect();
        let placed = place(&blocks, &links);
        for (i, a) in placed.corners.iter().enumerate() {
            for b in &placed.corners[i + 1..] {
                assert!((a.0 - b.0).abs() >= 40.0 || (a.1 - b.1).abs() >= 20.0, "{a:?} {b:?}");
            }
        }
        for route in &placed.routes {
            assert!(route.windows(2).all(|pair| pair[0].1 <= pair[1].1));
        }
    }
}
