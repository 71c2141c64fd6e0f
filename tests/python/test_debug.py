"""Looking into programs: the first NaN and its line, drawings of graphs, time per kernel."""

import doctest
import inspect
import json
import re
import threading
import time
import warnings
from pathlib import Path
from xml.etree import ElementTree

import cotan.core as mx
import cotan.nn as nn
import numpy as np
import pytest

pytestmark = pytest.mark.cotan_only

BAD = [1.0, -1.0]


def logarithm(x):
    return mx.log(x)  # the line of the logarithm


def line_of(marker):
    lines, start = inspect.getsourcelines(inspect.getmodule(line_of))
    (found,) = [number for number, line in enumerate(lines, start or 1) if line.rstrip().endswith(f"# {marker}")]
    return f"{__file__}:{found} in "


THE_LOGARITHM = line_of("the line of the logarithm")


def blamed(run, **options):
    with mx.debug_nans(**options), pytest.raises(FloatingPointError) as caught:
        mx.eval(run())
    return str(caught.value)


class TestDebugNans:
    def test_the_error_names_op_element_type_operand_and_line(self):
        message = blamed(lambda: logarithm(mx.array(BAD)))
        assert message == (
            "log: made the first NaN: element (1,) of its float32 (2,) result, from float32 (2,) with -1.0 there; "
            f"at {THE_LOGARITHM}logarithm"
        )

    @pytest.mark.parametrize("dtype", [mx.float16, mx.bfloat16, mx.float32, mx.float64, mx.complex64], ids=str)
    def test_every_inexact_type_is_checked(self, dtype):
        message = blamed(lambda: mx.zeros((2, 2), dtype) / mx.zeros((2, 2), dtype))
        assert message.startswith(
            f"divide: made the first NaN: element (0, 0) of its {str(dtype).split('.')[-1]} (2, 2)"
        )

    def test_the_call_is_found_inside_a_fused_group(self):
        def f(x):
            x = mx.sin(x) * 2
            x = logarithm(x - 3)
            return mx.sum(mx.exp(x) + 1)

        assert "log: made the first NaN: element (0,)" in blamed(lambda: f(mx.array(BAD)))
        assert THE_LOGARITHM in blamed(lambda: f(mx.array(BAD)))

    def test_it_is_found_whatever_held_the_intermediate_values(self):
        x = mx.array(np.linspace(1, -1, 5000).astype(np.float32))
        with mx.debug_nans():
            held = x + 0
            y = logarithm(held)
            with pytest.raises(FloatingPointError, match=r"log: .*element \(2500,\)"):
                mx.eval(y * held, held)

    def test_a_reduction_and_a_matrix_product_are_blamed(self):
        infinite = mx.array([float("inf"), float("-inf")])
        assert blamed(lambda: mx.sum(infinite)).startswith("sum: made the first NaN: element (0,) of its float32 (1,)")
        assert blamed(lambda: infinite[None] @ mx.zeros((2, 2))).startswith(
            "matmul: made the first NaN: element (0, 0)"
        )

    def test_a_gradient_names_the_line_of_its_forward_call(self):
        def loss(x):
            return mx.sum(mx.sqrt(x))  # the line of the root

        x = mx.array([4.0, 0.0])
        message = blamed(lambda: mx.grad(loss)(x), inf=True)
        assert f"; in the gradient of sqrt at {line_of('the line of the root')}" in message
        assert "infinity: element (1,)" in message

    def test_tangents_and_examples_name_their_lines(self):
        message = blamed(lambda: mx.jvp(mx.sqrt, [mx.array([0.0])], [mx.array([1.0])])[1], inf=True)
        assert "in the tangent of sqrt at " in message
        message = blamed(lambda: mx.vmap(logarithm)(mx.array([BAD])))
        assert "element (0, 1) of its float32 (1, 2) result" in message
        assert f"in vmap of log at {THE_LOGARITHM}" in message

    def test_a_replay_names_the_line_that_was_recorded(self):
        compiled = mx.compile(logarithm)
        with mx.debug_nans():
            mx.eval(compiled(mx.array([1.0, 2.0])))
        assert f"replayed from {THE_LOGARITHM}" in blamed(lambda: compiled(mx.array(BAD)))

    def test_a_recording_from_before_is_blamed_on_the_line_that_replays_it(self):
        compiled = mx.compile(lambda x: mx.log(x))  # its own recordings: those of one function are shared
        mx.eval(compiled(mx.array([1.0, 2.0])))
        assert "log: made the first NaN" in blamed(lambda: compiled(mx.array(BAD)))
        assert f"at {line_of('the replaying line')}" in blamed(lambda: compiled(mx.array(BAD)))  # the replaying line

    def test_a_loop_names_the_line_of_its_body(self):
        def step(carry, x):
            return logarithm(carry), x

        message = blamed(lambda: mx.scan(step, mx.array(2.0), mx.zeros((5,)))[0])
        assert message.startswith("log: made the first NaN: element () of its float32 () result, from float32 () with ")
        assert message.endswith(f"replayed from {THE_LOGARITHM}logarithm")

    def test_lines_inside_the_package_are_passed_over(self):
        layer = nn.Linear(2, 2)
        layer.weight = mx.full((2, 2), float("inf"))
        message = blamed(lambda: layer(mx.zeros((1, 2))))  # the line of the layer
        assert line_of("the line of the layer") in message

    def test_a_call_from_before_has_no_line_but_a_name(self):
        y = logarithm(mx.array(BAD))
        assert "its line is not known" in blamed(lambda: y)

    def test_infinities_count_only_when_asked_for(self):
        with mx.debug_nans():
            mx.eval(mx.log(mx.array([0.0])))
        assert "log: made the first infinity: element (0,)" in blamed(lambda: mx.log(mx.array([0.0])), inf=True)

    def test_what_a_selection_leaves_out_is_no_error(self):
        with mx.debug_nans():
            x = mx.array(BAD)
            y = mx.where(x > 0, mx.log(x), 0)
            assert y.tolist() == [0, 0]

    def test_nothing_is_checked_outside(self):
        with mx.debug_nans():
            pass
        assert np.isnan(logarithm(mx.array(BAD)).tolist()[1])

    def test_after_the_error_arrays_are_as_they_were(self):
        x = mx.array(BAD)
        with mx.debug_nans(), pytest.raises(FloatingPointError):
            mx.eval(y := logarithm(x))
        assert np.isnan(y.tolist()[1])
        assert x.tolist() == BAD

    def test_a_context_can_be_entered_again_and_within_itself(self):
        check = mx.debug_nans()
        for _ in range(2):
            with check, check, pytest.raises(FloatingPointError):
                mx.eval(logarithm(mx.array(BAD)))
        with pytest.raises(RuntimeError, match="left more often"):
            check.__exit__(None, None, None)


