"""The examples in the documentation of compiled functions run and give what they say."""

import doctest
import inspect
from types import ModuleType

import cotan.core as mx
import pytest

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


PUBLIC = dict(public())
DOCUMENTED = {name: value.__doc__ for name, value in PUBLIC.items() if ">>>" in (value.__doc__ or "")}


def test_everything_public_has_an_example():
    assert sorted(PUBLIC.keys() - DOCUMENTED.keys()) == []


@pytest.mark.parametrize("name", sorted(DOCUMENTED))
def test_the_example_gives_what_it_says(name, in_tmp):
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    test = doctest.DocTestParser().get_doctest(DOCUMENTED[name], {"mx": mx}, name, None, 0)
    report = []
    result = doctest.DocTestRunner(optionflags=flags).run(test, out=report.append)
    assert result.attempted > 0
    assert not result.failed, "".join(report)
