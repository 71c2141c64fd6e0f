//! How calls would be grouped, for those who don't run them.

use rustc_hash::FxHashMap;

use super::fuse::{Class, Fusible, Fusion, class};
use crate::array::Shape;
use crate::graph::Node;

/// The groups that calls would run in.
pub(crate) struct Outline {
    /// The unit of each call, named by one of its calls.
    pub units: Vec<usize>,
    /// The calls that make the inputs of each call; `None` for inputs that come from elsewhere.
    pub producers: Vec<Vec<Option<usize>>>,
    /// Constants that all readers compute for themselves.
    pub inlined: Vec<bool>,
}

struct Sketch<'a> {
    class: Class,
    shape: &'a Shape,
    producers: &'a [Option<usize>],
}

impl Fusible for Sketch<'_> {
    fn class(&self) -> Class {
        self.class
    }

    fn shape(&self) -> &Shape {
        self.shape
    }

    fn producers(&self) -> impl Iterator<Item = usize> {
        self.producers.iter().copied().flatten()
    }
}

/// Groups calls, which come inputs first, as an evaluation of all of them would.
pub(crate) fn outline(nodes: &[Node]) -> Outline {
    let mut made: FxHashMap<usize, usize> = FxHashMap::default();
    let mut producers: Vec<Vec<Option<usize>>> = Vec::with_capacity(nodes.len());
    for (index, node) in nodes.iter().enumerate() {
        producers.push(node.call.inputs.iter().map(|input| made.get(&input.id()).copied()).collect());
        made.extend(node.outputs.iter().map(|(_, output)| (output.id(), index)));
    }
    let sketches: Vec<Sketch> = nodes
        .iter()
        .zip(&producers)
        .map(|(node, producers)| Sketch { class: class(&node.call.op), shape: &node.outputs[0].1.0.shape, producers })
        .collect();
    let mut fusion = Fusion::new(&sketches);
    let units = (0..nodes.len()).map(|call| fusion.unit(call)).collect();
    let mut inlined: Vec<bool> = sketches.iter().map(|sketch| sketch.class == Class::Constant).collect();
    for sketch in sketches.iter().filter(|sketch| sketch.class == Class::Alone) {
        sketch.producers().for_each(|producer| inlined[producer] = false);
    }
    Outline { units, producers, inlined }
}
