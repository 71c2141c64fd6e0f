"""The networks as modules of cotan and mlx, whose interface is the same, and a compiled step of Adam."""

import importlib
from functools import partial


def step(peer, kind, weights, x, y):
    """A function that trains on a batch and returns the loss before."""
    mx = peer.lib
    nn, optimizers = (importlib.import_module(f"{peer.name}.{part}") for part in ("nn", "optimizers"))
    model = KINDS[kind](mx, nn)
    model.load_weights(list(weights.items()))
    optimizer = optimizers.Adam(1e-3, bias_correction=True)
    optimizer.init(model.trainable_parameters())
    state = [model.state, optimizer.state]
    mx.eval(state)
    loss_and_gradients = nn.value_and_grad(model, lambda x, y: nn.losses.cross_entropy(model(x), y, reduction="mean"))

    @partial(mx.compile, inputs=state, outputs=state)
    def train(x, y):
        loss, gradients = loss_and_gradients(x, y)
        optimizer.update(model, gradients)
        return loss

    def run():
        loss = train(x, y)
        mx.eval(loss, state)
        return loss

    return run


def mlp(mx, nn):
    """Linear layers with ReLU between."""

    class MLP(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = [nn.Linear(784, 512), nn.Linear(512, 256), nn.Linear(256, 10)]

        def __call__(self, x):
            for layer in self.layers[:-1]:
                x = nn.relu(layer(x))
            return self.layers[-1](x)

    return MLP()


def convnet(mx, nn):
    """Three convolutions with pooling, a mean over the image and a linear layer."""

    class ConvNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.convs = [nn.Conv2d(i, o, 3, padding=1) for i, o in ((3, 32), (32, 64), (64, 128))]
            self.pool = nn.MaxPool2d(2, 2)
            self.head = nn.Linear(128, 10)

        def __call__(self, x):
            for conv in self.convs:
                x = self.pool(nn.relu(conv(x)))
            return self.head(x.mean((1, 2)))

    return ConvNet()


def transformer(mx, nn):
    """A causal language model with normalisation before each part of a block."""

    class Block(nn.Module):
        def __init__(self, width, heads):
            super().__init__()
            self.heads = heads
            self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.mix, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

        def attend(self, x):
            batch, places, width = x.shape
            split = self.mix(x).reshape(batch, places, 3, self.heads, -1).transpose(2, 0, 3, 1, 4)
            scale = (width // self.heads) ** -0.5
            y = mx.fast.scaled_dot_product_attention(*split, scale=scale, mask="causal")
            return self.out(y.transpose(0, 2, 1, 3).reshape(batch, places, width))

        def __call__(self, x):
            x = x + self.attend(self.norm1(x))
            return x + self.down(nn.gelu(self.up(self.norm2(x))))

    class Transformer(nn.Module):
        def __init__(self, words=1000, width=256, heads=8, places=128, depth=4):
            super().__init__()
            self.words, self.places = nn.Embedding(words, width), nn.Embedding(places, width)
            self.blocks = [Block(width, heads) for _ in range(depth)]
            self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, words)

        def __call__(self, x):
            x = self.words(x) + self.places(mx.arange(x.shape[1]))
            for block in self.blocks:
                x = block(x)
            return self.head(self.norm(x))

    return Transformer()


def lstm(mx, nn):
    """A recurrent layer and a linear layer on its last state."""

    class Recurrent(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm, self.head = nn.LSTM(64, 128), nn.Linear(128, 10)

        def __call__(self, x):
            states, _ = self.lstm(x)
            return self.head(states[:, -1])

    return Recurrent()


KINDS = {"mlp": mlp, "convnet": convnet, "transformer": transformer, "lstm": lstm}
