"""Staying: in processes, files, sockets and shared memory, until the next submission or longer."""

from __future__ import annotations

from tests.attacks.hostile.notebooks import DIED, Hostile, Told

FAMILY = "persistence"

PERSISTENCE = [
    Hostile(
        "a daemon", FAMILY,
        "Forks twice into a session of its own, ignores signals, and waits for the next submission.",
        code="""
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        libc.prctl(1, 0, 0, 0, 0)
        for number in range(1, 65):
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        for _ in range(6000):
            for folder in (OUT["foreign"], OUT["temporary"], OUT["course"], OUT["home"]):
                try:
                    pathlib.Path(folder, OUT["me"]).touch()
                except OSError:
                    pass
            time.sleep(0.1)
    os._exit(0)
""",
    ),
    Hostile(
        "programs in the background", FAMILY,
        "Starts shells that outlive the notebook, by nohup, setsid and disown.",
        code="""
loop = f"while :; do touch {OUT['foreign']}/{OUT['me']} 2>&-; sleep 1; done"
for command in (["nohup", "sh", "-c", loop], ["setsid", "-f", "sh", "-c", loop],
                ["sh", "-c", f"({loop}) & disown 2>&- || true"], ["sh", "-c", f"({loop}) &"]):
    try:
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL, start_new_session=True)
    except OSError as error:
        print("failed:", command[0], error.errno)
""",
    ),
    Hostile(
        "a daemon, and then an end", FAMILY,
        "Leaves a daemon in each kernel and ends the kernel, so that another is started.",
        code="""
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(600)
        os._exit(0)
time.sleep(0.1)
os._exit(1)
""",
        told=DIED,
    ),
    Hostile(
        "a chain of forks", FAMILY,
        "Forks and ends, again and again, so that no list of processes is ever up to date.",
        code="""
if os.fork() == 0:
    os.setsid()
    until = time.monotonic() + 600
    while time.monotonic() < until:
        if os.fork():
            os._exit(0)
""",
    ),
    Hostile(
        "jobs for later", FAMILY,
        "Leaves work to cron, at, systemd and to whoever logs in next.",
        code="""
order = f"touch {OUT['foreign']}/{OUT['me']}"
for command in (["crontab", "-"], ["at", "now"], ["batch"],
                ["systemd-run", "--user", "--no-block", *order.split()]):
    try:
        done = subprocess.run(command, input=f"* * * * * {order}\\n", text=True, timeout=5,
                              capture_output=True)
        print("SUCCEEDED:" if done.returncode == 0 else "failed:", command, done.stderr[:100])
    except (OSError, subprocess.TimeoutExpired) as error:
        print("failed:", command, type(error).__name__)
for path in ("/etc/cron.d/me", "/var/spool/cron/me", "/var/spool/cron/crontabs/root",
             "/etc/profile.d/me.sh", "/etc/ld.so.preload", "/etc/init.d/me",
             OUT["home"] + "/.bashrc", OUT["home"] + "/.profile", "/root/.bashrc",
             OUT["home"] + "/.config/autostart/me.desktop", OUT["home"] + "/.ssh/authorized_keys"):
    attempt(f"writing {path}", open, path, "a")
""",
    ),
    Hostile(
        "IPython's and Python's start", FAMILY,
        "Leaves start-up files where the next kernel may look for some.",
        code="""
import site
start = f"import pathlib; pathlib.Path({OUT['foreign']!r}, {OUT['me']!r}).touch()"
homes = (OUT["home"], os.environ["HOME"], os.environ["IPYTHONDIR"], ".", "..", "../home")
for home in map(pathlib.Path, homes):
    for name in (".ipython/profile_default/startup/00-me.py", "profile_default/startup/00-me.py",
                 "profile_default/ipython_config.py", ".jupyter/jupyter_config.py",
                 "sitecustomize.py", "usercustomize.py", "matplotlibrc", "numpy.py", "torch.py",
                 ".keras/keras.json", f".local/lib/python3.{sys.version_info[1]}/site-packages/me.pth"):
        try:
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_text(start)
        except OSError as error:
            print("failed:", home / name, type(error).__name__)
time.sleep(0.1)
os._exit(1)  # and makes sure that there is a next kernel
""",
        told=DIED,
    ),
    Hostile(
        "sockets and pipes", FAMILY,
        "Leaves sockets, pipes and locked files in every folder that it can write to.",
        code="""
import fcntl
kept = []
places = {".", os.environ["HOME"], "/tmp", "/dev/shm", "/run", OUT["temporary"],
          *re.findall(r"/\\S+/kernel-\\w+", pathlib.Path("/proc/self/mountinfo").read_text())}
for place in map(pathlib.Path, places):
    for n, make in enumerate((lambda p: kept.append(socket.socket(socket.AF_UNIX)) or kept[-1].bind(str(p)),
                 os.mkfifo, lambda p: fcntl.flock(kept.append(open(p, "w")) or kept[-1], 2))):
        try:
            make(place / f"{OUT['mark']}-{n}")
        except OSError as error:
            print("failed:", place, type(error).__name__)
for number in range(20):
    kept.append(socket.socket(socket.AF_UNIX))
    kept[-1].bind(f"\\0{OUT['mark']}-{number}")
    kept[-1].listen()
""",
    ),
    Hostile(
        "shared memory", FAMILY,
        "Leaves System V and POSIX shared memory, semaphores and message queues behind.",
        code="""
import mmap
from multiprocessing import shared_memory, resource_tracker
key = int(OUT["mark"][2:], 16) & 0x7FFFFFFF
memory = libc.shmget(key, 2**20, 0o1666)
semaphores, queue = libc.semget(key, 5, 0o1666), libc.msgget(key, 0o1666)
print("System V:", memory, semaphores, queue)
for name, make in (
    ("POSIX shared memory", lambda: shared_memory.SharedMemory(OUT["mark"], True, 2**20)),
    ("a file of shared memory", lambda: open(f"/dev/shm/{OUT['mark']}-file", "wb").write(b"x" * 2**20)),
    ("a message queue", lambda: call("mq_open", f"/{OUT['mark']}".encode(), 0o102, 0o666, None)),
    ("a semaphore", lambda: call("sem_open", f"/{OUT['mark']}".encode(), 0o102, 0o666, 1)),
):
    try:
        make()
        print("made:", name)
    except BaseException as error:
        print("failed:", name, type(error).__name__)
resource_tracker.unregister(f"/{OUT['mark']}", "shared_memory")
""",
    ),
    Hostile(
        "timers and threads between the cells", FAMILY,
        "Goes on between cells and in checks: changes what other cells defined, and its answers.",
        code="""
import builtins, gc
def meddle():
    import __main__
    for _ in range(10**6):
        for name in list(vars(__main__)):
            value = vars(__main__).get(name)
            if callable(value) and not name.startswith("_") and name not in ("OUT", "meddle"):
                vars(__main__)[name] = lambda *args, **kwargs: True
        time.sleep(0.001)
threading.Thread(target=meddle, daemon=True).start()
""",
        told=Told(each=frozenset({"not attempted", "error", "wrong"})),
    ),
]  # fmt: skip
