//! Operations: one file each or a family, with every rule; [`Op`] lists them all.

mod arg_reduce;
mod arrange;
mod axes;
mod binary;
mod bits;
mod block_masked_mm;
mod cast;
mod compare;
mod convolution;
mod convolve;
mod create;
mod custom;
mod diagonal;
mod dynamic;
mod einsum;
pub(crate) mod elementwise;
mod follow;
mod fourier;
mod fp8;
mod gather;
mod generate;
mod hadamard;
mod histogram;
mod identity;
mod indexed_matmul;
mod join;
mod load;
mod matmul;
mod pad;
mod products;
mod quantile;
mod quantize;
mod recurrence;
mod reduce;
mod rows;
mod scan;
mod scatter;
mod segmented_mm;
mod select;
mod set;
mod shape;
mod slice;
mod softmax;
mod sort;
mod stats;
mod strides;
mod unary;
mod view;

use std::sync::Arc;

use cotan_kernels::Tensor;

use crate::array::{Array, Spec};
use crate::control::{Loop, Switch, While};
use crate::error::Result;
use crate::fast::{Attention, AttentionGrad, Norm, NormGrad, Rotate};
use crate::linalg::{
    Cholesky, Cofactor, Determinant, Eig, Eigh, Inverse, Lu, LuSolve, PseudoInverse, Qr, Svd, TriangularSolve,
};
use crate::trace::FollowShapes;
use crate::transforms::Collective;

pub use arg_reduce::*;
pub use arrange::*;
pub use axes::*;
pub use binary::*;
pub use bits::*;
pub use block_masked_mm::{BlockMasks, block_masked_mm};
pub use cast::{Cast, astype, same_dtype};
pub use compare::*;
pub use convolution::*;
pub use convolve::*;
pub use create::*;
pub use custom::custom;
pub use diagonal::*;
pub use dynamic::*;
pub use einsum::{EinsumPath, einsum, einsum_path};
pub use follow::*;
pub use fourier::*;
pub use gather::*;
pub use generate::{Arange, Full, arange, full_like, ones, ones_like, zeros, zeros_like};
pub use hadamard::{Hadamard, hadamard_transform};
pub use histogram::*;
pub use identity::{Alias, StopGradient, stop_gradient};
pub use indexed_matmul::{IndexedMatmul, gather_mm};
pub use join::*;
pub use load::*;
pub use matmul::*;
pub use pad::*;
pub use products::*;
pub use quantile::*;
pub use quantize::{
    Dequantize, PackBits, QuantFormat, QuantIndices, QuantMode, Quantize, Quantized, QuantizedGather, QuantizedMatmul,
    UnpackBits, dequantize, gather_qmm, gather_qqmm, qqmm, quantize, quantized_matmul,
};
pub use recurrence::*;
pub use reduce::*;
pub use rows::*;
pub use scan::*;
pub use scatter::*;
pub use segmented_mm::{SegmentedMatmul, segmented_mm};
pub use select::{Select, where_};
pub use set::*;
pub use shape::*;
pub use slice::*;
pub use softmax::*;
pub use sort::*;
pub use stats::*;
pub use strides::*;
pub use unary::*;
pub use view::*;

/// A call as its derivative rules see it.
pub struct Site<'a> {
    /// The call's inputs.
    pub inputs: &'a [Array],
    /// All of the call's outputs.
    pub outputs: &'a [Array],
    /// Which inputs need a cotangent.
    pub wanted: &'a [bool],
}

/// A tangent or cotangent per value; `None` is an exact zero.
pub type Tangents = Vec<Option<Array>>;

/// A value under `vmap`: when mapped, axis 0 runs over the examples.
#[derive(Clone)]
pub struct Batched {
    /// The elements of all examples, or the value that they share.
    pub array: Array,
    /// Whether axis 0 is the mapped axis.
    pub mapped: bool,
}

impl Batched {
    /// A value whose axis 0 runs over the examples.
    #[must_use]
    pub fn mapped(array: Array) -> Batched {
        Batched { array, mapped: true }
    }

    /// The shape that one example sees.
    #[must_use]
    pub fn example_shape(&self) -> &[usize] {
        &self.array.shape()[usize::from(self.mapped)..]
    }

    /// With axis 0 over the examples in any case.
    ///
    /// # Errors
    /// None today; the signature is that of every operation.
    pub fn expand(&self, examples: usize) -> Result<Array> {
        if self.mapped {
            return Ok(self.array.clone());
        }
        if FollowShapes::active() {
            // How many examples there are is a number of this call only.
            return Err(unknown("vmap"));
        }
        let shape = [&[examples], self.array.shape()].concat();
        broadcast_to(&self.array, &shape)
    }
}

