//! Every path against three plain loops.

use half::{bf16, f16};
use num_complex::{Complex32, Complex64};
use proptest::prelude::*;

use super::*;
use crate::with_dtype;

/// Elements as seen by the plain loops: computed in `Self::Wide`, near-exact for floats and exact for integers.
trait Plain: Element {
    type Wide: Copy + PartialEq;
    fn wide(self) -> Self::Wide;
    /// `alpha * sum(a * b) + beta * c`.
    fn combine(terms: &[(Self, Self)], alpha: f64, beta: f64, c: Self) -> Self::Wide;
    /// A small value, exact in every type.
    fn small(x: i64) -> Self;
    /// Whether a result is right: `size` bounds the magnitude of what was added up.
    fn agrees(self, expected: Self::Wide, size: f64) -> bool;
}

macro_rules! plain_float {
    ($($T:ty => $eps:expr, $to:expr, $from:expr);* $(;)?) => {$(
        impl Plain for $T {
            type Wide = f64;
            fn wide(self) -> f64 {
                ($to)(self)
            }
            fn combine(terms: &[($T, $T)], alpha: f64, beta: f64, c: $T) -> f64 {
                let sum: f64 = terms.iter().map(|(a, b)| a.wide() * b.wide()).sum();
                alpha * sum + if beta == 0.0 { 0.0 } else { beta * c.wide() }
            }
            fn small(x: i64) -> $T {
                ($from)(x as f64 / 4.0)
            }
            fn agrees(self, expected: f64, size: f64) -> bool {
                (self.wide() - expected).abs() <= $eps * (size + 1.0)
            }
        }
    )*};
}
plain_float! {
    f32 => 1e-6, f64::from, |x| x as f32;
    f64 => 1e-15, |x| x, |x| x;
    f16 => 1e-3, f16::to_f64, f16::from_f64;
    bf16 => 8e-3, bf16::to_f64, bf16::from_f64;
}

macro_rules! plain_integer {
    ($($T:ty),*) => {$(
        impl Plain for $T {
            type Wide = $T;
            fn wide(self) -> $T {
                self
            }
            fn combine(terms: &[($T, $T)], alpha: f64, beta: f64, c: $T) -> $T {
                let sum = terms.iter().fold(0, |sum: $T, (a, b)| sum.wrapping_add(a.wrapping_mul(*b)));
                (alpha as i64 as $T).wrapping_mul(sum).wrapping_add((beta as i64 as $T).wrapping_mul(c))
            }
            fn small(x: i64) -> $T {
                x as $T
            }
            fn agrees(self, expected: $T, _: f64) -> bool {
                self == expected
            }
        }
    )*};
}
plain_integer!(u8, u16, u32, u64, i8, i16, i32, i64);

impl Plain for Bool {
    type Wide = bool;
    fn wide(self) -> bool {
        self.get()
    }
    fn combine(terms: &[(Bool, Bool)], alpha: f64, beta: f64, c: Bool) -> bool {
        alpha != 0.0 && terms.iter().any(|(a, b)| a.get() && b.get()) || beta != 0.0 && c.get()
    }
    fn small(x: i64) -> Bool {
        Bool(if x % 5 == 0 { x as u8 | 2 } else { 0 })
    }
    fn agrees(self, expected: bool, _: f64) -> bool {
        self.get() == expected
    }
}

impl Plain for Complex32 {
    type Wide = Complex64;
    fn wide(self) -> Complex64 {
        Complex64::new(self.re.into(), self.im.into())
    }
    fn combine(terms: &[(Self, Self)], alpha: f64, beta: f64, c: Self) -> Complex64 {
        let sum: Complex64 = terms.iter().map(|(a, b)| a.wide() * b.wide()).sum();
        sum * alpha + if beta == 0.0 { Complex64::default() } else { c.wide() * beta }
    }
    fn small(x: i64) -> Complex32 {
        Complex32::new(x as f32 / 4.0, (x * 7 % 11) as f32 / 8.0)
    }
    fn agrees(self, expected: Complex64, size: f64) -> bool {
        (self.wide() - expected).norm() <= 1e-6 * (size + 1.0)
    }
}

