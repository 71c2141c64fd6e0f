"""What an operation costs when there is nothing to compute."""

from cases.base import Case, each, every, normal, plain


def small():
    """Two vectors of ten numbers."""
    return normal(10), normal(10, seed=1)


def small_matrix():
    """A small matrix."""
    return (normal(8, 8),)


def chain(a, b):
    """Twenty dependent small operations."""
    for _ in range(10):
        a = (a + b) * 0.5
    return a


def prepared(lazy=None, torch=None, jax=None):
    """Calls of a function that is transformed once: `lazy(mx)` and so on give it."""
    calls = dict.fromkeys(("cotan", "mlx"), lazy) | {"torch": torch, "jax": jax}

    def make(transform):
        def prepare(peer, *arrays):
            f = transform(peer.lib)
            return lambda: f(*arrays)

        return prepare

    return {name: make(f) for name, f in calls.items() if f}


def torch_gradient(torch):
    """The gradient of a small function through torch's tape."""

    def gradient(a, b):
        a = a.detach().requires_grad_()
        return torch.autograd.grad((torch.tanh(a) * b).sum(), a)[0]

    return gradient


def loss(lib, a, b):
    """A small function with a gradient."""
    return (lib.tanh(a) * b).sum()


def without(calls, *names):
    """The calls of the other libraries."""
    return {name: call for name, call in calls.items() if name not in names}


CASES = [
    Case(
        "a + b: call",
        small,
        every(lambda lib, a, b: a + b),
        evaluate=False,
        note="lazy libraries only record, jax only dispatches",
    ),
    Case("a + b: value", small, every(lambda lib, a, b: a + b)),
    Case("20 operations: value", small, every(lambda lib, a, b: chain(a, b)), note="jax: one compiled function"),
    Case(
        "20 operations, compiled",
        small,
        prepared(
            lazy=lambda mx: mx.compile(chain),
            torch=lambda torch: chain,
            jax=lambda jax: jax.jit(chain),
        ),
        note="torch: eager",
    ),
    Case(
        "gradient of sum(tanh(a) * b)",
        small,
        prepared(
            lazy=lambda mx: mx.grad(lambda a, b: loss(mx, a, b)),
            torch=torch_gradient,
            jax=lambda jax: jax.jit(jax.grad(lambda a, b: loss(jax.numpy, a, b))),
        ),
    ),
    Case(
        "vmap of sum(tanh(a) * b), 8 x 8",
        small_matrix,
        prepared(
            lazy=lambda mx: mx.vmap(lambda a: loss(mx, a, a)),
            torch=lambda torch: torch.vmap(lambda a: loss(torch, a, a)),
            jax=lambda jax: jax.jit(jax.vmap(lambda a: loss(jax.numpy, a, a))),
        ),
    ),
    Case(
        "x[3]: value",
        small_matrix,
        dict.fromkeys(("cotan", "mlx", "torch", "jax", "numpy"), plain(lambda lib, x: x[3])),
    ),
    Case(
        "x[1:7:2, None, -1]: value",
        small_matrix,
        dict.fromkeys(("cotan", "mlx", "torch", "jax", "numpy"), plain(lambda lib, x: x[1:7:2, None, -1])),
    ),
    Case(
        "x.shape",
        small_matrix,
        dict.fromkeys(("cotan", "mlx", "torch", "jax", "numpy"), plain(lambda lib, x: x.shape)),
        evaluate=False,
        compare=lambda shape: [list(map(int, shape))],
    ),
    Case(
        "sum to a Python float",
        small_matrix,
        dict.fromkeys(("cotan", "mlx", "torch", "jax", "numpy"), plain(lambda lib, x: x.sum().item())),
        evaluate=False,
        compare=lambda value: [float(value[0])],
    ),
    Case(
        "array from a list of 1000",
        lambda: (),
        each(
            lazy=lambda mx: mx.array(NUMBERS),
            torch=lambda torch: torch.tensor(NUMBERS),
            numpy=lambda np: np.array(NUMBERS, np.float32),
        )
        | {"jax": lambda peer: lambda: peer.lib.numpy.array(NUMBERS, "float32")},
    ),
]

NUMBERS = [i / 7 for i in range(1000)]
