"""Every step of the one account answers in Python, through both faces, as it does in every other language."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import ModuleType

import pytest
import tertulia
import tertulia.blocking
from methods import METHODS
from scenario import STEPS, Replay


@pytest.mark.parametrize("face", [tertulia, tertulia.blocking], ids=["asyncio", "blocking"])
def test_every_step_answers_as_it_says(face: ModuleType, tmp_path: Path) -> None:
    async def play() -> Replay:
        replay = Replay(face, tmp_path)
        for number, step in enumerate(STEPS):
            try:
                await replay.play(step)
            except BaseException as error:
                raise AssertionError(f"step {number}: {step}") from error
        return replay

    replay = asyncio.run(play())
    assert replay.methods == METHODS.keys()
