"""Of things that run together, nothing goes on afterwards."""

from __future__ import annotations

import asyncio

import pytest

from autograder.engine.together import together


def test_all_are_done_when_it_returns() -> None:
    done = []

    async def work(name: str) -> None:
        await asyncio.sleep(0)
        done.append(name)

    asyncio.run(together(work("a"), work("b")))
    assert sorted(done) == ["a", "b"]


@pytest.mark.parametrize("how", ["fails", "cancelled"])
def test_what_clears_up_is_waited_for_and_not_disturbed(how: str) -> None:
    cleared = []

    async def slow() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.01)
            cleared.append("slow")

    async def first() -> None:
        await asyncio.sleep(0)
        if how == "fails":
            raise OSError("first")
        await asyncio.sleep(60)

    async def main() -> None:
        both = asyncio.create_task(together(first(), slow()))
        await asyncio.sleep(0.01)
        if how == "cancelled":
            both.cancel()
        try:
            await both
        finally:
            assert cleared == ["slow"]

    with pytest.raises(OSError if how == "fails" else asyncio.CancelledError):
        asyncio.run(main())
