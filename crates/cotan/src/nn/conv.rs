//! The convolution layer.

use super::uniform;
use crate::array::Array;
use crate::error::{Error, Result};
use crate::ops::{self, ConvOptions, conv_general};
use crate::tree::Tree;

/// A convolution of inputs `(examples, *space, channels)`, with as many axes of space as the kernel has.
#[derive(Clone, Debug, Tree)]
pub struct Conv {
    /// Shape `(outputs, *kernel, inputs / groups)`.
    pub weight: Array,
    /// Shape `(outputs,)`.
    pub bias: Option<Array>,
    /// Distance between the places where the kernel is laid down, for each axis of space or for all.
    #[tree(skip)]
    pub stride: Vec<i64>,
    /// Zeros at both ends of each axis of space, or of all.
    #[tree(skip)]
    pub padding: Vec<i64>,
    /// Distance between neighbours of the kernel.
    #[tree(skip)]
    pub dilation: Vec<i64>,
    /// Groups of channels that don't meet.
    #[tree(skip)]
    pub groups: usize,
}

impl Conv {
    /// A layer with random parameters, of stride one and without padding; change the fields for others.
    ///
    /// # Errors
    /// When the random state can't be advanced, as for lack of memory.
    ///
    /// ```
    /// use cotan::{DType, nn::Conv, ops};
    /// let layer = Conv { padding: vec![1], ..Conv::new(3, 8, &[3, 3])? };
    /// let images = ops::ones(&[2, 16, 16, 3], DType::F32);
    /// assert_eq!(layer.forward(&images)?.shape(), [2, 16, 16, 8]);
    /// # Ok::<(), cotan::Error>(())
    /// ```
    pub fn new(inputs: usize, outputs: usize, kernel: &[usize]) -> Result<Conv> {
        Conv::grouped(inputs, outputs, kernel, 1)
    }

    /// [`Conv::new`] with channels in groups that don't meet.
    ///
    /// # Errors
    /// As for [`Conv::new`], and when the channels don't make groups of equal size.
    pub fn grouped(inputs: usize, outputs: usize, kernel: &[usize], groups: usize) -> Result<Conv> {
        if groups == 0 || !inputs.is_multiple_of(groups) || !outputs.is_multiple_of(groups) {
            let message = format!("{inputs} inputs and {outputs} outputs don't make {groups} equal groups");
            return Err(Error::value("Conv", message));
        }
        let shape = [&[outputs], kernel, &[inputs / groups]].concat();
        let fan_in = shape[1..].iter().product();
        let bias = ops::zeros(&[outputs], cotan_kernels::DType::F32);
        let (stride, padding, dilation) = (vec![1], vec![0], vec![1]);
        Ok(Conv { weight: uniform(&shape, fan_in)?, bias: Some(bias), stride, padding, dilation, groups })
    }

    /// Applies the layer.
    ///
    /// # Errors
    /// As for [`conv_general`].
    pub fn forward(&self, x: &Array) -> Result<Array> {
        let options = ConvOptions {
            stride: &self.stride,
            padding: (&self.padding, &self.padding),
            kernel_dilation: &self.dilation,
            groups: i64::try_from(self.groups).unwrap_or(i64::MAX),
            ..Default::default()
        };
        let result = conv_general(x, &self.weight, &options)?;
        self.bias.as_ref().map_or(Ok(result.clone()), |bias| ops::add(&result, bias))
    }
}
