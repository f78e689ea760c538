"""The system calls that no lab needs and that sandboxes have been left through, refused.

libseccomp does the work (pyseccomp binds it); it must be there as a system library.
"""

from __future__ import annotations

import errno
import os
import socket

from autograder.sandbox import libc
from autograder.sandbox.landlock import covers_truncation, keeps_signals_in

REFUSED = (
    # into other processes
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp", "pidfd_getfd",
    "move_pages", "migrate_pages",
    # out of the name spaces
    "unshare", "setns", "mount", "umount", "umount2", "pivot_root", "chroot", "mount_setattr",
    "fsopen", "fsconfig", "fsmount", "fspick", "move_mount", "open_tree", "open_tree_attr",
    "open_by_handle_at", "name_to_handle_at", "swapon", "swapoff", "quotactl", "quotactl_fd",
    "acct",
    # parts of the kernel that programs like these do not use
    "add_key", "keyctl", "request_key", "bpf", "perf_event_open", "userfaultfd",
    "io_uring_setup", "io_uring_enter", "io_uring_register", "kexec_load", "kexec_file_load",
    "init_module", "finit_module", "delete_module", "syslog", "reboot", "iopl", "ioperm",
    "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "sethostname", "setdomainname",
    "vhangup", "lookup_dcookie",
)  # fmt: skip
# Refused besides where there are no name spaces: Landlock covers none of it.
SHARED = (
    # memory, semaphores and queues with names outside every file system
    "shmget", "shmat", "shmctl", "semget", "semop", "semtimedop", "semctl", "msgget", "msgsnd",
    "msgrcv", "msgctl", "mq_open", "mq_unlink",
    # sockets by path: those of the session's bus, of an agent that holds keys, of Docker
    "connect",
    # times and attributes of files whose path is known
    "utime", "utimes", "futimesat", "setxattr", "lsetxattr", "fsetxattr",
    "setxattrat", "removexattr", "lremovexattr", "fremovexattr", "removexattrat", "file_setattr",
    # what happens in folders that cannot be read
    "inotify_add_watch", "fanotify_init",
)  # fmt: skip
# There these calls do nothing and say that they did it, since honest programs make them.
PRETENDED = (
    # mode and owner, of every file that they copy
    "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat",
    # priority, of their own threads: ZeroMQ ends where it cannot
    "setpriority", "ioprio_set", "sched_setaffinity", "sched_setparam", "sched_setscheduler",
    "sched_setattr",
)  # fmt: skip
# Calls that came after the architectures agreed on numbers; a library may be older.
NUMBERS = {"process_madvise": 440, "mount_setattr": 442, "quotactl_fd": 443, "fchmodat2": 452,
           "setxattrat": 463, "removexattrat": 466, "open_tree_attr": 467,
           "file_setattr": 469}  # fmt: skip
NAMESPACES = (libc.CLONE_NEWNS, libc.CLONE_NEWUTS, libc.CLONE_NEWIPC, libc.CLONE_NEWUSER,
              libc.CLONE_NEWPID, libc.CLONE_NEWNET, libc.CLONE_NEWCGROUP)  # fmt: skip
TIOCSTI, TIOCLINUX = 0x5412, 0x541C
# Of files that can be read: attributes, and that nobody can write to them any longer.
SETFLAGS, FSSETXATTR, ENABLE_VERITY = 0x40086602, 0x401C5820, 0x40806685
F_SETOWN, F_SETSIG, F_SETOWN_EX = 8, 10, 15
_ALL = 2**64 - 1
_INT = 0xFFFFFFFF  # of an argument that is an int, the kernel ignores the rest of the register
_SOCKET_TYPE = 0xF  # without its flags
_UNKNOWN = -1  # __NR_SCMP_ERROR of seccomp.h


def refuse_calls(namespaces: bool, landlock: int) -> None:
    """Sets the filter, for good.

    namespaces, landlock: what else keeps the process apart from others of the same user. Where it
    is little, more is refused; without a pid namespace or Landlock 6 a process cannot even signal
    its own children.

    Raises: OSError or RuntimeError where there is no libseccomp, or the kernel refuses.
    """
    import pyseccomp as seccomp

    no = seccomp.ERRNO(errno.EPERM)
    unknown = seccomp.ERRNO(errno.ENOSYS)
    rules = seccomp.SyscallFilter(seccomp.ALLOW)

    def has(number: int, value: int, mask: int = _INT) -> object:
        return seccomp.Arg(number, seccomp.MASKED_EQ, mask, value)

    def is_not(number: int, value: int) -> object:
        return seccomp.Arg(number, seccomp.NE, value)

    def refuse(name: str, *conditions: object, action: int = no) -> None:
        known = seccomp.resolve_syscall(seccomp.system_arch(), name) != _UNKNOWN
        if known or name in NUMBERS:
            rules.add_rule(action, name if known else NUMBERS[name], *conditions)

    for name in REFUSED:
        refuse(name)
    for flag in NAMESPACES:
        refuse("clone", has(0, flag, flag))
    # Its flags are behind a pointer, which no filter can follow; the C library falls back.
    refuse("clone3", action=unknown)
    refuse("socket", is_not(0, socket.AF_UNIX), action=seccomp.ERRNO(errno.EAFNOSUPPORT))
    refuse("prctl", has(0, libc.PR_SET_PDEATHSIG))
    for request in (TIOCSTI, TIOCLINUX):
        refuse("ioctl", has(1, request))
    if not namespaces:
        for name in SHARED:
            refuse(name)
        refuse("prlimit64", is_not(0, 0))
        # Copied times are pretended. Without times it is how a file is touched; one that is not
        # there yet is made only after an error.
        refuse("utimensat", is_not(2, 0), action=seccomp.ERRNO(0))
        refuse("utimensat", has(2, 0, _ALL))
        for name in PRETENDED:
            refuse(name, action=seccomp.ERRNO(0))
        for request in (SETFLAGS, FSSETXATTR, ENABLE_VERITY):
            refuse("ioctl", has(1, request))
        for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):  # send without `connect`
            refuse("socket", has(1, kind, _SOCKET_TYPE))
            refuse("socketpair", has(1, kind, _SOCKET_TYPE))
        if not keeps_signals_in(landlock):
            own = os.getpid()
            for name in ("kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"):
                refuse(name, is_not(0, own))
            for name in ("tkill", "pidfd_send_signal"):
                refuse(name)
            for command in (F_SETOWN, F_SETSIG, F_SETOWN_EX):
                refuse("fcntl", has(1, command))
        if not covers_truncation(landlock):
            refuse("truncate")
            reading = os.O_TRUNC | os.O_RDONLY, os.O_TRUNC | os.O_ACCMODE
            refuse("open", has(1, *reading))
            refuse("openat", has(2, *reading))
            refuse("openat2", action=unknown)
    rules.load()
