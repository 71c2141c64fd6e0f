"""Where cotan and MLX are known to differ, each with the row of docs/differences.md that gives the reason."""

import functools
import re
from dataclasses import dataclass
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "differences.md"


@dataclass(frozen=True)
class Difference:
    """Items whose ids match `pattern` differ as `row`, the beginning of a row of the document, says."""

    row: str
    pattern: str
    undefined: bool = False  # MLX may read foreign memory, hang or end the process: it isn't asked

    def covers(self, item_id):
        """Whether an item is one of these."""
        return re.search(self.pattern, item_id) is not None


FLOAT64 = "Elementary functions of float64"
EMPTY = r":(\d+x)*0(x\d+)*(,|$)"

DIFFERENCES = [
    Difference("Integer `divmod` by 0", r"^extremes:divmod:u?int", undefined=True),
    Difference(
        FLOAT64, r"^(values|extremes|sizes):(cos|sin|exp|erf|erfinv|sigmoid|logaddexp)(-broadcast-\w+)?:float64"
    ),
    Difference(FLOAT64, r"^values:(softmax|logsumexp|logcumsumexp)-[^:]*:float64"),
    Difference(FLOAT64, r"^values:linalg\.(eigh|svd)-(square|stack|tall|wide)(-upper)?:float64"),
    Difference("`nan_to_num` of float64", r"^\w+:nan_to_num:float64"),
    Difference("`softmax`, `logsumexp` of integers and bools", r"^\w+:(softmax|logsumexp)-[^:]*:(bool|u?int\d+)"),
    Difference("Matrix products of integers", r"^case:mx.matmul\(n, n.T\)|:matmul-[^:]*:u?int"),
    Difference("`gather_mm` with a negative index", r"^values:gather_mm-both:float32", undefined=True),
    Difference("`gather_mm` with an index", r"^sizes:gather_mm-sorted:float32:15x1x(2,1x2x1|3,0x3x0)", undefined=True),
    Difference("`segmented_mm` of matrices without elements", r"^sizes:segmented_mm:\w+:(0x|\w+,5x0)", undefined=True),
    Difference("`segmented_mm` of halves", r"^\w+:segmented_mm:b?float16"),
    Difference("`gather_mm` of halves", r":gather_mm-[^:]*:(b?float16|float64|complex64)|:segmented_mm:complex64"),
    Difference("`block_masked_mm` with blocks of any size", r":block_masked_mm-"),
    Difference("`hadamard_transform` of float64", r"^values:hadamard_transform(-twice)?:(float64|complex64)"),
    Difference(
        "`sum`, `all`, `prod`, `mean`, … over an axis of size 0",
        r"^sizes:(all|any|count_nonzero|mean|prod|std|sum|var)-[^:]*:\w+" + EMPTY,
        undefined=True,
    ),
    Difference(
        "`max`, `argmax`, `median`, `logsumexp` of an empty array",
        r"^sizes:(max|min|argmax|argmin|median|logsumexp)-[^:]*:\w+" + EMPTY,
    ),
    Difference("`kron` of empty arrays", r"^sizes:kron:\w+:(0x0|2x2,1x0)"),
    Difference("`kron` of empty arrays", r"^case:mx.reshape\(e, \(0, -1\)\)"),
    Difference("`median` over no axes", r"^case:mx.median\(f, axis=\(\)\)"),
    Difference("Shifts by more places", r"^extremes:(left|right)_shift:"),
    Difference("Floats outside an integer type", r"^extremes:astype-u?int\d+:(b?float\d+|complex64)"),
    Difference("Integer powers with a negative exponent", r"^extremes:power:int|^case:mx.power\(n, -1\)"),
    Difference("`isclose` of integers", r"^extremes:isclose:u?int"),
    Difference("Complex `exp`, `cosh`, `sinh`", r"^extremes:(exp|cosh|sinh|log10|power-complex):complex64"),
    Difference("`to_fp8` of float64", r"^\w+:to_fp8:float64"),
    Difference("`round(x, decimals)` of float64", r"^\w+:round-decimals:float64"),
    Difference("`expm1` of complex values", r"^case:mx.expm1\(z\)"),
    Difference("`as_strided` outside the array", r"^sizes:as_strided:|^case:mx.as_strided\(v, (offset|\(2,\))", True),
    Difference("`full(shape, 2.5, int32)`", r"^case:mx.full\(\(2,\), 2.5, mx.int32\)"),
    Difference("`flip` with an axis named twice", r"^case:mx.flip\(f, axis=\(0, 0\)\)"),
    Difference("`slice_update` with an update of fewer axes", r"^case:mx.slice_update\(s, o,"),
    Difference("`slice_update` with an update of more axes", r"^case:mx.slice_update\(s, c,", undefined=True),
    Difference(
        "An int out of range",
        r"^case:f(\.at)?\[5\]|^sizes:array.__getitem__-slices:\w+:(0x3x0|1x2x1)"
        r"|^sizes:array.__setitem__-(int|broadcast):\w+:(0x0|1x1)",
        undefined=True,
    ),
    Difference("An index array out of range", r"^case:f\[u\]$", undefined=True),
    Difference("Bit operators and shifts with the scalar on the left", r"^case:divmod\(f, 2\)"),
    Difference("`mx.nonzero(x)`, `mx.where(c)`", r"^case:mx.where\('text'\)"),
    Difference("Objects of a wrong type", r"^case:mx\.\w+\((object\(\)|'text'|None|2\.5|\[f, o\]|\[o, v\])\)"),
    Difference("An axis that doesn't fit into 32 bits", r"^case:.*axis=2\*\*40\)"),
    Difference("Operands by keyword", r"^case:mx.add\(a=f, b=f\)"),
    Difference("Several things wrong at once", r"^case:mx.squeeze\(f, axis=\(0, 9\)\)"),
    # convolutions
    Difference("Kernels or inputs without elements", r"^sizes:conv\w*-[^:]*:.*(:|x|,)0(x|,|$)", undefined=True),
    Difference("A kernel larger than its padded input", r"^sizes:conv3d-plain:\w+:1x7x4x7x5,", undefined=True),
    Difference("More than three spatial axes", r":conv_general-4d:"),
    Difference("Negative padding of an input", r"^values:conv_general-all:"),
    Difference("complex64 |", r"^values:conv\w*-[^:]*:complex64"),
    Difference("float64 |", r"^values:conv\w*-[^:]*:float64"),
    # fast functions and quantised matrices
    Difference("`cross_entropy` of float64 logits", r"^values:fast.cross_entropy:float64"),
    Difference("Attention, norms, cross-entropies", r"^values:fast.cross_entropy:b?float16"),
    Difference(
        "Norms, rotary positions and attention of float64",
        r"^values:fast.(layer_norm|rms_norm|rope|scaled_dot_product_attention)(-\w+)?:float64",
    ),
    Difference("`gated_delta_update` of no steps", r"^sizes:fast.gated_delta_update:float32:1x0"),
    Difference(
        "Attention without heads of keys",
        r"^sizes:fast.scaled_dot_product_attention(-\w+)?:\w+:1x4x0x3",
        undefined=True,
    ),
    Difference("Quantised products of float64", r"^values:(quantized_matmul(-\w+)?|gather_qmm(-\w+)?):float64"),
    Difference("`quantize` of float64", r"^(values|sizes):quantize(-wide)?:float64"),
    Difference("`qqmm`, `gather_qqmm` of a left operand", r"^values:(gather_)?qqmm:"),
    Difference("`bincount`, `histogram`, `quantile`, `rot90`", r"(mx\.|:)(bincount|histogram|quantile|rot90)\b"),
    # linear algebra and Fourier transforms
    Difference("`svd(full_matrices=False)`", r"linalg\.(svd-\w+-thin|matrix_power|matrix_rank)"),
    Difference(
        "complex64 in `inv`, `solve`",
        r":linalg\.(cholesky|cholesky_inv|det|inv|lu|lu_factor|pinv|qr|slogdet|solve|solve_triangular|tri_inv)(-[^:]*)?"
        r":complex64|:linalg\.eig-",
    ),
    Difference(
        "Empty matrices in",
        r"^sizes:linalg\.(cholesky_inv|inv|lu|lu_factor|solve_triangular|tri_inv)(-[^:]*)?:\w+:(2x0x0|0x0|5x0|0x5)(,|$)",
        undefined=True,
    ),
    Difference("`solve` with batches that broadcast", r":linalg\.solve-shared-"),
    Difference("`det` of halves", r"^sizes:linalg\.det-stack:float16:5x7x7"),
    Difference(
        "`norm` of complex arrays",
        r"^values:linalg\.norm-(vector-(0|0\.5|-?1|3|-?inf)|(matrix|transposed)-(-?1|-?2|-?inf)):complex64",
    ),
    Difference("`fft.hfft`, `fft.ihfft`", r"fft\.i?hfft"),
]


@functools.cache
def known(item_id):
    """The difference that an item shows, or None."""
    return next((d for d in DIFFERENCES if d.covers(item_id)), None)
