"""`autograder grade`: takes each submission through the four stages, several at a time."""

from __future__ import annotations

import asyncio
import os
import stat
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.course import Course, CourseError
from autograder.engine.execute import Machine, NotRun, Run
from autograder.engine.intake import BadSubmission
from autograder.engine.lab import ReleasedLab
from autograder.engine.prepare import prepare
from autograder.engine.record import Recorder, Result
from autograder.engine.together import finished, together
from autograder.engine.unchanged import Kept, Look, circumstances, still_holds
from autograder.sandbox.layers import System, try_layers
from autograder.sandbox.paths import covered, readable


def sandbox_for(course: Course) -> System:
    """What this system can confine student code of the course with.

    Raises: CourseError where that does not suffice.
    """
    if inside := [f for f in readable() if covered(str(course.root.resolve()), [f])]:
        raise CourseError(
            f"the course lies in {inside[0]}, which student code must be able to read; "
            "move the course elsewhere."
        )
    system = try_layers()
    if not system.fit:
        raise CourseError(
            f"no sandbox: student code could {'; '.join(system.open_ways)}. `autograder doctor` "
            "tells what is missing and how to get it; --sandbox none grades without."
        )
    if os.geteuid() == 0 and not system.layers.namespaces and (closed := _closed(course.root)):
        raise CourseError(
            f"the course lies in {closed}, which only its owner can enter. Without name spaces, "
            "student code runs as a user of its own, which must reach the course's data: open "
            f"the folder (`chmod o+x {closed}`) or move the course elsewhere."
        )
    return system


def _closed(folder: Path) -> Path | None:
    """The first folder on the way to this one, or it, that others cannot enter."""
    folder = folder.resolve()
    way = [*reversed(folder.parents), folder]
    return next((each for each in way if not each.stat().st_mode & stat.S_IXOTH), None)


@dataclass(frozen=True)
class Job:
    """One student's submission of one lab."""

    student: str
    lab: ReleasedLab
    folder: Path


def find_jobs(
    course: Course, labs: list[ReleasedLab], student: str | None
) -> tuple[list[Job], list[tuple[str, ReleasedLab]]]:
    """What there is to grade, and which student has handed in nothing for which lab.

    Raises: CourseError when there are no submissions, or none of the student asked for.
    """
    submitted = course.submitted_directory
    expected = f"{submitted.name}/STUDENT/LAB/LAB.ipynb"
    if not submitted.is_dir():
        raise CourseError(f"no submissions: expected {expected} in {course.root}.")
    students = sorted(p.name for p in submitted.iterdir() if not p.name.startswith("."))
    if student is not None:
        if student not in students:
            raise CourseError(f"no submissions of {student!r}; there are {', '.join(students)}.")
        students = [student]
    if not students:
        raise CourseError(f"no submissions: {submitted} is empty; expected {expected}.")
    jobs, missing = [], []
    for name in students:
        # Bytes that are no text can stand in a folder's name, but in no table and no database.
        shown = os.fsencode(name).decode("utf-8", "replace")
        for lab in labs:
            home, folder = submitted / name, submitted / name / lab.name
            # What is no folder is a job too: it fails, and says so.
            if home.is_symlink() or not home.is_dir() or os.path.lexists(folder):
                jobs.append(Job(shown, lab, folder))
            else:
                missing.append((shown, lab))
    return jobs, missing


def _is_folder(job: Job) -> bool:
    """Whether a submission stands in a student's folder with a name that can be written down."""
    home = job.folder.parent
    return home.name == job.student and home.is_dir() and not home.is_symlink()


