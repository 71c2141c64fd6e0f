"""Peak memory of a training step: a process for each library, which says how far its memory grew over the start."""

import json
import os
import subprocess
import sys
from pathlib import Path

import peers

STEPS = 3


def status(field):
    """Bytes of VmRSS (now) or VmHWM (the most so far) of this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"no {field} in /proc/self/status")


def grown(case, peer):
    """Bytes by which the resident memory grows over that with data, weights and compiled program in place."""
    call = case.calls[peer.name](peer, *map(peer.give_all, case.data()))
    Path("/proc/self/clear_refs").write_text("5")  # VmHWM starts anew
    before = status("VmRSS")
    for _ in range(STEPS):
        peer.wait(call())
    return max(0, status("VmHWM") - before)


def in_process(case, peer, threads):
    """The growth, measured in a process of its own; None where that fails."""
    command = [sys.executable, __file__, case.name, peer.name, str(threads)]
    result = subprocess.run(command, capture_output=True, text=True, env=os.environ)
    return json.loads(result.stdout) if result.returncode == 0 else None


def measure(cases, libraries, threads):
    """Bytes by case and library, where the system tells."""
    if not Path("/proc/self/clear_refs").exists():
        return {}
    return {c.name: {p.name: in_process(c, p, threads) for p in libraries if p.name in c.calls} for c in cases}


def main():
    """Measure one case in one library, and print the bytes."""
    name, library, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
    peers.pin(threads)
    [peer], _ = peers.load([library], threads)
    from cases import CASES

    print(grown(next(c for c in CASES if c.name == name), peer))


if __name__ == "__main__":
    main()
