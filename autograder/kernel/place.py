"""The private directory that one submission is run in, and the environment of its kernel."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from autograder.sandbox.leftovers import own_folder

# What a kernel is told of the grader's environment; everything else stays here.
PASSED_ON = ("LANG", "LC_ALL", "LC_CTYPE", "TZ", "PATH", "LD_LIBRARY_PATH",
             "OMP_NUM_THREADS")  # fmt: skip

# Of TensorFlow in kernels and examiners. Its code generators take 20 ms of every new process to
# make what is quicker for large matrices only.
TENSORFLOW = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "TENSORFLOW_USE_CUSTOM_CONTRACTION_KERNEL": "false",
}


@contextmanager
def private_place(course_data: Path) -> Iterator[Path]:
    """A directory for one submission, with the course's `data` beside the work; gone afterwards."""
    # A short path: sockets are made in it, and their paths may have 107 bytes.
    with own_folder("ag-") as root:
        (root / "work").mkdir()
        (root / "home").mkdir()
        _copy_font_list(root / "home" / "matplotlib")
        if course_data.is_dir():
            (root / "data").symlink_to(course_data, target_is_directory=True)
        yield root


def environment(place: Path) -> dict[str, str]:
    """The environment of the kernel that works in a place."""
    env = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    env.update(
        HOME=str(place / "home"),
        TMPDIR=str(place / "work"),
        IPYTHONDIR=str(place / "home"),
        JUPYTER_RUNTIME_DIR=str(place / "home"),
        MPLCONFIGDIR=str(place / "home" / "matplotlib"),
        MPLBACKEND="module://matplotlib_inline.backend_inline",
        PYTHONNOUSERSITE="1",
        **TENSORFLOW,
    )
    env["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), env.get("PATH", "")])
    return env


def _copy_font_list(folder: Path) -> None:
    """Matplotlib's list of fonts, which takes seconds to make anew."""
    import matplotlib

    folder.mkdir()
    for path in Path(matplotlib.get_cachedir()).glob("fontlist-*.json"):
        shutil.copy(path, folder)