class TestInputsThatHoldNan:
    def test_they_are_reported_once_and_nobody_is_blamed(self):
        given = mx.array([[1.0, float("nan")]])
        with mx.debug_nans(), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            mx.eval(given + 1)
            a = given * 2
            mx.eval(a)
            mx.eval(mx.sum(a), given @ mx.ones((2, 2)), given[0])
        assert len(caught) == 1
        message = str(caught[0].message)
        assert message.startswith("add reads an array that already holds NaN: element (0, 1) of float32 (1, 2); at ")

    def test_what_is_made_beside_them_is_blamed(self):
        x = mx.array([float("nan"), 1.0, -1.0])
        blame = pytest.raises(FloatingPointError, match=r"log: made the first NaN: element \(2,\)")
        with mx.debug_nans(), pytest.warns(RuntimeWarning, match="already holds NaN: element"), blame:
            mx.eval(mx.log(x))

    def test_constants_are_inputs(self):
        with mx.debug_nans(), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for _ in range(3):
                mx.eval(mx.ones((2,)) * float("nan"))
        assert len(caught) == 1

    def test_a_warning_made_an_error_is_raised(self):
        with mx.debug_nans(), warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(RuntimeWarning):
                mx.eval(mx.array([float("nan")]) + 1)


class TestThreads:
    def test_a_context_is_that_of_its_thread(self):
        outcomes = {}

        def work(name, shift):
            for _ in range(20):
                try:
                    with mx.debug_nans():
                        mx.eval(mx.log(mx.full((1000,), -1.0) + shift))
                    outcomes.setdefault(name, set()).add("fine")
                except FloatingPointError as error:
                    outcomes.setdefault(name, set()).add(str(error).split(":")[0])

        threads = [threading.Thread(target=work, args=args) for args in (("bad", 0), ("good", 4))]
        for thread in threads:
            thread.start()
        for _ in range(20):
            mx.eval(mx.log(mx.array(BAD)))
        for thread in threads:
            thread.join()
        assert outcomes == {"bad": {"log"}, "good": {"fine"}}

    def test_all_threads_can_be_checked(self):
        caught = []

        def work():
            try:
                mx.eval(logarithm(mx.array(BAD)))
            except FloatingPointError as error:
                caught.append(str(error))

        with mx.debug_nans(all_threads=True):
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
        assert len(caught) == 1
        assert THE_LOGARITHM in caught[0]


