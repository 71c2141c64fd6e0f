"""The examples in the documentation of compiled functions run and give what they say."""

import doctest
import inspect
from types import ModuleType

import cotan.core as mx
import pytest
from cotan import nn, optimizers, utils

pytestmark = pytest.mark.cotan_only


def public(module=mx, prefix=""):
    """Names and values of all public functions, classes, methods and properties of a module and its submodules."""
    for name, value in vars(module).items():
        if name.startswith("_"):
            continue
        if isinstance(value, ModuleType):
            yield from public(value, f"{prefix}{name}.")
        elif inspect.isclass(value):
            yield prefix + name, value
            members = [(k, v) for k, v in vars(value).items() if not k.startswith("_")]
            yield from ((f"{prefix}{name}.{k}", v) for k, v in members if inspect.isroutine(v) or hasattr(v, "__get__"))
        elif callable(value):
            yield prefix + name, value


PYTHON_MODULES = [nn, nn.init, nn.losses, nn.utils, nn.layers.distributed, optimizers, utils]
PUBLIC = dict(public())
DOCUMENTED = {name: value.__doc__ for name, value in PUBLIC.items() if ">>>" in (value.__doc__ or "")}


def test_everything_public_has_an_example():
    assert sorted(PUBLIC.keys() - DOCUMENTED.keys()) == []


@pytest.mark.parametrize("module", PYTHON_MODULES, ids=lambda m: m.__name__)
def test_everything_public_in_python_has_an_example(module):
    """Pytest itself runs these. What overrides a method does what the example of that says."""
    bare = []
    for name in module.__all__:
        value = getattr(module, name)
        found = [(name, value)] if callable(value) else []
        if inspect.isclass(value):
            inherited = {k for base in value.__mro__[1:] for k in vars(base)}
            own = [k for k in vars(value) if not k.startswith("_") and k not in inherited]
            found += [(f"{name}.{k}", vars(value)[k]) for k in own if hasattr(vars(value)[k], "__get__")]
        bare += [k for k, v in found if ">>>" not in (v.__doc__ or "")]
    assert bare == []


@pytest.mark.parametrize("name", sorted(DOCUMENTED))
def test_the_example_gives_what_it_says(name, in_tmp):
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    test = doctest.DocTestParser().get_doctest(DOCUMENTED[name], {"mx": mx}, name, None, 0)
    report = []
    result = doctest.DocTestRunner(optionflags=flags).run(test, out=report.append)
    assert result.attempted > 0
    assert not result.failed, "".join(report)
