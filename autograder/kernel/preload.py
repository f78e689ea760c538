"""What the template imports before anything is forked from it. Importing this computes nothing.

A library that starts threads of its own, or touches an accelerator, at import does not belong
here: a forked child would inherit the locks but not the threads. Matplotlib's inline backend is
left out as well, because it hooks itself into the kernel that is there when it is imported.
"""

import contextlib
import gc
import importlib
import inspect
import os
import threading

from autograder.kernel import hugepages
from autograder.kernel.place import TENSORFLOW
from autograder.sandbox import libc

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
MODULES = (
    "numpy",
    "matplotlib.pyplot",
    "matplotlib.backends.backend_agg",
    "torch",
    # Which torch imports at the first step of an optimiser. Before TensorFlow: the Triton (3.7 and
    # later) that comes with torch's CUDA builds crashes a process that loads it after.
    "torch._dynamo",
    "tensorflow",
    "keras",
    "ipywidgets",
    "ipykernel.kernelapp",
    "ipykernel.zmqshell",
    "ipykernel.debugger",
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.oinspect",
    "IPython.core.pylabtools",
    "IPython.extensions.storemagic",
    "tornado.platform.asyncio",
    "autograder.kernel.app",
    "autograder.kernel.provisioner",
    "autograder.kernel.student",
    "autograder.examiner.process",
)

os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
os.environ.update(TENSORFLOW)
# As many kernels run at once as there are cores: threads of their own would only be in the way.
for _name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ.setdefault(_name, "1")

# TensorFlow's libraries write to descriptor 2 while they load, whatever the level says.
_stderr = os.dup(2)
_null = os.open(os.devnull, os.O_WRONLY)
os.dup2(_null, 2)
try:
    for _name in MODULES:
        importlib.import_module(_name)
    # It ends in an error where the system has no libseccomp; the sandbox's own trial reports that.
    with contextlib.suppress(RuntimeError):
        importlib.import_module("pyseccomp")
finally:
    os.dup2(_stderr, 2)
    os.close(_stderr)
    os.close(_null)

# TensorFlow makes a function of every operation and optimises that before it first runs it, which
# takes each new process some milliseconds for each. Without, the same code computes the same. Where
# a TensorFlow has no such switch, or another one, it keeps its own way.
with contextlib.suppress(ImportError, AttributeError):
    _tfe = importlib.import_module("tensorflow.python.eager.context").pywrap_tfe
    _tfe.TFE_ContextOptionsSetRunEagerOpAsFunction = lambda *_: None

# The application of a kernel, with its log: setting that up asks every logger there is. The rest of
# it is made in each kernel.
importlib.import_module("autograder.kernel.app").KernelApp.instance().log  # noqa: B018

# IPython looks for the module of each frame of an error, for which Python asks every module that
# there is for its file. It remembers what it heard: here for all kernels.
inspect.getmodule(compile("", "<no module's>", "exec"))

# What is here now stays for good: no collection in a child walks over (and so copies) it again.
gc.collect()
gc.freeze()
gc.set_threshold(10_000, 20, 50)  # and what is new has time to go by itself

# Arrays of some megabytes are kept for the next ones, not given back to the system and asked for
# again at each step of a training.
with contextlib.suppress(AttributeError):  # of a C library that cannot be told
    libc.call("mallopt", M_MMAP_THRESHOLD, 64 * 2**20)
    libc.call("mallopt", M_TRIM_THRESHOLD, 256 * 2**20)

hugepages.collapse()

THREADS = threading.active_count()
