"""Ending, stopping or maiming the kernel, from inside."""

from __future__ import annotations

from tests.attacks.hostile.notebooks import DIED, Hostile, Told

FAMILY = "killing"
IN_CHECKS = Told("partial", "", each=frozenset({"crashed"}))

KILLING = [
    Hostile("an exit", FAMILY, "Ends the process as if it had done its work.", "os._exit(0)",
            told=DIED),
    Hostile(
        "a segmentation fault", FAMILY, "Reads from the address 0.", "ctypes.string_at(0)", told=DIED
    ),
    Hostile("an abort", FAMILY, "Aborts, as C libraries do on errors.", "os.abort()", told=DIED),
    Hostile(
        "signals to all", FAMILY,
        "Kills and stops itself, its parent, its group and all processes there are.",
        code="""
for number in (signal.SIGSTOP, signal.SIGTSTP, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL):
    for pid in (os.getpid(), os.getppid(), 1, -1, 0):
        try:
            os.kill(pid, number)
        except OSError as error:
            print("failed:", number, pid, type(error).__name__)
    for thread in os.listdir("/proc/self/task"):
        try:
            signal.pthread_kill(threading.main_thread().ident, number)
        except (OSError, ValueError):
            pass
os._exit(1)  # the first process of its own world cannot be killed from within
""",
        told=DIED,
    ),
    Hostile(
        "all descriptors closed", FAMILY, "Closes every descriptor the kernel works with.",
        "os.closerange(0, 65536)\nos._exit(1)", told=DIED,
    ),
    Hostile(
        "no reply any more", FAMILY,
        "Stops the threads that carry outputs, heartbeats and replies; asks the kernel to shut down.",
        code="""
kernel = get_ipython().kernel
kernel.iopub_thread.stop()
for thread in threading.enumerate():
    if thread is not threading.main_thread():
        libc.pthread_cancel(ctypes.c_ulong(thread.ident))
kernel.shell_stream.close()
""",
        costly=True,
    ),
    Hostile(
        "a stopped kernel", FAMILY, "Stops every thread where it is, without an end.",
        code="""
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
for thread in os.listdir("/proc/self/task"):
    try:
        signal.pthread_kill(int(thread), 0)
    except (OSError, ValueError, OverflowError):
        pass
libc.pause()
""",
        told=Told("partial", "cell own-1: "), costly=True,
    ),
    Hostile(
        "exits in threads and hooks", FAMILY,
        "Raises SystemExit and KeyboardInterrupt wherever the kernel does not expect it.",
        code="""
def leave(*args, **kwargs):
    raise SystemExit(0)
for _ in range(5):
    threading.Thread(target=leave).start()
import gc, weakref
gc.callbacks.append(lambda *args: None)
shell = get_ipython()
for event in ("pre_execute", "post_execute", "pre_run_cell", "post_run_cell"):
    shell.events.register(event, leave)
threading.excepthook = sys.excepthook = sys.unraisablehook = leave
signal.signal(signal.SIGALRM, leave)
signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
raise KeyboardInterrupt
""",
        told=Told("partial", "the kernel died"),
    ),
    Hostile(
        "no death with its parent", FAMILY,
        "Takes back what ends it when its monitor ends, and what others may see of it.",
        code="""
for option, value in ((1, 0), (4, 0), (36, 1), (22, 1)):
    # PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER, PR_SET_SECCOMP
    print(option, libc.prctl(option, value, 0, 0, 0))
libc.prctl(4, 1, 0, 0, 0)
if libc.prctl(1, 0, 0, 0, 0) == 0:
    print("SUCCEEDED: it would outlive its monitor")
""",
    ),
    Hostile(
        "an exit in every answer", FAMILY, "Ends the kernel in each check, so that it starts anew.",
        "def hostile(*args, **kwargs):\n    os._exit(7)", told=IN_CHECKS, costly=True,
    ),
    Hostile(
        "another program", FAMILY, "Replaces the kernel by another program.",
        "os.execv('/bin/sleep', ['sleep', '600'])", told=Told("partial", "cell own-1: "), costly=True,
    ),
]  # fmt: skip
