"""The example of a drip campaign."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import tertulia

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_the_drip_campaign_comes_to_the_same_as_in_rust(tmp_path: Path) -> None:
    path = {
        **os.environ,
        "PYTHONPATH": str(Path(tertulia.__file__ or "").parents[1]),
        "PYTHONIOENCODING": "utf-8",
    }
    command = [sys.executable, str(EXAMPLES / "python/drip.py"), str(tmp_path / "crm.db")]
    said = subprocess.run(command, capture_output=True, encoding="utf-8", env=path, check=True).stdout
    assert said == (EXAMPLES / "data/drip.txt").read_text("utf-8")
