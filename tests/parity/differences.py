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
    Difference("`softmax`, `logsumexp` of integers and bools", r"^\w+:(softmax|logsumexp)-[^:]*:(bool|u?int\d+)"),
    Difference("Matrix products of integers", r"^case:mx.matmul\(n, n.T\)"),
    Difference(
        "`sum`, `all`, `prod`, `mean`, … over an axis of size 0",
        r"^sizes:(all|any|mean|prod|std|sum|var)-(None(-keepdims)?:\w+"
        + EMPTY
        + r"|(1|1-keepdims|ddof):\w+:\d+x0|\(0,2\):\w+:0)",
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
]


@functools.cache
def known(item_id):
    """The difference that an item shows, or None."""
    return next((d for d in DIFFERENCES if d.covers(item_id)), None)