class TestProfile:
    def test_a_row_a_kernel_with_what_it_moved_and_computed(self):
        x = mx.array(np.ones((1000, 10), np.float32))
        w = mx.array(np.ones((10, 20), np.float32))
        with mx.profile() as p:
            for _ in range(3):
                mx.eval(mx.tanh(x * 2 + 1), x @ w)
        rows = {row["kernel"]: row for row in p.rows}
        assert set(rows) == {"multiply+add+tanh", "matmul"}
        fused, product = rows["multiply+add+tanh"], rows["matmul"]
        assert fused["calls"] == product["calls"] == 3
        assert fused["bytes_read"] == fused["bytes_written"] == 3 * 40_000
        assert fused["flops"] == 3 * 3 * 10_000
        assert product["flops"] == 3 * 2 * 1000 * 10 * 20
        assert product["bytes_read"] == 3 * 4 * (10_000 + 200)
        assert product["bytes_written"] == 3 * 80_000
        assert sum(row["share"] for row in p.rows) == pytest.approx(1)
        for row in p.rows:
            assert row["mean_seconds"] == pytest.approx(row["total_seconds"] / 3, abs=1e-8)
            moved = row["bytes_read"] + row["bytes_written"]
            assert row["gb_per_second"] == pytest.approx(moved / row["total_seconds"] / 1e9)
            assert row["gflops_per_second"] == pytest.approx(row["flops"] / row["total_seconds"] / 1e9)

    def test_views_move_nothing_and_unknown_work_is_none(self):
        x = mx.array(np.ones((50, 4), np.float32))
        with mx.profile() as p:
            mx.eval(x.T, mx.sort(x, axis=0))
        rows = {row["kernel"]: row for row in p.rows}
        assert (rows["transpose"]["bytes_read"], rows["transpose"]["bytes_written"]) == (0, 0)
        assert rows["sort"]["flops"] is None
        assert rows["sort"]["gflops_per_second"] is None

    def test_the_work_of_a_convolution_is_known(self):
        x, w = mx.array(np.ones((2, 9, 3), np.float32)), mx.array(np.ones((5, 4, 3), np.float32))
        with mx.profile() as p:
            mx.eval(mx.conv1d(x, w))
        (row,) = [row for row in p.rows if row["kernel"] == "convolution"]
        assert row["flops"] == 2 * (2 * 6 * 5) * (4 * 3)

    def test_a_profile_changes_no_result_and_counts_what_runs_in_transforms(self):
        x = mx.array(np.linspace(-1, 1, 64, dtype=np.float32))

        def f(x):
            mx.eval(mx.exp(x))
            return mx.sum(mx.sin(x))

        plain = mx.grad(f)(x).tolist()
        with mx.profile() as p:
            assert mx.grad(f)(x).tolist() == plain
        assert "exp" in {row["kernel"] for row in p.rows}

    def test_the_table_has_a_line_a_kernel_the_most_expensive_first(self):
        x, y = mx.array(np.ones((300, 300), np.float32)), mx.array([1.0])
        with mx.profile() as p:
            mx.eval(x @ x)
            mx.eval(y + 1)
        head, first, second, summary = str(p).splitlines()
        assert head.split() == ["kernel", "calls", "total", "mean", "share", "memory", "GB/s", "GFLOP/s"]
        assert first.startswith("matmul ")
        assert len(head) == len(first) == len(second)
        assert summary.startswith("2 runs in 2 evaluations: kernels ")
        assert repr(p) == str(p)

    def test_nothing_is_counted_outside_and_inner_contexts_count_for_both(self):
        x = mx.array([1.0])
        with mx.profile() as outer:
            mx.eval(x + 1)
            with mx.profile() as inner:
                mx.eval(mx.exp(x))
            assert [row["kernel"] for row in inner.rows] == ["exp"]
        mx.eval(mx.sin(x))
        assert {row["kernel"] for row in outer.rows} == {"add", "exp"}

    def test_the_file_follows_the_trace_event_format(self, in_tmp):
        x = mx.array(np.ones((100, 100), np.float32))
        with mx.profile() as p:
            worker = threading.Thread(target=lambda: mx.eval(mx.tanh(x @ x)))
            worker.start()
            worker.join()
            mx.eval(x @ x + 1)
        p.save(in_tmp / "trace.json")
        document = json.loads((in_tmp / "trace.json").read_text())
        events = document["traceEvents"]
        assert document["displayTimeUnit"] in ("ms", "ns")
        meta = [event for event in events if event["ph"] == "M"]
        assert {event["name"] for event in meta} == {"process_name", "thread_name"}
        spans = [event for event in events if event["ph"] == "X"]
        assert len(meta) + len(spans) == len(events)
        for event in spans:
            assert isinstance(event["name"], str)
            assert event["ts"] >= 0
            assert event["dur"] >= 0
            assert isinstance(event["pid"], int)
            assert isinstance(event["tid"], int)
        kernels = [event for event in spans if event["cat"] == "kernel"]
        assert sorted(event["name"] for event in kernels) == ["add", "matmul", "matmul", "tanh"]
        assert len({event["tid"] for event in kernels}) == 2
        assert kernels[0]["args"]["shape"] == "(100, 100)"
        assert kernels[0]["args"]["flops"] == 2 * 100**3
        for kernel in kernels:
            around = [
                event
                for event in spans
                if event["cat"] == "evaluation"
                and event["tid"] == kernel["tid"]
                and event["ts"] <= kernel["ts"] + 0.002
                and kernel["ts"] + kernel["dur"] <= event["ts"] + event["dur"] + 0.002
            ]
            assert len(around) == 1

    def test_a_loop_is_charged_without_what_runs_inside(self):
        def step(carry, x):
            return mx.tanh(carry @ x), None

        xs = mx.array(np.full((50, 30, 30), 0.01, np.float32))
        with mx.profile() as p:
            mx.eval(mx.scan(step, mx.eye(30), xs)[0])
        rows = {row["kernel"]: row for row in p.rows}
        assert rows["scan"]["calls"] == 1
        assert rows["matmul"]["calls"] == rows["tanh"]["calls"] == 50
        assert "in 1 evaluation:" in str(p)
        events = {event["name"]: event for event in json.loads(p.trace_json())["traceEvents"]}
        assert rows["scan"]["total_seconds"] * 1e6 < events["scan"]["dur"] - rows["matmul"]["total_seconds"] * 1e6 + 1

    def test_a_file_that_cannot_be_written_is_an_os_error(self, in_tmp):
        with mx.profile() as p:
            pass
        with pytest.raises(OSError, match="No such file"):
            p.save(in_tmp / "nowhere" / "trace.json")

    def test_before_it_is_entered_there_is_nothing_to_see(self):
        with pytest.raises(RuntimeError, match="use it as a context"):
            _ = mx.profile().rows


