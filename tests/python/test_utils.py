"""Laws of the functions over trees."""

from collections import OrderedDict, namedtuple
from functools import reduce

import pytest
from cotan import utils
from hypothesis import given
from hypothesis import strategies as st

Point = namedtuple("Point", "x y")
LEAVES = st.one_of(st.integers(), st.floats(allow_nan=False), st.text(), st.none())
NAMES = st.text(st.characters(categories=["L"]), min_size=1)


def containers(children):
    """Non-empty lists and dicts, whose flat names determine them."""
    return st.lists(children, min_size=1, max_size=4) | st.dictionaries(NAMES, children, min_size=1, max_size=4)


TREES = st.recursive(LEAVES, containers, max_leaves=12)


@given(TREES)
def test_unflatten_undoes_flatten(tree):
    assert utils.tree_unflatten(utils.tree_flatten(tree)) == tree
    assert utils.tree_unflatten(utils.tree_flatten(tree, destination={})) == tree


@given(TREES)
def test_map_applies_the_function_to_every_leaf_and_keeps_the_structure(tree):
    mapped = utils.tree_map(lambda leaf: (leaf,), tree, is_leaf=lambda node: isinstance(node, str))
    flat = utils.tree_flatten(mapped, is_leaf=lambda node: isinstance(node, tuple))
    assert flat == [(name, (leaf,)) for name, leaf in utils.tree_flatten(tree)]


@given(TREES)
def test_map_with_path_sees_the_names_of_flatten(tree):
    paths = []
    utils.tree_map_with_path(lambda path, leaf: paths.append((path or "", leaf)), tree)
    assert paths == utils.tree_flatten(tree)


@given(TREES)
def test_map_over_equal_trees_pairs_equal_leaves(tree):
    assert utils.tree_map(lambda a, b, c: a if a == b == c else "differ", tree, tree, tree) == tree


@given(st.recursive(st.integers(), containers, max_leaves=12), st.integers())
def test_reduce_folds_the_leaves_in_order(tree, first):
    leaves = [leaf for _, leaf in utils.tree_flatten(tree)]
    assert utils.tree_reduce(lambda a, b: 3 * a + b, tree) == reduce(lambda a, b: 3 * a + b, leaves)
    assert utils.tree_reduce(lambda a, b: 3 * a + b, tree, first) == reduce(lambda a, b: 3 * a + b, leaves, first)


@given(st.recursive(st.integers(), containers, max_leaves=12), st.data())
def test_merging_two_parts_gives_the_whole(tree, data):
    def part(wanted):
        return utils.tree_map_with_path(lambda path, leaf: leaf if owner[path or ""] == wanted else None, tree)

    owner = {name: data.draw(st.booleans()) for name, _ in utils.tree_flatten(tree)}
    if isinstance(tree, int):
        assert utils.tree_merge(tree, None) == utils.tree_merge(None, tree) == tree
    else:
        assert utils.tree_merge(part(True), part(False)) == tree


@given(st.recursive(st.integers(), containers, max_leaves=12))
def test_merge_fn_settles_every_place_that_both_have(tree):
    assert utils.tree_merge(tree, tree, lambda a, b: a + b) == utils.tree_map(lambda a: 2 * a, tree)


def test_map_rebuilds_tuples_and_makes_plain_dicts():
    tree = {"p": Point(1, [2]), "t": (3,), "o": OrderedDict(a=4)}
    doubled = utils.tree_map(lambda x: 2 * x, tree)
    assert doubled == {"p": Point(2, [4]), "t": (6,), "o": {"a": 8}}
    assert type(doubled["p"]) is Point
    assert type(doubled["o"]) is dict


def test_map_takes_more_from_the_other_trees_but_never_less():
    assert utils.tree_map(lambda a, b: a + b, {"a": [1]}, {"a": (10, 20), "b": 0}) == {"a": [11]}
    with pytest.raises(KeyError):
        utils.tree_map(lambda a, b: a, {"a": 1}, {})
    with pytest.raises(IndexError):
        utils.tree_map(lambda a, b: a, [1, 2], [1])


def test_none_is_a_leaf():
    assert utils.tree_map(lambda x: x is None, [None, 1]) == [True, False]


def test_a_bare_leaf_has_an_empty_name_and_no_path():
    assert utils.tree_flatten(3) == [("", 3)]
    assert utils.tree_map_with_path(lambda path, x: path, 3) is None
    assert utils.tree_map_with_path(lambda path, x: path, {"a": 1}, path="z") == {"a": "z.a"}


def test_flatten_leaves_out_empty_containers_and_fills_a_destination():
    assert utils.tree_flatten({"a": {}, "b": [], "c": [(), 1]}) == [("c.1", 1)]
    assert utils.tree_flatten([7, [8]], prefix=".pre") == [("pre.0", 7), ("pre.1.0", 8)]
    filled = [("old", 0)]
    assert utils.tree_flatten({"a": 1}, destination=filled) is filled
    assert filled == [("old", 0), ("a", 1)]
    with pytest.raises(ValueError, match=r"(?i)destination"):
        utils.tree_flatten({"a": 1}, destination=3)


def test_unflatten_fills_the_gaps_of_a_list():
    assert utils.tree_unflatten([("0.a", 1), ("2.a", 2)]) == [{"a": 1}, {}, {"a": 2}]


def test_unflatten_makes_a_dict_of_names_that_spell_one_integer_twice():
    assert utils.tree_unflatten([("01", 1), ("1", 2)]) == {"01": 1, "1": 2}


@pytest.mark.cotan_only
def test_unflatten_refuses_a_name_given_twice():
    with pytest.raises(ValueError, match=r"a\.b"):
        utils.tree_unflatten([("a.b", 1), ("a.b", 2)])


def test_reducing_nothing_gives_the_initializer_or_none():
    assert utils.tree_reduce(lambda a, b: a + b, {"a": []}) is None
    assert utils.tree_reduce(lambda a, b: a + b, {"a": []}, 5) == 5


def test_merge_refuses_two_values_at_one_place():
    for a, b in [({"a": 1}, {"a": 2}), ([1], [2]), ({"a": 1}, {"a": [2]}), ({}, [])]:
        with pytest.raises(ValueError, match=r"merge"):
            utils.tree_merge(a, b)
