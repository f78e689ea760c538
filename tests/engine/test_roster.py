"""Ids: safe as folders' names, the same in each export, and never one for two students."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from autograder.course import CourseError
from autograder.engine.exports import Owner
from autograder.engine.roster import MAX_ID, NoId, Roster, name_students, safe_id


def canvas(name: str, number: str = "") -> Owner:
    return Owner("canvas", name, number)


def moodle(name: str, number: str = "") -> Owner:
    return Owner("moodle", name, number)


def tree(name: str, place: str = "") -> Owner:
    return Owner("tree", name, place=place or name)


@pytest.fixture
def roster_of(tmp_path: Path):
    """A roster with the text given."""

    def make(text: str | bytes) -> Roster:
        path = tmp_path / "roster.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return Roster(path)

    return make


# Without a roster --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "student"),
    [
        ("Jane Doe", "Jane_Doe"),
        ("jane.doe+x@uni-a.edu", "jane.doe+x@uni-a.edu"),
        ("José Müller", "José_Müller"),
        ("Jose\u0301", "José"),
        ("李小龙", "李小龙"),
        ("O'Neil, Ann", "O_Neil_Ann"),
        ("../../etc", "etc"),
        ("..", ""),
        ("-rf", "rf"),
        (".hidden", "hidden"),
        ("a/b", "a_b"),
        ("a\uff0fb", "a_b"),  # a wide slash is a slash once it is normalised
        ("\x1b[31mred\u202e", "31mred"),
        ("a\0b\nc", "a_b_c"),
        ("x" * 1000, "x" * MAX_ID),
        ("!!!", ""),
    ],
)
def test_any_text_becomes_a_safe_id_or_none(text: str, student: str) -> None:
    assert safe_id(text) == student
    assert safe_id(student) == student


def test_the_longest_id_is_a_folders_name(tmp_path: Path) -> None:
    (tmp_path / safe_id("\U00020000" * 1000)).mkdir()
    assert len(os.listdir(tmp_path)[0]) == MAX_ID


def test_each_platform_has_ids_of_its_own_kind() -> None:
    owners = [canvas("doejane", "12"), canvas("anon_aB3xY"), canvas("", "13"),
              moodle("Jane Doe", "77"), tree("ann")]  # fmt: skip
    ids, refused = name_students(owners, None, [])
    assert list(ids.values()) == ["doejane_12", "anon_aB3xY", "13", "Jane_Doe", "ann"]
    assert refused == {}


def test_two_of_one_name_in_moodle_are_told_apart_by_their_numbers() -> None:
    owners = [moodle("Jane Doe", "77"), moodle("Jane  Doe", "78"), moodle("Eve Roe", "79")]
    ids, refused = name_students(owners, None, [])
    assert list(ids.values()) == ["Jane_Doe_77", "Jane_Doe_78", "Eve_Roe"]
    assert refused == {}


@pytest.mark.parametrize(
    "owners",
    [
        [tree("ann"), tree("Ann")],
        [tree("ann", "a/ann"), tree("ann", "b/ann")],
        [tree("a b"), tree("a_b")],
        [tree("straße"), tree("STRASSE")],
        [canvas("x" * 60 + "a", "1"), canvas("x" * 60 + "b", "1")],
    ],
)
def test_two_who_would_share_a_folder_get_no_id(owners: list[Owner]) -> None:
    ids, refused = name_students([*owners, tree("eve")], None, [])
    assert ids == {tree("eve"): "eve"}
    assert set(refused) == set(owners)
    assert all("a roster can tell them apart" in why for why in refused.values())


def test_an_id_that_differs_in_case_from_one_that_is_there_is_refused() -> None:
    ids, refused = name_students([tree("Ann"), tree("bob")], None, ["ann", "bob"])
    assert ids == {tree("bob"): "bob"}
    assert refused == {tree("Ann"): "Ann and ann, who is there, differ in case alone"}


def test_who_has_no_letter_in_the_name_gets_no_id() -> None:
    _, refused = name_students([tree("..."), moodle("!!!", "1")], None, [])
    assert len(refused) == 2


# With a roster -----------------------------------------------------------------------------------

TABLE = """\
student_id,canvas_id,moodle_id,name,email
jd1,123,Participant 77,"Doe, Jane",jane@uni.edu
er2,,,Eve Maria Roe,eve@uni.edu
"""


@pytest.mark.parametrize(
    ("owner", "student"),
    [
        (canvas("whatever", "123"), "jd1"),
        (canvas("roeevemaria", "999"), "er2"),
        (moodle("whoever", "77"), "jd1"),
        (moodle("Eve Maria Roe", "999"), "er2"),
        (moodle("eve-maria ROE"), "er2"),
        (tree("jd1"), "jd1"),
        (tree("jane@uni.edu"), "jd1"),
        (tree("Jane Doe"), "jd1"),
        (tree("doe_jane"), "jd1"),
    ],
)
def test_a_roster_finds_students_by_number_then_by_name(
    roster_of, owner: Owner, student: str
) -> None:
    assert roster_of(TABLE).find(owner) == student


@pytest.mark.parametrize(
    "owner",
    [
        canvas("doejane", "999"),  # her number is known, and it is another one
        moodle("Jane Doe", "78"),
        canvas("77", "5"),
        canvas("jd1", "5"),
        canvas("", "5"),
        tree("123"),
        tree("!"),
    ],
)
def test_who_is_not_in_the_roster_is_nobody(roster_of, owner: Owner) -> None:
    with pytest.raises(NoId, match=r"is not in roster\.csv"):
        roster_of(TABLE).find(owner)


def test_a_name_of_two_students_is_nobodys(roster_of) -> None:
    roster = roster_of("student_id,name\na1,Jane Doe\na2,Jane Doe\n")
    with pytest.raises(NoId, match=r"Jane Doe can be a1 or a2 in roster\.csv"):
        roster.find(moodle("Jane Doe", "1"))


def test_two_files_of_one_number_under_two_names_are_nobodys(roster_of) -> None:
    owners = [canvas("doejane", "123"), canvas("roeeve", "123")]
    ids, refused = name_students(owners, roster_of(TABLE), [])
    assert ids == {} and set(refused) == set(owners)


def test_a_gradebook_of_canvas_is_a_roster(roster_of) -> None:
    gradebook = (
        "\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,Toy (1)\r\n"
        "    Points Possible,,,,,10.00\r\n"
        '"Doe, Jane",123,u55,jdoe,One,\r\n'
    )
    assert roster_of(gradebook).find(canvas("doejane", "123")) == "jdoe"
    own = gradebook.replace("SIS User ID", "student_id")
    assert roster_of(own).find(canvas("doejane", "123")) == "u55"


def test_a_table_with_semicolons_is_a_roster(roster_of) -> None:
    assert roster_of("student_id;canvas_id\njd1;123\n").find(canvas("x", "123")) == "jd1"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no column student_id"),
        ("name,email\nJane,j@uni.edu\n", "has no column student_id"),
        ("student_id\n../x\n", r"line 2: '../x' cannot be a student's id"),
        ("student_id,name\na,A\n.b,B\n", r"line 3: '.b' cannot be a student's id"),
        (b"student_id\n\xff\xfe\n", "cannot be read as a table in UTF-8"),
    ],
)
def test_what_is_no_roster_is_told(roster_of, text: str | bytes, words: str) -> None:
    with pytest.raises(CourseError, match=words):
        roster_of(text)


def test_a_roster_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match=r"gone\.csv cannot be read"):
        Roster(tmp_path / "gone.csv")
