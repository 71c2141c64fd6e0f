//! Where everything goes in a drawing: kernels are placed in layers, and the calls of each within its frame.

use std::ops::Range;

use rustc_hash::FxHashMap;

use super::Drawing;
use super::drawing::{Call, Operand};
use super::layout::{Block, Link, Pin, Placed, Point, place};
use super::text::spec;
use crate::error::tuple;

pub(super) const TITLE: f64 = 12.5;
pub(super) const SMALL: f64 = 10.5;
/// Width of a character of a monospaced font, in sizes of the font.
const ADVANCE: f64 = 0.602;
const PADDING: f64 = 12.0;
/// Height at the foot of a frame for its name.
const FOOT: f64 = 18.0;
/// Longest line inside a box.
const MOST_CHARACTERS: usize = 34;

/// What a box stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Input,
    Call,
    Output,
}

/// A box with up to three lines of text.
pub(super) struct Card {
    pub kind: Kind,
    pub title: String,
    pub details: String,
    pub spec: String,
    pub hint: String,
    pub corner: Point,
    pub size: (f64, f64),
}

pub(super) struct Frame {
    pub name: String,
    pub corner: Point,
    pub size: (f64, f64),
}

pub(super) struct Route {
    pub points: Vec<Point>,
    pub hint: String,
    /// Whether it ends at a box, not at the edge of a frame.
    pub arrives: bool,
}

#[derive(Default)]
pub(super) struct Scene {
    pub cards: Vec<Card>,
    pub frames: Vec<Frame>,
    pub routes: Vec<Route>,
    pub width: f64,
    pub height: f64,
    /// Calls, and inputs and results besides them, that are left out.
    pub hidden: usize,
    pub hidden_values: usize,
}

/// Something that the outer layout places.
enum Unit {
    Card(Card),
    Group { name: String, cards: Vec<Card>, routes: Vec<Route>, size: (f64, f64) },
}

/// How values get from unit to unit.
#[derive(Default)]
struct Wires {
    /// The unit that makes a value, and where the value leaves it, from its middle.
    sources: FxHashMap<usize, (usize, f64)>,
    links: Vec<Link>,
    values: Vec<usize>,
    into_group: Vec<bool>,
}

impl Wires {
    fn connect(&mut self, value: usize, to: usize, to_x: f64, into_group: bool) {
        // Makers that are left out have no wires.
        if let Some(&(from, from_x)) = self.sources.get(&value) {
            self.links.push(Link { from, to, from_x, to_x });
            self.values.push(value);
            self.into_group.push(into_group);
        }
    }
}

impl Scene {
    /// Places the first kernels of a drawing, as many as have `most` calls together.
    pub fn new(drawing: &Drawing, most: usize) -> Scene {
        let fits = |kernel: &&Range<usize>| kernel.end <= most;
        let kernels: Vec<_> = drawing.kernels.iter().take_while(fits).cloned().collect();
        let shown = kernels.last().map_or(0, |kernel| kernel.end);
        let uses = Uses::new(drawing, shown);
        let mut units: Vec<Unit> = Vec::new();
        let mut wires = Wires::default();
        let read: Vec<usize> = (0..drawing.inputs.len()).filter(|&input| uses.is_read(input)).collect();
        for &input in read.iter().take(most) {
            wires.sources.insert(input, (units.len(), 0.0));
            units.push(Unit::Card(drawing.input_card(input)));
        }
        for (number, kernel) in kernels.iter().enumerate() {
            if kernel.len() == 1 {
                add_single(drawing, kernel.start, &mut units, &mut wires);
            } else {
                Group::new(drawing, kernel.clone(), &uses).add_to(drawing, number, &mut units, &mut wires);
            }
        }
        for (index, &value) in drawing.outputs.iter().enumerate().take(most) {
            if wires.sources.contains_key(&value) {
                wires.connect(value, units.len(), 0.0, false);
                units.push(Unit::Card(drawing.output_card(index, value)));
            }
        }
        let blocks: Vec<Block> = units.iter().map(Unit::block).collect();
        let (hidden, values) = (drawing.calls.len() - shown, read.len() + drawing.outputs.len());
        let hidden_values = values - units.iter().filter(|unit| unit.is_value()).count();
        let mut scene = Scene { hidden, hidden_values, ..Scene::default() };
        scene.assemble(drawing, units, &wires, place(&blocks, &wires.links));
        scene
    }

