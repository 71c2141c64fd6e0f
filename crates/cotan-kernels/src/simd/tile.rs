//! Elementwise loops over contiguous memory, type-erased so that a run-time program can hold them.

#[cfg(target_arch = "aarch64")]
use super::isa::Neon;
#[cfg(target_arch = "x86_64")]
use super::isa::{Avx2, Avx512};
use super::isa::{Isa, Level, Scalar, level};
use crate::{DType, Element};
use std::mem::MaybeUninit;

/// A scalar function of one argument; `call` must be `#[inline(always)]` and total (padding reaches it too).
///
/// ```
/// use cotan_kernels::simd::{Isa, Map1, map1_slice};
/// #[derive(Clone, Copy)]
/// struct Double;
/// impl Map1<f32, f32> for Double {
///     #[inline(always)]
///     fn call<I: Isa>(a: f32) -> f32 { a + a }
/// }
/// let mut out = [0.0; 2];
/// map1_slice::<f32, f32, Double>(&[1.0, 2.0], &mut out);
/// assert_eq!(out, [2.0, 4.0]);
/// ```
pub trait Map1<A, R>: Copy + 'static {
    /// The value for one element.
    fn call<I: Isa>(a: A) -> R;

    /// Whether [`Map1::call_near`] serves for `a`. Loops ask for a chunk at a time.
    #[inline(always)]
    fn is_near<I: Isa>(a: A) -> bool {
        let _ = a;
        true
    }

    /// The value for an argument from the range where a cheaper formula holds, as for angles that are not huge.
    #[inline(always)]
    fn call_near<I: Isa>(a: A) -> R {
        Self::call::<I>(a)
    }
}

/// A scalar function of two arguments; `call` must be `#[inline(always)]` and total.
pub trait Map2<A, B, R>: Copy + 'static {
    /// The value for one element.
    fn call<I: Isa>(a: A, b: B) -> R;

    /// Whether [`Map2::call_near`] serves for `a` and `b`. Loops ask for a chunk at a time.
    #[inline(always)]
    fn is_near<I: Isa>(a: A, b: B) -> bool {
        let _ = (a, b);
        true
    }

    /// The value for arguments from the range where a cheaper formula holds.
    #[inline(always)]
    fn call_near<I: Isa>(a: A, b: B) -> R {
        Self::call::<I>(a, b)
    }
}

/// A scalar function of three arguments; `call` must be `#[inline(always)]` and total.
pub trait Map3<A, B, C, R>: Copy + 'static {
    /// The value for one element.
    fn call<I: Isa>(a: A, b: B, c: C) -> R;
}

/// Elements computed at a time. Results of a chunk are all computed before the first is stored, so `dst` may equal
/// a source without a run-time alias check that would send in-place calls to a scalar loop.
const CHUNK: usize = 64;

/// Computes `chunks` whole chunks.
type Run = unsafe fn(*const *const u8, *mut u8, usize);

/// A chunk of any element type.
#[repr(align(64))]
#[derive(Clone, Copy)]
struct Spill([u8; CHUNK * 8]);

/// An elementwise kernel over contiguous tiles, its types known only at run time.
#[derive(Clone, Copy, Debug)]
pub struct Tile {
    run: Run,
    args: [Option<DType>; 3],
    result: DType,
}

impl Tile {
    /// The kernel of a function of one argument, at the level of this process.
    #[must_use]
    pub fn map1<A: Element, R: Element, M: Map1<A, R>>() -> Tile {
        Tile::new::<(A,), R, Of1<M>>(level(), [Some(A::DTYPE), None, None])
    }

    /// The kernel of a function of two arguments, at the level of this process.
    #[must_use]
    pub fn map2<A: Element, B: Element, R: Element, M: Map2<A, B, R>>() -> Tile {
        Tile::new::<(A, B), R, Of2<M>>(level(), [Some(A::DTYPE), Some(B::DTYPE), None])
    }

    /// The kernel of a function of three arguments, at the level of this process.
    #[must_use]
    pub fn map3<A: Element, B: Element, C: Element, R: Element, M: Map3<A, B, C, R>>() -> Tile {
        Tile::new::<(A, B, C), R, Of3<M>>(level(), [Some(A::DTYPE), Some(B::DTYPE), Some(C::DTYPE)])
    }

    /// As [`Tile::map1`], at a level that the caller chooses.
    #[cfg(test)]
    pub(super) fn map1_at<A: Element, R: Element, M: Map1<A, R>>(level: Level) -> Tile {
        Tile::new::<(A,), R, Of1<M>>(level, [Some(A::DTYPE), None, None])
    }

