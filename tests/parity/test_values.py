"""cotan answers every question as MLX does: values, dtypes, shapes and types of errors."""

import pytest
from differences import DIFFERENCES, DOCUMENT, known
from items import ITEMS, Absent, answer, both, difference
from twin import OURS


@pytest.mark.parametrize("item", [i for k, i in ITEMS.items() if not known(k)], ids=lambda item: item.id)
def test_the_answers_are_the_same(item):
    ours, theirs = both(item)
    if theirs is Absent:
        pytest.skip("not in this version of MLX")
    assert not difference(ours, theirs, item.loose)


@pytest.mark.parametrize("entry", DIFFERENCES, ids=lambda d: f"{d.row}-{d.pattern}")
def test_a_listed_difference_is_documented_and_still_there(entry):
    rows = DOCUMENT.read_text().splitlines()
    assert any(line.startswith(f"| {entry.row}") for line in rows), f"no such row in {DOCUMENT.name}"
    items = [item for key, item in ITEMS.items() if known(key) is entry]
    assert items, "covers nothing"
    if entry.undefined:
        for item in items:
            answer(OURS, item)
    else:
        assert any(difference(*both(item), item.loose) for item in items)