async def grade_class(
    course: Course,
    labs: list[str],
    student: str | None,
    workers: int,
    machine: Machine,
    tell: Callable[[Result, int, int], None],
    force: bool = False,
) -> list[Result]:
    """Grades every submission of the labs that has changed, and records each as it is done.

    workers: submissions at once. machine: runs them. tell: called after each with the result, how
    many are done, and how many there are. force: grades those that are unchanged as well.

    Raises: CourseError when the run cannot be done at all.
    """
    released = [ReleasedLab.load(course, lab) for lab in labs]
    jobs, missing = find_jobs(course, released, student)
    now = circumstances(released, course.data_directory, machine.limits, machine.confined)
    with (
        closing(Recorder(course)) as recorder,
        Kept(course, now) as kept,
        ThreadPoolExecutor(1) as writer,
    ):
        for lab in released:
            recorder.add_lab(lab)
        known = recorder.students()
        if not known:
            # All at once: a run that is stopped leaves no half of a class for the next one to
            # wonder at the other half.
            recorder.add_students(job.student for job in jobs if _is_folder(job))
        if student is None:
            there = {(job.student, job.lab.name) for job in jobs} | {
                (name, lab.name) for name, lab in missing
            }
            missing += [(name, lab) for name in sorted(known) for lab in released
                        if (name, lab.name) not in there]  # fmt: skip
        results = []
        for lab in released:
            results += recorder.missing([name for name, of in missing if of is lab], lab)
        changed, done = jobs, 0
        if not force:
            changed, unchanged = split(jobs, recorder, kept)
            for done, result in enumerate(unchanged, 1):
                results.append(result)
                tell(result, done, len(jobs))
        if not changed:
            return results
        run = await machine.start()
        kept.forget((job.student, job.lab.name) for job in changed)
        queue = iter(changed)

        async def work() -> None:
            nonlocal done
            for job in queue:
                result = await grade_one(job, recorder, writer, run, known, kept)
                results.append(result)
                done += 1
                tell(result, done, len(jobs))

        await together(*(work() for _ in range(max(1, min(workers, len(changed))))))
        return results


def split(jobs: list[Job], recorder: Recorder, kept: Kept) -> tuple[list[Job], list[Result]]:
    """The jobs that are to be graded, and the results of those that need not be."""
    changed, unchanged = [], []
    labs = {job.lab.name for job in jobs}
    points, late = recorder.points(labs), recorder.lateness(labs)
    for job in jobs:
        look = Look(job.folder, job.lab)
        key = job.student, job.lab.name
        there, came = points.get(key, {}), late.get(key)
        result = still_holds(job.student, job.lab, look, kept, recorder, there, came)
        if result is None:
            changed.append(job)
        else:
            unchanged.append(result)
    return changed, unchanged


async def grade_one(
    job: Job, recorder: Recorder, writer: Executor, run: Run, known: set[str], kept: Kept
) -> Result:
    """One submission through all four stages; whatever it holds, the run goes on.

    writer: the one thread that writes into the gradebook; others are served meanwhile.

    Raises: CourseError when the result cannot be written down, or nothing can be run any more.
    """
    started = time.monotonic()
    look = Look(job.folder, job.lab)

    async def failed(reason: str) -> Result:
        seconds = time.monotonic() - started
        return await finished(writer, recorder.failed, job.student, job.lab, reason, seconds)

    try:
        prepared = await asyncio.to_thread(lambda: prepare(job.lab, look.submission))
        notes = look.submission.notes
        if known and job.student not in known:
            notes = ["a student whom the gradebook did not know; added", *notes]
        execution = await run(prepared, job.lab)
        result = await finished(writer, recorder.save, job.student, job.lab, execution, notes)
        if result.status == "graded":  # what else there is may come of our side, or of chance
            kept.keep(result, look)
        return result
    except CourseError:
        raise
    except BadSubmission as bad:
        reason = str(bad)
        result = await failed(reason)
        kept.keep(replace(result, note=reason), look)
        return result
    except NotRun as why:
        reason = str(why)
    except Exception as error:
        # A fault of ours, not the student's: it must show, and it must not end the run.
        traceback.print_exc()
        reason = f"the grader failed: {type(error).__name__}: {error}"
    return await failed(reason)
