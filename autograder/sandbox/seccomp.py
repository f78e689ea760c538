"""The system calls that no lab needs and that sandboxes have been left through, refused.

libseccomp does the work (pyseccomp binds it); it must be there as a system library.
"""

from __future__ import annotations

import errno
import os
import socket

from autograder.sandbox import libc

REFUSED = (
    # into other processes
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp", "pidfd_getfd",
    "move_pages", "migrate_pages",
    # out of the name spaces
    "unshare", "setns", "mount", "umount", "umount2", "pivot_root", "chroot", "mount_setattr",
    "fsopen", "fsconfig", "fsmount", "fspick", "move_mount", "open_tree", "open_by_handle_at",
    "name_to_handle_at", "swapon", "swapoff", "quotactl", "acct",
    # parts of the kernel that programs like these do not use
    "add_key", "keyctl", "request_key", "bpf", "perf_event_open", "userfaultfd",
    "io_uring_setup", "io_uring_enter", "io_uring_register", "kexec_load", "kexec_file_load",
    "init_module", "finit_module", "delete_module", "syslog", "reboot", "iopl", "ioperm",
    "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "sethostname", "setdomainname",
    "vhangup", "lookup_dcookie",
)  # fmt: skip
NAMESPACES = (libc.CLONE_NEWNS, libc.CLONE_NEWUTS, libc.CLONE_NEWIPC, libc.CLONE_NEWUSER,
              libc.CLONE_NEWPID, libc.CLONE_NEWNET, libc.CLONE_NEWCGROUP)  # fmt: skip
TIOCSTI, TIOCLINUX = 0x5412, 0x541C
F_SETOWN, F_SETSIG, F_SETOWN_EX = 8, 10, 15
UNKNOWN = -1  # __NR_SCMP_ERROR of seccomp.h


def refuse_calls(keep_signals_in: bool) -> None:
    """Sets the filter, for good.

    keep_signals_in: also refuse whatever acts on another process of the same user: needed where
    neither a pid namespace nor Landlock keeps them apart. The process's own children are others,
    too.

    Raises: OSError or RuntimeError where there is no libseccomp, or the kernel refuses.
    """
    import pyseccomp as seccomp

    no = seccomp.ERRNO(errno.EPERM)
    arg, equal, other = seccomp.Arg, seccomp.EQ, seccomp.NE
    rules = seccomp.SyscallFilter(seccomp.ALLOW)

    def refuse(name: str, *conditions: object, action: int = no) -> None:
        # An older library does not know a newer call.
        if seccomp.resolve_syscall(seccomp.system_arch(), name) != UNKNOWN:
            rules.add_rule(action, name, *conditions)

    for name in REFUSED:
        refuse(name)
    for flag in NAMESPACES:
        refuse("clone", arg(0, seccomp.MASKED_EQ, flag, flag))
    # Its flags are behind a pointer, which no filter can follow; the C library falls back.
    refuse("clone3", action=seccomp.ERRNO(errno.ENOSYS))
    refuse("socket", arg(0, other, socket.AF_UNIX), action=seccomp.ERRNO(errno.EAFNOSUPPORT))
    refuse("prctl", arg(0, equal, libc.PR_SET_PDEATHSIG))
    for request in (TIOCSTI, TIOCLINUX):
        refuse("ioctl", arg(1, equal, request))
    if keep_signals_in:
        own = os.getpid()
        for name in ("kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"):
            refuse(name, arg(0, other, own))
        for name in ("tkill", "pidfd_send_signal"):
            refuse(name)
        for command in (F_SETOWN, F_SETSIG, F_SETOWN_EX):
            refuse("fcntl", arg(1, equal, command))
        for name in ("prlimit64", "sched_setaffinity", "sched_setparam", "sched_setscheduler",
                     "sched_setattr"):  # fmt: skip
            refuse(name, arg(0, other, 0))
        for name in ("setpriority", "ioprio_set"):
            refuse(name)
    rules.load()
