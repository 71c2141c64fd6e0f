//! Formats of quantised matrices.

use cotan_kernels::DType;

use crate::error::{Error, Result};

/// The size that a mode has by default, and all that it has.
type Sizes = (i64, &'static [i64]);

/// How elements of a group are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum QuantMode {
    /// Whole numbers: `scale * code + bias`.
    Affine,
    /// 4-bit floats E2M1 with a power of two as scale (OCP "Microscaling formats", 2023).
    Mxfp4,
    /// 8-bit floats E4M3 with a power of two as scale.
    Mxfp8,
    /// 4-bit floats E2M1 with an 8-bit float E4M3 as scale.
    Nvfp4,
}

impl QuantMode {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            QuantMode::Affine => "affine",
            QuantMode::Mxfp4 => "mxfp4",
            QuantMode::Mxfp8 => "mxfp8",
            QuantMode::Nvfp4 => "nvfp4",
        }
    }

    /// The mode of this name: `affine`, `mxfp4`, `mxfp8` or `nvfp4`.
    ///
    /// # Errors
    /// When there is no such mode.
    pub fn named(name: &str) -> Result<QuantMode> {
        match name {
            "affine" => Ok(QuantMode::Affine),
            "mxfp4" => Ok(QuantMode::Mxfp4),
            "mxfp8" => Ok(QuantMode::Mxfp8),
            "nvfp4" => Ok(QuantMode::Nvfp4),
            _ => Err(Error::value("quantize", format!("modes are affine, mxfp4, mxfp8 and nvfp4, got {name:?}"))),
        }
    }
}

/// A mode with the sizes of groups and codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct QuantFormat {
    /// How elements of a group are coded.
    pub mode: QuantMode,
    /// How many elements in a row share a scale.
    pub group_size: usize,
    /// How many bits a code has.
    pub bits: usize,
}

impl QuantFormat {
    /// A mode with its default sizes where none are given.
    ///
    /// # Errors
    /// When the mode doesn't have these sizes: `affine` has groups of 32, 64 and 128 and codes of 1 to 6 and 8 bits, the
    /// others have one size each.
    pub fn new(mode: QuantMode, group_size: Option<i64>, bits: Option<i64>) -> Result<QuantFormat> {
        let (groups, widths): (Sizes, Sizes) = match mode {
            QuantMode::Affine => ((64, &[32, 64, 128]), (4, &[1, 2, 3, 4, 5, 6, 8])),
            QuantMode::Mxfp4 => ((32, &[32]), (4, &[4])),
            QuantMode::Mxfp8 => ((32, &[32]), (8, &[8])),
            QuantMode::Nvfp4 => ((16, &[16]), (4, &[4])),
        };
        let choose = |name: &str, given: Option<i64>, (usual, known): Sizes| match given.unwrap_or(usual) {
            value if known.contains(&value) => Ok(value as usize),
            value => Err(Error::value("quantize", format!("{} has {name} {known:?}, got {value}", mode.name()))),
        };
        Ok(QuantFormat {
            mode,
            group_size: choose("group sizes", group_size, groups)?,
            bits: choose("bits", bits, widths)?,
        })
    }

    /// Refuses sizes that the mode doesn't have.
    pub(super) fn check(self) -> Result<()> {
        QuantFormat::new(self.mode, Some(self.group_size as i64), Some(self.bits as i64)).map(|_| ())
    }

    /// How many arrays hold a matrix: words, scales, and biases of affine formats.
    pub(crate) fn parts(self) -> usize {
        if self.mode == QuantMode::Affine { 3 } else { 2 }
    }

    /// The type of scales, where it doesn't depend on what is quantised.
    pub(super) fn scale_dtype(self) -> Option<DType> {
        match self.mode {
            QuantMode::Affine => None,
            QuantMode::Mxfp4 | QuantMode::Mxfp8 | QuantMode::Nvfp4 => Some(DType::U8),
        }
    }
}
