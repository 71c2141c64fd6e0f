//! Buffers and the strided views into them.

use std::any::Any;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::layout::{self, Shape, Strides};
use crate::memory::{AllocError, Block};
use crate::{DType, Element};

enum Storage {
    Block(Block),
    /// Memory that something else owns and keeps alive, such as a mapped file.
    Foreign {
        ptr: *mut u8,
        len: usize,
        _owner: Box<dyn Any + Send + Sync>,
    },
}

// SAFETY: a block is plain memory; a foreign owner is `Send + Sync` and the pointer only points into it.
unsafe impl Send for Storage {}
// SAFETY: as above; writes happen only through `Output`, which owns its buffer alone, or at the FFI seam.
unsafe impl Sync for Storage {}

/// Shared, 64-byte aligned memory.
#[derive(Clone)]
pub struct Buffer(Arc<Storage>);

impl Buffer {
    /// New memory of at least `bytes` bytes with unspecified contents.
    ///
    /// # Errors
    /// When the system has no such block.
    pub fn alloc(bytes: usize) -> Result<Buffer, AllocError> {
        Ok(Buffer(Arc::new(Storage::Block(Block::alloc(bytes)?))))
    }

    /// A buffer over memory that `owner` keeps alive.
    ///
    /// # Safety
    /// `ptr` is valid for reads and writes of `len` bytes as long as `owner` lives, and aligned for the element
    /// type that will be read from it.
    pub unsafe fn foreign(ptr: *mut u8, len: usize, owner: Box<dyn Any + Send + Sync>) -> Buffer {
        Buffer(Arc::new(Storage::Foreign { ptr, len, _owner: owner }))
    }

    /// Address of the first byte.
    #[must_use]
    pub fn ptr(&self) -> *mut u8 {
        match &*self.0 {
            Storage::Block(block) => block.ptr(),
            Storage::Foreign { ptr, .. } => *ptr,
        }
    }

    /// Size in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        match &*self.0 {
            Storage::Block(block) => block.capacity(),
            Storage::Foreign { len, .. } => *len,
        }
    }

    /// True for a buffer without bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// True when nothing else shares this buffer and it may be reused for an output.
    #[must_use]
    pub fn is_reusable(&mut self) -> bool {
        Arc::get_mut(&mut self.0).is_some_and(|storage| matches!(storage, Storage::Block(_)))
    }
}

impl std::fmt::Debug for Buffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Buffer({:p}, {} bytes)", self.ptr(), self.len())
    }
}

/// A strided view of a buffer. Transposes, slices and broadcasts are other views of the same buffer.
///
/// Every index within `shape` lies within the buffer: constructors check it, view methods keep it.
#[derive(Debug)]
pub struct Tensor {
    dtype: DType,
    shape: Shape,
    strides: Strides,
    offset: usize,
    buffer: Buffer,
}

impl Clone for Tensor {
    fn clone(&self) -> Tensor {
        // The derived clone would copy the lists element by element.
        let (shape, strides) = (Shape::from_slice(&self.shape), Strides::from_slice(&self.strides));
        Tensor { dtype: self.dtype, shape, strides, offset: self.offset, buffer: self.buffer.clone() }
    }
}

impl Tensor {
    /// A row-major tensor over the first bytes of a buffer.
    ///
    /// # Panics
    /// When the buffer is too small.
    #[must_use]
    pub fn from_buffer(buffer: Buffer, dtype: DType, shape: &[usize]) -> Tensor {
        let bytes = layout::checked_len(shape).and_then(|n| n.checked_mul(dtype.size()));
        assert!(bytes.is_some_and(|bytes| bytes <= buffer.len()), "shape {shape:?} of {dtype} exceeds {buffer:?}");
        assert!(buffer.ptr().addr().is_multiple_of(dtype.size()), "{buffer:?} is not aligned for {dtype}");
        Tensor { dtype, shape: Shape::from_slice(shape), strides: layout::row_major(shape), offset: 0, buffer }
    }

    /// A tensor with a copy of `data` in row-major order.
    ///
    /// # Errors
    /// When there is no memory.
    ///
    /// # Panics
    /// When the shape does not have `data.len()` elements.
    pub fn from_slice<T: Element>(data: &[T], shape: &[usize]) -> Result<Tensor, AllocError> {
        let mut out = Output::new(T::DTYPE, shape)?;
        out.slice_mut::<T>().copy_from_slice(data);
        Ok(out.finish())
    }

    /// A tensor without axes.
    ///
    /// # Errors
    /// When there is no memory.
    pub fn scalar<T: Element>(value: T) -> Result<Tensor, AllocError> {
        Tensor::from_slice(&[value], &[])
    }

    /// Element type.
    #[must_use]
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Sizes of the axes.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Distances in elements along each axis.
    #[must_use]
    pub fn strides(&self) -> &[isize] {
        &self.strides
    }

    /// Position of the first element in the buffer, in elements.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// The buffer it views.
    #[must_use]
    pub fn buffer(&self) -> &Buffer {
        &self.buffer
    }

