//! The notation of index sums: subscripts of operands and result, as sets of small numbers.

use crate::array::Array;
use crate::error::{Error, Result, tuple};

const OP: &str = "einsum";
/// Letters: capitals come first, as in ASCII.
const LETTERS: u8 = 52;
/// How many indices a set holds.
const MOST: usize = 128;

/// A set of indices.
pub(super) type Set = u128;

/// The set of some indices.
pub(super) fn set(indices: &[u8]) -> Set {
    indices.iter().fold(0, |all, &index| all | 1 << index)
}

/// Which axis of which operand runs over which index, and how long each index is.
#[derive(Debug)]
pub(super) struct Subscripts {
    /// The index of every axis, an operand each.
    pub inputs: Vec<Vec<u8>>,
    /// The index of every axis of the result.
    pub output: Vec<u8>,
    /// The size of every index: 1 where it doesn't occur.
    pub sizes: Vec<usize>,
}

/// A part of the notation: letters, and where the dots stand.
struct Part {
    letters: Vec<u8>,
    dots: Option<usize>,
}

fn refuse<T>(message: impl Into<String>) -> Result<T> {
    Err(Error::value(OP, message))
}

impl Part {
    fn parse(text: &str) -> Result<Part> {
        let (mut letters, mut dots, mut rest) = (Vec::new(), None, text);
        while let Some(symbol) = rest.chars().next() {
            if let Some(after) = rest.strip_prefix("...") {
                if dots.replace(letters.len()).is_some() {
                    return refuse(format!("\"...\" may stand once in {text:?}"));
                }
                rest = after;
                continue;
            }
            match symbol {
                'A'..='Z' => letters.push(symbol as u8 - b'A'),
                'a'..='z' => letters.push(symbol as u8 - b'a' + 26),
                _ => return refuse(format!("subscripts are letters and \"...\", got {symbol:?} in {text:?}")),
            }
            rest = &rest[symbol.len_utf8()..];
        }
        Ok(Part { letters, dots })
    }

    /// The indices where the dots stand for the last `count` of `all` unnamed axes.
    fn indices(&self, count: usize, all: usize) -> Vec<u8> {
        let mut indices = self.letters.clone();
        if let Some(at) = self.dots {
            // At most MOST indices were let in, so that these numbers fit.
            indices.splice(at..at, (all - count..all).map(|axis| LETTERS + axis as u8));
        }
        indices
    }
}

impl Subscripts {
    pub fn new(text: &str, operands: &[Array]) -> Result<Subscripts> {
        let text: String = text.chars().filter(|symbol| !symbol.is_whitespace()).collect();
        let (left, right) = text.split_once("->").map_or((&text[..], None), |(left, right)| (left, Some(right)));
        let parts = left.split(',').map(Part::parse).collect::<Result<Vec<_>>>()?;
        if parts.len() != operands.len() {
            let (named, given) = (parts.len(), operands.len());
            return refuse(format!("the subscripts {text:?} name {named} operands, {given} are given"));
        }
        let unnamed = parts.iter().zip(operands).map(|(part, array)| unnamed_axes(part, array));
        let unnamed = unnamed.collect::<Result<Vec<_>>>()?;
        let all = unnamed.iter().copied().max().unwrap_or(0);
        if all + usize::from(LETTERS) > MOST {
            return refuse(format!("\"...\" stands for at most {} axes, got {all}", MOST - usize::from(LETTERS)));
        }
        let inputs: Vec<_> = parts.iter().zip(&unnamed).map(|(part, &count)| part.indices(count, all)).collect();
        let output = match right {
            Some(right) => given_output(&Part::parse(right)?.indices(all, all), &inputs)?,
            None => implied_output(&parts, all),
        };
        let sizes = sizes(&inputs, operands)?;
        Ok(Subscripts { inputs, output, sizes })
    }
}

/// How many axes the dots of a part stand for.
fn unnamed_axes(part: &Part, array: &Array) -> Result<usize> {
    match array.ndim().checked_sub(part.letters.len()) {
        Some(count) if count == 0 || part.dots.is_some() => Ok(count),
        Some(_) | None => {
            let (letters, shape) = (part.letters.len(), tuple(array.shape()));
            refuse(format!("{letters} subscripts don't name the axes of an operand of shape {shape}"))
        }
    }
}

fn given_output(output: &[u8], inputs: &[Vec<u8>]) -> Result<Vec<u8>> {
    let known = inputs.iter().fold(0, |all, indices| all | set(indices));
    for (at, &index) in output.iter().enumerate() {
        let letter = char::from(if index < 26 { b'A' + index } else { b'a' + index % LETTERS - 26 });
        if output[..at].contains(&index) {
            return refuse(format!("{letter:?} stands twice in the result"));
        }
        if known & 1 << index == 0 {
            return refuse(format!("{letter:?} of the result stands at no operand"));
        }
    }
    Ok(output.to_vec())
}

/// The unnamed axes, then every letter that stands once, in order.
fn implied_output(parts: &[Part], all: usize) -> Vec<u8> {
    let mut times = [0usize; LETTERS as usize];
    for letter in parts.iter().flat_map(|part| &part.letters) {
        times[usize::from(*letter)] += 1;
    }
    let once = (0..LETTERS).filter(|&letter| times[usize::from(letter)] == 1);
    (LETTERS..LETTERS + all as u8).chain(once).collect()
}

/// Axes of one index are equally long, within an operand always, between operands unless one has size 1.
fn sizes(inputs: &[Vec<u8>], operands: &[Array]) -> Result<Vec<usize>> {
    let mut sizes = vec![1; MOST];
    for (indices, array) in inputs.iter().zip(operands) {
        for (axis, (&index, &size)) in indices.iter().zip(array.shape()).enumerate() {
            let first = indices.iter().position(|&other| other == index).unwrap_or(axis);
            let known = if first < axis { array.shape()[first] } else { sizes[usize::from(index)] };
            if size != known && (first < axis || (size != 1 && known != 1)) {
                let shape = tuple(array.shape());
                return refuse(format!(
                    "axis {axis} of an operand of shape {shape} has size {size}, other axes with its subscript {known}"
                ));
            }
            if size != 1 {
                sizes[usize::from(index)] = size;
            }
        }
    }
    Ok(sizes)
}