def layer(params, x):
    return mx.tanh(x @ params["w"] * 0.5 + params["b"])


def drawn_layer():
    params = {"w": mx.ones((3, 4)), "b": mx.zeros((4,))}
    return mx.draw(layer)(params, mx.ones((2, 3)))


class TestDraw:
    def test_the_text_has_a_line_a_call_and_marks_what_runs_together(self):
        assert str(drawn_layer()).splitlines() == [
            "inputs  %0: float32 (3, 4)  params['w']",
            "        %1: float32 (4,)  params['b']",
            "        %2: float32 (2, 3)  x",
            "  %3: float32 (2, 4) = matmul %2 %0",
            "┌ %4: float32 (2, 4) = multiply %3 0.5",
            "│ %5: float32 (2, 4) = add %4 %1",
            "└ %6: float32 (2, 4) = tanh %5",
            "return %6",
            "4 calls in 2 kernels",
        ]

    def test_kernels_are_those_that_run(self):
        params = {"w": mx.array(np.ones((3, 4), np.float32)), "b": mx.array(np.ones(4, np.float32))}
        x = mx.array(np.ones((2, 3), np.float32))

        def loss(params, x):
            h = layer(params, x)
            return mx.sum(mx.softmax(h, axis=-1) * h)

        mapped = mx.vmap(lambda x: mx.exp(x) + 1, in_axes=1)
        for f, args in ((loss, (params, x)), (mx.grad(loss), (params, x)), (mapped, (x,))):
            drawing = mx.draw(f)(*args)
            with mx.profile() as p:
                mx.eval(f(*args))
            ran = [row for row in p.rows if row["kernel"] != "alias" for _ in range(row["calls"])]
            assert drawing.kernels == len(ran)
            assert drawing.calls == sum(row["kernel"].count("+") + 1 for row in ran)

    def test_a_drawing_of_arrays_shows_what_they_wait_for(self):
        x = mx.array([1.0, 2.0])
        y = mx.exp(-x)
        drawing = mx.draw_graph(y, {"more": [mx.sort(y)]})
        assert str(drawing).splitlines() == [
            "inputs  %0: float32 (2,)",
            "┌ %1: float32 (2,) = negative %0",
            "└ %2: float32 (2,) = exp %1",
            "  %3: float32 (2,) = sort %2 axis=0",
            "return %2 %3",
            "3 calls in 2 kernels",
        ]
        mx.eval(y)
        assert mx.draw_graph(y).calls == 0

    def test_the_function_may_read_its_arguments(self):
        def f(x):
            return mx.exp(x) if x.item() > 0 else mx.sin(x)

        assert "= exp %0" in str(mx.draw(f)(mx.array(1.0)))
        assert "= sin %0" in str(mx.draw(f)(mx.array(-1.0)))

    def test_captured_arrays_constants_keywords_and_several_results_are_shown(self):
        weight = mx.array([3.0, 1.0])

        def f(*arrays, scale):
            first, second = mx.split(arrays[0] * weight, 2)
            return {"first": 2 - first, "second": second * scale}

        text = str(mx.draw(f)(mx.ones((2,)), scale=mx.array(2.0)))
        assert "%0: float32 (2,)  argument 0" in text
        assert "%1: float32 ()  scale" in text
        assert "%2: float32 (2,)  captured" in text
        assert "%4: float32 (1,), %5: float32 (1,) = split %3" in text
        assert "subtract 2.0 %4" in text

    def test_the_picture_is_well_formed_and_shows_every_call(self):
        picture = ElementTree.fromstring(drawn_layer().svg())
        texts = [node.text for node in picture.iter("{http://www.w3.org/2000/svg}text")]
        for expected in ("matmul", "multiply", "(·, 0.5)", "add", "tanh", "params['w']", "x", "return"):
            assert expected in texts
        hints = [node.text for node in picture.iter("{http://www.w3.org/2000/svg}title")]
        assert any(hint.startswith("%6: float32 (2, 4) = tanh %5\n" + __file__) for hint in hints)

    def test_boxes_lie_within_the_picture_and_apart(self):
        def f(x):
            parts = [mx.sin(x @ x + i) for i in range(6)]
            return [mx.softmax(a * b, axis=0) for a in parts for b in parts[:3]]

        picture = ElementTree.fromstring(mx.draw(f)(mx.ones((3, 3))).svg())
        width, height = float(picture.get("width")), float(picture.get("height"))
        (group,) = picture.findall("{http://www.w3.org/2000/svg}g/{http://www.w3.org/2000/svg}g")
        boxes = [g.find("{http://www.w3.org/2000/svg}rect") for g in group.findall("{http://www.w3.org/2000/svg}g")]
        boxes = [[float(box.get(k)) for k in ("x", "y", "width", "height")] for box in boxes if box is not None]
        assert len(boxes) > 40
        for i, (x, y, w, h) in enumerate(boxes):
            assert 0 <= x <= x + w <= width
            assert 0 <= y <= y + h <= height
            for x2, y2, w2, h2 in boxes[i + 1 :]:
                assert x + w <= x2 or x2 + w2 <= x or y + h <= y2 or y2 + h2 <= y

    def test_names_cannot_break_the_formats(self):
        params = {'<"&\\>': mx.ones((2,))}
        drawing = mx.draw(lambda p: mx.exp(p['<"&\\>']))(params)
        ElementTree.fromstring(drawing.svg())
        assert '\\"&' in drawing.dot()

    def test_the_dot_form_has_a_cluster_a_fused_kernel(self):
        dot = drawn_layer().dot()
        assert dot.startswith("digraph {")
        assert dot.count("subgraph cluster_") == 1
        assert dot.count("{") == dot.count("}")
        assert dot.count(" -> ") == 7

    def test_files_take_the_form_of_their_name(self, in_tmp):
        drawing = drawn_layer()
        starts = {"a.svg": "<svg", "a.DOT": "digraph", "a.gv": "digraph", "a.html": "<div", "a.txt": "inputs"}
        for name, start in starts.items():
            drawing.save(name)
            assert (in_tmp / name).read_text().startswith(start)
        with pytest.raises(ValueError, match="ends with none of"):
            drawing.save("a.png")
        with pytest.raises(OSError, match="No such file"):
            drawing.save("nowhere/a.svg")
        assert drawing._repr_svg_() == drawing.svg()
        assert drawing.svg() in drawing._repr_html_()

    def test_huge_graphs_are_bounded_with_a_note(self):
        x = y = mx.array([1.0, 2.0])
        for _ in range(50_000):
            y = mx.sin(y) + x
        drawing = mx.draw_graph(y)
        assert drawing.calls == 100_000
        assert len(drawing.svg()) < 1_000_000
        assert "the first 400 are shown, 99600 are left out" in drawing.svg()
        assert '… 99000 more calls: save("graph.txt") writes all' in str(drawing)
        assert len(drawing.text().splitlines()) > 100_000
        many = mx.draw_graph(mx.concatenate([mx.array([float(i)]) for i in range(3000)]))
        assert len(many.svg()) < 1_000_000
        assert "2600 inputs and results are left out" in many.svg()

    def test_a_tangled_graph_is_laid_out_soon(self):
        made = [mx.ones((2, 2)) @ mx.ones((2, 2))]
        for i in range(1, 399):
            made.append(made[-1] @ made[(i * 7) % i] + made[i // 3])
        start = time.perf_counter()
        mx.draw_graph(made[-1]).svg()
        assert time.perf_counter() - start < 30

    def test_loops_and_branches_show_what_they_hold(self):
        def f(x):
            half = lambda c: mx.cond(c.sum() > 1, lambda c: c / 2, lambda c: -c, c)
            return mx.while_loop(lambda c: c.max() > 0.1, lambda c: mx.tanh(half(c)), x)

        drawing = mx.draw(f)(mx.array([3.0, 4.0]))
        assert drawing.calls == 1
        lines = [line.strip() for line in drawing.text().splitlines()]
        assert {"condition", "step", "branch 0", "branch 1"} <= set(lines)
        assert sum("= negative" in line for line in lines) == 1
        assert all(title in drawing.svg() for title in ("condition of %1 = while_loop", "branch 1 of", ">negative<"))
        dot = drawing.dot()
        assert dot.count('label="branch') == 2
        names = re.findall(r"^ *(\w+) \[label", dot, flags=re.MULTILINE)
        assert len(names) == len(set(names))
        assert set(re.findall(r"(\w+) -> (\w+)", dot)) <= {(a, b) for a in names for b in names}

    def test_drawing_computes_nothing(self):
        y = mx.exp(mx.array([1.0]))
        mx.draw_graph(y)
        drawing = mx.draw(lambda x: x + y)(mx.array([1.0]))
        assert "= exp" in str(drawing)
        assert mx.draw_graph(y).calls == 1

    def test_errors_of_the_function_pass_through(self):
        def broken(x):
            raise KeyError("mine")

        with pytest.raises(KeyError, match="mine"):
            mx.draw(broken)(mx.array(1.0))
        with pytest.raises(TypeError, match="draw: expected a function"):
            mx.draw(3)


def test_the_page_about_debugging_is_true(in_tmp):
    page = Path(__file__).parents[2] / "docs" / "debugging.md"
    # The fences of Markdown are no output.
    text = re.sub(r"^```.*$", "", page.read_text(), flags=re.MULTILINE)
    test = doctest.DocTestParser().get_doctest(text, {}, page.name, str(page), 0)
    report = []
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    result = runner.run(test, out=report.append)
    assert result.attempted > 15
    assert not result.failed, "".join(report)
    assert (in_tmp / "graph.svg").exists()
    assert (in_tmp / "trace.json").exists()
