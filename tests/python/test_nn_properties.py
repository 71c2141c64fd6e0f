"""Laws of the parameter tree, over random modules of lists, dicts, tuples and other modules."""

import copy
import pickle

import cotan.core as mx
import pytest
from cotan import nn, utils
from helpers import assert_same, host
from hypothesis import given, settings
from hypothesis import strategies as st

NAMES = st.sampled_from(["a", "b", "weight", "bias", "_hidden"])


class Tree(nn.Module):
    """A module that holds what it is given."""

    def __init__(self, items):
        super().__init__()
        for name, value in items.items():
            setattr(self, name, value)


def make(plan):
    """A value of a plan: a number of elements for an array, containers, or the items of a module."""
    kind, content = plan
    if kind == "array":
        return mx.arange(content).astype(mx.float32) + 1
    if kind == "module":
        return Tree({name: make(p) for name, p in content.items()})
    if kind == "dict":
        return {name: make(p) for name, p in content.items()}
    return (list if kind == "list" else tuple)(make(p) for p in content)


def named(kind, children):
    return st.tuples(st.just(kind), st.dictionaries(NAMES, children, max_size=3))


PLANS = st.recursive(
    st.tuples(st.just("array"), st.integers(1, 3)),
    lambda children: st.one_of(
        named("module", children),
        named("dict", children),
        st.tuples(st.sampled_from(["list", "tuple"]), st.lists(children, max_size=3)),
    ),
    max_leaves=12,
)
modules = st.dictionaries(NAMES, PLANS, max_size=4).map(lambda items: make(("module", items)))
law = settings(max_examples=30, deadline=None)


def named_arrays(tree):
    return dict(utils.tree_flatten(tree))


def assert_same_arrays(a, b):
    a, b = named_arrays(a), named_arrays(b)
    assert list(a) == list(b)
    for name, x in a.items():
        assert_same(x, host(b[name]))


@law
@given(modules)
def test_updating_with_the_own_parameters_changes_nothing(module):
    before = named_arrays(module.parameters())
    assert module.update(module.parameters()) is module
    after = named_arrays(module.parameters())
    assert all(after[name] is x for name, x in before.items())


@law
@given(modules)
def test_parameters_of_the_whole_belong_to_modules(module):
    whole = {id(x) for x in named_arrays(module.parameters()).values()}
    parts = {id(x) for m in module.modules() for x in named_arrays(m.parameters()).values()}
    assert whole <= parts  # and a module with a hidden name has some of its own


@law
@given(modules)
def test_names_of_modules_lead_to_them(module):
    for name, found in module.named_modules():
        value = module
        for step in name.split(".") if name else []:
            value = value[int(step)] if isinstance(value, list) else value[step]
        assert value is found


@law
@given(modules, st.lists(NAMES, max_size=2))
def test_freezing_and_unfreezing_are_opposites(module, keys):
    everything = list(named_arrays(module.parameters()))
    for chosen in (None, keys):
        assert list(named_arrays(module.trainable_parameters())) == everything
        module.freeze(keys=chosen)
        left = list(named_arrays(module.trainable_parameters()))
        assert set(left) <= set(everything)
        assert left == [] if chosen is None else True
        module.unfreeze(keys=chosen)
        assert list(named_arrays(module.trainable_parameters())) == everything


@law
@given(modules)
def test_leaves_have_no_children_and_every_module_leads_to_one(module):
    leaves = [m for _, m in utils.tree_flatten(module.leaf_modules(), is_leaf=nn.Module.is_module)]
    assert all(len(leaf.modules()) == 1 for leaf in leaves)
    assert {id(leaf) for leaf in leaves} == {id(m) for m in module.modules()[1:] if len(m.modules()) == 1}


@law
@given(modules)
def test_mapping_the_parameters_keeps_their_tree(module):
    before = utils.tree_map(lambda x: 2 * x, module.parameters())
    module.apply(lambda x: 2 * x)
    assert_same_arrays(module.parameters(), before)


@law
@given(modules)
def test_training_mode_reaches_all(module):
    for mode in (False, True):
        module.train(mode)
        assert {m.training for m in module.modules()} == {mode}


@law
@given(modules)
@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["copy", "pickle"])
def test_duplicates_are_equal_and_independent(duplicate, module):
    module.freeze(keys="weight")
    other = duplicate(module)
    assert repr(other) == repr(module)
    assert_same_arrays(other.parameters(), module.parameters())
    assert_same_arrays(other.trainable_parameters(), module.trainable_parameters())
    before = utils.tree_map(host, module.parameters())
    other.apply(lambda x: x * 0)
    assert_same_arrays(module.parameters(), utils.tree_map(mx.array, before))


@law
@given(modules)
def test_files_give_back_what_was_saved(tmp_path_factory, module):
    folder = tmp_path_factory.mktemp("weights")
    want = utils.tree_map(mx.array, module.parameters())
    for extension in ("npz", "safetensors"):
        path = str(folder / f"weights.{extension}")
        module.save_weights(path)
        module.apply(lambda x: x * 0)
        module.load_weights(path)
        assert_same_arrays(module.parameters(), want)


@law
@given(modules)
def test_gradients_have_the_tree_of_the_trainable_parameters(module):
    module.freeze(keys="bias")
    if not named_arrays(module.trainable_parameters()):
        return

    def loss():
        return sum((x * x).sum() for x in named_arrays(module.parameters()).values())

    _, gradients = nn.value_and_grad(module, loss)()
    assert_same_arrays(gradients, utils.tree_map(lambda x: 2 * x, module.trainable_parameters()))
