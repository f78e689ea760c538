"""Reading what is not the student's: solutions, grades, other submissions, keys, memory."""

from __future__ import annotations

from tests.attacks.hostile.notebooks import Hostile, Told

FAMILY = "secrets"

SECRETS = [
    Hostile(
        "the course by its path", FAMILY,
        "Reads the solutions, the gradebook, the tables, the configuration and all submissions.",
        code="""
course = pathlib.Path(OUT["course"])
for folder in (course, course / "solutions" / OUT["lab"], course / "submitted"):
    attempt(f"listing {folder}", os.listdir, folder)
lab = OUT["lab"]
loot(course / "gradebook.db", course / "grades.csv", course / "nbgrader_config.py",
     course / "solutions" / lab / "answers.py", course / "solutions" / lab / f"{lab}.ipynb",
     course / "submitted" / "n1-right" / lab / f"{lab}.ipynb",
     course / "autograded" / "n1-right" / lab / f"{lab}.ipynb")
""",
    ),
    Hostile(
        "the course by walking up from the data", FAMILY,
        "Goes up from the working directory, from data and from every link to whatever is there.",
        code="""
starts = [".", "..", "../data", os.path.realpath("../data"), "/proc/self/cwd", "/proc/self/root",
          "/proc/self/root/proc/self/cwd", f"/proc/self/task/{threading.get_native_id()}/root"]
for start in starts:
    for up in range(8):
        place = pathlib.Path(start, *[".."] * up)
        loot(place / "gradebook.db", place / "nbgrader_config.py",
             place / "solutions" / OUT["lab"] / "answers.py",
             str(place) + OUT["course"] + "/gradebook.db")
""",
    ),
    Hostile(
        "the grader's home", FAMILY,
        "Reads keys, the shell's history and tokens in the home of whoever grades.",
        code="""
import pwd
homes = {OUT["home"], os.path.expanduser("~"), "/root", *(user.pw_dir for user in pwd.getpwall())}
for home in map(pathlib.Path, homes):
    loot(home / ".ssh" / "id_ed25519", home / ".bash_history", home / ".netrc",
         home / ".ipython" / "profile_default" / "history.sqlite")
attempt("listing the home", os.listdir, OUT["home"])
for path in ("/etc/shadow", "/etc/gshadow", "/etc/ssh/ssh_host_ed25519_key", "/etc/sudoers"):
    attempt(f"reading {path}", pathlib.Path(path).read_bytes)
""",
    ),
    Hostile(
        "the environment", FAMILY,
        "Looks for the grader's environment variables: in its own, in its memory, in its parents'.",
        code="""
loot(repr(dict(os.environ)).encode(), "/proc/self/environ", "/proc/1/environ", "/proc/thread-self/environ")
for line in open("/proc/self/maps"):
    area, rights = line.split()[:2]
    begin, end = (int(n, 16) for n in area.split("-"))
    if rights[0] == "r" and end - begin < 2**28 and not line.rstrip().endswith(("[vvar]", "]]")):
        try:
            with open("/proc/self/mem", "rb", 0) as memory:
                memory.seek(begin)
                found = set(re.findall(rb"secret-[0-9a-f]{32}", memory.read(end - begin)))
        except OSError:
            continue
        if found:
            print("in memory:", line.split()[-1], found)
""",
    ),
    Hostile(
        "other processes", FAMILY,
        "Reads the environment, memory, files and descriptors of every process it can find.",
        code="""
own = {str(os.getpid()), "self", "thread-self"}
pids = [name for name in os.listdir("/proc") if name.isdigit()] if os.access("/proc", os.R_OK) else []
for pid in {*pids, str(OUT["canary"]), str(os.getppid()), "1"} - own:
    for name in ("environ", "cmdline", "maps", "auxv", "stack", "syscall"):
        loot(f"/proc/{pid}/{name}")
    attempt(f"the descriptors of {pid}", os.listdir, f"/proc/{pid}/fd")
    attempt(f"the root of {pid}", os.listdir, f"/proc/{pid}/root{OUT['course']}")
    attempt(f"the memory of {pid}", open, f"/proc/{pid}/mem", "rb")
""",
    ),
    Hostile(
        "inherited descriptors", FAMILY,
        "Uses every open descriptor as a way to files: reads it, and goes up from it.",
        code="""
for number in range(3, 1024):
    try:
        os.fstat(number)
    except OSError:
        continue
    for path in (OUT["course"] + "/gradebook.db", ".." + OUT["course"] + "/gradebook.db"):
        for up in ("", "../", "../../../../../../../.."):
            try:
                loot(os.read(os.open(up + path.lstrip("/"), os.O_RDONLY, dir_fd=number), 2**20))
            except OSError:
                pass
    link = os.readlink(f"/proc/self/fd/{number}") if os.path.exists(f"/proc/self/fd/{number}") else ""
    if link.startswith("/") and not link.startswith(("/dev/", "/proc/", "/usr/", sys.prefix)):
        print("open:", link)
        loot(f"/proc/self/fd/{number}")
""",
    ),
    Hostile(
        "files that everybody may read", FAMILY,
        "Reads and watches folders whose permissions let everybody in.",
        code="""
attempt("listing a foreign folder", os.listdir, OUT["foreign"])
own = {pathlib.Path.cwd().parent.name, *re.findall(
    r"kernel-\\w+", pathlib.Path("/proc/self/mountinfo").read_text())}
try:
    others = set(os.listdir(OUT["temporary"])) - own
    print("SUCCEEDED: other submissions" if others else "failed: others", others)
except OSError as error:
    print("failed: listing the temporary folder", type(error).__name__)
loot(OUT["foreign"] + "/secret")
attempt("a link to a secret", os.link, OUT["foreign"] + "/secret", "own-link")
os.symlink(OUT["foreign"] + "/secret", "own-symlink")
loot("own-link", "own-symlink")
watch = libc.inotify_init1(os.O_NONBLOCK)
for place in (OUT["temporary"], OUT["foreign"], OUT["course"], OUT["course"] + "/submitted"):
    print(place, libc.inotify_add_watch(watch, place.encode(), 0xF86))  # all but looking at it
time.sleep(0.5)  # others come and go
try:
    print("SUCCEEDED: sees what others do", os.read(watch, 4096))
except OSError as error:
    print("failed: nothing happens", type(error).__name__)
""",
    ),
    Hostile(
        "the disk and the machine's memory", FAMILY,
        "Opens block devices, kernel memory, kernel messages, and makes device nodes of its own.",
        code="""
for path in ("/dev/mem", "/dev/kmem", "/dev/port", "/dev/kmsg", "/proc/kcore", "/proc/kmsg",
             "/dev/vda", "/dev/sda", "/dev/nvme0n1", "/dev/dm-0", "/dev/loop0",
             "/dev/fuse", "/dev/kvm", "/dev/net/tun", "/dev/tty", "/dev/console", "/dev/ptmx"):
    attempt(f"opening {path}", os.open, path, os.O_RDONLY)
for kind, number in ((0o060600, os.makedev(254, 0)), (0o060600, os.makedev(8, 0)),
                     (0o020600, os.makedev(1, 1))):
    for place in ("node", "/tmp/node", "/dev/shm/node"):
        attempt(f"making a device in {place}", os.mknod, place, kind, number)
""",
    ),
    Hostile(
        "files by their handles", FAMILY,
        "Opens files of the host by handles of the file system, past all paths (as Shocker did).",
        code="""
class Handle(ctypes.Structure):
    _fields_ = [("size", ctypes.c_uint), ("kind", ctypes.c_int), ("inode", ctypes.c_uint64)]
mount = os.open(sys.prefix, os.O_RDONLY)
for inode in (2, 11, os.stat(sys.prefix).st_ino):
    handle = Handle(8, 1, inode)
    attempt(f"opening inode {inode}", call, "open_by_handle_at", mount, ctypes.byref(handle), 0)
own, found = Handle(128), ctypes.c_int()
attempt("asking for a handle", call, "name_to_handle_at", -100, sys.prefix.encode(),
        ctypes.byref(own), ctypes.byref(found), 0)
""",
    ),
    Hostile(
        "a core dump", FAMILY,
        "Lets a child crash, to find what the system writes down of it or sends to a helper.",
        code="""
import resource
attempt("allowing core dumps", resource.setrlimit, resource.RLIMIT_CORE, (2**30, 2**30))
child = os.fork()
if not child:
    os.abort()
_, status = os.waitpid(child, 0)
print("dumped:", os.WCOREDUMP(status))
if os.WCOREDUMP(status):
    print("SUCCEEDED: a core dump")
""",
    ),
    Hostile(
        "the hidden tests, in the answer", FAMILY,
        "Looks for the check that calls it: in the frames above, in all objects, in the files open.",
        code="""
import gc
def hostile(*args, **kwargs):
    frame = sys._getframe(1)
    while frame is not None:
        loot(repr((frame.f_code.co_filename, frame.f_code.co_consts)).encode())
        if "HIDDEN" in repr(frame.f_code.co_consts):
            print("SUCCEEDED: a hidden test")
        frame = frame.f_back
    for name in ("In", "_ih", "_oh"):
        loot(repr(globals().get(name)).encode())
    raise NotImplementedError
""",
        told=Told(each=frozenset({"not attempted", "wrong"})),
    ),
]  # fmt: skip