    /// The buffer, given up by this view.
    #[must_use]
    pub fn into_buffer(self) -> Buffer {
        self.buffer
    }

    /// Number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        layout::len(&self.shape)
    }

    /// True when some axis has size zero.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Address of the first element.
    #[must_use]
    pub fn ptr(&self) -> *mut u8 {
        self.buffer.ptr().wrapping_add(self.offset * self.dtype.size())
    }

    /// True when the elements follow each other in row-major order without gaps.
    #[must_use]
    pub fn is_row_major(&self) -> bool {
        layout::is_row_major(&self.shape, &self.strides)
    }

    /// The elements, when they lie in row-major order and `T` is their type.
    #[must_use]
    pub fn as_slice<T: Element>(&self) -> Option<&[T]> {
        if T::DTYPE != self.dtype || !self.is_row_major() {
            return None;
        }
        if self.is_empty() {
            return Some(&[]);
        }
        // SAFETY: the type matches, and row-major elements of `shape` lie within the buffer (type invariant).
        Some(unsafe { std::slice::from_raw_parts(self.ptr().cast(), self.len()) })
    }

    /// The memory from the lowest to the highest element, and where in it the first element lies, for kernels that take
    /// strides. `None` when `T` is not the element type.
    #[must_use]
    pub fn span<T: Element>(&self) -> Option<(&[T], usize)> {
        if T::DTYPE != self.dtype {
            return None;
        }
        if self.is_empty() {
            return Some((&[], 0));
        }
        let reach = self.shape.iter().zip(&self.strides).map(|(&size, &stride)| (size as isize - 1) * stride);
        let (below, above) = reach.fold((0, 0), |(low, high), r| if r < 0 { (low - r, high) } else { (low, high + r) });
        let (below, above) = (below as usize, above as usize);
        let low = self.ptr().wrapping_sub(below * size_of::<T>());
        // SAFETY: the type matches, and every index within `shape` lies within the buffer (type invariant).
        Some((unsafe { std::slice::from_raw_parts(low.cast(), below + above + 1) }, below))
    }

    /// The bytes of a row-major tensor.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        if !self.is_row_major() {
            return None;
        }
        if self.is_empty() {
            return Some(&[]);
        }
        // SAFETY: row-major elements of `shape` lie within the buffer (type invariant).
        Some(unsafe { std::slice::from_raw_parts(self.ptr(), self.len() * self.dtype.size()) })
    }

    /// The same elements in row-major order: this view if it has it, else a copy.
    ///
    /// # Errors
    /// When there is no memory.
    pub fn to_row_major(&self) -> Result<Tensor, AllocError> {
        if self.is_row_major() { Ok(self.clone()) } else { self.copy() }
    }

    /// A row-major copy in a buffer of its own.
    ///
    /// # Errors
    /// When there is no memory.
    pub fn copy(&self) -> Result<Tensor, AllocError> {
        let mut out = Output::new(self.dtype, &self.shape)?;
        crate::copy::copy_into(self, out.bytes_mut());
        Ok(out.finish())
    }

    /// The elements in row-major order as a vector.
    ///
    /// # Panics
    /// When `T` is not the element type.
    #[must_use]
    pub fn to_vec<T: Element>(&self) -> Vec<T> {
        assert_eq!(T::DTYPE, self.dtype, "to_vec: the element type differs");
        if let Some(slice) = self.as_slice::<T>() {
            return slice.to_vec();
        }
        let mut out = vec![T::default(); self.len()];
        // SAFETY: a vector of plain data seen as its bytes.
        let bytes = unsafe { std::slice::from_raw_parts_mut(out.as_mut_ptr().cast::<u8>(), size_of_val(&out[..])) };
        crate::copy::copy_into(self, bytes);
        out
    }

    /// The same buffer under another layout.
    ///
    /// # Panics
    /// When some index of the layout lies outside the buffer.
    #[must_use]
    pub fn with_layout(&self, shape: Shape, strides: Strides, offset: usize) -> Tensor {
        let view = Tensor { dtype: self.dtype, shape, strides, offset, buffer: self.buffer.clone() };
        assert!(view.fits(), "layout of {view:?} leaves its buffer");
        view
    }

    /// The same bytes read as another type of the same size.
    ///
    /// # Panics
    /// When the sizes differ.
    #[must_use]
    pub fn reinterpret(&self, dtype: DType) -> Tensor {
        assert_eq!(dtype.size(), self.dtype.size(), "reinterpret: {} as {dtype}", self.dtype);
        Tensor { dtype, ..self.clone() }
    }

    fn fits(&self) -> bool {
        if self.shape.contains(&0) {
            return true;
        }
        let (mut low, mut high) = (self.offset as i128, self.offset as i128);
        for (&size, &stride) in self.shape.iter().zip(&self.strides) {
            let reach = (size as i128 - 1) * stride as i128;
            *if reach < 0 { &mut low } else { &mut high } += reach;
        }
        low >= 0 && (high + 1) * self.dtype.size() as i128 <= self.buffer.len() as i128
    }

    /// The view with its axes in the order of `axes`, a permutation of `0..ndim`.
    #[must_use]
    pub fn permute(&self, axes: &[usize]) -> Tensor {
        let shape = axes.iter().map(|&axis| self.shape[axis]).collect();
        let strides = axes.iter().map(|&axis| self.strides[axis]).collect();
        self.with_layout(shape, strides, self.offset)
    }

    /// The view repeated along axes of size one and along new leading axes, by NumPy's rule.
    ///
    /// # Panics
    /// When the shapes don't broadcast.
    #[must_use]
    pub fn broadcast_to(&self, shape: &[usize]) -> Tensor {
        assert!(
            layout::broadcast(&self.shape, shape).is_some_and(|s| s.as_slice() == shape),
            "broadcast_to: {:?} to {shape:?}",
            self.shape
        );
        let strides = layout::broadcast_strides(&self.shape, &self.strides, shape);
        self.with_layout(shape.into(), strides, self.offset)
    }

    /// The same elements under another shape of the same size; copies only when it must.
    ///
    /// # Errors
    /// When there is no memory for the copy.
    ///
    /// # Panics
    /// When the sizes differ.
    pub fn reshape(&self, shape: &[usize]) -> Result<Tensor, AllocError> {
        assert_eq!(layout::checked_len(shape), Some(self.len()), "reshape: {:?} to {shape:?}", self.shape);
        match layout::reshape_strides(&self.shape, &self.strides, shape) {
            Some(strides) => Ok(self.with_layout(shape.into(), strides, self.offset)),
            None => self.copy()?.reshape(shape),
        }
    }

    /// Elements `start, start + step, ...` of each axis, `shape[axis]` of them.
    ///
    /// # Panics
    /// When the slice leaves the tensor.
    #[must_use]
    pub fn slice(&self, starts: &[usize], steps: &[isize], shape: &[usize]) -> Tensor {
        let mut offset = self.offset as isize;
        let mut strides: Strides = SmallVec::with_capacity(shape.len());
        for axis in 0..shape.len() {
            if shape[axis] > 0 {
                let last = starts[axis] as isize + (shape[axis] as isize - 1) * steps[axis];
                let size = self.shape[axis] as isize;
                assert!((starts[axis] as isize) < size && last >= 0 && last < size, "slice leaves axis {axis}");
                offset += starts[axis] as isize * self.strides[axis];
            }
            strides.push(self.strides[axis] * steps[axis]);
        }
        self.with_layout(shape.into(), strides, offset.max(0) as usize)
    }
}