    fn assemble(&mut self, drawing: &Drawing, units: Vec<Unit>, wires: &Wires, placed: Placed) {
        (self.width, self.height) = (placed.width, placed.height);
        for ((points, &value), &into) in placed.routes.into_iter().zip(&wires.values).zip(&wires.into_group) {
            self.routes.push(Route { points, hint: drawing.value_hint(value), arrives: !into });
        }
        for (unit, (x, y)) in units.into_iter().zip(placed.corners) {
            match unit {
                Unit::Card(card) => self.cards.push(Card { corner: (x, y), ..card }),
                Unit::Group { name, cards, routes, size } => {
                    let moved = |(px, py): Point| (px + x, py + y);
                    self.frames.push(Frame { name, corner: (x, y), size });
                    self.cards.extend(cards.into_iter().map(|card| Card { corner: moved(card.corner), ..card }));
                    self.routes.extend(routes.into_iter().map(|route| {
                        let points = route.points.into_iter().map(moved).collect();
                        Route { points, ..route }
                    }));
                }
            }
        }
    }
}

/// Which kernels read a value.
struct Uses {
    readers: FxHashMap<usize, Vec<usize>>,
}

impl Uses {
    fn new(drawing: &Drawing, shown: usize) -> Uses {
        let mut readers: FxHashMap<usize, Vec<usize>> = FxHashMap::default();
        for (index, call) in drawing.calls[..shown].iter().enumerate() {
            for value in call.values() {
                readers.entry(value).or_default().push(index);
            }
        }
        drawing.outputs.iter().for_each(|&output| readers.entry(output).or_default().push(usize::MAX));
        Uses { readers }
    }

    fn is_read(&self, value: usize) -> bool {
        self.readers.contains_key(&value)
    }

    fn leaves(&self, value: usize, kernel: &Range<usize>) -> bool {
        self.readers.get(&value).is_some_and(|readers| readers.iter().any(|reader| !kernel.contains(reader)))
    }
}

impl Call {
    fn values(&self) -> impl Iterator<Item = usize> {
        self.operands.iter().filter_map(|operand| match operand {
            Operand::Value(value) => Some(*value),
            Operand::Constant(_) => None,
        })
    }
}

/// The `index`th of `count` points spread over a width around its middle.
fn spread(index: usize, count: usize, width: f64) -> f64 {
    let step = (width * 0.6 / count.max(1) as f64).min(26.0);
    (index as f64 - (count as f64 - 1.0) / 2.0) * step
}

fn add_single(drawing: &Drawing, index: usize, units: &mut Vec<Unit>, wires: &mut Wires) {
    let call = &drawing.calls[index];
    let card = drawing.call_card(index);
    let count = call.values().count();
    for (position, value) in call.values().enumerate() {
        wires.connect(value, units.len(), spread(position, count, card.size.0), false);
    }
    for (position, &value) in call.results.iter().enumerate() {
        wires.sources.insert(value, (units.len(), spread(position, call.results.len(), card.size.0)));
    }
    units.push(Unit::Card(card));
}

/// The calls of a kernel, with a port at the upper edge of their frame for each value that they read, and one at the lower
/// edge for each that others read.
struct Group {
    cards: Vec<Card>,
    /// Values that come in and go out.
    incoming: Vec<usize>,
    outgoing: Vec<usize>,
    /// Ports of what comes in, cards, ports of what goes out.
    blocks: Vec<Block>,
    links: Vec<Link>,
    /// The value of each link, and whether it ends at a card.
    values: Vec<(usize, bool)>,
}

impl Group {
    fn new(drawing: &Drawing, kernel: Range<usize>, uses: &Uses) -> Group {
        let calls = &drawing.calls[kernel.clone()];
        let results =
            || calls.iter().enumerate().flat_map(|(at, call)| call.results.iter().map(move |&value| (value, at)));
        let made: FxHashMap<usize, usize> = results().collect();
        let mut incoming: Vec<usize> = Vec::new();
        for value in calls.iter().flat_map(Call::values) {
            if !made.contains_key(&value) && !incoming.contains(&value) {
                incoming.push(value);
            }
        }
        let outgoing = results().map(|(value, _)| value).filter(|&value| uses.leaves(value, &kernel)).collect();
        let cards: Vec<Card> = kernel.map(|index| drawing.call_card(index)).collect();
        let mut group = Group { cards, incoming, outgoing, blocks: Vec::new(), links: Vec::new(), values: Vec::new() };
        group.connect(calls, &made);
        group
    }

    fn connect(&mut self, calls: &[Call], made: &FxHashMap<usize, usize>) {
        let port = |pin| Block { width: 6.0, height: 0.0, pin };
        let ports = self.incoming.len();
        self.blocks.extend(self.incoming.iter().map(|_| port(Pin::Top)));
        self.blocks.extend(self.cards.iter().map(Card::block));
        for (position, call) in calls.iter().enumerate() {
            let count = call.values().count();
            for (operand, value) in call.values().enumerate() {
                let outside = || self.incoming.iter().position(|&other| other == value);
                let from = made.get(&value).map(|maker| ports + maker).or_else(outside).unwrap_or_default();
                let to_x = spread(operand, count, self.cards[position].size.0);
                self.links.push(Link { from, to: ports + position, from_x: 0.0, to_x });
                self.values.push((value, true));
            }
        }
        for &value in &self.outgoing {
            let (from, to) = (ports + made[&value], self.blocks.len());
            self.links.push(Link { from, to, from_x: 0.0, to_x: 0.0 });
            self.values.push((value, false));
            self.blocks.push(port(Pin::Bottom));
        }
    }

