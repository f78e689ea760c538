"""Abuse of the kernel's channels to the notebook client, and of the sockets that carry them."""

from __future__ import annotations

from tests.attacks.hostile.notebooks import Hostile, Told

FAMILY = "protocol abuse"

# Any message to the notebook client, as the kernel itself would send it.
SEND = """
kernel = get_ipython().kernel
def send(kind, content, **more):
    kernel.session.send(kernel.iopub_socket, kind, content,
                        parent=more.pop("parent", kernel.get_parent()), **more)
"""
# The line on which the kernel gets its orders.
LINE = """
import gc
from autograder.wire import channel
(line,) = [x for x in gc.get_objects() if type(x) is socket.socket and x.fileno() != -1
           and str(x.getsockname()).endswith("-orders")]
"""
# Where the cell that is lost may be any, and with it what it would have defined.
MISSED = frozenset({"not attempted", "error", "wrong", "crashed"})
UNREADABLE = Told("partial", "cell own-1: the kernel sent something unreadable")

PROTOCOL = [
    Hostile(
        "a reply before the end", FAMILY,
        "Says that the cell is done while it runs, and again for cells that are not there yet.",
        code=SEND + """
reply = {"status": "ok", "execution_count": 1, "user_expressions": {}, "payload": []}
for _ in range(3):
    kernel.session.send(kernel.shell_stream, "execute_reply", reply, parent=kernel.get_parent(),
                        ident=kernel._parent_ident.get("shell"))
    send("status", {"execution_state": "idle"})
time.sleep(0.3)
print("and it goes on")
""",
    ),
    Hostile(
        "replies in other shapes", FAMILY,
        "Sends replies without contents, of other kinds and with what no reply has.",
        code=SEND + """
for content in ({}, {"status": "error"}, {"status": "ok", "execution_count": "x" * 1000},
                {"status": ["ok"]}, {"status": "aborted"}, {"payload": [{"source": "page"}] * 100}):
    for kind in ("execute_reply", "kernel_info_reply", "shutdown_reply", "no_such_reply", ""):
        kernel.session.send(kernel.shell_stream, kind, content, parent=kernel.get_parent(),
                            ident=kernel._parent_ident.get("shell"))
""",
    ),
    Hostile(
        "messages of another cell", FAMILY,
        "Sends outputs and states with parents that are other cells, other clients, nobody.",
        code=SEND + """
own = kernel.get_parent()
for parent in ({}, None, {"header": {}}, {"header": {"msg_id": None}}, {"header": {"msg_id": "x"}},
               {"header": {**own["header"], "msg_id": own["header"]["msg_id"][:-1] + "9"}}):
    for kind, content in (("status", {"execution_state": "idle"}), ("status", {}),
                          ("stream", {"name": "stdout", "text": "forged"}), ("shutdown_reply", {}),
                          ("error", {"ename": "x", "evalue": "y", "traceback": []})):
        send(kind, content, parent=parent)
""",
    ),
    Hostile(
        "unknown kinds of messages", FAMILY,
        "Sends kinds of messages that there are not, and kinds that a client never gets.",
        code=SEND + """
for kind in ("no_such_kind", "input_request", "execute_request", "shutdown_request", "iopub_welcome",
             "debug_event", "kernel_info_reply", "__class__", "comm_close", "display_data " * 50):
    send(kind, {"comm_id": "x", "data": {}, "prompt": "password?", "password": True})
""",
    ),
    Hostile(
        "outputs in other shapes", FAMILY,
        "Sends outputs whose parts are missing, nested, of other types, or of no kind at all.",
        code=SEND + """
for data in ("text", 7, None, [], {"text/plain": 7}, {"text/plain": {"a": []}}, {7: "x"}, {"": ""},
             {"text/plain": ["a", 1]}, {"image/png": {"x": "y"}}, {"application/json": "x"}):
    for kind in ("display_data", "execute_result"):
        send(kind, {"data": data, "metadata": data, "execution_count": data, "transient": data})
for text in (7, None, [], {}, ["a"]):
    send("stream", {"name": text, "text": text})
    send("error", {"ename": text, "evalue": text, "traceback": text})
""",
        told=UNREADABLE,
    ),
    Hostile(
        "impossible counts", FAMILY,
        "Gives execution counts that are negative, enormous, text, or markup.",
        code=SEND + """
for count in (-1, 2**70, 1e300, True, "<script>alert(1)</script>", [1], {"a": 1}):
    send("execute_input", {"code": "x", "execution_count": count})
    send("execute_result", {"data": {"text/plain": "x"}, "metadata": {}, "execution_count": count})
get_ipython().execution_count = -5
""",
        told=UNREADABLE,
    ),
    Hostile(
        "outputs of other cells", FAMILY,
        "Changes what other cells show, by updates of displays that it does not own.",
        code=SEND + """
for name in ("a", "", None, 7, "__class__"):
    for kind in ("display_data", "update_display_data", "update_display_data"):
        send(kind, {"data": {"text/plain": "3.0"}, "metadata": {}, "transient": {"display_id": name}})
def later():
    from IPython.display import update_display
    for _ in range(1000):
        try:
            update_display({"text/plain": "100"}, display_id="a", raw=True)
            kernel.session.send(kernel.iopub_socket, "clear_output", {"wait": False},
                                parent=kernel.get_parent())
        except Exception:
            pass
        time.sleep(0.002)
threading.Thread(target=later, daemon=True).start()
""",
    ),
    Hostile(
        "bytes that are no messages", FAMILY,
        "Sends what is not signed, not split, not JSON or not ZeroMQ on the kernel's own sockets.",
        code=SEND + """
raw = kernel.iopub_thread.socket
for parts in ([b""], [b"<IDS|MSG>"], [b"<IDS|MSG>", b"", b"{}", b"{}", b"{}", b"{}"],
              [b"x"] * 1000, [b"<IDS|MSG>", b"0" * 64, b"[", b"]", b"{", b"}"], [b"\\xff" * 1000] * 7):
    raw.send_multipart(parts)
""",
        # What reads them may be at any later cell when they come, or done with all of them.
        told=Told("graded or partial", None, each=MISSED),
    ),
    Hostile(
        "a kernel that says goodbye", FAMILY,
        "Announces its death, asks itself to shut down and to start again.",
        code=SEND + """
for state in ("dead", "restarting", "starting", "terminating", "", None, 7):
    send("status", {"execution_state": state})
for restart in (True, False):
    send("shutdown_reply", {"restart": restart, "status": "ok"})
get_ipython().ask_exit()
get_ipython().kernel.shell.exit_now = False
time.sleep(0.3)
""",
    ),
    Hostile(
        "done before the end", FAMILY,
        "Says on the line of its orders that it has done one, and goes on.",
        code=LINE + """
line.sendall(channel.DONE.pack(False, 7))
time.sleep(0.3)
print("and it goes on")
""",
        told=Told("partial", "the kernel stopped listening", each=MISSED),
    ),
    Hostile(
        "more done than was asked", FAMILY, "Says that it has done orders that it was never given.",
        code=LINE + """
line.sendall(channel.DONE.pack(True, 2**32 - 1) * 3)
time.sleep(5)
""",
        told=Told("partial", "cell own-1: the kernel stopped listening"),
    ),
    Hostile(
        "an endless answer to an order", FAMILY, "Floods the line on which it gets its orders.",
        code=LINE + """
while True:
    line.sendall(bytes(2**20))
""",
        told=Told("partial", "cell own-1: the kernel stopped listening"),
    ),
    Hostile(
        "orders that nobody reads", FAMILY, "Takes its orders away from those who wait for them.",
        code=LINE + """
def take():
    while line.recv(2**20):
        pass
threading.Thread(target=take, daemon=True).start()
time.sleep(0.3)
""",
        told=Told("partial", None, each=MISSED), costly=True,
    ),
    Hostile(
        "a kernel that asks", FAMILY, "Asks the grader for input, for passwords, and by other channels.",
        code="""
import getpass
attempt("input", input, "your password? ")
attempt("a password", getpass.getpass, "your password? ")
kernel = get_ipython().kernel
kernel._allow_stdin = True
kernel.session.send(kernel.stdin_socket, "input_request", {"prompt": "?", "password": True},
                    parent=kernel.get_parent(), ident=kernel._parent_ident.get("shell"))
""",
    ),
    Hostile(
        "comms", FAMILY,
        "Opens comms and widgets that hook into the client's handling of outputs.",
        code=SEND + """
for n in range(50):
    for state in ({"_model_name": "OutputModel", "msg_id": kernel.get_parent()["header"]["msg_id"],
                   "outputs": [{"output_type": "error"}] * 10}, {}, {"_model_name": 7}):
        send("comm_open", {"comm_id": str(n), "target_name": "jupyter.widget",
                           "data": {"state": state, "buffer_paths": []}})
        send("comm_msg", {"comm_id": str(n), "data": {"method": "update", "state": state}})
    send("comm_msg", {"comm_id": str(n), "data": None})
send("comm_open", {"comm_id": "z", "target_name": "os.system", "data": {}})
print("into a widget")
send("comm_close", {"comm_id": "0", "data": {}})
""",
        told=UNREADABLE,
    ),
    Hostile(
        "the sockets of other kernels", FAMILY,
        "Looks for the sockets of other kernels and examiners, and talks to those it finds.",
        code="""
import glob
own = str(pathlib.Path.cwd().parent)
mine = set(re.findall(r"/\\S+/kernel-\\w+", pathlib.Path("/proc/self/mountinfo").read_text()))
found = set(glob.glob(OUT["temporary"] + "/*/*")) | set(glob.glob("/tmp/*/*"))
for line in open("/proc/self/net/unix") if os.access("/proc/self/net/unix", os.R_OK) else ():
    found.add(line.split()[-1])
for path in found:
    if path.startswith((own, *mine)) or not path.startswith("/"):
        continue
    if "/kernel-" in path or "/ag-" in path or path.startswith(OUT["temporary"]):
        attempt(f"connecting to {path}", socket.socket(socket.AF_UNIX).connect, path)
""",
    ),
    Hostile(
        "its own sockets, replaced", FAMILY,
        "Removes the sockets and the connection file it was given and puts others there.",
        code="""
for folder in set(re.findall(r"/\\S+/kernel-\\w+", pathlib.Path("/proc/self/mountinfo").read_text())):
    for name in list(os.listdir(folder)):
        path = os.path.join(folder, name)
        for what in (os.unlink, lambda p: socket.socket(socket.AF_UNIX).bind(p),
                     lambda p: os.chmod(p, 0)):
            try:
                what(path)
            except OSError as error:
                print("failed:", path, error.errno)
    os.chmod(folder, 0)
""",
    ),
    Hostile(
        "noise in a check", FAMILY,
        "While a check waits, sends outputs, errors and results that look like the check's own.",
        code=SEND + """
def hostile(*args, **kwargs):
    from IPython.display import display
    print("passed")
    display({"text/plain": "100.0"}, raw=True)
    send("execute_result", {"data": {"text/plain": "100.0"}, "metadata": {}, "execution_count": 1})
    send("error", {"ename": "passed", "evalue": "100.0", "traceback": ["100.0"]})
    get_ipython().displayhook(100.0)
    get_ipython().set_next_input("100.0")
    raise NotImplementedError
""",
        told=Told(each=frozenset({"not attempted", "wrong"})),
    ),
    Hostile(
        "a reply before the check's end", FAMILY,
        "While a check waits, says that the kernel has served it.",
        code=SEND + """
def hostile(*args, **kwargs):
    kernel.session.send(kernel.shell_stream, "execute_reply", {"status": "ok", "execution_count": 1},
                        parent=kernel.get_parent(), ident=kernel._parent_ident.get("shell"))
    send("status", {"execution_state": "idle"})
    time.sleep(0.2)
    raise NotImplementedError
""",
        told=Told(each=frozenset({"not attempted", "wrong"})),
    ),
]  # fmt: skip
