//! Random tensors of any type, shape and strides, and plain values to compute what kernels should give.

use cotan_kernels::{DType, Element, Kind, Tensor, with_dtype};
use num_complex::Complex64;

/// Small reproducible random numbers (G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", 2014).
pub struct Rng(pub u64);

impl Rng {
    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.word() % n as u64) as usize
    }

    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// Mostly small shapes; now and then one axis is long enough to need several tiles.
    pub fn shape(&mut self, max_rank: usize) -> Vec<usize> {
        let rank = self.below(max_rank + 1);
        let mut shape: Vec<usize> = (0..rank).map(|_| self.pick(&[1, 2, 3, 4, 5, 7])).collect();
        if rank > 0 && self.chance(8) {
            let axis = self.below(rank);
            shape[axis] = 0;
        } else if rank > 0 && self.chance(40) {
            let axis = self.below(rank);
            shape[axis] = 1 + self.below(2500);
        }
        shape
    }

    pub fn permutation(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        for i in (1..n).rev() {
            order.swap(i, self.below(i + 1));
        }
        order
    }

    /// A view of this shape with permuted, reversed, skipped and repeated axes.
    pub fn view(&mut self, dtype: DType, shape: &[usize], mut value: impl FnMut(&mut Rng) -> f64) -> Tensor {
        let rank = shape.len();
        let plain = self.chance(30);
        let (mut base, mut starts, mut steps, mut seen) = (vec![], vec![], vec![], vec![]);
        for &size in shape {
            let repeated = !plain && self.chance(10);
            let seen_size = if repeated { 1.min(size) } else { size };
            let step = if plain { 1 } else { self.pick(&[1isize, 1, 1, 2, -1, -2]) };
            let reach = seen_size.saturating_sub(1) * step.unsigned_abs();
            let pad = if plain { 0 } else { self.below(2) };
            starts.push(if step < 0 { reach } else { 0 } + pad);
            steps.push(step);
            base.push(reach + 1 + pad);
            seen.push(seen_size);
        }
        // The base lies in memory in another order of its axes.
        let order = if plain { (0..rank).collect() } else { self.permutation(rank) };
        let mut inverse = vec![0; rank];
        for (place, &axis) in order.iter().enumerate() {
            inverse[axis] = place;
        }
        let memory: Vec<usize> = order.iter().map(|&axis| base[axis]).collect();
        let values: Vec<f64> = (0..memory.iter().product::<usize>()).map(|_| value(self)).collect();
        let tensor = make(dtype, &values, &memory).permute(&inverse);
        tensor.slice(&starts, &steps, &seen).broadcast_to(shape)
    }

    /// A small value that every type holds, NaN and infinities now and then where there are such.
    pub fn value(&mut self, dtype: DType, special: bool) -> f64 {
        if special && dtype.is_inexact() && self.chance(8) {
            return self.pick(&[f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 0.0]);
        }
        match dtype.kind() {
            Kind::Bool => self.below(2) as f64,
            Kind::Unsigned => self.below(10) as f64,
            Kind::Signed => self.below(20) as f64 - 10.0,
            Kind::Float | Kind::Complex => (self.below(64) as f64 - 32.0) / 8.0,
        }
    }
}

/// A row-major tensor of values converted to the type; a complex element gets its value as both parts, the second negated.
pub fn make(dtype: DType, values: &[f64], shape: &[usize]) -> Tensor {
    if dtype == DType::C64 {
        let values: Vec<_> = values.iter().map(|&v| cotan_kernels::Complex32::new(v as f32, -v as f32)).collect();
        return Tensor::from_slice(&values, shape).unwrap();
    }
    with_dtype!(dtype, T => {
        let values: Vec<T> = values.iter().map(|&v| cotan_kernels::Scalar::new(v).to::<T>()).collect();
        Tensor::from_slice(&values, shape).unwrap()
    })
}

/// A value in the widest type of its kind; integers wrap at 64 bits, of which narrower ones keep the low part.
#[derive(Clone, Copy, Debug)]
pub enum V {
    B(bool),
    I(i64),
    F(f64),
    C(Complex64),
}

impl V {
    pub fn nan(self) -> bool {
        match self {
            V::B(_) | V::I(_) => false,
            V::F(a) => a.is_nan(),
            V::C(a) => a.re.is_nan() || a.im.is_nan(),
        }
    }

    pub fn truth(self) -> bool {
        match self {
            V::B(a) => a,
            V::I(a) => a != 0,
            V::F(a) => a != 0.0,
            V::C(a) => a.re != 0.0 || a.im != 0.0,
        }
    }

    pub fn add(self, other: V) -> V {
        match (self, other) {
            (V::B(a), V::B(b)) => V::B(a || b),
            (V::I(a), V::I(b)) => V::I(a.wrapping_add(b)),
            (V::F(a), V::F(b)) => V::F(a + b),
            (V::C(a), V::C(b)) => V::C(a + b),
            _ => unreachable!("values of one kind"),
        }
    }

    pub fn mul(self, other: V) -> V {
        match (self, other) {
            (V::B(a), V::B(b)) => V::B(a && b),
            (V::I(a), V::I(b)) => V::I(a.wrapping_mul(b)),
            (V::F(a), V::F(b)) => V::F(a * b),
            (V::C(a), V::C(b)) => V::C(a * b),
            _ => unreachable!("values of one kind"),
        }
    }