/// A row-major tensor that is being filled: nobody else sees its buffer yet.
pub struct Output(Tensor);

impl Output {
    /// Memory for a tensor, contents unspecified.
    ///
    /// # Errors
    /// When there is no such memory.
    pub fn new(dtype: DType, shape: &[usize]) -> Result<Output, AllocError> {
        let bytes = layout::checked_len(shape)
            .and_then(|n| n.checked_mul(dtype.size()))
            .ok_or(AllocError { bytes: usize::MAX })?;
        Ok(Output(Tensor::from_buffer(Buffer::alloc(bytes)?, dtype, shape)))
    }

    /// Reuses a buffer that nothing else shares; gives it back when it is shared or too small.
    ///
    /// # Errors
    /// The buffer, when it can't be reused.
    pub fn reuse(mut buffer: Buffer, dtype: DType, shape: &[usize]) -> Result<Output, Buffer> {
        let bytes = layout::len(shape) * dtype.size();
        if buffer.is_reusable() && buffer.len() >= bytes {
            Ok(Output(Tensor::from_buffer(buffer, dtype, shape)))
        } else {
            Err(buffer)
        }
    }

    /// The elements.
    ///
    /// # Panics
    /// When `T` is not the element type.
    pub fn slice_mut<T: Element>(&mut self) -> &mut [T] {
        assert_eq!(T::DTYPE, self.0.dtype, "slice_mut: the element type differs");
        if self.0.is_empty() {
            return &mut [];
        }
        // SAFETY: the tensor is row-major from offset 0, its buffer is unshared and every bit pattern is valid.
        unsafe { std::slice::from_raw_parts_mut(self.0.ptr().cast(), self.0.len()) }
    }

    /// The elements as bytes.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        if self.0.is_empty() {
            return &mut [];
        }
        // SAFETY: as in `slice_mut`.
        unsafe { std::slice::from_raw_parts_mut(self.0.ptr(), self.0.len() * self.0.dtype.size()) }
    }

    /// Its shape.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.0.shape
    }

    /// Its element type.
    #[must_use]
    pub fn dtype(&self) -> DType {
        self.0.dtype
    }

    /// Address of the first element, for kernels that split the output among threads.
    #[must_use]
    pub fn ptr(&mut self) -> *mut u8 {
        self.0.ptr()
    }

    /// The filled tensor.
    #[must_use]
    pub fn finish(self) -> Tensor {
        self.0
    }
}
