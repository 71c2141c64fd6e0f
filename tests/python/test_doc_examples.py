"""The examples in the documentation of compiled functions run and give what they say."""

import doctest
import inspect

import cotan.core as mx
import pytest

pytestmark = pytest.mark.cotan_only


def documented():
    """Public names of the compiled module, and members of its classes, that carry examples."""
    found = {}
    for name, value in vars(mx).items():
        if name.startswith("_"):
            continue
        members = {name: value}
        if inspect.isclass(value):
            members |= {f"{name}.{k}": v for k, v in vars(value).items()}
        found |= {k: v.__doc__ for k, v in members.items() if isinstance(getattr(v, "__doc__", None), str)}
    return {name: doc for name, doc in found.items() if ">>>" in doc}


@pytest.mark.parametrize("name", sorted(documented()))
def test_the_example_gives_what_it_says(name, in_tmp):
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    test = doctest.DocTestParser().get_doctest(documented()[name], {"mx": mx}, name, None, 0)
    report = []
    result = doctest.DocTestRunner(optionflags=flags).run(test, out=report.append)
    assert result.attempted > 0
    assert not result.failed, "".join(report)


def test_every_public_function_is_documented():
    bare = [
        name
        for name, value in vars(mx).items()
        if callable(value) and not name.startswith("_") and not (value.__doc__ or "").strip()
    ]
    assert bare == []
