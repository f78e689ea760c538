"""How a check ended, in words that a student and an instructor can use."""

from __future__ import annotations

import socket
import textwrap
import threading
from collections.abc import Callable

import pytest

from autograder.examiner.checks import Examiner, Verdict, clean
from autograder.examiner.names import free_names
from autograder.kernel import student
from autograder.wire import channel
from tests.examiner.sides import against, module_of, remotely

STUDENT = r"""
def right(x):
    return 2 * x

def stub():
    raise NotImplementedError("This exercise is not done yet.")

def fails(x):
    rows = [x]
    return rows[3]

def deep(n):
    return deep(n - 1) if n else fails(n)

def forever():
    return forever()

def colored():
    raise ValueError("\x1b[2J\x1b[31mred\x07\ud800 text\r\n<b>bold</b>\u202e")

class Colored:
    def __repr__(self):
        return "\x1b[2Jgone\ud800"

class Mute:
    def __repr__(self):
        raise ValueError("no text")

colored_object, mute_object = Colored(), Mute()

def long():
    raise ValueError("x" * 10**6)
"""


def verdict(check: str, given: str = "") -> Verdict:
    return remotely(STUDENT, check, given=given)


@pytest.mark.parametrize(
    "answer, outcome",
    [(lambda sock: sock.close(), "lost"), (lambda sock: channel.send(sock, 7), "error")],
    ids=["none", "a broken one"],
)
def test_a_check_that_catches_every_error_does_not_take_a_broken_answer_for_one(
    answer: Callable[[socket.socket], None], outcome: str
) -> None:
    check = """
    try:
        right(1)
    except Exception:
        pass
    else:
        raise AssertionError("right(1) should raise")
    """
    near, far = socket.socketpair()

    def serve() -> None:
        with far:
            channel.receive(far)
            channel.send(far, {"ok": ["ref", 1, [], None, "function"], "changed": []})
            channel.receive(far)
            answer(far)

    thread = threading.Thread(target=serve)
    thread.start()
    examiner = Examiner()
    got = examiner.run_check("check-1", textwrap.dedent(check), lambda: near)
    thread.join()
    assert got.outcome == outcome, got


@pytest.mark.parametrize("check", ["assert right(2) == 4", "assert right(2) == 5", "fails(1)"])
def test_a_kernel_sees_when_a_check_is_over_however_it_ended(check: str) -> None:
    near, far = socket.socketpair()
    session = student.Session(far)
    session._main = module_of(STUDENT)
    thread = threading.Thread(target=session.run, daemon=True)
    thread.start()
    Examiner().run_check("check-1", check, lambda: near)
    thread.join(timeout=10)
    assert not thread.is_alive()


@pytest.mark.parametrize(
    "check, outcome, message",
    [
        ("assert right(2) == 4", "passed", ""),
        ("right(2)", "passed", ""),
        ("pass", "passed", ""),
        ("assert right(2) == 5, 'right(2) should be 5'", "wrong", "right(2) should be 5"),
        ("assert right(2) == 5", "wrong", "AssertionError"),
        ("np.testing.assert_allclose(right(2), 5)", "wrong", "Not equal to tolerance"),
        ("torch.testing.assert_close(torch.ones(1), torch.zeros(1))", "wrong", "not close"),
        ("import unittest; unittest.TestCase().assertEqual(right(2), 5)", "wrong", "4 != 5"),
        ("stub()", "not attempted", "This exercise is not done yet."),
        ("fails(1)", "error", "list index out of range"),
        ("assert fails(1) == 1", "error", "list index out of range"),
        ("forever()", "error", "recursion"),
        ("undefined(1)", "error", "name 'undefined' is not defined"),
        ("1 / 0", "error", "division by zero"),
        ("raise SystemExit(2)", "error", "2"),
        ("if True print()", "error", "invalid syntax"),
    ],
)
def test_a_check_ends_as_passed_wrong_not_attempted_or_error(
    check: str, outcome: str, message: str
) -> None:
    got = verdict(check)
    assert got.outcome == outcome, got
    assert message in got.message


def test_a_traceback_shows_no_line_of_a_hidden_test() -> None:
    got = verdict(
        "def helper(x):\n"
        "    fails(x)\n"
        "### BEGIN HIDDEN TESTS\n"
        "secret = 3\n"
        "helper(secret)\n"
        "### END HIDDEN TESTS\n"
        "assert right(2) == 5"
    )
    text = "\n".join(got.traceback)
    assert "In the student's code" in text and "in fails" in text
    assert "line 5, in a hidden test" in text and "secret" not in text
    assert "line 2\n    fails(x)" in text


def test_a_check_whose_kernel_goes_away_is_lost() -> None:
    assert against(lambda body: None, "right(2)").outcome == "lost"


def test_a_check_whose_kernel_goes_away_cannot_catch_it_and_pass() -> None:
    check = "try:\n    right(2)\nexcept ValueError:\n    pass"
    assert against(lambda body: None, check).outcome == "lost"


def test_a_kernel_that_never_connects_loses_the_check() -> None:
    def connect() -> socket.socket:
        raise TimeoutError("it ended before it connected")

    got = Examiner().run_check("check-1", "assert True", connect)
    assert got.outcome == "lost" and "did not answer" in got.message


def test_the_message_stands_first_in_the_traceback() -> None:
    got = verdict("x = right(2)\nassert x == 5, f'expected 5, got {x}'")
    assert got.traceback[0] == "AssertionError: expected 5, got 4"
    assert got.traceback[1] == ""
    assert "Check check-1, line 2" in got.traceback
    assert any("assert x == 5" in line for line in got.traceback)


