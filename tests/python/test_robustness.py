"""Whatever a public function is given, it returns or raises an exception that its documentation may name."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cotan.core as mx
import pytest
from sweep import functions

pytestmark = pytest.mark.cotan_only
WORKERS = 2
SECONDS = 120


def chunks():
    """The functions, dealt out to the workers."""
    names = sorted(functions(mx))
    return [names[i::WORKERS] for i in range(WORKERS)]


@pytest.mark.parametrize("names", chunks(), ids=lambda names: f"{len(names)}-functions")
def test_hostile_arguments_raise_documented_exceptions(names, tmp_path):
    log = tmp_path / "log"
    command = [sys.executable, str(Path(__file__).with_name("sweep.py")), str(log)]
    environment = os.environ | {"COTAN_NUM_THREADS": "2"}
    try:
        run = subprocess.run(
            command,
            input=json.dumps(names),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            env=environment,
            cwd=tmp_path,
        )
    except subprocess.TimeoutExpired:
        pytest.fail(f"never ended: {last(log)}")
    assert run.returncode == 0, f"status {run.returncode} in {last(log)}\n{run.stdout[-3000:]}{run.stderr[-3000:]}"


def last(log):
    """The call that was running."""
    return log.read_text().splitlines()[-1] if log.exists() else "the start"