    /// As [`Tile::map2`], at a level that the caller chooses.
    #[cfg(test)]
    pub(super) fn map2_at<A: Element, B: Element, R: Element, M: Map2<A, B, R>>(level: Level) -> Tile {
        Tile::new::<(A, B), R, Of2<M>>(level, [Some(A::DTYPE), Some(B::DTYPE), None])
    }

    /// The element types of the arguments, in order; `None` past the last.
    #[must_use]
    pub const fn args(&self) -> [Option<DType>; 3] {
        self.args
    }

    /// How many arguments it takes.
    #[must_use]
    pub fn arity(&self) -> usize {
        self.args.iter().flatten().count()
    }

    /// The element type of the result.
    #[must_use]
    pub const fn result(&self) -> DType {
        self.result
    }

    /// Computes `dst[i] = f(src[0][i], ...)` for `i` in `0..n`.
    ///
    /// # Safety
    /// `src` holds at least [`Tile::arity`] pointers. Each is aligned and readable for `n` elements of its type in
    /// [`Tile::args`], and `dst` is aligned and writable for `n` elements of [`Tile::result`]. `dst` overlaps no
    /// source, except that it may equal a source whose elements have the same size.
    #[inline]
    pub unsafe fn run(&self, src: &[*const u8], dst: *mut u8, n: usize) {
        debug_assert!(src.len() >= self.arity());
        // SAFETY: the caller's promise covers the whole chunks and what is left; the level was available in `new`.
        unsafe {
            (self.run)(src.as_ptr(), dst, n / CHUNK);
            if !n.is_multiple_of(CHUNK) {
                self.run_tail(src, dst, n);
            }
        }
    }

    /// Computes the last `n % CHUNK` elements in a padded chunk, so that they too go through the vector loop.
    ///
    /// # Safety
    /// The contract of [`Tile::run`].
    unsafe fn run_tail(&self, src: &[*const u8], dst: *mut u8, n: usize) {
        let (start, len) = (n - n % CHUNK, n % CHUNK);
        let mut padded = [const { Spill([0; CHUNK * 8]) }; 3];
        let mut pointers = [std::ptr::null(); 3];
        for (i, dtype) in self.args.iter().flatten().enumerate() {
            let size = dtype.size();
            // SAFETY: the source holds `n` elements, the padded chunk more than `len`.
            unsafe { src[i].add(start * size).copy_to_nonoverlapping(padded[i].0.as_mut_ptr(), len * size) };
            pointers[i] = padded[i].0.as_ptr();
        }
        let mut out = MaybeUninit::<Spill>::uninit();
        let size = self.result.size();
        // SAFETY: sources and destination hold one chunk of any type; `dst` holds `n` elements.
        unsafe {
            (self.run)(pointers.as_ptr(), out.as_mut_ptr().cast(), 1);
            out.as_ptr().cast::<u8>().copy_to_nonoverlapping(dst.add(start * size), len * size);
        }
    }