def test_the_traceback_shows_the_students_lines_below_the_checks() -> None:
    lines = verdict("x = 1\ndeep(2)").traceback
    assert lines[0] == "IndexError: list index out of range"
    place = lines.index("In the student's code:")
    assert "Check check-1, line 2" in lines[:place] and "    deep(2)" in lines[:place]
    below = "\n".join(lines[place:])
    assert below.count("in deep") == 3 and "in fails" in below
    assert "autograder" not in below and "channel" not in below


def test_a_traceback_of_a_thousand_frames_is_cut() -> None:
    assert len(verdict("forever()").traceback) < 60


@pytest.mark.parametrize(
    "last, result",
    [
        ("1.5", "1.5"), ("3", "3"), ("0", "0"), ("right(1)", "2"), ("1.5;", None), ("'3'", None),
        ("True", None), ("None", None), ("np.float64(2)", None), ("[3]", None), ("x = 3", None),
        ("3\npass", None), ("print(3)", None), ("colored_object", None), ("", None),
    ],
)  # fmt: skip
def test_only_a_plain_number_as_last_expression_is_a_result(last: str, result: str | None) -> None:
    got = verdict(last)
    assert (got.outcome, got.result) == ("passed", result)


@pytest.mark.parametrize("points", ["float('nan')", "float('inf')", "-1", "-0.5", "-1e999"])
def test_points_that_nbgrader_would_take_for_full_marks_fail_the_check(points: str) -> None:
    got = verdict(points)
    assert (got.outcome, got.result) == ("error", None)
    assert "cannot be meant" in got.message


def test_what_a_check_prints_is_kept_and_what_it_warns_does_no_harm() -> None:
    got = verdict(
        "import sys, warnings\nprint('seen')\nprint('hidden', file=sys.stderr)\nwarnings.warn('w')"
    )
    assert (got.outcome, got.printed, got.message) == ("passed", "seen\n", "")


def test_what_a_failed_check_printed_is_kept_too() -> None:
    got = verdict("print('before')\nassert False, 'no'")
    assert (got.outcome, got.printed) == ("wrong", "before\n")


def test_what_a_check_prints_without_end_is_cut() -> None:
    got = verdict("print('x' * 10**6)\nassert False, 'y' * 10**6")
    assert len(got.printed) <= 20_000 and len(got.message) <= 20_000
    assert sum(map(len, got.traceback)) < 100_000
    assert len(verdict("long()").message) <= 20_000


@pytest.mark.parametrize(
    "check",
    ["colored()", "assert False, repr(colored_object)", "print(colored_object)",
     "assert False, colored_object", "raise ValueError('\\x1b[2J\\ud800')",
     "print('\\x1b[31m\\ud800')", "int('\\x1b')", "{}[str(colored_object)]"],
)  # fmt: skip
def test_nothing_of_a_verdict_can_act_on_a_terminal_or_break_a_file(check: str) -> None:
    got = verdict(check)
    text = "\n".join([got.ename, got.message, got.printed, *got.traceback])
    assert not set(text) & {"\x1b", "\x07", "\r", "\u202e", "\ud800"}
    text.encode()


def test_clean_keeps_lines_tabs_and_letters_of_all_alphabets() -> None:
    assert clean("a\tb\nä€日本 ∑ 😀") == "a\tb\nä€日本 ∑ 😀"
    assert clean("\x1b[31mred\x00\x9b\u2028\ufeff") == "[31mred"


@pytest.mark.parametrize("name", ["colored_object", "mute_object", "stub"])
def test_an_objects_own_text_may_be_a_message_while_the_kernel_answers(name: str) -> None:
    got = verdict(f"assert right(2) == 5, {name}")
    assert got.outcome == "wrong" and got.message


def test_names_of_one_check_are_gone_in_the_next() -> None:
    got = remotely(STUDENT, "x = 1", "x")
    assert got.outcome == "error" and "name 'x' is not defined" in got.message


def test_given_names_are_the_courses_even_if_the_student_has_others() -> None:
    got = remotely(
        "E = None\nhelper = None", "assert E.shape == (10, 4) and helper() == 1",
        given="def helper():\n    return 1",
    )  # fmt: skip
    assert got.outcome == "passed", got


def test_a_check_leaves_builtins_and_main_as_they_were() -> None:
    import builtins
    import sys

    before = builtins.isinstance, sys.modules["__main__"]
    for check in ("import __main__ as student; student.right(1)", "1 / 0", "raise SystemExit"):
        verdict(check)
    assert (builtins.isinstance, sys.modules["__main__"]) == before


@pytest.mark.parametrize(
    "source, free",
    [
        ("got = lookup(E, 3)", {"lookup", "E"}),
        ("def f(a):\n    return a + total", {"total"}),
        ("[x + y for x in rows]", {"y", "rows"}),
        ("import numpy as np\nnp.sum(values)", {"values"}),
        ("for i in range(3):\n    print(i, mean)", {"mean"}),
        ("class A(Base):\n    x = y", {"Base", "y"}),
        ("lambda z: z(w)", {"w"}),
        ("with opened() as f:\n    f", {"opened"}),
    ],
)
def test_the_names_that_a_check_needs_are_found_without_running_it(source: str, free: set) -> None:
    assert free_names(source) == free
