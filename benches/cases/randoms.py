"""Random numbers; every library by its own generator, so that results can't agree."""

from cases.base import Case, normal, plain

COUNT = 10_000_000


def drawn(lazy, torch, jax, numpy):
    """A way to draw COUNT numbers for each library; jax gets a key, numpy its generator."""

    def with_key(peer):
        f = peer.lib.jit(lambda key: jax(peer.lib, key))
        keys = [peer.lib.random.key(0)]

        def run():
            keys[0], key = peer.lib.random.split(keys[0])
            return f(key)

        return run

    def with_generator(peer):
        generator = peer.lib.random.default_rng(0)
        return lambda: numpy(peer.lib, generator)

    lazy_calls = dict.fromkeys(("cotan", "mlx"), plain(lazy))
    return lazy_calls | {"torch": plain(torch), "jax": with_key, "numpy": with_generator}


def case(name, calls):
    """A case of COUNT numbers of four bytes."""
    return Case(name, lambda: (), calls, agree=False, bytes=4 * COUNT)


CASES = [
    case(
        "random uniform 1e7",
        drawn(
            lazy=lambda mx: mx.random.uniform(shape=(COUNT,)),
            torch=lambda torch: torch.rand(COUNT),
            jax=lambda jax, key: jax.random.uniform(key, (COUNT,)),
            numpy=lambda np, rng: rng.random(COUNT, np.float32),
        ),
    ),
    case(
        "random normal 1e7",
        drawn(
            lazy=lambda mx: mx.random.normal((COUNT,)),
            torch=lambda torch: torch.randn(COUNT),
            jax=lambda jax, key: jax.random.normal(key, (COUNT,)),
            numpy=lambda np, rng: rng.standard_normal(COUNT, np.float32),
        ),
    ),
    case(
        "random int32 1e7",
        drawn(
            lazy=lambda mx: mx.random.randint(-(2**31), 2**31 - 1, (COUNT,)),
            torch=lambda torch: torch.empty(COUNT, dtype=torch.int32).random_(-(2**31), 2**31 - 1),
            jax=lambda jax, key: jax.random.bits(key, (COUNT,)),
            numpy=lambda np, rng: rng.integers(-(2**31), 2**31, COUNT, np.int32),
        ),
    ),
    Case(
        "random permutation 1e6",
        lambda: (normal(1_000_000),),
        {
            **dict.fromkeys(("cotan", "mlx"), plain(lambda mx, x: mx.random.permutation(x))),
            "torch": plain(lambda torch, x: x[torch.randperm(len(x))]),
            "jax": lambda peer, x: lambda: peer.lib.random.permutation(peer.lib.random.key(0), x),
            "numpy": lambda peer, x: lambda: peer.lib.random.default_rng(0).permutation(x),
        },
        agree=False,
    ),
]
