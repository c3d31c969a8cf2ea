"""The quickstart, run twice over one folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import tertulia

QUICKSTART = Path(__file__).parents[2] / "examples/python/quickstart.py"


def quickstart(folder: Path) -> str:
    path = {**os.environ, "PYTHONPATH": str(Path(tertulia.__file__ or "").parents[1])}
    command = [sys.executable, str(QUICKSTART), str(folder)]
    return subprocess.run(command, capture_output=True, text=True, env=path, check=True).stdout


def test_the_quickstart_runs_again_and_sends_nobody_the_broadcast_twice(tmp_path: Path) -> None:
    assert "By the platform's own log, this run sent 6 messages." in quickstart(tmp_path)
    again = quickstart(tmp_path)
    assert "The broadcast of an earlier run is found again" in again
    assert "By the platform's own log, this run sent 0 messages." in again
