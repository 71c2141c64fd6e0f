"""Modules: what they hold, how that is read, changed, frozen, saved and differentiated."""

import copy
import pickle

import cotan.core as mx
import pytest
from cotan import nn, utils
from helpers import assert_close, assert_same, dtype_name, host


class Model(nn.Module):
    """One of everything a module can hold."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(2, 3)
        self.stack = [nn.Linear(3, 3, bias=False), nn.Sequential(nn.Dropout(0.5), nn.Linear(3, 1))]
        self.table = {"inner": nn.Linear(1, 1), "w": mx.ones((2,))}
        self.hidden = (mx.zeros((1,)), nn.Linear(1, 1))
        self._cache = mx.ones((1,))
        self.scale = 3
        self.w = mx.ones((4,))

    def __call__(self, x):
        x = self.first(x)
        for layer in self.stack:
            x = layer(x)
        return x * self.scale


PARAMETERS = [
    "first.weight",
    "first.bias",
    "stack.0.weight",
    "stack.1.layers.1.weight",
    "stack.1.layers.1.bias",
    "table.inner.weight",
    "table.inner.bias",
    "table.w",
    "w",
]


@pytest.fixture
def model():
    mx.random.seed(0)
    return Model()


def names(tree):
    return [name for name, _ in utils.tree_flatten(tree)]


def arrays(tree):
    return {name: host(x) for name, x in utils.tree_flatten(tree)}


def assert_same_parameters(a, b):
    a, b = arrays(a.parameters()), arrays(b.parameters())
    assert list(a) == list(b)
    for name in a:
        assert_same(mx.array(a[name]), b[name])


# ---------------------------------------------------------------- a module is a dict


def test_arrays_and_containers_become_items_and_the_rest_attributes(model):
    assert list(model) == ["first", "stack", "table", "hidden", "_cache", "w"]
    assert model["w"] is model.w
    assert model.scale == 3
    assert model.state is model


def test_assigning_something_else_removes_the_item(model):
    model.w = 5
    assert "w" not in model
    assert model.w == 5
    model.w = mx.ones((4,))
    assert model["w"] is model.w


def test_items_and_attributes_can_be_deleted(model):
    del model.w
    del model.scale
    for name in ("w", "scale"):
        with pytest.raises(AttributeError, match=name):
            getattr(model, name)
    with pytest.raises(AttributeError):
        del model.w


def test_a_name_that_the_class_takes_cannot_hold_an_array(model):
    with pytest.raises(AttributeError, match="keys"):
        model.keys = mx.ones((1,))
    assert "keys" not in model


@pytest.mark.cotan_only
def test_forgetting_to_initialise_the_base_class_is_said():
    class Forgetful(nn.Module):
        def __init__(self):
            self.w = mx.ones((1,))

    with pytest.raises(AttributeError, match=r"super\(\).__init__\(\)"):
        Forgetful().trainable_parameters()


def test_a_module_without_call_or_with_a_missing_name_fails_as_any_object():
    with pytest.raises(TypeError):
        nn.Module()(3)
    with pytest.raises(AttributeError, match="nothing"):
        nn.Module().nothing
    with pytest.raises(TypeError):
        hash(nn.Linear(1, 1))


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_are_equal_and_independent(model, duplicate):
    other = duplicate(model.freeze(keys="bias"))
    assert_same_parameters(model, other)
    assert (other.scale, other._no_grad, other.training) == (3, model._no_grad, True)
    other.first.weight = mx.zeros((3, 2))
    assert host(model.first.weight).any()


def test_repr_nests_the_children(model):
    assert repr(nn.Sequential(nn.Linear(2, 3), nn.ReLU())) == (
        "Sequential(\n  (layers.0): Linear(input_dims=2, output_dims=3, bias=True)\n  (layers.1): ReLU()\n)"
    )
    assert "(table.inner): Linear(input_dims=1, output_dims=1, bias=True)" in repr(model)


# ---------------------------------------------------------------- reading the tree


def test_parameters_leave_out_private_names_and_tuples(model):
    assert names(model.parameters()) == PARAMETERS


def test_containers_keep_their_places_in_parameters():
    assert nn.Sequential(nn.ReLU(), nn.PReLU()).parameters()["layers"][0] == {}


def test_children_and_leaf_modules_stop_at_modules(model):
    is_module = nn.Module.is_module
    direct = utils.tree_flatten(model.children(), is_leaf=is_module)
    assert [name for name, _ in direct] == ["first", "stack.0", "stack.1", "table.inner"]
    leaves = utils.tree_flatten(model.leaf_modules(), is_leaf=is_module)
    assert [name for name, _ in leaves] == [
        "first",
        "stack.0",
        "stack.1.layers.0",
        "stack.1.layers.1",
        "table.inner",
    ]


def test_named_modules_go_depth_first_from_the_last_child(model):
    found = model.named_modules()
    expected = ["", "table.inner", "stack.1", "stack.1.layers.1", "stack.1.layers.0", "stack.0", "first"]
    assert [name for name, _ in found] == expected
    assert all(a is b for a, (_, b) in zip(model.modules(), found, strict=True))


def test_filter_and_map_sees_dotted_keys_inside_containers(model):
    seen = []
    model.filter_and_map(lambda module, key, value: seen.append(key) or True)
    assert {"first", "stack", "stack.0", "table.inner", "table.w", "_cache", "hidden"} <= set(seen)
    assert seen.count("weight") == 4


def test_filter_and_map_stops_where_it_is_told(model):
    found = model.filter_and_map(lambda *_: True, lambda value: type(value).__name__, lambda m, k, v: k != "stack")
    assert found["first"] == "Linear"
    assert found["stack"] == ["Linear", "Sequential"]


# ---------------------------------------------------------------- changing it


def test_update_replaces_arrays_and_leaves_the_rest(model):
    before = arrays(model.parameters())
    new = mx.full((1,), 7.0)
    assert model.update({"stack": [{}, {"layers": [{}, {"bias": new}]}]}) is model
    assert model.stack[1].layers[1].bias is new
    after = arrays(model.parameters())
    assert [name for name in before if (before[name] != after[name]).any()] == ["stack.1.layers.1.bias"]


def test_update_with_its_own_parameters_changes_nothing(model):
    before = arrays(model.parameters())
    model.update(model.parameters())
    assert all((before[name] == x).all() for name, x in arrays(model.parameters()).items())


WRONG_UPDATES = [
    {"nope": mx.ones((1,))},
    {"w": 3},
    {"first": mx.ones((1,))},
    {"first": {"weight": 3}},
    {"stack": [{}, {}, {"weight": mx.ones((1,))}]},
    {"stack": {"0": {"weight": mx.ones((1,))}}},
    {"scale": mx.ones((1,))},
    {"table": {"nope": mx.ones((1,))}},
]


@pytest.mark.cotan_only
@pytest.mark.parametrize("tree", WRONG_UPDATES, ids=lambda tree: next(iter(tree)))
def test_update_refuses_what_has_no_place_unless_told_to_ignore_it(model, tree):
    before = arrays(model.parameters())
    with pytest.raises(ValueError):
        model.update(tree)
    assert model.update(tree, strict=False) is model
    assert list(before) == names(model.parameters())


def test_update_modules_replaces_children(model):
    assert model.update_modules({"stack": [nn.ReLU()], "table": {"inner": nn.Tanh()}}) is model
    assert (repr(model.stack[0]), repr(model.table["inner"])) == ("ReLU()", "Tanh()")
    assert isinstance(model.stack[1], nn.Sequential)
    for tree in ({"nope": nn.ReLU()}, {"first": 3}, {"stack": [{}, {}, nn.ReLU()]}):
        with pytest.raises(ValueError):
            model.update_modules(tree)
        model.update_modules(tree, strict=False)
    assert isinstance(model.first, nn.Linear)


def test_apply_maps_parameters_only(model):
    model.apply(lambda x: 0 * x)
    assert not any(x.any() for x in arrays(model.parameters()).values())
    assert_same(model._cache, [1])
    model.apply(lambda x: x + 1, lambda module, key, value: key in ("first", "weight"))
    assert_same(model.first.weight, [[1, 1]] * 3)
    assert_same(model.first.bias, [0, 0, 0])


def test_set_dtype_casts_floats_or_what_the_predicate_says():
    module = nn.Module()
    module.floats, module.ints = mx.ones((1,)), mx.array([1])
    assert module.set_dtype(mx.float16) is None
    assert (dtype_name(module.floats), dtype_name(module.ints)) == ("float16", "int32")
    module.set_dtype(mx.float32, lambda dtype: dtype == mx.int32)
    assert (dtype_name(module.floats), dtype_name(module.ints)) == ("float16", "float32")
    module.set_dtype(mx.float32, None)
    assert (dtype_name(module.floats), dtype_name(module.ints)) == ("float32", "float32")


# ---------------------------------------------------------------- weights in files


@pytest.mark.parametrize("extension", ["npz", "safetensors"])
def test_saved_weights_load_into_a_fresh_model(model, in_tmp, extension):
    assert model.save_weights(f"weights.{extension}") is None
    other = Model()
    assert other.load_weights(f"weights.{extension}") is other
    assert_same_parameters(model, other)


@pytest.mark.cotan_only
def test_weights_take_any_path_like(model, in_tmp):
    model.save_weights(in_tmp / "weights.npz")
    assert_same_parameters(model, Model().load_weights(in_tmp / "weights.npz"))


def test_save_refuses_other_formats(model, in_tmp):
    with pytest.raises(ValueError, match="npz"):
        model.save_weights("weights.bin")


def test_strict_loading_wants_exactly_the_names_and_shapes(model):
    weights = utils.tree_flatten(model.parameters())
    for wrong in (weights[1:], [*weights, ("nope", mx.ones((1,)))], [("w", mx.ones((9,))), *weights[:-1]]):
        with pytest.raises(ValueError):
            model.load_weights(wrong)
    assert model.load_weights([("w", mx.zeros((9,))), ("nope", mx.ones((1,)))], strict=False) is model
    assert model.w.shape == (9,)


@pytest.mark.cotan_only
def test_a_file_without_names_is_refused(model, in_tmp):
    mx.save("array.npy", mx.ones((1,)))
    with pytest.raises(ValueError, match="without a name"):
        model.load_weights("array.npy")


# ---------------------------------------------------------------- freezing and modes


def test_freezing_takes_parameters_out_and_unfreezing_brings_them_back(model):
    assert model.freeze() is model
    assert names(model.trainable_parameters()) == []
    assert names(model.parameters()) == PARAMETERS
    assert model.unfreeze() is model
    assert names(model.trainable_parameters()) == PARAMETERS


def test_freezing_can_stay_in_one_module(model):
    model.freeze(recurse=False)
    assert names(model.trainable_parameters()) == [n for n in PARAMETERS if n not in ("w", "table.w")]


def test_freezing_can_name_keys(model):
    model.freeze(keys="bias")
    assert names(model.trainable_parameters()) == [n for n in PARAMETERS if not n.endswith("bias")]
    model.unfreeze(keys=["bias"])
    assert names(model.trainable_parameters()) == PARAMETERS


def test_strict_freezing_wants_keys_that_exist(model):
    model.freeze(keys="bias", strict=True)
    for arguments in ({"keys": "nope"}, {"keys": ["bias", "nope"]}, {"keys": "bias", "recurse": False}):
        with pytest.raises(KeyError):
            model.freeze(strict=True, **arguments)
        with pytest.raises(KeyError):
            model.unfreeze(strict=True, **arguments)


@pytest.mark.cotan_only
def test_running_statistics_stay_frozen_inside_any_model():
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm(3))
    before = names(model.trainable_parameters())
    assert not any("running" in name for name in before)
    model.freeze().unfreeze()
    assert names(model.trainable_parameters()) == before


def test_modes_reach_every_module(model):
    assert model.eval() is model
    assert not any(module.training for module in model.modules())
    model.train()
    assert all(module.training for module in model.modules())


# ---------------------------------------------------------------- gradients


def test_gradients_have_the_structure_of_the_trainable_parameters(model):
    model.eval().first.freeze()
    value, gradients = nn.value_and_grad(model, lambda x: (model(x).sum(), "extra"))(mx.ones((4, 2)))
    assert value[1] == "extra"
    assert names(gradients) == names(model.trainable_parameters())
    assert gradients["first"] == {}
    assert_same(gradients["stack"][1]["layers"][1]["bias"], [12])


def test_gradients_are_those_of_the_function_of_the_parameters(model):
    model.eval()
    x = mx.arange(8.0).reshape(4, 2)

    def loss(x, factor):
        return factor * mx.square(model(x)).sum()

    def pure(parameters):
        return loss_of(parameters, x)

    def loss_of(parameters, x):
        h = x @ parameters["first"]["weight"].T + parameters["first"]["bias"]
        h = h @ parameters["stack"][0]["weight"].T
        last = parameters["stack"][1]["layers"][1]
        return 2.0 * mx.square(3 * (h @ last["weight"].T + last["bias"])).sum()

    value, gradients = nn.value_and_grad(model, loss)(x, factor=2.0)
    expected_value, expected = mx.value_and_grad(pure)(model.trainable_parameters())
    assert_close(value, host(expected_value))
    for name, gradient in utils.tree_flatten(gradients):
        assert_close(gradient, arrays(expected)[name])


@pytest.mark.cotan_only
def test_the_model_has_its_own_arrays_back_after_a_gradient_and_after_an_error():
    layer = nn.Linear(2, 1)
    weight = layer.weight
    nn.value_and_grad(layer, lambda: layer(mx.ones((2,))).sum())()
    assert layer.weight is weight

    def fails():
        layer(mx.ones((2,)))
        raise LookupError

    with pytest.raises(LookupError):
        nn.value_and_grad(layer, fails)()
    assert layer.weight is weight


def test_what_the_function_assigns_stays():
    layer = nn.BatchNorm(1)
    nn.value_and_grad(layer, lambda: layer(mx.array([[1.0], [3.0]])).sum())()
    assert_close(layer.running_mean, [0.2])
    assert_close(layer.running_var, [1.1])


def test_the_model_may_be_an_argument_of_the_function():
    layer = nn.Linear(2, 1)

    def loss(model, x):
        assert model is layer
        return model(x).sum()

    _, gradients = nn.value_and_grad(layer, loss)(layer, mx.array([1.0, 2.0]))
    assert_same(gradients["weight"], [[1, 2]])


def test_the_wrapper_keeps_the_name_of_the_function():
    def loss():
        return mx.array(0.0)

    assert nn.value_and_grad(nn.Linear(1, 1), loss).__name__ == "loss"


@pytest.mark.cotan_only
def test_gradients_are_with_respect_to_a_module():
    with pytest.raises(ValueError, match="Module"):
        nn.value_and_grad({"w": mx.ones((1,))}, lambda: mx.array(0.0))


def test_a_checkpoint_changes_neither_values_nor_gradients(model):
    model.eval()
    x = mx.arange(8.0).reshape(4, 2)
    plain = nn.value_and_grad(model, lambda: mx.square(model(x)).sum())()
    twice = nn.value_and_grad(model, lambda: mx.square(nn.utils.checkpoint(model)(x)).sum())()
    assert_close(twice[0], host(plain[0]))
    for name, gradient in utils.tree_flatten(twice[1]):
        assert_close(gradient, arrays(plain[1])[name])
