"""Using up the machine: memory, disk, processes, processors, time, and the grader's patience.

Most run into limits, which are small for them: see `SMALL` beside the tests.
"""

from __future__ import annotations

from typing import Any

from tests.attacks.hostile.notebooks import Hostile, Told, own_cell

FAMILY = "exhaustion"

LATE = Told("partial", "cell own-1: the cell ran for longer than")
NO_MEMORY = Told("partial", "cell own-1: ")  # the system or the watchdog, whoever comes first
CPU = Told("partial", "cell own-1: the cell used over")
DISK = Told("partial", "cell own-1: the submission ")
PARTS = Told("partial", "cell own-1: the kernel sent a message of over 1,000 parts")
FLOOD = Told("partial", "cell own-1: the cell printed or showed more than")
NAP = "import time; time.sleep(2.5)"


# Speaks ZeroMQ's protocol in place of the library on each of the kernel's sockets: whoever is
# connected to one comes back to this one, and gets what `flood` sends.
ZMTP = """
app = get_ipython().kernel.parent
kinds = {app.shell_port: b"ROUTER", app.iopub_port: b"PUB", app.stdin_port: b"ROUTER",
         app.control_port: b"ROUTER", app.hb_port: b"REP"}
listeners = {}
for port in kinds:
    listeners[port] = socket.socket(socket.AF_UNIX)
    if os.path.exists(f"{app.ip}-{port}"):  # there is no heartbeat
        os.unlink(f"{app.ip}-{port}")
    listeners[port].bind(f"{app.ip}-{port}")
    listeners[port].listen()
for number in range(3, 256):
    try:
        known = socket.socket(fileno=number)
    except OSError:
        continue
    try:
        known.getpeername()  # not what listens
        if known.getsockname() in {f"{app.ip}-{port}" for port in kinds}:
            known.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    known.detach()
def serve(port):
    while True:
        sock, _ = listeners[port].accept()
        try:
            sock.sendall(b"\\xff" + bytes(8) + b"\\x7f\\x03\\x00NULL" + bytes(48))
            kind = b"\\x0bSocket-Type" + len(kinds[port]).to_bytes(4, "big") + kinds[port]
            sock.sendall(b"\\x04" + bytes([len(kind) + 6]) + b"\\x05READY" + kind)
            flood(sock)
        except OSError:
            pass
def flood_all():
    for port in kinds:
        threading.Thread(target=serve, args=(port,), daemon=True).start()
    time.sleep(600)
"""


def hog(name: str, tries: str, code: str, told: Told = LATE, **more: Any) -> Hostile:
    return Hostile(name, FAMILY, tries, code=code, told=told, costly=True, **more)


