"""Reading and writing at indices that are data."""

from cases.base import Case, each, every, integers, normal

ROWS, WIDTH, PICKED = 50_000, 256, 100_000
MOVED = 8 * PICKED * WIDTH


def table():
    """Rows to read, and which."""
    return normal(ROWS, WIDTH), integers(ROWS, PICKED)


def scattered():
    """Rows to add to, which, and what."""
    return normal(ROWS, WIDTH), integers(ROWS, PICKED), normal(PICKED, WIDTH, seed=1)


def add_in_place(np, x, rows, y):
    """NumPy's unbuffered addition, to a copy."""
    x = x.copy()
    np.add.at(x, rows, y)
    return x


def assigned(lib, x, y):
    """Every second column of half of the rows replaced, in a copy."""
    if hasattr(lib, "eval"):
        x = lib.array(x)
    x[1024:3072, ::2] = y
    return x


CASES = [
    Case(
        "take 1e5 rows of 256",
        table,
        each(
            lazy=lambda mx, x, rows: mx.take(x, rows, axis=0),
            torch=lambda torch, x, rows: x.index_select(0, rows),
            jax=lambda jax, x, rows: jax.numpy.take(x, rows, axis=0),
            numpy=lambda np, x, rows: np.take(x, rows, axis=0),
        ),
        bytes=MOVED,
    ),
    Case(
        "take along rows 2000 x 1000",
        lambda: (normal(2000, 1000), integers(1000, 2000, 1000)),
        each(
            lazy=lambda mx, x, columns: mx.take_along_axis(x, columns, axis=1),
            torch=lambda torch, x, columns: torch.take_along_dim(x, columns.long(), dim=1),
            jax=lambda jax, x, columns: jax.numpy.take_along_axis(x, columns, axis=1),
            numpy=lambda np, x, columns: np.take_along_axis(x, columns, axis=1),
        ),
        bytes=12 * 2000 * 1000,
    ),
    Case(
        "add 1e5 rows of 256 at indices",
        scattered,
        each(
            lazy=lambda mx, x, rows, y: x.at[rows].add(y),
            torch=lambda torch, x, rows, y: x.index_add(0, rows, y),
            jax=lambda jax, x, rows, y: x.at[rows].add(y),
            numpy=add_in_place,
        ),
        1e-3,
        bytes=8 * ROWS * WIDTH + MOVED,
    ),
    Case(
        "add 1e6 numbers to 1000 bins",
        lambda: (integers(1000, 1_000_000), normal(1_000_000)),
        each(
            lazy=lambda mx, bins, x: mx.zeros(1000).at[bins].add(x),
            torch=lambda torch, bins, x: torch.zeros(1000).index_add(0, bins, x),
            jax=lambda jax, bins, x: jax.numpy.zeros(1000).at[bins].add(x),
            numpy=lambda np, bins, x: np.bincount(bins, x, 1000),
        ),
        1e-2,
        bytes=8e6,
    ),
    Case(
        "select by mask 1e7",
        lambda: (normal(10_000_000),),
        {n: c for n, c in every(lambda lib, x: x[x > 0]).items() if n not in ("jax", "mlx")},
        bytes=8 * 10_000_000,
        note="jax (compiled) and mlx have no results of unknown size",
    ),
    Case(
        "assign a block 4096",
        lambda: (normal(4096, 4096), normal(2048, 2048)),
        each(
            lazy=assigned,
            torch=lambda torch, x, y: assigned(torch, x.clone(), y),
            jax=lambda jax, x, y: x.at[1024:3072, ::2].set(y),
            numpy=lambda np, x, y: assigned(np, x.copy(), y),
        ),
        bytes=8 * 4096**2 + 8 * 2048**2,
    ),
]
