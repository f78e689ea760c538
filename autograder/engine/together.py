"""Several things at once, of which nothing goes on afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


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
