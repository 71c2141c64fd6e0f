//! Factors are multiplied back; hostile matrices end in errors or NaN, never in panics.

use super::*;
use crate::{Element, KernelError, Tensor};
use num_complex::{Complex, Complex32};

/// Numbers without pattern in -1..1.
fn noise(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// An element type as the tests see it.
trait Number: Element {
    const TOLERANCE: f64;
    fn make(re: f64, im: f64) -> Self;
    fn wide(self) -> Complex<f64>;
}

impl Number for f64 {
    const TOLERANCE: f64 = 1e-12;
    fn make(re: f64, _: f64) -> f64 {
        re
    }
    fn wide(self) -> Complex<f64> {
        self.into()
    }
}

impl Number for f32 {
    const TOLERANCE: f64 = 2e-4;
    fn make(re: f64, _: f64) -> f32 {
        re as f32
    }
    fn wide(self) -> Complex<f64> {
        f64::from(self).into()
    }
}

impl Number for Complex32 {
    const TOLERANCE: f64 = 2e-4;
    fn make(re: f64, im: f64) -> Complex32 {
        Complex::new(re as f32, im as f32)
    }
    fn wide(self) -> Complex<f64> {
        Complex::new(self.re.into(), self.im.into())
    }
}

/// A matrix for checking, in the widest type.
#[derive(Clone, Debug)]
struct Wide {
    values: Vec<Complex<f64>>,
    rows: usize,
    columns: usize,
}

impl Wide {
    fn from<T: Number>(tensor: &Tensor, i: usize) -> Wide {
        let [.., rows, columns] = *tensor.shape() else { unreachable!("matrices have two axes") };
        let values = tensor.to_vec::<T>()[i * rows * columns..][..rows * columns].iter().map(|x| x.wide()).collect();
        Wide { values, rows, columns }
    }

    fn diagonal<T: Number>(tensor: &Tensor, rows: usize, columns: usize, i: usize) -> Wide {
        let k = rows.min(columns);
        let values = tensor.to_vec::<T>()[i * k..][..k].to_vec();
        let at = |r: usize, c: usize| if r == c { values[r].wide() } else { 0.0.into() };
        Wide { values: (0..rows * columns).map(|p| at(p / columns, p % columns)).collect(), rows, columns }
    }

    fn times(&self, other: &Wide) -> Wide {
        let at = |r: usize, c: usize| {
            (0..self.columns).map(|k| self.values[r * self.columns + k] * other.values[k * other.columns + c]).sum()
        };
        let places = 0..self.rows * other.columns;
        let values = places.map(|p| at(p / other.columns, p % other.columns)).collect();
        Wide { values, rows: self.rows, columns: other.columns }
    }

    fn adjoint(&self) -> Wide {
        let places = 0..self.rows * self.columns;
        let values = places.map(|p| self.values[p % self.rows * self.columns + p / self.rows].conj()).collect();
        Wide { values, rows: self.columns, columns: self.rows }
    }

    fn identity(n: usize) -> Wide {
        Wide::diagonal::<f64>(&Tensor::from_slice(&vec![1.0; n], &[n]).unwrap(), n, n, 0)
    }

    #[track_caller]
    fn assert_is(&self, other: &Wide, tolerance: f64) {
        assert_eq!((self.rows, self.columns), (other.rows, other.columns));
        for (x, y) in self.values.iter().zip(&other.values) {
            assert!((x - y).norm() <= tolerance * (1.0 + y.norm()), "{x} is not {y}");
        }
    }
}

const BATCH: usize = 3;
const SHAPES: [[usize; 2]; 9] = [[1, 1], [2, 2], [5, 5], [7, 3], [3, 7], [40, 40], [90, 12], [12, 90], [1, 6]];

fn random<T: Number>(m: usize, n: usize) -> Tensor {
    let (re, im) = (noise(BATCH * m * n, 1), noise(BATCH * m * n, 2));
    let values: Vec<T> = re.iter().zip(&im).map(|(&re, &im)| T::make(re, im)).collect();
    Tensor::from_slice(&values, &[BATCH, m, n]).unwrap()
}

fn positive<T: Number>(n: usize) -> Tensor {
    let (re, im) = (noise(BATCH * n * n, 3), noise(BATCH * n * n, 4));
    let at = |p: usize| {
        let (b, r, c) = (p / (n * n), p / n % n, p % n);
        let (low, high) = (b * n * n + r.max(c) * n + r.min(c), (r < c) as i32 * 2 - 1);
        let im = if r == c { 0.0 } else { im[low] * f64::from(high) };
        T::make(re[low] + if r == c { 2.0 * n as f64 } else { 0.0 }, im)
    };
    Tensor::from_slice(&(0..BATCH * n * n).map(at).collect::<Vec<_>>(), &[BATCH, n, n]).unwrap()
}

fn factors_multiply_back<T: Number>() {
    for [m, n] in SHAPES {
        let (a, k) = (random::<T>(m, n), m.min(n));
        let [packed, pivots, order] = lu(&a).unwrap();
        for factors in [Factors::Thin, Factors::Full] {
            let out = svd(&a, factors).unwrap();
            for i in 0..BATCH {
                let (u, vh) = (Wide::from::<T>(&out[0], i), Wide::from::<T>(&out[2], i));
                let s = if T::DTYPE == crate::DType::F64 {
                    Wide::diagonal::<f64>(&out[1], u.columns, vh.rows, i)
                } else {
                    Wide::diagonal::<f32>(&out[1], u.columns, vh.rows, i)
                };
                u.times(&s).times(&vh).assert_is(&Wide::from::<T>(&a, i), T::TOLERANCE);
                u.adjoint().times(&u).assert_is(&Wide::identity(u.columns), T::TOLERANCE);
                vh.times(&vh.adjoint()).assert_is(&Wide::identity(vh.rows), T::TOLERANCE);
            }
        }
        for i in 0..BATCH {
            let (whole, packed) = (Wide::from::<T>(&a, i), Wide::from::<T>(&packed, i));
            let order = &order.to_vec::<u32>()[i * m..][..m];
            let mut rows: Vec<u32> = (0..m as u32).collect();
            for (j, &pivot) in pivots.to_vec::<u32>()[i * k..][..k].iter().enumerate() {
                rows.swap(j, pivot as usize);
            }
            assert_eq!(rows, order);
            let at = |r: usize, c: usize| packed.values[r * n + c];
            let product = |r: usize, c: usize| -> Complex<f64> {
                (0..k)
                    .map(|j| {
                        if j > r || j > c {
                            0.0.into()
                        } else if j == r {
                            at(r, c)
                        } else {
                            at(r, j) * at(j, c)
                        }
                    })
                    .sum()
            };
            for p in 0..m * n {
                let (r, c) = (p / n, p % n);
                assert!((product(r, c) - whole.values[order[r] as usize * n + c]).norm() < T::TOLERANCE);
            }
        }
        let inverse = pinv(&a, 1e-6).unwrap();
        for i in 0..BATCH {
            let (a, p) = (Wide::from::<T>(&a, i), Wide::from::<T>(&inverse, i));
            a.times(&p).times(&a).assert_is(&a, 100.0 * T::TOLERANCE);
        }
        if m >= n {
            let [q, r] = qr(&a).unwrap();
            for i in 0..BATCH {
                let (q, r) = (Wide::from::<T>(&q, i), Wide::from::<T>(&r, i));
                q.times(&r).assert_is(&Wide::from::<T>(&a, i), T::TOLERANCE);
                q.adjoint().times(&q).assert_is(&Wide::identity(n), T::TOLERANCE);
                assert!((0..n * n).all(|p| p / n <= p % n || r.values[p].norm() == 0.0));
                assert!((0..n).all(|j| r.values[j * n + j].im == 0.0));
            }
        }
    }
}

#[test]
fn factors_of_any_shape_multiply_back() {
    factors_multiply_back::<f64>();
    factors_multiply_back::<f32>();
    factors_multiply_back::<Complex32>();
}

fn square_laws<T: Number>() {
    for n in [1, 2, 5, 33, 70] {
        let (a, p) = (positive::<T>(n), positive::<T>(n));
        let b = random::<T>(n, 4);
        let [packed, _, order] = lu(&a).unwrap();
        let (x, y) = (lu_solve(&packed, &order, &b, false).unwrap(), lu_solve(&packed, &order, &b, true).unwrap());
        let (inverse, l, cofactors) = (inverse(&a).unwrap(), cholesky(&p).unwrap(), cofactor(&a).unwrap());
        let z = triangular_solve(&a, &b, Triangle::Upper).unwrap();
        let w = triangular_solve(&a, &b, Triangle::Lower).unwrap();
        let (h, e) = (eigh(&p, true).unwrap(), eig(&a, true).unwrap());
        let determinants = determinant(&a).unwrap().to_vec::<T>();
        for (i, determinant) in determinants.iter().enumerate() {
            let (a, b) = (Wide::from::<T>(&a, i), Wide::from::<T>(&b, i));
            a.times(&Wide::from::<T>(&x, i)).assert_is(&b, T::TOLERANCE);
            a.adjoint().times(&Wide::from::<T>(&y, i)).assert_is(&b, T::TOLERANCE);
            a.times(&Wide::from::<T>(&inverse, i)).assert_is(&Wide::identity(n), T::TOLERANCE);
            let keep = |upper: bool| {
                let at = |q: usize| if (q / n <= q % n) == upper || q / n == q % n { a.values[q] } else { 0.0.into() };
                Wide { values: (0..n * n).map(at).collect(), rows: n, columns: n }
            };
            keep(true).times(&Wide::from::<T>(&z, i)).assert_is(&b, T::TOLERANCE);
            keep(false).times(&Wide::from::<T>(&w, i)).assert_is(&b, T::TOLERANCE);
            let (p, l) = (Wide::from::<T>(&p, i), Wide::from::<T>(&l, i));
            l.times(&l.adjoint()).assert_is(&p, T::TOLERANCE);
            let v = Wide::from::<T>(&h[1], i);
            let values = match T::DTYPE {
                crate::DType::F64 => Wide::diagonal::<f64>(&h[0], n, n, i),
                _ => Wide::diagonal::<f32>(&h[0], n, n, i),
            };
            assert!((1..n).all(|j| values.values[(j - 1) * n + j - 1].re <= values.values[j * n + j].re));
            v.times(&values).times(&v.adjoint()).assert_is(&p, T::TOLERANCE);
            let (w, v) = (Wide::diagonal::<Complex32>(&e[0], n, n, i), Wide::from::<Complex32>(&e[1], i));
            a.times(&v).assert_is(&v.times(&w), 2e-4);
            if n < 6 {
                let (d, c) = (determinant.wide(), Wide::from::<T>(&cofactors, i));
                // The adjoint conjugates, the transpose must not.
                let conjugated = Wide { values: c.values.iter().map(Complex::conj).collect(), ..c.clone() };
                let adjugate = conjugated.adjoint();
                let expected: Vec<_> = Wide::identity(n).values.iter().map(|x| x * d).collect();
                a.times(&adjugate)
                    .assert_is(&Wide { values: expected, rows: n, columns: n }, 10.0 * T::TOLERANCE * d.norm());
            }
        }
    }
}

#[test]
fn square_matrices_obey_the_equations_that_define_their_results() {
    square_laws::<f64>();
    square_laws::<f32>();
    square_laws::<Complex32>();
}

#[test]
fn eigenvalues_of_real_matrices_come_in_conjugate_pairs() {
    let a = random::<f64>(9, 9);
    let out = eig(&a, true).unwrap();
    for i in 0..BATCH {
        let (w, v) = (Wide::diagonal::<Complex32>(&out[0], 9, 9, i), Wide::from::<Complex32>(&out[1], i));
        Wide::from::<f64>(&a, i).times(&v).assert_is(&v.times(&w), 1e-5);
        assert!(v.adjoint().times(&v).values.iter().step_by(10).all(|x| (x - 1.0).norm() < 1e-6));
    }
}

#[test]
fn cofactors_of_singular_matrices_are_finite() {
    let ones = Tensor::from_slice(&[1.0f64; 4], &[2, 2]).unwrap();
    let got = cofactor(&ones).unwrap().to_vec::<f64>();
    assert!(got.iter().zip([1.0, -1.0, -1.0, 1.0]).all(|(x, y)| (x - y).abs() < 1e-12), "{got:?}");
    let zero = Tensor::from_slice(&[0.0f64; 9], &[3, 3]).unwrap();
    assert_eq!(cofactor(&zero).unwrap().to_vec::<f64>(), [0.0; 9]);
    let rank_two = Tensor::from_slice(&[1.0f64, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0], &[3, 3]).unwrap();
    let got = cofactor(&rank_two).unwrap().to_vec::<f64>();
    let want = [-3.0, 6.0, -3.0, 6.0, -12.0, 6.0, -3.0, 6.0, -3.0];
    assert!(got.iter().zip(want).all(|(x, y): (&f64, f64)| (x - y).abs() < 1e-12), "{got:?}");
}

#[test]
fn singular_matrices_have_lu_factors() {
    let cases: [[f64; 9]; 4] = [
        [0.0; 9],
        [0.0, 1.0, 2.0, 0.0, 3.0, 4.0, 0.0, 5.0, 7.0],
        [1.0, 2.0, 3.0, 2.0, 4.0, 6.0, 3.0, 6.0, 1.0],
        [0.0, 0.0, 3.0, 0.0, 0.0, 6.0, 0.0, 0.0, 1.0],
    ];
    for case in cases {
        let a = Tensor::from_slice(&case, &[3, 3]).unwrap();
        let [packed, _, order] = lu(&a).unwrap();
        let (p, order) = (packed.to_vec::<f64>(), order.to_vec::<u32>());
        for (row, column) in (0..9).map(|i| (i / 3, i % 3)) {
            let factor = |j: usize| if j == row { 1.0 } else { p[row * 3 + j] };
            let product: f64 = (0..=row.min(column)).map(|j| factor(j) * p[j * 3 + column]).sum();
            assert!((product - case[order[row] as usize * 3 + column]).abs() < 1e-14, "{case:?}");
        }
        assert_eq!(determinant(&a).unwrap().to_vec::<f64>(), [0.0]);
        assert_eq!(inverse(&a).unwrap_err(), KernelError::Singular { matrix: 0 });
    }
}

#[test]
fn bad_values_give_errors_that_name_the_matrix() {
    let second = |bad: f64| Tensor::from_slice(&[2.0f64, 0.0, 0.0, 2.0, bad, 0.0, 0.0, bad], &[2, 2, 2]).unwrap();
    assert_eq!(inverse(&second(0.0)).unwrap_err(), KernelError::Singular { matrix: 1 });
    assert_eq!(cholesky(&second(-1.0)).unwrap_err(), KernelError::NotPositive { matrix: 1 });
    assert_eq!(cholesky(&second(0.0)).unwrap_err(), KernelError::NotPositive { matrix: 1 });
    let b = second(1.0);
    assert_eq!(triangular_solve(&second(0.0), &b, Triangle::Upper).unwrap_err(), KernelError::Singular { matrix: 1 });
    for bad in [f64::NAN, f64::INFINITY] {
        let a = second(bad);
        assert_eq!(cholesky(&second(f64::NAN)).unwrap_err(), KernelError::NotPositive { matrix: 1 });
        for failed in [
            svd(&a, Factors::Full).map(drop),
            pinv(&a, 0.0).map(drop),
            eigh(&a, true).map(drop),
            eig(&a, false).map(drop),
        ] {
            assert_eq!(failed.unwrap_err(), KernelError::NotFinite { matrix: 1 });
        }
        let [packed, _, order] = lu(&a).unwrap();
        let _ = (lu_solve(&packed, &order, &b, false), inverse(&a), qr(&a), determinant(&a), cofactor(&a));
    }
}

#[test]
fn empty_matrices_and_batches_have_empty_results() {
    for shape in [[0, 2, 2], [2, 0, 0], [1 << 40, 0, 0], [2, 3, 0], [2, 0, 3], [0, 0, 3]] {
        let a = Tensor::from_slice::<f32>(&[], &shape).unwrap();
        lu(&a).unwrap();
        svd(&a, Factors::Thin).unwrap();
        svd(&a, Factors::Values).unwrap();
        pinv(&a, 0.0).unwrap();
        if shape[1] >= shape[2] {
            qr(&a).unwrap();
        }
        if shape[1] == shape[2] {
            assert!(inverse(&a).unwrap().is_empty());
            cholesky(&a).unwrap();
            eigh(&a, true).unwrap();
            eig(&a, true).unwrap();
            cofactor(&a).unwrap();
            triangular_solve(&a, &a, Triangle::Lower).unwrap();
        }
    }
    let tall = svd(&Tensor::from_slice::<f32>(&[], &[2, 2, 0]).unwrap(), Factors::Full).unwrap();
    assert_eq!(tall[0].to_vec::<f32>(), [1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0]);
    assert_eq!(determinant(&Tensor::from_slice::<f32>(&[], &[2, 0, 0]).unwrap()).unwrap().to_vec::<f32>(), [1.0, 1.0]);
}

#[test]
fn rank_deficient_and_extreme_matrices_still_factor() {
    for scale in [1e-300, 1e-160, 1.0, 1e160, 1e300] {
        for base in
            [[1.0f64; 9], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.5], [0.0, 0.0, 1.0, 0.0, 0.0, 2.0, 0.0, 0.0, 3.0]]
        {
            let a = Tensor::from_slice(&base.map(|x| x * scale), &[1, 3, 3]).unwrap();
            let unit = Tensor::from_slice(&base, &[1, 3, 3]).unwrap();
            let unscaled = |w: Wide| Wide { values: w.values.iter().map(|x| x / scale).collect(), ..w };
            let [q, r] = qr(&a).unwrap();
            let (q, r) = (Wide::from::<f64>(&q, 0), unscaled(Wide::from::<f64>(&r, 0)));
            q.times(&r).assert_is(&Wide::from::<f64>(&unit, 0), 1e-12);
            q.adjoint().times(&q).assert_is(&Wide::identity(3), 1e-12);
            let out = svd(&a, Factors::Full).unwrap();
            let s = unscaled(Wide::diagonal::<f64>(&out[1], 3, 3, 0));
            let (u, vh) = (Wide::from::<f64>(&out[0], 0), Wide::from::<f64>(&out[2], 0));
            u.times(&s).times(&vh).assert_is(&Wide::from::<f64>(&unit, 0), 1e-12);
            let out = eigh(&a, true).unwrap();
            let (w, v) = (unscaled(Wide::diagonal::<f64>(&out[0], 3, 3, 0)), Wide::from::<f64>(&out[1], 0));
            let low = |r: usize, c: usize| base[r.max(c) * 3 + r.min(c)].into();
            let symmetric = Wide { values: (0..9).map(|p| low(p / 3, p % 3)).collect(), rows: 3, columns: 3 };
            v.times(&w).times(&v.adjoint()).assert_is(&symmetric, 1e-12);
            eig(&a, true).unwrap();
        }
    }
}
