"""Of things that run together, nothing goes on afterwards; what was done is told of."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from autograder.engine.together import finished, together


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


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_call_in_a_thread_is_told_of_and_others_are_served_meanwhile(cancelled: bool) -> None:
    served, told = threading.Event(), []

    def call(answer: str) -> str:
        assert served.wait(60)
        return answer

    async def work(threads: ThreadPoolExecutor) -> None:
        told.append(await finished(threads, call, "answer"))
        await asyncio.sleep(0)
        told.append("the end")

    async def main() -> None:
        with ThreadPoolExecutor(1) as threads:
            working = asyncio.create_task(work(threads))
            await asyncio.sleep(0.01)
            if cancelled:
                working.cancel()
                await asyncio.sleep(0.01)
            served.set()
            await asyncio.wait([working])
            assert working.cancelled() == cancelled

    asyncio.run(main())
    assert told == (["answer"] if cancelled else ["answer", "the end"])


@pytest.mark.parametrize("cancelled", [False, True])
def test_what_a_call_in_a_thread_raises_is_raised(cancelled: bool) -> None:
    served = threading.Event()

    def call() -> None:
        assert served.wait(60)
        raise OSError("no room")

    async def main() -> None:
        with ThreadPoolExecutor(1) as threads:
            calling = asyncio.create_task(finished(threads, call))
            await asyncio.sleep(0.01)
            if cancelled:
                calling.cancel()
                await asyncio.sleep(0.01)
            served.set()
            await calling

    with pytest.raises(OSError, match="no room"):
        asyncio.run(main())
