"""The answer bank of a lab: right answers by other routes, and the wrong ones students write."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from autograder.authoring.source import Lab, Problem, Refused, percent_cells
from autograder.examiner.names import bound_names, free_names


@dataclass(frozen=True)
class Answer:
    """One cell of the bank.

    title: what the answer does. right: whether it must earn full marks. earns: the points that
    a wrong answer keeps. says: words that the message of a failing check must contain.
    """

    exercise: str
    title: str
    right: bool
    source: str
    line: int
    says: str = ""
    earns: float = 0


@dataclass(frozen=True)
class Bank:
    """All answers of a lab, with what is needed to put them together."""

    lab: Lab
    answers: list[Answer]

    def of(self, exercise: str, right: bool | None = None) -> list[Answer]:
        """The answers to one exercise, all of them or only the right or wrong ones."""
        return [a for a in self.answers
                if a.exercise == exercise and right in (None, a.right)]  # fmt: skip

    @property
    def exercises(self) -> list[str]:
        return [cell.name for cell in self.lab.of_kind("exercise")]

    def points(self, exercise: str) -> float:
        """What the checks of an exercise are worth together."""
        return sum(c.points for c in self.lab.of_kind("check") if c.name == exercise)

    def earned(self, answer: Answer) -> float:
        """What an answer must earn."""
        return self.points(answer.exercise) if answer.right else answer.earns

    def reference(self, exercise: str) -> Answer:
        """The solution itself, as a right answer."""
        cell = next(c for c in self.lab.of_kind("exercise") if c.name == exercise)
        return Answer(exercise, "the reference solution", True, cell.source, cell.line)

    def needs(self, answer: Answer) -> set[str]:
        """Other exercises whose answers this one, or the checks of its exercise, build on."""
        bound = {c.name: bound_names(c.source) for c in self.lab.of_kind("exercise")}
        read = set()
        for source in [answer.source] + [
            c.source for c in self.lab.of_kind("check") if c.name == answer.exercise
        ]:
            try:
                read |= free_names(source)
            except SyntaxError:
                continue
        return {name for name, names in bound.items() if name != answer.exercise and names & read}


def read_bank(lab: Lab, path: Path) -> Bank:
    """Reads `answers.py` of a lab.

    Raises: Refused for an answer to no exercise, or one that does not say what it must.
    """
    exercises = {cell.name for cell in lab.of_kind("exercise")}
    answers, problems = [], []
    for line, cell_type, metadata, source in percent_cells(path):
        if cell_type == "markdown":
            continue
        kinds = {"right", "wrong"} & metadata.keys()
        unknown = metadata.keys() - {"exercise", "right", "wrong", "says", "earns"}
        if metadata.get("exercise") not in exercises:
            problems.append(Problem(path, line, f"answers no exercise of {lab.name}: "
                                    f"{metadata.get('exercise')!r}."))  # fmt: skip
        elif len(kinds) != 1 or unknown:
            problems.append(Problem(path, line, "an answer is either right=… or wrong=… (with "
                                    "says=… and perhaps earns=…)."))  # fmt: skip
        elif kinds == {"wrong"} and not metadata.get("says"):
            problems.append(Problem(path, line, "a wrong answer needs says=…: words that name "
                                    "the mistake in the message."))  # fmt: skip
        elif not _is_number(metadata.get("earns", 0)):
            problems.append(Problem(path, line, f"earns={metadata['earns']!r} is not a number of "
                                    "points."))  # fmt: skip
        else:
            right = kinds == {"right"}
            answers.append(Answer(
                exercise=metadata["exercise"],
                title=str(metadata["right" if right else "wrong"]),
                right=right,
                source=source,
                line=line,
                says=str(metadata.get("says", "")),
                earns=float(metadata.get("earns", 0)),
            ))  # fmt: skip
    if problems:
        raise Refused(problems)
    return Bank(lab, answers)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
