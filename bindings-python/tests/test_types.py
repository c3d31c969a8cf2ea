"""Type checkers accept calls that are right, and find those that are wrong."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Literal, NewType, get_origin

import tertulia

TESTS = Path(__file__).parent
PACKAGE = Path(tertulia.__file__ or "").parent
PATHS = {**os.environ, "MYPYPATH": str(PACKAGE.parent), "PYTHONPATH": str(PACKAGE.parent)}


def checked(*paths: Path) -> str:
    """What the checker says, for the oldest Python that is supported."""
    command = [
        *(sys.executable, "-m", "mypy", "--strict", "--python-version", "3.10", "--show-error-codes"),
        *("--no-error-summary", *map(str, paths)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=TESTS, env=PATHS, check=False)
    assert done.stderr == ""
    return done.stdout


def test_the_package_its_tests_and_calls_that_are_right_are_well_typed() -> None:
    examples = (TESTS.parents[1] / "examples/python").glob("*.py")
    assert checked(PACKAGE, *TESTS.glob("*.py"), TESTS / "typed/right.py", *examples) == ""


def test_each_wrong_call_is_found_and_nothing_else() -> None:
    wrong = TESTS / "typed/wrong.py"
    wanted = [
        (number, code)
        for number, line in enumerate(wrong.read_text(encoding="utf-8").splitlines(), 1)
        if (expected := re.search(r"# E: ([a-z, -]+)$", line))
        for code in expected[1].split(", ")
    ]
    said = checked(wrong)
    found = re.findall(r"^typed/wrong\.py:(\d+): error: .*\[([a-z-]+)\]$", said, re.MULTILINE)
    assert sorted((int(number), code) for number, code in found) == sorted(wanted), said


def test_what_the_package_says_of_itself_is_there(tmp_path: Path) -> None:
    # The checker of stubs knows neither choices of words nor ids.
    public = {name: getattr(tertulia, name) for name in tertulia.__all__}
    unknown = [name for name, value in public.items() if get_origin(value) is Literal or isinstance(value, NewType)]
    allowed = tmp_path / "allowed"
    allowed.write_text("\n".join(rf"tertulia\._(types|errors)\.{name}" for name in unknown))
    command = [sys.executable, "-m", "mypy.stubtest", "tertulia", "--allowlist", str(allowed)]
    done = subprocess.run(command, capture_output=True, text=True, env=PATHS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
