//! Instruction sets, which one this machine has, and how a kernel is compiled for each.

use std::sync::OnceLock;

/// An instruction set as the scalar code sees it: whether a fused multiply-add is one instruction.
///
/// Implementors are zero-sized names. Code generic over `I: Isa` must be `#[inline(always)]` down from a
/// [`Kernel`], so that it is compiled with the features of the set it names.
pub trait Isa: Copy + Send + Sync + 'static {
    /// True where `fma32` and `fma64` round once.
    const FMA: bool;

    /// `a * b + c`, rounded once where [`Isa::FMA`] is true and twice elsewhere.
    #[must_use]
    #[inline(always)]
    fn fma32(a: f32, b: f32, c: f32) -> f32 {
        // Without the instruction `mul_add` is a slow library call.
        if Self::FMA { a.mul_add(b, c) } else { a * b + c }
    }

    /// `a * b + c`, rounded once where [`Isa::FMA`] is true and twice elsewhere.
    #[must_use]
    #[inline(always)]
    fn fma64(a: f64, b: f64, c: f64) -> f64 {
        if Self::FMA { a.mul_add(b, c) } else { a * b + c }
    }
}

/// What the compiler's target offers without run-time detection (SSE2 on x86-64); no fused multiply-add.
#[derive(Clone, Copy, Debug)]
pub struct Scalar;

impl Isa for Scalar {
    const FMA: bool = false;
}

/// x86-64 with AVX2, FMA, F16C and BMI: 256-bit vectors.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug)]
pub struct Avx2;

#[cfg(target_arch = "x86_64")]
impl Isa for Avx2 {
    const FMA: bool = true;
}

/// x86-64 with AVX-512 F, BW, VL, DQ and CD: 512-bit vectors.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug)]
pub struct Avx512;

#[cfg(target_arch = "x86_64")]
impl Isa for Avx512 {
    const FMA: bool = true;
}

/// 64-bit Arm, whose baseline has 128-bit vectors and fused multiply-add.
#[cfg(target_arch = "aarch64")]
#[derive(Clone, Copy, Debug)]
pub struct Neon;

#[cfg(target_arch = "aarch64")]
impl Isa for Neon {
    const FMA: bool = true;
}

/// The instruction sets that kernels are compiled for, on any machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    /// The target's baseline.
    Scalar,
    /// x86-64 with AVX2, FMA, F16C and BMI.
    Avx2,
    /// x86-64 with AVX-512 F, BW, VL, DQ and CD.
    Avx512,
    /// 64-bit Arm.
    Neon,
}

impl Level {
    /// The name that `COTAN_ISA` understands.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Level::Scalar => "scalar",
            Level::Avx2 => "avx2",
            Level::Avx512 => "avx512",
            Level::Neon => "neon",
        }
    }

    /// The levels that this machine can run, from the plainest to the best.
    #[must_use]
    pub fn available() -> &'static [Level] {
        static AVAILABLE: OnceLock<Vec<Level>> = OnceLock::new();
        AVAILABLE.get_or_init(detect)
    }

    /// Whether this machine can run it.
    #[must_use]
    pub fn is_available(self) -> bool {
        Level::available().contains(&self)
    }
}

#[cfg(target_arch = "x86_64")]
fn detect() -> Vec<Level> {
    let mut levels = vec![Level::Scalar];
    let avx2 = is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("fma")
        && is_x86_feature_detected!("f16c")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("lzcnt");
    let avx512 = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512cd");
    if avx2 {
        levels.push(Level::Avx2);
        if avx512 {
            levels.push(Level::Avx512);
        }
    }
    levels
}

#[cfg(target_arch = "aarch64")]
fn detect() -> Vec<Level> {
    vec![Level::Scalar, Level::Neon]
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn detect() -> Vec<Level> {
    vec![Level::Scalar]
}

/// The level that kernels use in this process, found once.
///
/// The environment variable `COTAN_ISA` (`scalar`, `avx2`, `avx512` or `neon`) picks a plainer one; a name that is
/// unknown or that this machine can't run leaves the best available level.
#[must_use]
pub fn level() -> Level {
    static LEVEL: OnceLock<Level> = OnceLock::new();
    *LEVEL.get_or_init(|| choose(Level::available(), &std::env::var("COTAN_ISA").unwrap_or_default()))
}

/// The level of this name, or else the last and best.
fn choose(available: &[Level], wanted: &str) -> Level {
    let best = available.last().copied().unwrap_or(Level::Scalar);
    available.iter().copied().find(|level| level.name() == wanted).unwrap_or(best)
}

/// Work that is compiled once per instruction set.
///
/// `run` must be `#[inline(always)]`, as must everything hot that it calls.
///
/// ```
/// use cotan_kernels::simd::{Isa, Kernel, dispatch};
/// struct Dot<'a>(&'a [f32], &'a [f32]);
/// impl Kernel for Dot<'_> {
///     type Output = f32;
///     #[inline(always)]
///     fn run<I: Isa>(self) -> f32 {
///         self.0.iter().zip(self.1).fold(0.0, |sum, (&a, &b)| I::fma32(a, b, sum))
///     }
/// }
/// assert_eq!(dispatch(Dot(&[1.0, 2.0], &[3.0, 4.0])), 11.0);
/// ```
pub trait Kernel {
    /// What the work returns.
    type Output;
    /// Does the work with the instructions of `I`.
    fn run<I: Isa>(self) -> Self::Output;
}

/// Runs a kernel at the level of this process.
#[inline]
pub fn dispatch<K: Kernel>(kernel: K) -> K::Output {
    dispatch_at(level(), kernel)
}

/// Runs a kernel at a chosen level, or at the plainest one where the machine lacks it.
#[inline]
pub fn dispatch_at<K: Kernel>(level: Level, kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    {
        if level == Level::Avx512 && level.is_available() {
            // SAFETY: `is_available` has found the features.
            return unsafe { avx512(kernel) };
        }
        if level == Level::Avx2 && level.is_available() {
            // SAFETY: as above.
            return unsafe { avx2(kernel) };
        }
    }
    #[cfg(target_arch = "aarch64")]
    if level == Level::Neon {
        return kernel.run::<Neon>();
    }
    let _ = level;
    kernel.run::<Scalar>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,f16c,bmi1,bmi2,lzcnt,avx512f,avx512bw,avx512vl,avx512dq,avx512cd")]
fn avx512<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Avx512>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,f16c,bmi1,bmi2,lzcnt")]
fn avx2<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Avx2>()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fused;
    impl Kernel for Fused {
        type Output = (bool, f64);
        #[inline(always)]
        fn run<I: Isa>(self) -> (bool, f64) {
            let a = 1.0 + f64::EPSILON;
            (I::FMA, I::fma64(a, a, -(a * a)))
        }
    }

    #[test]
    fn each_level_rounds_as_it_says() {
        for &level in Level::available() {
            let (fused, rest) = dispatch_at(level, Fused);
            assert_eq!(fused, rest != 0.0, "{level:?}");
            assert_eq!(fused, level != Level::Scalar);
        }
    }

    #[test]
    fn the_level_of_the_process_is_available() {
        assert!(level().is_available());
    }

    #[test]
    fn a_name_picks_a_level_that_the_machine_has() {
        let levels = [Level::Scalar, Level::Avx2];
        assert_eq!(choose(&levels, "scalar"), Level::Scalar);
        assert_eq!(choose(&levels, "avx2"), Level::Avx2);
        assert_eq!(choose(&levels, "avx512"), Level::Avx2);
        assert_eq!(choose(&levels, ""), Level::Avx2);
    }
}
