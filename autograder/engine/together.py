"""Several things at once, of which nothing goes on, and nothing is lost, afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, TypeVar

T = TypeVar("T")


async def together(*things: Coroutine[Any, Any, None]) -> None:
    """Like `asyncio.gather`; but when one of them fails, or all are cancelled, it waits until the
    others have ended too. What they would have started later, nobody would end.

    Raises: what the first that failed raised.
    """
    tasks = [asyncio.create_task(thing) for thing in things]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            if not task.cancelling():  # a second time would disturb its clearing up
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def finished(threads: Executor, call: Callable[..., T], *args: Any) -> T:
    """What a call in another thread returns. Who is cancelled meanwhile gets that first, and the
    cancellation at the next wait: what was done is told of.

    Raises: what the call raises.
    """
    doing = asyncio.get_running_loop().run_in_executor(threads, call, *args)
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        await asyncio.wait([doing])
        asyncio.current_task().cancel()
        return doing.result()
