//! What an operation was told besides its inputs, briefly.

use std::fmt::{self, Write};

use cotan_kernels::DType;

use crate::ops::{Op, Primitive};

/// Parameters are cut at this many characters.
const MOST: usize = 48;

/// Takes what fits and refuses the rest: a parameter may be a list of a million numbers.
struct Bounded(String);

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.push_str(text);
        if self.0.len() > 8 * MOST { Err(fmt::Error) } else { Ok(()) }
    }
}

/// The fields of an operation, `axes=[0] ...`, without those that its name or the shape of its result tell.
pub(super) fn of(op: &Op, shape: &[usize]) -> String {
    match op {
        Op::Full(_) => return constant(op),
        Op::Custom(_) => return String::new(),
        _ => {}
    }
    let mut debug = Bounded(String::new());
    let _ = write!(debug, "{op:?}");
    let text = debug.0;
    let Some((_, fields)) = text.split_once(" { ") else { return String::new() };
    let fields = fields.strip_suffix(" })").unwrap_or(fields);
    let shape = format!("{shape:?}");
    let told = |field: &&str| {
        let (key, value) = field.split_once(": ").unwrap_or((field, ""));
        let named = key == "op" && op.name().contains(&value.to_lowercase());
        // Functions are drawn by themselves.
        let function = ["body", "condition", "branches"].contains(&key);
        !(named || function || key == "to" || (key == "shape" && value == shape))
    };
    let fields: Vec<String> = fields_of(fields).into_iter().filter(told).map(assigned).collect();
    cut(&fields.join(" "))
}

/// `key: value` as `key=value`, without the type of a scalar.
fn assigned(field: &str) -> String {
    let (key, value) = field.split_once(": ").unwrap_or(("", field));
    let untyped = value.rsplit_once(':').filter(|(_, name)| DType::ALL.iter().any(|dtype| dtype.name() == *name));
    format!("{key}={}", untyped.map_or(value, |(value, _)| value))
}

/// Splits at the commas outside brackets.
fn fields_of(text: &str) -> Vec<&str> {
    let (mut fields, mut depth, mut start) = (Vec::new(), 0, 0);
    for (position, c) in text.char_indices() {
        match c {
            '[' | '(' | '{' => depth += 1,
            ']' | ')' | '}' => depth -= 1,
            ',' if depth == 0 => {
                fields.push(text[start..position].trim());
                start = position + 1;
            }
            _ => {}
        }
    }
    fields.push(text[start..].trim());
    fields
}

fn cut(text: &str) -> String {
    if text.chars().count() <= MOST {
        return text.to_string();
    }
    text.chars().take(MOST - 1).chain(['…']).collect()
}

/// The value of a constant, without its type.
pub(super) fn constant(op: &Op) -> String {
    let Op::Full(full) = op else { return op.name().to_string() };
    let text = format!("{:?}", full.value);
    text.rsplit_once(':').map_or(text.clone(), |(value, _)| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::{Alias, Arange, Transpose};
    use cotan_kernels::Scalar;

    #[test]
    fn fields_are_named_and_bounded() {
        let axes = |axes: &[usize]| Op::from(Transpose { axes: axes.into() });
        assert_eq!(of(&axes(&[1, 0]), &[2, 3]), "axes=[1, 0]");
        assert_eq!(of(&axes(&vec![7; 100_000]), &[2]).chars().count(), MOST);
        assert_eq!(of(&Op::from(Alias), &[2]), "");
        let counting = Arange { start: Scalar::new(1.5f32), step: Scalar::new(1f32), len: 3 };
        assert_eq!(of(&Op::from(counting), &[3]), "start=1.5 step=1.0 len=3");
        assert_eq!(assigned("axis: Some(3)"), "axis=Some(3)");
    }

    #[test]
    fn commas_inside_brackets_do_not_split() {
        assert_eq!(fields_of("a: [1, 2], b: (3, 4)"), ["a: [1, 2]", "b: (3, 4)"]);
    }
}
