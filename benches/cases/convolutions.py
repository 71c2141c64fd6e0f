"""Convolutions, with channels last as cotan and mlx have them; torch gets the same memory under its order of axes."""

from cases.base import Case, each, normal


def conv2d(name, x, w, stride=1, padding=0, groups=1):
    """A two-dimensional convolution; shapes as cotan has them."""
    n, h, width, _ = x
    out = n * (h // stride) * (width // stride)
    flops = 2 * out * w[0] * w[1] * w[2] * w[3]

    def torch(torch, x, w):
        x, w = x.permute(0, 3, 1, 2), w.permute(0, 3, 1, 2)
        y = torch.nn.functional.conv2d(x, w, stride=stride, padding=padding, groups=groups)
        return y.permute(0, 2, 3, 1)

    def jax(jax, x, w):
        return jax.lax.conv_general_dilated(
            x,
            w,
            (stride, stride),
            [(padding, padding)] * 2,
            dimension_numbers=("NHWC", "OHWI", "NHWC"),
            feature_group_count=groups,
        )

    lazy = lambda mx, x, w: mx.conv2d(x, w, stride=stride, padding=padding, groups=groups)
    return Case(name, lambda: (normal(*x), normal(*w, seed=1)), each(lazy, torch, jax), 1e-2, flops=flops)


def conv1d(name, x, w, padding):
    """A one-dimensional convolution."""

    def torch(torch, x, w):
        return torch.nn.functional.conv1d(x.transpose(1, 2), w.transpose(1, 2), padding=padding).transpose(1, 2)

    def jax(jax, x, w):
        return jax.lax.conv_general_dilated(x, w, (1,), [(padding, padding)], dimension_numbers=("NWC", "OWI", "NWC"))

    lazy = lambda mx, x, w: mx.conv1d(x, w, padding=padding)
    flops = 2 * x[0] * x[1] * w[0] * w[1] * w[2]
    return Case(name, lambda: (normal(*x), normal(*w, seed=1)), each(lazy, torch, jax), 1e-2, flops=flops)


def transposed(name, x, w):
    """A transposed convolution of stride two."""

    def torch(torch, x, w):
        y = torch.nn.functional.conv_transpose2d(x.permute(0, 3, 1, 2), w.permute(3, 0, 1, 2), stride=2, padding=1)
        return y.permute(0, 2, 3, 1)

    lazy = lambda mx, x, w: mx.conv_transpose2d(x, w, stride=2, padding=1)
    flops = 2 * x[0] * x[1] * x[2] * w[0] * w[1] * w[2] * w[3]
    return Case(name, lambda: (normal(*x), normal(*w, seed=1)), each(lazy, torch), 1e-2, flops=flops)


CASES = [
    conv2d("conv 3x3, 64 channels, 56 x 56", (4, 56, 56, 64), (64, 3, 3, 64), padding=1),
    conv2d("conv 7x7 stride 2, RGB 224", (2, 224, 224, 3), (64, 7, 7, 3), stride=2, padding=3),
    conv2d("conv 1x1, 256 channels, 28 x 28", (8, 28, 28, 256), (256, 1, 1, 256)),
    conv2d("depthwise 3x3, 128 channels, 56 x 56", (4, 56, 56, 128), (128, 3, 3, 1), padding=1, groups=128),
    conv1d("conv1d 5, 64 channels, 4096", (4, 4096, 64), (64, 5, 64), padding=2),
    transposed("transposed conv 4x4 stride 2, 64 channels", (4, 28, 28, 64), (32, 4, 4, 64)),
]