    fn add_to(self, drawing: &Drawing, number: usize, units: &mut Vec<Unit>, wires: &mut Wires) {
        let placed = place(&self.blocks, &self.links);
        let top = if self.incoming.is_empty() { PADDING } else { 0.0 };
        let size = (placed.width.max(70.0) + 2.0 * PADDING, placed.height + top + FOOT);
        let left = (size.0 - placed.width) / 2.0;
        let moved = |(x, y): Point| (x + left, y + top);
        let from_middle = |block: usize| {
            let (x, _) = moved(placed.corners[block]);
            x + self.blocks[block].width / 2.0 - size.0 / 2.0
        };
        for (port, &value) in self.incoming.iter().enumerate() {
            wires.connect(value, units.len(), from_middle(port), true);
        }
        let (first, end) = (self.incoming.len(), self.incoming.len() + self.cards.len());
        for (port, &value) in self.outgoing.iter().enumerate() {
            wires.sources.insert(value, (units.len(), from_middle(end + port)));
        }
        let corners = &placed.corners[first..end];
        let cards = self.cards.into_iter().zip(corners).map(|(card, &at)| Card { corner: moved(at), ..card }).collect();
        let route = |(points, (value, arrives)): (Vec<Point>, (usize, bool))| {
            let mut points: Vec<Point> = points.into_iter().map(moved).collect();
            if let (false, Some(last)) = (arrives, points.last_mut()) {
                last.1 = size.1;
            }
            Route { points, hint: drawing.value_hint(value), arrives }
        };
        let routes = placed.routes.iter().cloned().zip(self.values).map(route).collect();
        units.push(Unit::Group { name: format!("kernel {number}"), cards, routes, size });
    }
}

impl Unit {
    fn is_value(&self) -> bool {
        matches!(self, Unit::Card(card) if card.kind != Kind::Call)
    }

    fn block(&self) -> Block {
        match self {
            Unit::Card(card) => card.block(),
            Unit::Group { size, .. } => Block { width: size.0, height: size.1, pin: Pin::Free },
        }
    }
}

impl Card {
    fn new(kind: Kind, title: &str, details: &str, spec: &str, hint: String) -> Card {
        let (title, details, spec) = (cut(title), cut(details), cut(spec));
        let width = |text: &str, size: f64| text.chars().count() as f64 * size * ADVANCE;
        let widest = width(&title, TITLE).max(width(&details, SMALL)).max(width(&spec, SMALL));
        let lines = [&details, &spec].iter().filter(|line| !line.is_empty()).count() as f64;
        let size = ((widest + 22.0).max(64.0), 26.0 + 14.0 * lines);
        Card { kind, title, details, spec, hint, corner: (0.0, 0.0), size }
    }

    fn block(&self) -> Block {
        Block { width: self.size.0, height: self.size.1, pin: Pin::Free }
    }
}

fn cut(text: &str) -> String {
    if text.chars().count() <= MOST_CHARACTERS {
        return text.to_string();
    }
    text.chars().take(MOST_CHARACTERS - 1).chain(['…']).collect()
}

impl Drawing {
    fn input_card(&self, input: usize) -> Card {
        let about = &self.inputs[input];
        let title = if about.is_empty() { format!("%{input}") } else { about.clone() };
        Card::new(Kind::Input, &title, "", &spec(&self.values[input]), self.value_hint(input))
    }

    fn output_card(&self, index: usize, value: usize) -> Card {
        let title = if self.outputs.len() == 1 { "return".to_string() } else { format!("return {index}") };
        Card::new(Kind::Output, &title, "", "", self.value_hint(value))
    }

    fn call_card(&self, index: usize) -> Card {
        let call = &self.calls[index];
        let specs: Vec<String> = match &call.results[..] {
            [one] => vec![spec(&self.values[*one])],
            [first, rest @ ..] => {
                let first = &self.values[*first];
                vec![format!("{} {} and {} more", first.dtype, tuple(&first.shape), rest.len())]
            }
            [] => Vec::new(),
        };
        let mut hint = self.line(call);
        if let Some(place) = &call.place {
            hint = format!("{hint}\n{place}");
        }
        Card::new(Kind::Call, call.op, &call.details(), &specs.join(""), hint)
    }

    fn value_hint(&self, value: usize) -> String {
        format!("%{value}: {}", spec(&self.values[value]))
    }
}
