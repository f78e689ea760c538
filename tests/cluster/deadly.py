"""In the place of `autograder.engine.worker`: a submission that takes its worker with it."""

import os


def run_unit(unit: bytes, folder: bytes) -> bytes:
    os._exit(1)
