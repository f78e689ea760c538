"""Both ways to run a check."""

from __future__ import annotations

import pytest

from tests.examiner.sides import Run, plainly, remotely


@pytest.fixture(params=[remotely, plainly], ids=["through the examiner", "in one namespace"])
def run(request: pytest.FixtureRequest) -> Run:
    return request.param
