"""Counts which laws the rows of the op table passed in which dtypes, and prints the counts after a run."""

import collections

LAWS = {
    "test_a_row_equals_numpy_in_values_shape_and_dtype": ("values",),
    "test_jvp_is_the_central_difference_and_vjp_its_transpose": ("jvp", "vjp"),
    "test_complex_derivatives_are_those_of_the_real_and_imaginary_parts": ("jvp", "vjp"),
    "test_derivatives_in_a_narrow_dtype_are_those_in_float64": ("jvp", "vjp"),
    "test_a_row_without_slope_has_zero_derivatives": ("jvp", "vjp"),
    "test_second_derivatives_are_the_differences_of_the_first": ("second",),
    "test_vmap_is_loop_and_stack_for_every_choice_of_axes": ("vmap",),
    "test_vmap_of_vjp_and_vjp_of_vmap_agree_with_the_loop": ("vmap·vjp",),
    "test_vmap_of_jvp_and_jvp_of_vmap_agree_with_the_loop": ("vmap·jvp",),
    "test_a_compiled_row_gives_the_same_bits": ("compile",),
    "test_compiled_derivatives_have_the_same_bits": ("compile·grad",),
}
COLUMNS = list(dict.fromkeys(law for laws in LAWS.values() for law in laws))


def named_lists():
    """The lists of rows that the op table is put together from, by name, without those that contain others."""
    import op_table

    lists = {k.lower(): v for k, v in vars(op_table).items() if k.isupper() and isinstance(v, list)}
    whole = [op_table.TABLE, op_table.ELEMENTWISE, op_table.ALONG_AXES]
    return {name: rows for name, rows in lists.items() if not any(rows is w for w in whole)}


class Coverage:
    """A plugin that notes every law that a row passed."""

    def __init__(self):
        self.passed = set()

    def pytest_runtest_logreport(self, report):
        """Note a law that holds."""
        if report.when == "call" and report.passed and "::test_" in report.nodeid:
            function, _, parameters = report.nodeid.partition("::")[2].partition("[")
            for law in LAWS.get(function, ()):
                self.passed.add((parameters.removesuffix("]"), law))

    def lines(self):
        """A line a family: how many combinations of row and dtype hold each law."""
        families = named_lists()
        family_of = {op.id: name for name, rows in families.items() for op in rows}
        counts = collections.defaultdict(collections.Counter)
        for row, law in self.passed:
            name = row if row in family_of else row.rpartition("-")[0]
            counts[family_of.get(name, "other")][law] += 1
        yield f"{'family':<14}" + "".join(f"{law:>13}" for law in COLUMNS)
        total = collections.Counter()
        for family in [*families, "other"]:
            if counts[family]:
                total += counts[family]
                yield f"{family:<14}" + "".join(f"{counts[family][law]:>13}" for law in COLUMNS)
        yield f"{'in all':<14}" + "".join(f"{total[law]:>13}" for law in COLUMNS)

    def table(self):
        """A line a row and dtype: the laws that hold."""
        laws_of = collections.defaultdict(set)
        for row, law in self.passed:
            laws_of[row].add(law)
        for row in sorted(laws_of):
            yield f"{row}: {' '.join(law for law in COLUMNS if law in laws_of[row])}"

    def pytest_terminal_summary(self, terminalreporter, config):
        """Print the counts, and write the whole table where --coverage-table says."""
        if not any(law != "values" for _, law in self.passed):
            return
        terminalreporter.section("laws of the op table, by row and dtype")
        for line in self.lines():
            terminalreporter.write_line(line)
        if path := config.getoption("--coverage-table"):
            with open(path, "w") as out:
                out.writelines(f"{line}\n" for line in self.table())
