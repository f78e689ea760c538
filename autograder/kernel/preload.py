"""What the template imports before anything is forked from it. Importing this computes nothing.

A library that starts threads of its own, or touches an accelerator, at import does not belong
here: a forked child would inherit the locks but not the threads. Matplotlib's inline backend is
left out as well, because it hooks itself into the kernel that is there when it is imported.
"""

import os
import threading

os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# As many kernels run at once as there are cores: threads of their own would only be in the way.
for _name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ.setdefault(_name, "1")

# TensorFlow's libraries write to descriptor 2 while they load, whatever the level says.
_stderr = os.dup(2)
_null = os.open(os.devnull, os.O_WRONLY)
os.dup2(_null, 2)
try:
    import torch  # noqa: F401

    import autograder.examiner.process
    import autograder.kernel.student  # noqa: F401
finally:
    os.dup2(_stderr, 2)
    os.close(_stderr)
    os.close(_null)

THREADS = threading.active_count()
