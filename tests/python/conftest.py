"""Points `cotan` at another package of the same interface when COTAN_TEST_CORE (such as mlx.core) names one."""

import importlib
import os
import sys

import pytest
from coverage_table import Coverage

OTHER = os.environ.get("COTAN_TEST_CORE")

if OTHER:
    package = OTHER.rpartition(".")[0]
    sys.modules["cotan"] = importlib.import_module(package)
    for name in ("core", "nn", "optimizers", "utils"):
        sys.modules[f"cotan.{name}"] = importlib.import_module(f"{package}.{name}")


def pytest_addoption(parser):
    """An option for the whole table of laws."""
    parser.addoption("--coverage-table", help="file to write the table of laws that each row of the op table passed to")


def pytest_configure(config):
    """Count the laws."""
    config.pluginmanager.register(Coverage())


def pytest_collection_modifyitems(config, items):
    """Leave out what only cotan promises when another package stands in for it."""
    if not OTHER:
        return
    ours = [item for item in items if item.get_closest_marker("cotan_only")]
    config.hook.pytest_deselected(items=ours)
    items[:] = [item for item in items if item not in ours]


@pytest.fixture
def in_tmp(tmp_path, monkeypatch):
    """Run the test inside a fresh folder and return it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
