//! Normalisation layers.

use cotan_kernels::DType;

use crate::array::Array;
use crate::error::{Error, Result, tuple};
use crate::fast;
use crate::ops::{add, multiply, ones, reshape, zeros};
use crate::tree::Tree;

/// The last axis scaled to a root mean square of one, times a weight. See [`fast::rms_norm`].
#[derive(Clone, Debug, Tree)]
pub struct RmsNorm {
    /// Shape `(features,)`.
    pub weight: Array,
    /// Added to the mean square.
    #[tree(skip)]
    pub eps: f64,
}

impl RmsNorm {
    /// A layer with weights of one.
    #[must_use]
    pub fn new(features: usize) -> RmsNorm {
        RmsNorm { weight: ones(&[features], DType::F32), eps: 1e-5 }
    }

    /// Applies the layer.
    ///
    /// # Errors
    /// As for [`fast::rms_norm`].
    pub fn forward(&self, x: &Array) -> Result<Array> {
        fast::rms_norm(x, Some(&self.weight), self.eps)
    }
}

/// The last axis moved and scaled to mean zero and variance one, then by a weight and a bias. See [`fast::layer_norm`].
#[derive(Clone, Debug, Tree)]
pub struct LayerNorm {
    /// Shape `(features,)`.
    pub weight: Array,
    /// Shape `(features,)`.
    pub bias: Option<Array>,
    /// Added to the variance.
    #[tree(skip)]
    pub eps: f64,
}

impl LayerNorm {
    /// A layer with weights of one and biases of zero.
    #[must_use]
    pub fn new(features: usize) -> LayerNorm {
        let [weight, bias] = [ones(&[features], DType::F32), zeros(&[features], DType::F32)];
        LayerNorm { weight, bias: Some(bias), eps: 1e-5 }
    }

    /// Applies the layer.
    ///
    /// # Errors
    /// As for [`fast::layer_norm`].
    pub fn forward(&self, x: &Array) -> Result<Array> {
        fast::layer_norm(x, Some(&self.weight), self.bias.as_ref(), self.eps)
    }
}

/// Groups of neighbouring channels moved and scaled to mean zero and variance one over all places (Wu, He, "Group
/// normalization", 2018). The channels are the last axis.
#[derive(Clone, Debug, Tree)]
pub struct GroupNorm {
    /// Shape `(channels,)`.
    pub weight: Array,
    /// Shape `(channels,)`.
    pub bias: Array,
    /// How many groups there are.
    #[tree(skip)]
    pub groups: usize,
    /// Added to the variance.
    #[tree(skip)]
    pub eps: f64,
}

impl GroupNorm {
    /// A layer with weights of one and biases of zero.
    ///
    /// # Errors
    /// When the channels don't make groups of equal size.
    pub fn new(groups: usize, channels: usize) -> Result<GroupNorm> {
        if groups == 0 || !channels.is_multiple_of(groups) {
            return Err(Error::value("GroupNorm", format!("{channels} channels don't make {groups} equal groups")));
        }
        let [weight, bias] = [ones(&[channels], DType::F32), zeros(&[channels], DType::F32)];
        Ok(GroupNorm { weight, bias, groups, eps: 1e-5 })
    }

    /// Applies the layer to an array `(examples, *space, channels)`.
    ///
    /// # Errors
    /// When the last axis doesn't have the layer's channels, or there is no axis of examples.
    pub fn forward(&self, x: &Array) -> Result<Array> {
        let channels = self.weight.size();
        let [examples, .., last] = *x.shape() else {
            return Err(Error::value("GroupNorm", format!("needs at least two axes, got shape {}", tuple(x.shape()))));
        };
        if last != channels {
            return Err(Error::value(
                "GroupNorm",
                format!("{channels} channels expected, got shape {}", tuple(x.shape())),
            ));
        }
        let places: usize = x.shape()[1..x.ndim() - 1].iter().product();
        let size = channels / self.groups;
        let apart = reshape(x, &[examples, places, self.groups, size])?;
        let rows = reshape(&apart.transpose(&[0, 2, 1, 3])?, &[examples, self.groups, places * size])?;
        let scaled = reshape(&fast::layer_norm(&rows, None, None, self.eps)?, &[examples, self.groups, places, size])?;
        let back = reshape(&scaled.transpose(&[0, 2, 1, 3])?, x.shape())?;
        add(&multiply(&back, &self.weight)?, &self.bias)
    }
}
