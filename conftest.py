"""Gives the examples in the Python documentation the names they use."""

import importlib

import pytest


@pytest.fixture(autouse=True)
def names_in_examples(doctest_namespace):
    """The imports that every page of examples begins with."""
    for name, module in (("mx", "core"), ("nn", "nn"), ("optim", "optimizers")):
        doctest_namespace[name] = importlib.import_module(f"cotan.{module}")
