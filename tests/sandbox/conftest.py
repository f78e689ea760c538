"""What the tests of the sandbox share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.inside import Box, boxed


@pytest.fixture
def box() -> Iterator[Box]:
    """Folders of a submission that is about to run."""
    with boxed() as made:
        yield made