/// What every operation knows about itself.
pub trait Primitive: std::fmt::Debug + Send + Sync {
    /// The name that errors and drawings use.
    fn name(&self) -> &'static str;
    /// Shapes and types of the results; refuses inputs that the operation can't take.
    fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>>;
    /// Tangents of the outputs from tangents of the inputs, of which at least one is not zero.
    fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents>;
    /// Cotangents of the inputs from cotangents of the outputs, of which at least one is not zero.
    ///
    /// With complex values it is the conjugate transpose of what `jvp` does. Inputs that are not wanted may get `None`.
    fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents>;
    /// The same operation on every example, of which at least one input is mapped.
    fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>>;
    /// Computes the results, which have the shapes and types of `specs`.
    fn eval(&self, inputs: &[Tensor], specs: &[Spec]) -> Result<Vec<Tensor>>;
}

/// An operation from outside is equal only to itself.
impl PartialEq for dyn Primitive {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::addr_eq(self, other)
    }
}

/// Declares [`Op`] over operations and forwards the rules to them.
macro_rules! ops {
    ($($name:ident),* $(,)?; boxed $($large:ident),* $(,)?) => {
        /// Every operation of the graph.
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        pub(crate) enum Op {
            $(#[allow(missing_docs)] $name($name),)*
            $(#[allow(missing_docs)] $large(Box<$large>),)*
            /// An operation from outside this crate, which has no form that could be stored.
            #[serde(skip)]
            Custom(Arc<dyn Primitive>),
        }

        $(impl From<$name> for Op {
            fn from(op: $name) -> Op {
                Op::$name(op)
            }
        })*

        $(impl From<$large> for Op {
            fn from(op: $large) -> Op {
                Op::$large(Box::new(op))
            }
        })*

        macro_rules! forward {
            ($op:expr, $inner:ident => $call:expr) => {
                match $op {
                    $(Op::$name($inner) => $call,)*
                    $(Op::$large($inner) => $call,)*
                    Op::Custom($inner) => $call,
                }
            };
        }

        impl Primitive for Op {
            fn name(&self) -> &'static str {
                forward!(self, op => op.name())
            }
            fn infer(&self, inputs: &[Array]) -> Result<Vec<Spec>> {
                forward!(self, op => op.infer(inputs))
            }
            fn jvp(&self, site: &Site, tangents: &[Option<Array>]) -> Result<Tangents> {
                forward!(self, op => op.jvp(site, tangents))
            }
            fn vjp(&self, site: &Site, cotangents: &[Option<Array>]) -> Result<Tangents> {
                forward!(self, op => op.vjp(site, cotangents))
            }
            fn vmap(&self, inputs: &[Batched], examples: usize) -> Result<Vec<Batched>> {
                forward!(self, op => op.vmap(inputs, examples))
            }
            fn eval(&self, inputs: &[Tensor], specs: &[Spec]) -> Result<Vec<Tensor>> {
                forward!(self, op => op.eval(inputs, specs))
            }
        }
    };
}

ops![
    Unary,
    Binary,
    Select,
    Cast,
    Full,
    Arange,
    Alias,
    StopGradient,
    Reshape,
    Transpose,
    Broadcast,
    Concatenate,
    Split,
    View,
    Contiguous,
    Depends,
    EnoughRows,
    DynamicSliceUpdate,
    Reduce,
    Scan,
    Recurrence,
    GatherAxis,
    Scatter,
    ScatterAxis,
    ArgReduce,
    Matmul,
    Fourier,
    RealFourier,
    HalfFourier,
    Softmax,
    LogSumExp,
    Sort,
    ArgSort,
    SearchSorted,
    RandomBits,
    IndexedMatmul,
    SegmentedMatmul,
    Hadamard,
    PackBits,
    UnpackBits,
    QuantizedMatmul,
    QuantizedGather,
    Quantize,
    Dequantize,
    Loop,
    While,
    Switch,
    Lu,
    LuSolve,
    TriangularSolve,
    Inverse,
    PseudoInverse,
    Cholesky,
    Qr,
    Svd,
    Eigh,
    Eig,
    Determinant,
    Cofactor,
    Regroup,
    Like,
    Count,
    Collective,
    Norm,
    NormGrad,
    Rotate,
    Attention,
    AttentionGrad,
    ; boxed
    // A graph node has room for the largest operation: larger ones than most go beside it.
    AsStrided,
    Convolve,
    DynamicSlice,
    Gather,
    Load,
    Slice,
    SliceUpdate,
];

const _: () = assert!(size_of::<Op>() <= 64, "an operation makes every node of the graph larger: box it");
