"""What the op table doesn't try, by the reason why."""

DECOMPOSITIONS = (
    "linalg.cholesky linalg.cholesky_inv linalg.eig linalg.eigh linalg.eigvals linalg.eigvalsh linalg.inv linalg.lu "
    "linalg.lu_factor linalg.matrix_rank linalg.pinv linalg.qr linalg.slogdet linalg.solve linalg.solve_triangular "
    "linalg.svd linalg.tri_inv"
)
CONVOLUTIONS = (
    "conv1d conv2d conv3d conv_general conv_transpose1d conv_transpose2d conv_transpose3d convolve hadamard_transform"
)
FAST = (
    "fast.cross_entropy fast.gated_delta_update fast.layer_norm fast.rms_norm fast.rope "
    "fast.scaled_dot_product_attention"
)
QUANTISED = "dequantize gather_qmm gather_qqmm qqmm quantize quantized_matmul"
FOURIER = (
    "fft.fft2 fft.fftn fft.hfft fft.ifft fft.ifft2 fft.ifftn fft.ihfft fft.irfft fft.irfft2 fft.irfftn fft.istft "
    "fft.rfft2 fft.rfftn fft.stft"
)
BITS = "bitwise_and bitwise_invert bitwise_or bitwise_xor left_shift right_shift"

# Kinds of dtypes that no row of a function has.
LEFT_OUT = {
    "bool": {
        "layers and weights are floats": f"{FAST} {QUANTISED}",
        "converted as fft.rfft shows": f"fft.fft fft.fftshift fft.ifftshift {FOURIER}",
        "refused, or promoted as other functions do": "divide divmod floor_divide negative positive power "
        "reciprocal remainder rsqrt sign subtract diff left_shift right_shift erfinv",
        "products of bools, of which NumPy's are no counts": "addmm block_masked_mm einsum gather_mm inner kron "
        "matmul outer segmented_mm tensordot vecdot",
        "updates that NumPy has no bools for": "array.at",
        "taken for numbers, like integers": "bincount histogram unique view",
        "the codes are bytes": "to_fp8 from_fp8",
        "defined for numbers with a division": f"{DECOMPOSITIONS} linalg.cross linalg.matrix_power",
        "defined for inexact numbers": CONVOLUTIONS,
    },
    "ints": {
        "layers and weights are floats": f"{FAST} {QUANTISED}",
        "converted as fft.fft and fft.rfft show": FOURIER,
        "exact, tested with matmul": "addmm block_masked_mm gather_mm inner segmented_mm tensordot vecdot",
        "defined for numbers with a division": DECOMPOSITIONS,
        "defined for inexact numbers": CONVOLUTIONS,
        "the codes are bytes": "to_fp8",
        "converted as median shows": "histogram",
        "equal elements share a place, which the row's sample can't say": "unique",
    },
    "halves": {
        "the state is float32": "fast.gated_delta_update",
        "converted as fft.fft shows": f"fft.rfft fft.fftshift fft.ifftshift {FOURIER}",
        "defined for integers and bools": BITS,
        "the codes are bytes": "from_fp8",
        "float32 at least: the rounding of a half is larger than what pivots decide": f"{DECOMPOSITIONS} "
        "linalg.matrix_power",
        "bins and elements are rounded apart": "histogram",
        "NumPy has no bytes of bfloat16": "view",
    },
    "float64": {
        "converted as fft.fft and fft.rfft show": FOURIER,
        "defined for integers and bools": BITS,
        "the codes are bytes": "from_fp8",
        "bytes are bytes, whatever they were": "view",
    },
    "complex": {
        "layers and weights are real": f"{FAST} {QUANTISED}",
        "the input is real": "fft.ihfft fft.rfft fft.rfft2 fft.rfftn",
        "defined for integers and bools": BITS,
        "complex numbers have no order of their own": "arctan2 argpartition ceil clip cummax cummin divmod floor "
        "floor_divide histogram isneginf isposinf maximum median min minimum minmax partition quantile remainder "
        "searchsorted topk trunc unique",
        "real functions, or so in MLX": "erf erfinv expm1 isclose logaddexp logcumsumexp logsumexp nan_to_num sigmoid "
        "softmax",
        "conjugates one side, tested by example": "vecdot",
        "NumPy's weights are real": "bincount",
        "the codes are bytes": "to_fp8 from_fp8",
        "bytes are bytes, whatever they were": "view",
    },
}

# Operations of the engine that no row records.
UNRECORDED = {
    "made by transforms of their arguments": "Alias",
    "computed before they are stored, as they read no argument": "Arange RandomBits Load",
    "recorded for all shapes, tested in test_compile.py": "Count Like Regroup",
    "loops and branches, tested in test_control_flow.py": "Loop Switch While",
    "over named axes, tested in test_named_axes.py": "Collective",
    "refuses masks while a function is recorded, tested in test_indexing.py": "EnoughRows",
}

# Members of arrays that are no function of the module and have no row.
METHODS = {
    "operators, tested in test_array.py and test_ops.py": "__abs__ __add__ __and__ __div__ __divmod__ __floordiv__ "
    "__iadd__ __iand__ __ifloordiv__ __ilshift__ __imatmul__ __imod__ __imul__ __invert__ __ior__ __ipow__ __irshift__ "
    "__isub__ __itruediv__ __ixor__ __lshift__ __matmul__ __mod__ __mul__ __neg__ __or__ __pos__ __pow__ __radd__ "
    "__rand__ __rdiv__ __rdivmod__ __rfloordiv__ __rlshift__ __rmatmul__ __rmod__ __rmul__ __ror__ __rpow__ "
    "__rrshift__ __rshift__ __rsub__ __rtruediv__ __rxor__ __sub__ __truediv__ __xor__",
    "conversions, tested in test_array.py and test_interop.py": "__array__ __array_namespace__ __bool__ __bytes__ "
    "__complex__ __dlpack__ __dlpack_device__ __float__ __index__ __int__ item tolist",
    "the protocol of Python objects": "__copy__ __deepcopy__ __delitem__ __iter__ __len__ __module__ __setstate__",
    "facts about the array": "dtype itemsize nbytes ndim shape size",
    "views by other names, tested in test_array.py": "T mT",
}
