"""What is timed, by family: each case makes its data once and gives every library that can do it a call to time."""

from dataclasses import replace

from cases import (
    attention,
    convolutions,
    decompositions,
    elementwise,
    files,
    fourier,
    indexing,
    overhead,
    per_example,
    products,
    quantised,
    randoms,
    reductions,
    scans,
    training,
)

FAMILIES = {
    "elementwise and copies": elementwise,
    "reductions and norms": reductions,
    "scans and sorts": scans,
    "indexing": indexing,
    "matrix products": products,
    "quantised products": quantised,
    "convolutions": convolutions,
    "attention": attention,
    "Fourier transforms": fourier,
    "linear algebra": decompositions,
    "random numbers": randoms,
    "small operations": overhead,
    "training": training,
    "vmap": per_example,
    "files": files,
}

CASES = [replace(case, family=name) for name, module in FAMILIES.items() for case in module.CASES]