    /// Whether it comes before the other in sorted order.
    pub fn less(self, other: V) -> bool {
        match (self, other) {
            (V::B(a), V::B(b)) => !a & b,
            (V::I(a), V::I(b)) => a < b,
            (V::F(a), V::F(b)) => a < b || (!a.is_nan() && b.is_nan()),
            (V::C(a), V::C(b)) => {
                V::F(a.re).less(V::F(b.re)) || (!V::F(b.re).less(V::F(a.re)) && V::F(a.im).less(V::F(b.im)))
            }
            _ => unreachable!("values of one kind"),
        }
    }

    pub fn max(self, other: V) -> V {
        if !self.nan() && (other.nan() || self.less(other)) { other } else { self }
    }

    pub fn min(self, other: V) -> V {
        if !self.nan() && (other.nan() || other.less(self)) { other } else { self }
    }
}

/// The elements in row-major order.
pub fn values(tensor: &Tensor) -> Vec<V> {
    fn all<T: Element>(tensor: &Tensor, v: impl Fn(T) -> V) -> Vec<V> {
        // Index arithmetic of its own, so that copies are not checked against themselves.
        let (shape, strides) = (tensor.shape(), tensor.strides());
        (0..tensor.len())
            .map(|mut i| {
                let mut offset = 0isize;
                for (&size, &stride) in shape.iter().zip(strides).rev() {
                    offset += (i % size) as isize * stride;
                    i /= size;
                }
                // SAFETY: an index within the shape lies within the buffer.
                v(unsafe { *tensor.ptr().cast::<T>().offset(offset) })
            })
            .collect()
    }
    use cotan_kernels::{Bool, Complex32, bf16, f16};
    match tensor.dtype() {
        DType::Bool => all(tensor, |x: Bool| V::B(x.get())),
        DType::U8 => all(tensor, |x: u8| V::I(x.into())),
        DType::U16 => all(tensor, |x: u16| V::I(x.into())),
        DType::U32 => all(tensor, |x: u32| V::I(x.into())),
        DType::U64 => all(tensor, |x: u64| V::I(x as i64)),
        DType::I8 => all(tensor, |x: i8| V::I(x.into())),
        DType::I16 => all(tensor, |x: i16| V::I(x.into())),
        DType::I32 => all(tensor, |x: i32| V::I(x.into())),
        DType::I64 => all(tensor, V::I),
        DType::F16 => all(tensor, |x: f16| V::F(x.to_f64())),
        DType::Bf16 => all(tensor, |x: bf16| V::F(x.to_f64())),
        DType::F32 => all(tensor, |x: f32| V::F(x.into())),
        DType::F64 => all(tensor, V::F),
        DType::C64 => all(tensor, |z: Complex32| V::C(Complex64::new(z.re.into(), z.im.into()))),
    }
}

/// Relative rounding of a type, with room for a few operations.
pub fn tolerance(dtype: DType) -> f64 {
    match dtype {
        DType::F16 => 2e-3,
        DType::Bf16 => 1.6e-2,
        DType::F32 | DType::C64 => 2e-6,
        _ => 1e-13,
    }
}

/// Whether a kernel's value is the expected one: exactly (in the low bits) for integers, within `room` for floats.
pub fn same(dtype: DType, got: V, expected: V, room: f64) -> bool {
    fn close(a: f64, b: f64, room: f64) -> bool {
        a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= room
    }
    match (got, expected) {
        (V::B(a), V::B(b)) => a == b,
        (V::I(a), V::I(b)) => (a ^ b) << (64 - 8 * dtype.size()) == 0,
        (V::F(a), V::F(b)) => {
            // Halves overflow where doubles do not.
            let largest = match dtype {
                DType::F16 => 65504.0,
                DType::F32 | DType::Bf16 => f64::from(f32::MAX),
                _ => f64::MAX,
            };
            close(a, b, room) || (a.is_infinite() && a.signum() == b.signum() && b.abs() >= largest * 0.999)
        }
        (V::C(a), V::C(b)) => {
            let undefined = |z: Complex64| z.re.is_nan() || z.im.is_nan();
            (close(a.re, b.re, room) && close(a.im, b.im, room)) || (undefined(a) && undefined(b))
        }
        _ => false,
    }
}

/// The elements of a lane: positions in row-major order of the elements that differ only along `axis`.
pub fn lanes(shape: &[usize], axis: usize) -> Vec<Vec<usize>> {
    let inner: usize = shape[axis + 1..].iter().product();
    let outer: usize = shape[..axis].iter().product();
    let place = |o: usize, i: usize| (0..shape[axis]).map(|j| (o * shape[axis] + j) * inner + i).collect();
    (0..outer).flat_map(|o| (0..inner).map(move |i| (o, i))).map(|(o, i)| place(o, i)).collect()
}

/// Many small cases; each is found again by its seed.
pub fn config() -> proptest::test_runner::Config {
    proptest::test_runner::Config { cases: 2000, failure_persistence: None, ..Default::default() }
}