EXHAUSTION = [
    # Memory.
    hog(
        "memory by a list", "Grows a list until the machine has no memory left.",
        """
kept = []
while True:
    kept.append(b"x" * 2**24 + os.urandom(8))
""",
        NO_MEMORY,
    ),
    hog(
        "memory by arrays", "Fills arrays of NumPy and torch, which no count of Python's sees.",
        """
import numpy as np, torch
kept = []
while True:
    kept += [np.ones(2**21), torch.ones(2**22)]
""",
        NO_MEMORY,
    ),
    hog(
        "memory that is shared", "Fills shared mappings, which count for none of its processes.",
        """
import mmap
kept = []
while True:
    area = mmap.mmap(-1, 2**25, flags=mmap.MAP_SHARED)
    for n in range(0, 2**25, 4096):
        area[n] = 1
    kept.append(area)
""",
        NO_MEMORY,
    ),
    hog(
        "memory in many processes", "Stays small in each of many children.",
        """
for _ in range(64):
    if os.fork() == 0:
        kept = bytearray(os.urandom(2**20) * 60)
        time.sleep(600)
        os._exit(0)
    time.sleep(0.05)
time.sleep(600)
""",
        NO_MEMORY,
    ),
    hog(
        "memory by files of memory", "Fills anonymous files, which no folder and no process shows.",
        """
kept = []
while True:
    handle = os.memfd_create("hoard")
    for _ in range(8):
        os.write(handle, os.urandom(2**20) * 8)
    kept.append(handle)
""",
        Told(),  # the limit on one file holds for them, too
    ),
    # Disk.
    hog(
        "the disk, by large files", "Writes to every folder it can write to until there is no room.",
        """
def fill(folder):
    for n in range(10**6):
        with open(f"{folder}/f{n}", "wb") as file:
            for _ in range(64):
                file.write(b"x" * 2**20)
for folder in (".", os.environ["HOME"], "/tmp", "/dev/shm", "/var/tmp", OUT["temporary"]):
    try:
        fill(folder)
    except OSError as error:
        print(folder, error.errno)
print("no more room anywhere")
""",
        Told(),
    ),
    hog(
        "the disk, by many files", "Makes empty files until the file system can name no more.",
        """
for folder in (".", "/tmp", "/dev/shm"):
    try:
        for n in range(10**6):
            os.close(os.open(f"{folder}/{n}", os.O_CREAT | os.O_WRONLY))
    except OSError as error:
        print(folder, error.errno)
print("no more files anywhere")
""",
        Told(),
    ),
    hog(
        "the disk, where the sockets are", "Fills the one folder that is not a file system of its own.",
        """
sockets = pathlib.Path(get_ipython().kernel.parent.connection_file).parent
for n in range(10**7):
    try:
        socket.socket(socket.AF_UNIX).bind(f"{sockets}/s{n}")
    except OSError as error:
        print(error.errno)
        break
for name in ("refused", "k.json"):
    with open(f"{sockets}/{name}", "wb", 0) as file:
        try:
            while True:
                file.write(b"x" * 2**20)
        except OSError as error:
            print(name, error.errno)
time.sleep(600)
""",
        DISK,
    ),
    # Processes and descriptors.
    hog(
        "a fork bomb", "Forks in every process it has, without end.",
        """
while True:
    try:
        os.fork()
    except OSError:
        pass
""",
        Told("partial", "cell own-1: ", each=frozenset({"not attempted", "timed out"})),
    ),
    hog(
        "a bomb of threads", "Starts threads without end.",
        """
while True:
    try:
        threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
    except RuntimeError:
        time.sleep(0.01)
""",
        Told("partial", "cell own-1: "),
    ),
    hog(
        "all descriptors", "Opens files until none can be opened, in many processes.",
        """
for _ in range(30):
    if os.fork() == 0:
        break
kept = []
try:
    while True:
        kept.append(os.open("/dev/null", os.O_RDONLY))
        kept += socket.socketpair()
except OSError as error:
    print(len(kept), error.errno)
time.sleep(600)
""",
    ),
    # Processors and time.
    hog("sleep", "Sleeps through the time of the whole class.", "time.sleep(10**6)"),
    hog(
        "a computation in C", "Computes for ever where no signal and no thread gets a word in.",
        "re.match(r'(a*)*b', 'a' * 64)",
    ),
    hog(
        "a thread that spins", "Leaves threads behind that take the processors from everybody.",
        """
def spin():
    while True:
        sum(range(10**6))
for _ in range(8):
    threading.Thread(target=spin, daemon=True).start()
time.sleep(600)
""",
        Told("partial", "cell own-1: the cell "),
    ),
    hog(
        "processes that spin", "Leaves many processes behind that take the processors from everybody.",
        """
for _ in range(40):
    if os.fork() == 0:
        os.setsid()
        while True:
            sum(range(10**6))
""",
        # Whichever cell is running when it is too much is lost, and what it would have defined.
        Told("partial", "cell ", each=frozenset({"not attempted", "timed out", "error"})),
    ),
    hog(
        "time, by the drop", "Uses nearly all the time of each cell, in many cells.",
        "",
        Told("partial", "the notebook ran for longer than", each=frozenset({"timed out"})),
        edit=lambda nb: nb["cells"].__setitem__(slice(0, 0), [own_cell(NAP) for _ in range(20)]),
    ),
    hog(
        "an answer that never comes back", "Loops in the answers, where a check waits for them.",
        """
def hostile(*args, **kwargs):
    while True:
        pass
""",
        Told("partial", "", each=frozenset({"timed out", "not attempted"})),
        only_first=True,
    ),
    hog(
        "an iterator without end", "Gives the check something that it can go through for ever.",
        """
class Endless:
    def __iter__(self):
        return self
    def __next__(self):
        return 1.0
    def __getitem__(self, key):
        return 1.0
    def __len__(self):
        return sys.maxsize
def hostile(*args, **kwargs):
    return Endless()
""",
        Told(each=frozenset({"error", "wrong", "not attempted"})),
        only_first=True,
    ),
    # Output.
    hog(
        "prints without end", "Prints until the notebook fills the disk and no browser opens it.",
        "while True:\n    print('x' * 100_000)",
        FLOOD,
    ),
    hog(
        "errors without end", "Writes to stderr and to the descriptors below it, without end.",
        """
def below():
    while True:
        os.write(1, b"x" * 65536)
        os.write(2, b"x" * 65536)
threading.Thread(target=below, daemon=True).start()
while True:
    print("x" * 100_000, file=sys.stderr)
""",
        NO_MEMORY,  # its own, before it has sent so much
    ),
    hog(
        "pictures without end", "Shows pictures and tables without end.",
        """
from IPython.display import Image, HTML, display
while True:
    display(HTML("<table>" + "<tr><td>x</td></tr>" * 5000), Image(data=os.urandom(50_000), format="png"))
""",
        FLOOD,
    ),
    hog(
        "one message of 100 MB", "Sends one message that alone fills a notebook.",
        "print('x' * 100_000_000)\nsys.stdout.flush()\ntime.sleep(600)",
        FLOOD,
    ),
    hog(
        "millions of small messages", "Keeps the grader busy with messages that say nothing.",
        """
kernel = get_ipython().kernel
while True:
    kernel.session.send(kernel.iopub_socket, "stream", {"name": "stdout", "text": ""},
                        parent=kernel.get_parent())
    kernel.session.send(kernel.iopub_socket, "clear_output", {"wait": True}, parent=kernel.get_parent())
""",
    ),
    hog(
        "messages for nobody", "Sends what belongs to no cell, so that no cell's cap counts it.",
        """
kernel = get_ipython().kernel
while True:
    kernel.session.send(kernel.iopub_socket, "stream", {"name": "stdout", "text": "x" * 100_000},
                        parent={"header": {"msg_id": "nobody", "msg_type": "execute_request"}})
""",
        FLOOD,
    ),
    hog(
        "a message without end", "Takes the place of its own output socket and speaks ZeroMQ itself: "
        "one message of small parts that go on for ever.",
        ZMTP + """
def flood(sock):
    while True:
        sock.sendall(b"\\x03" + (2**18).to_bytes(8, "big") + bytes(2**18))
flood_all()
""",
        FLOOD,
    ),
    hog(
        "parts of no size", "The same, with parts that are empty and cost only what remembers them.",
        ZMTP + """
def flood(sock):
    while True:
        sock.sendall(b"\\x01\\x00" * 2**18)
flood_all()
""",
        PARTS,
    ),
    hog(
        "a message that is deep", "Sends JSON nested so deeply that whoever reads it falls over.",
        """
kernel = get_ipython().kernel
deep = b"[" * 500_000 + b"]" * 500_000
def pack(content):
    return deep if content == "deep" else json.dumps(content, default=str).encode()
kernel.session.pack = pack
kernel.session.send(kernel.iopub_socket, "stream", "deep", parent=kernel.get_parent())
time.sleep(600)
""",
        Told("partial", "cell own-1: "),
    ),
    hog(
        "widgets without end", "Opens widgets and changes their state, which the client remembers.",
        """
kernel = get_ipython().kernel
n = 0
while True:
    n += 1
    kernel.session.send(kernel.iopub_socket, "comm_open", {
        "comm_id": str(n), "target_name": "jupyter.widget",
        "data": {"state": {"_model_name": "OutputModel", "x": "x" * 10_000}, "buffer_paths": []}},
        parent=kernel.get_parent())
    kernel.session.send(kernel.iopub_socket, "comm_msg", {
        "comm_id": str(n), "data": {"method": "update", "state": {"y": "y" * 10_000}}},
        parent=kernel.get_parent())
""",
        FLOOD,
    ),
    # Errors and values that are too large.
    hog(
        "recursion without end", "Recurses until the stack of the process is full.",
        "sys.setrecursionlimit(10**9)\ndef deeper():\n    deeper()\ndeeper()",
        NO_MEMORY,
    ),
    hog(
        "a traceback without end", "Raises an error with a chain of ten thousand causes.",
        """
error = ValueError("x" * 1000)
for n in range(10_000):
    next_one = ValueError("x" * 1000)
    next_one.__cause__ = error
    error = next_one
raise error
""",
        Told(),
    ),
    hog(
        "an error of 100 MB", "Raises errors whose messages are too large to show, in every answer.",
        """
def hostile(*args, **kwargs):
    raise ValueError("x" * 10**8)
""",
        Told(each=frozenset({"error", "wrong"})),
    ),
    hog(
        "a representation of a gigabyte", "Answers with something that is small until it is shown.",
        """
class Large:
    def __repr__(self):
        return "x" * 2**30
    __str__ = __repr__
def hostile(*args, **kwargs):
    return Large()
""",
        Told(each=frozenset({"error", "wrong", "not attempted"})),
        only_first=True,
    ),
    hog(
        "a range of a thousand million", "Answers with what is tiny on the wire and fills the "
        "examiner's memory.",
        """
def hostile(*args, **kwargs):
    return range(10**9)
""",
        Told(each=frozenset({"error", "wrong"})),
    ),
    hog(
        "arrays of a gigabyte", "Answers every question with a quarter of a gigabyte, to be kept.",
        """
import autograder.kernel.student as served
from autograder.wire import channel
large = bytes(2**28)
def forge(self):
    try:
        while True:
            channel.receive(self._sock)
            channel.send(self._sock, {"ok": ["array", "|u1", [2**28], 0], "changed": []}, [large])
    except (channel.Closed, OSError):
        pass
served.Session.run = forge
""",
        Told(each=frozenset({"error", "wrong"})),
    ),
    # When it should be over.
    hog(
        "an end without end", "Hangs in whatever runs when a process ends, and ignores every signal.",
        """
import atexit
class Slow:
    def __del__(self):
        time.sleep(600)
slow = Slow()
atexit.register(time.sleep, 600)
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
get_ipython().kernel.do_shutdown = lambda restart: time.sleep(600)
""",
        Told(),
    ),
]  # fmt: skip
