"""The networks as functions of a dict of weights for jax, and a compiled step of Adam."""

from functools import partial

RATE, FIRST, SECOND, EPS = 1e-3, 0.9, 0.999, 1e-8


def step(peer, kind, weights, x, y):
    """A function that trains on a batch and returns the loss before."""
    jax = peer.lib
    jnp = jax.numpy
    model = partial(KINDS[kind], jax)

    def loss(weights, x, y):
        logits = model(weights, x)
        picked = jnp.take_along_axis(logits, y[..., None], axis=-1)[..., 0]
        return (jax.nn.logsumexp(logits, axis=-1) - picked).mean()

    @partial(jax.jit, donate_argnums=0)
    def train(state, x, y):
        weights, m, v, count = state
        value, gradients = jax.value_and_grad(loss)(weights, x, y)
        return adam(jax, weights, gradients, m, v, count + 1), value

    zeros = lambda: jax.tree.map(jnp.zeros_like, weights)
    state = [(jax.tree.map(jnp.copy, weights), zeros(), zeros(), jnp.int32(0))]
    compiled = train.lower(state[0], x, y).compile()

    def run():
        state[0], value = compiled(state[0], x, y)
        return jax.block_until_ready((value, state[0]))[0]

    return run


def adam(jax, weights, gradients, m, v, count):
    """Adam (Kingma and Ba, arXiv:1412.6980) on trees."""
    sqrt = jax.numpy.sqrt
    m = jax.tree.map(lambda m, g: FIRST * m + (1 - FIRST) * g, m, gradients)
    v = jax.tree.map(lambda v, g: SECOND * v + (1 - SECOND) * g * g, v, gradients)
    rate, scale = RATE / (1 - FIRST**count), 1 / (1 - SECOND**count)
    weights = jax.tree.map(lambda w, m, v: w - rate * m / (sqrt(v * scale) + EPS), weights, m, v)
    return weights, m, v, count


def linear(p, name, x):
    """A linear layer."""
    return x @ p[f"{name}.weight"].T + p[f"{name}.bias"]


def norm(p, name, x):
    """Layer normalisation."""
    centred = x - x.mean(-1, keepdims=True)
    scaled = centred * ((centred * centred).mean(-1, keepdims=True) + 1e-5) ** -0.5
    return scaled * p[f"{name}.weight"] + p[f"{name}.bias"]


def mlp(jax, p, x):
    """Linear layers with ReLU between."""
    for i in range(2):
        x = jax.nn.relu(linear(p, f"layers.{i}", x))
    return linear(p, "layers.2", x)


def convnet(jax, p, x):
    """Three convolutions with pooling, a mean over the image and a linear layer."""
    for i in range(3):
        w, b = p[f"convs.{i}.weight"], p[f"convs.{i}.bias"]
        x = jax.lax.conv_general_dilated(x, w, (1, 1), "SAME", dimension_numbers=("NHWC", "OHWI", "NHWC")) + b
        window = (1, 2, 2, 1)
        x = jax.lax.reduce_window(jax.nn.relu(x), -jax.numpy.inf, jax.lax.max, window, window, "VALID")
    return linear(p, "head", x.mean((1, 2)))


def attend(jax, p, name, x, heads=8):
    """Causal attention of several heads."""
    batch, places, width = x.shape
    split = linear(p, f"{name}.mix", x).reshape(batch, places, 3, heads, -1).transpose(2, 0, 1, 3, 4)
    y = jax.nn.dot_product_attention(*split, is_causal=True)
    return linear(p, f"{name}.out", y.reshape(batch, places, width))


def transformer(jax, p, x, depth=4):
    """A causal language model with normalisation before each part of a block."""
    x = p["words.weight"][x] + p["places.weight"][: x.shape[1]]
    for name in (f"blocks.{i}" for i in range(depth)):
        x = x + attend(jax, p, name, norm(p, f"{name}.norm1", x))
        y = jax.nn.gelu(linear(p, f"{name}.up", norm(p, f"{name}.norm2", x)), approximate=False)
        x = x + linear(p, f"{name}.down", y)
    return linear(p, "head", norm(p, "norm", x))


def lstm(jax, p, x):
    """A recurrent layer and a linear layer on its last state."""
    inputs = (x @ p["lstm.Wx"].T + p["lstm.bias"]).swapaxes(0, 1)
    zeros = jax.numpy.zeros((len(x), 128))

    def advance(carry, row):
        h, c = carry
        i, f, g, o = jax.numpy.split(row + h @ p["lstm.Wh"].T, 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jax.numpy.tanh(g)
        return (jax.nn.sigmoid(o) * jax.numpy.tanh(c), c), None

    (h, _), _ = jax.lax.scan(advance, (zeros, zeros), inputs)
    return linear(p, "head", h)


KINDS = {"mlp": mlp, "convnet": convnet, "transformer": transformer, "lstm": lstm}