    fn new<A: Args, R: Element, M: Map<A, R>>(level: Level, args: [Option<DType>; 3]) -> Tile {
        let run: Run = match level {
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 if level.is_available() => avx512::<A, R, M>,
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 if level.is_available() => avx2::<A, R, M>,
            #[cfg(target_arch = "aarch64")]
            Level::Neon if level.is_available() => body::<Neon, A, R, M>,
            Level::Scalar | Level::Avx2 | Level::Avx512 | Level::Neon => body::<Scalar, A, R, M>,
        };
        Tile { run, args, result: R::DTYPE }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,f16c,bmi1,bmi2,lzcnt,avx512f,avx512bw,avx512vl,avx512dq,avx512cd")]
unsafe fn avx512<A: Args, R: Element, M: Map<A, R>>(src: *const *const u8, dst: *mut u8, chunks: usize) {
    // SAFETY: the same contract.
    unsafe { body::<Avx512, A, R, M>(src, dst, chunks) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,f16c,bmi1,bmi2,lzcnt")]
unsafe fn avx2<A: Args, R: Element, M: Map<A, R>>(src: *const *const u8, dst: *mut u8, chunks: usize) {
    // SAFETY: the same contract.
    unsafe { body::<Avx2, A, R, M>(src, dst, chunks) }
}

/// # Safety
/// The contract of [`Tile::run`] for `chunks * CHUNK` elements.
#[inline(always)]
unsafe fn body<I: Isa, A: Args, R: Element, M: Map<A, R>>(src: *const *const u8, dst: *mut u8, chunks: usize) {
    // SAFETY: `src` holds a pointer per argument.
    let src = unsafe { A::pointers(src) };
    for chunk in 0..chunks {
        // SAFETY: the chunk is readable, and its results are complete before `dst` is written.
        unsafe {
            let from = A::offset(src, chunk * CHUNK);
            let mut out = [const { MaybeUninit::<R>::uninit() }; CHUNK];
            let mut near = true;
            for i in 0..CHUNK {
                near &= M::is_near::<I>(A::read(from, i));
            }
            if near {
                for (i, out) in out.iter_mut().enumerate() {
                    out.write(M::call_near::<I>(A::read(from, i)));
                }
            } else {
                for (i, out) in out.iter_mut().enumerate() {
                    out.write(M::call::<I>(A::read(from, i)));
                }
            }
            dst.cast::<[MaybeUninit<R>; CHUNK]>().add(chunk).write(out);
        }
    }
}

/// A tuple of element types and what the loop needs of it.
trait Args: Copy + 'static {
    /// A pointer per argument.
    type Pointers: Copy;
    /// # Safety
    /// `src` points at a pointer per argument.
    unsafe fn pointers(src: *const *const u8) -> Self::Pointers;
    /// # Safety
    /// The pointers are valid for `start` elements.
    unsafe fn offset(from: Self::Pointers, start: usize) -> Self::Pointers;
    /// # Safety
    /// The pointers are readable for `i + 1` elements.
    unsafe fn read(from: Self::Pointers, i: usize) -> Self;
}

macro_rules! args {
    ($(($T:ident, $i:tt)),*) => {
        impl<$($T: Element),*> Args for ($($T,)*) {
            type Pointers = ($(*const $T,)*);
            #[inline(always)]
            unsafe fn pointers(src: *const *const u8) -> Self::Pointers {
                // SAFETY: the caller's promise.
                unsafe { ($((*src.add($i)).cast::<$T>(),)*) }
            }
            #[inline(always)]
            unsafe fn offset(from: Self::Pointers, start: usize) -> Self::Pointers {
                // SAFETY: the caller's promise.
                unsafe { ($(from.$i.add(start),)*) }
            }
            #[inline(always)]
            unsafe fn read(from: Self::Pointers, i: usize) -> Self {
                // SAFETY: the caller's promise.
                unsafe { ($(from.$i.add(i).read(),)*) }
            }
        }
    };
}
args!((A, 0));
args!((A, 0), (B, 1));
args!((A, 0), (B, 1), (C, 2));

/// The three arities under one roof.
trait Map<A: Copy, R>: 'static {
    fn call<I: Isa>(args: A) -> R;
    fn is_near<I: Isa>(args: A) -> bool;
    fn call_near<I: Isa>(args: A) -> R;
}

struct Of1<M>(M);
struct Of2<M>(M);
struct Of3<M>(M);

impl<A: Copy, R, M: Map1<A, R>> Map<(A,), R> for Of1<M> {
    #[inline(always)]
    fn call<I: Isa>((a,): (A,)) -> R {
        M::call::<I>(a)
    }
    #[inline(always)]
    fn is_near<I: Isa>((a,): (A,)) -> bool {
        M::is_near::<I>(a)
    }
    #[inline(always)]
    fn call_near<I: Isa>((a,): (A,)) -> R {
        M::call_near::<I>(a)
    }
}

impl<A: Copy, B: Copy, R, M: Map2<A, B, R>> Map<(A, B), R> for Of2<M> {
    #[inline(always)]
    fn call<I: Isa>((a, b): (A, B)) -> R {
        M::call::<I>(a, b)
    }
    #[inline(always)]
    fn is_near<I: Isa>((a, b): (A, B)) -> bool {
        M::is_near::<I>(a, b)
    }
    #[inline(always)]
    fn call_near<I: Isa>((a, b): (A, B)) -> R {
        M::call_near::<I>(a, b)
    }
}

impl<A: Copy, B: Copy, C: Copy, R, M: Map3<A, B, C, R>> Map<(A, B, C), R> for Of3<M> {
    #[inline(always)]
    fn call<I: Isa>((a, b, c): (A, B, C)) -> R {
        M::call::<I>(a, b, c)
    }
    #[inline(always)]
    fn is_near<I: Isa>(_: (A, B, C)) -> bool {
        true
    }
    #[inline(always)]
    fn call_near<I: Isa>(args: (A, B, C)) -> R {
        Self::call::<I>(args)
    }
}

/// Applies a function to a slice: `out[i] = f(a[i])`.
///
/// # Panics
/// If the lengths differ.
pub fn map1_slice<A: Element, R: Element, M: Map1<A, R>>(a: &[A], out: &mut [R]) {
    assert_eq!(a.len(), out.len());
    // SAFETY: the lengths agree and slices of elements are aligned.
    unsafe { Tile::map1::<A, R, M>().run(&[a.as_ptr().cast()], out.as_mut_ptr().cast(), out.len()) }
}

/// Applies a function to two slices: `out[i] = f(a[i], b[i])`.
///
/// # Panics
/// If the lengths differ.
pub fn map2_slice<A: Element, B: Element, R: Element, M: Map2<A, B, R>>(a: &[A], b: &[B], out: &mut [R]) {
    assert!(a.len() == out.len() && b.len() == out.len());
    let src = [a.as_ptr().cast(), b.as_ptr().cast()];
    // SAFETY: the lengths agree and slices of elements are aligned.
    unsafe { Tile::map2::<A, B, R, M>().run(&src, out.as_mut_ptr().cast(), out.len()) }
}

/// Applies a function to three slices: `out[i] = f(a[i], b[i], c[i])`.
///
/// # Panics
/// If the lengths differ.
pub fn map3_slice<A: Element, B: Element, C: Element, R: Element, M: Map3<A, B, C, R>>(
    a: &[A],
    b: &[B],
    c: &[C],
    out: &mut [R],
) {
    assert!(a.len() == out.len() && b.len() == out.len() && c.len() == out.len());
    let src = [a.as_ptr().cast(), b.as_ptr().cast(), c.as_ptr().cast()];
    // SAFETY: the lengths agree and slices of elements are aligned.
    unsafe { Tile::map3::<A, B, C, R, M>().run(&src, out.as_mut_ptr().cast(), out.len()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy)]
    struct Axpy;
    impl Map3<f32, f32, f32, f32> for Axpy {
        #[inline(always)]
        fn call<I: Isa>(a: f32, b: f32, c: f32) -> f32 {
            a * b + c
        }
    }

    #[derive(Clone, Copy)]
    struct Less;
    impl Map2<f64, i32, crate::Bool> for Less {
        #[inline(always)]
        fn call<I: Isa>(a: f64, b: i32) -> crate::Bool {
            (a < f64::from(b)).into()
        }
    }

    #[derive(Clone, Copy)]
    struct Negate;
    impl Map1<i64, i64> for Negate {
        #[inline(always)]
        fn call<I: Isa>(a: i64) -> i64 {
            -a
        }
    }

    #[test]
    fn every_length_is_written_and_nothing_beyond() {
        for n in (0..200).chain([1000, 1024]) {
            let a: Vec<f32> = (0..n).map(|i| i as f32).collect();
            let mut out = vec![-1.0; n + 5];
            map3_slice::<_, _, _, _, Axpy>(&a, &a, &a, &mut out[..n]);
            assert!(out[..n].iter().zip(&a).all(|(&r, &x)| r == x * x + x), "{n}");
            assert!(out[n..].iter().all(|&r| r == -1.0), "{n}");
        }
    }

    #[test]
    fn operands_may_differ_in_size() {
        let a: Vec<f64> = (0..133).map(|i| f64::from(i) / 2.0).collect();
        let b: Vec<i32> = (0..133).map(|i| i % 50).collect();
        let mut out = vec![crate::Bool(9); 133];
        map2_slice::<_, _, _, Less>(&a, &b, &mut out);
        assert!((0..133).all(|i| out[i].get() == (a[i] < f64::from(b[i]))));
    }

    #[test]
    fn the_result_may_replace_an_argument() {
        for n in [1, 63, 64, 65, 500] {
            let mut a: Vec<i64> = (0..n).collect();
            let tile = Tile::map1::<i64, i64, Negate>();
            assert_eq!((tile.args(), tile.arity(), tile.result()), ([Some(DType::I64), None, None], 1, DType::I64));
            // SAFETY: source and destination are the same `n` elements.
            unsafe { tile.run(&[a.as_ptr().cast()], a.as_mut_ptr().cast(), a.len()) };
            assert!((0..n).all(|i| a[i as usize] == -i));
        }
    }
}