/// How a factor lies in memory.
#[derive(Clone, Copy, Debug)]
enum Lay {
    Rows,
    Cols,
    /// Gaps between rows and between elements.
    Gaps,
    /// Both axes backwards.
    Backwards,
    /// One row for all.
    SameRow,
    /// One column for all.
    SameCol,
}

const LAYS: [Lay; 6] = [Lay::Rows, Lay::Cols, Lay::Gaps, Lay::Backwards, Lay::SameRow, Lay::SameCol];

/// Strides, the place of element (0, 0), and how many elements the memory has.
fn lay(lay: Lay, rows: usize, cols: usize) -> (isize, isize, usize, usize) {
    let (r, c) = (rows as isize, cols as isize);
    match lay {
        Lay::Rows => (c, 1, 0, rows * cols),
        Lay::Cols => (1, r, 0, rows * cols),
        Lay::Gaps => (3 * c + 5, 3, 2, rows * (3 * cols + 5) + 2),
        Lay::Backwards => (-c, -1, (rows * cols).saturating_sub(1), rows * cols),
        Lay::SameRow => (0, 1, 1, cols + 1),
        Lay::SameCol => (1, 0, 1, rows + 1),
    }
}

/// Numbers that look random and are small.
fn noise(seed: u64, i: usize) -> i64 {
    let x = (seed ^ i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((x ^ (x >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 33) as i64 % 17 - 8
}

#[derive(Clone, Debug)]
struct Case {
    size: Size,
    lays: (Lay, Lay),
    coefs: (f64, f64),
    batch: usize,
    /// Whether all products share a factor.
    same: (bool, bool),
    seed: u64,
}

fn verify<T: Plain>(case: &Case) {
    let Case { size, lays, coefs: (alpha, beta), batch, same, seed } = case.clone();
    let Size { m, n, k } = size;
    let factor = |how, rows, cols, same: bool, seed: u64| {
        let (row_stride, col_stride, offset, len) = lay(how, rows, cols);
        let step = if same { 0 } else { len };
        let data: Vec<T> = (0..len * batch).map(|i| T::small(noise(seed, i))).collect();
        let offsets: Vec<usize> = (0..batch).map(|i| i * step).collect();
        (data, offsets, offset, row_stride, col_stride)
    };
    let a = factor(lays.0, m, k, same.0, seed);
    let b = factor(lays.1, k, n, same.1, seed + 1);
    let mat = |f: &(Vec<T>, Vec<usize>, usize, isize, isize), i: usize, row: usize, col: usize| {
        f.0[(f.1[i] as isize + f.2 as isize + row as isize * f.3 + col as isize * f.4) as usize]
    };
    let before: Vec<T> = (0..batch * m * n).map(|i| T::small(noise(seed + 2, i))).collect();
    let mut c = before.clone();
    let view = |f: &'_ (Vec<T>, Vec<usize>, usize, isize, isize)| (f.2, f.3, f.4);
    let ((ao, ar, ac), (bo, br, bc)) = (view(&a), view(&b));
    let left = Batch { mat: MatRef { data: &a.0, offset: ao, row_stride: ar, col_stride: ac }, offsets: &a.1 };
    let right = Batch { mat: MatRef { data: &b.0, offset: bo, row_stride: br, col_stride: bc }, offsets: &b.1 };
    batched_matmul(size, left, right, &mut c, alpha, beta).expect("a valid product");
    let bound = (k as f64 * 8.0) * alpha.abs() + beta.abs() * 4.0;
    for (at, (&got, &old)) in c.iter().zip(&before).enumerate() {
        let (i, row, col) = (at / (m * n), at / n % m, at % n);
        let terms: Vec<(T, T)> = (0..k).map(|p| (mat(&a, i, row, p), mat(&b, i, p, col))).collect();
        let expected = T::combine(&terms, alpha, beta, old);
        assert!(got.agrees(expected, bound), "{} {case:?} at {i}, {row}, {col}: {got:?}", T::DTYPE);
    }
}

fn check(dtype: DType, case: &Case) {
    with_dtype!(dtype, T => verify::<T>(case));
}

fn sides() -> impl Strategy<Value = usize> {
    prop_oneof![4 => 0usize..20, 3 => 20usize..70, 1 => 70usize..150]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]
    #[test]
    fn products_match_plain_loops(
        (m, n, k) in (sides(), sides(), sides()),
        lays in (prop::sample::select(&LAYS[..]), prop::sample::select(&LAYS[..])),
        coefs in prop::sample::select(vec![(1.0, 0.0), (1.0, 1.0), (2.0, -3.0), (0.0, 1.0)]),
        batch in 1usize..4,
        same: (bool, bool),
        dtype in prop::sample::select(&DType::ALL[..]),
        seed: u64,
    ) {
        check(dtype, &Case { size: Size { m, n, k }, lays, coefs, batch, same, seed: seed >> 1 });
    }
}

/// Runs the case for every type that has its own path and every pair of simple layouts.
fn check_paths(m: usize, n: usize, k: usize) {
    for dtype in [DType::F32, DType::F64, DType::F16, DType::Bf16, DType::C64, DType::I32] {
        for left in [Lay::Rows, Lay::Cols] {
            for right in [Lay::Rows, Lay::Cols] {
                let (size, lays) = (Size { m, n, k }, (left, right));
                check(dtype, &Case { size, lays, coefs: (0.5, 2.0), batch: 1, same: (false, false), seed: 5 });
            }
        }
    }
}

#[test]
fn every_tile_shape_is_right() {
    for side in 1..=50 {
        check_paths(side, 51 - side, 37);
    }
}

#[test]
fn skinny_products_are_right() {
    for (m, n, k) in
        [(1, 1, 5000), (1, 300, 700), (300, 1, 700), (5, 130, 1000), (130, 7, 1000), (12, 12, 33), (1, 999, 1)]
    {
        check_paths(m, n, k);
    }
}

#[test]
fn few_rows_times_a_large_matrix_are_right() {
    for (m, n, k) in [(1, 1003, 303), (2, 2200, 131), (1, 64, 4100), (3, 1003, 303)] {
        check_paths(m, n, k);
    }
}

#[test]
fn packed_products_of_bfloat16_are_right_in_every_layout() {
    for (m, n, k) in [(49, 50, 1), (50, 49, 8), (53, 67, 65), (61, 64, 130), (64, 53, 1100)] {
        for left in LAYS {
            for right in LAYS {
                let (size, lays) = (Size { m, n, k }, (left, right));
                check(DType::Bf16, &Case { size, lays, coefs: (0.5, 2.0), batch: 1, same: (false, false), seed: 7 });
            }
        }
    }
}

#[test]
fn long_sums_are_right_and_do_not_depend_on_threads() {
    check_paths(3, 2, 40_000);
    check_paths(1, 70, 20_000);
    let size = Size { m: 5, n: 6, k: 50_000 };
    let data: Vec<f32> = (0..size.k * 6).map(|i| noise(3, i) as f32 * 0.1).collect();
    let product = || {
        let mut c = [0.0; 30];
        matmul(size, rows(&data, size.k), rows(&data, size.n), &mut c, 1.0, 0.0).expect("a valid product");
        c
    };
    let threads = crate::pool::threads();
    let before = product();
    crate::pool::set_threads(1);
    let alone = product();
    crate::pool::set_threads(threads);
    assert_eq!(before, alone);
}

#[test]
fn products_over_several_blocks_are_right() {
    check_paths(70, 40, 800);
    check_paths(300, 170, 129);
    let case = |m, n, k| Case {
        size: Size { m, n, k },
        lays: (Lay::Cols, Lay::Rows),
        coefs: (1.0, 0.0),
        batch: 1,
        same: (false, false),
        seed: 9,
    };
    check(DType::F32, &case(2100, 30, 20));
    check(DType::F16, &case(30, 2100, 20));
}

#[test]
fn what_is_not_a_number_stays_so_and_old_results_are_not_read() {
    let size = Size { m: 33, n: 40, k: 70 };
    let mut a = vec![1.0f32; size.m * size.k];
    a[3 * size.k + 69] = f32::NAN;
    a[5 * size.k] = f32::INFINITY;
    let b = vec![1.0f32; size.k * size.n];
    let mut c = vec![f32::NAN; size.m * size.n];
    for _ in 0..2 {
        matmul(size, rows(&a, size.k), rows(&b, size.n), &mut c, 1.0, 0.0).expect("a valid product");
        for (i, row) in c.chunks(size.n).enumerate() {
            let right = |x: &f32| match i {
                3 => x.is_nan(),
                5 => *x == f32::INFINITY,
                _ => *x == 70.0,
            };
            assert!(row.iter().all(right), "row {i}: {row:?}");
        }
        c.fill(f32::NAN);
    }
}

#[test]
fn a_bfloat16_that_is_not_a_number_stays_in_its_row() {
    let (size, one) = (Size { m: 60, n: 70, k: 201 }, bf16::ONE);
    let mut a = vec![one; size.m * size.k];
    a[3 * size.k + 200] = bf16::NAN;
    a[5 * size.k] = bf16::INFINITY;
    let b = vec![one; size.k * size.n];
    let mut c = vec![bf16::NAN; size.m * size.n];
    matmul(size, rows(&a, size.k), rows(&b, size.n), &mut c, 1.0, 0.0).expect("a valid product");
    for (i, row) in c.chunks(size.n).enumerate() {
        let right = |x: &bf16| match i {
            3 => x.is_nan(),
            5 => *x == bf16::INFINITY,
            _ => *x == bf16::from_f32(201.0),
        };
        assert!(row.iter().all(right), "row {i}: {row:?}");
    }
}

fn rows<T>(data: &[T], cols: usize) -> MatRef<'_, T> {
    MatRef { data, offset: 0, row_stride: cols as isize, col_stride: 1 }
}

#[test]
fn half_precision_rounds_once() {
    // In bf16 itself the sum would stop at 256.
    let ones = vec![bf16::ONE; 1000];
    let mut c = [bf16::ZERO];
    matmul(Size { m: 1, n: 1, k: 1000 }, rows(&ones, 1000), rows(&ones, 1), &mut c, 1.0, 0.0).expect("a valid product");
    assert_eq!(c[0], bf16::from_f32(1000.0));
}

#[test]
fn wrong_operands_are_errors_that_name_them() {
    let data = [0.0f32; 12];
    let mut c = [0.0f32; 16];
    let size = Size { m: 4, n: 4, k: 3 };
    let (a, b) = (rows(&data, 3), rows(&data, 4));
    assert_eq!(matmul(size, a, b, &mut c, 1.0, 0.0), Ok(()));
    let short = MatRef { offset: 1, ..a };
    let error = matmul(size, short, b, &mut c, 1.0, 0.0).expect_err("one element too far");
    assert!(error.to_string().contains("left factor of 4 x 3 at offset 1"), "{error}");
    let before = MatRef { row_stride: -1, ..b };
    let error = matmul(size, a, before, &mut c, 1.0, 0.0).expect_err("before the slice");
    assert!(matches!(error, GemmError::Bounds { operand: "right factor", .. }));
    assert_eq!(matmul(size, a, b, &mut c[1..], 1.0, 0.0), Err(GemmError::Output { len: 15, expected: 16 }));
    let two = Batch { mat: a, offsets: &[0, 0] };
    let one = Batch { mat: b, offsets: &[0] };
    assert_eq!(batched_matmul(size, two, one, &mut c, 1.0, 0.0), Err(GemmError::Batch { left: 2, right: 1 }));
    let huge = MatRef { row_stride: isize::MAX, ..a };
    assert!(matmul(Size { k: 1, ..size }, huge, b, &mut c, 1.0, 0.0).is_err());
}
