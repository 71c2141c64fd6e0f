"""The networks as modules of torch, and an eager step of Adam."""


def step(peer, kind, weights, x, y):
    """A function that trains on a batch and returns the loss before."""
    torch = peer.lib
    model = KINDS[kind](torch, torch.nn)
    model.load_state_dict(dict(converted(torch, weights)))
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    x = x if x.is_floating_point() else x.long()
    y = y.long()

    def run():
        optimizer.zero_grad()
        logits = model(x)
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, -2), y.flatten())
        loss.backward()
        optimizer.step()
        return loss

    return run


def converted(torch, weights):
    """Names and layouts of torch for weights of cotan."""
    for name, w in weights.items():
        if w.ndim == 4:
            yield name, w.permute(0, 3, 1, 2).contiguous()
        elif name == "lstm.bias":
            yield "lstm.bias_ih_l0", w
            yield "lstm.bias_hh_l0", torch.zeros_like(w)
        else:
            yield name.replace("lstm.Wx", "lstm.weight_ih_l0").replace("lstm.Wh", "lstm.weight_hh_l0"), w


def mlp(torch, nn):
    """Linear layers with ReLU between."""

    class MLP(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList([nn.Linear(784, 512), nn.Linear(512, 256), nn.Linear(256, 10)])

        def forward(self, x):
            for layer in self.layers[:-1]:
                x = torch.relu(layer(x))
            return self.layers[-1](x)

    return MLP()


def convnet(torch, nn):
    """Three convolutions with pooling, a mean over the image and a linear layer; channels are last in memory."""

    class ConvNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.convs = nn.ModuleList([nn.Conv2d(i, o, 3, padding=1) for i, o in ((3, 32), (32, 64), (64, 128))])
            self.head = nn.Linear(128, 10)

        def forward(self, x):
            x = x.permute(0, 3, 1, 2)
            for conv in self.convs:
                x = nn.functional.max_pool2d(torch.relu(conv(x)), 2)
            return self.head(x.mean((2, 3)))

    return ConvNet().to(memory_format=torch.channels_last)


def transformer(torch, nn):
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
            split = self.mix(x).reshape(batch, places, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
            y = nn.functional.scaled_dot_product_attention(*split, is_causal=True)
            return self.out(y.transpose(1, 2).reshape(batch, places, width))

        def forward(self, x):
            x = x + self.attend(self.norm1(x))
            return x + self.down(nn.functional.gelu(self.up(self.norm2(x))))

    class Transformer(nn.Module):
        def __init__(self, words=1000, width=256, heads=8, places=128, depth=4):
            super().__init__()
            self.words, self.places = nn.Embedding(words, width), nn.Embedding(places, width)
            self.blocks = nn.ModuleList([Block(width, heads) for _ in range(depth)])
            self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, words)

        def forward(self, x):
            x = self.words(x) + self.places(torch.arange(x.shape[1]))
            for block in self.blocks:
                x = block(x)
            return self.head(self.norm(x))

    return Transformer()


def lstm(torch, nn):
    """A recurrent layer and a linear layer on its last state."""

    class Recurrent(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm, self.head = nn.LSTM(64, 128, batch_first=True), nn.Linear(128, 10)
            self.lstm.bias_hh_l0.requires_grad_(False)  # torch has two biases; the model has one

        def forward(self, x):
            states, _ = self.lstm(x)
            return self.head(states[:, -1])

    return Recurrent()


KINDS = {"mlp": mlp, "convnet": convnet, "transformer": transformer, "lstm": lstm}
