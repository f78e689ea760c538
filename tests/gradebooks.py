"""What a gradebook holds, without what differs from one gradebook to the next."""

from __future__ import annotations

from nbgrader.api import Gradebook

from autograder.course import Course


def rows(course: Course) -> list[tuple]:
    """Students, labs, cells, submissions, grades and comments; not their ids and times."""
    with Gradebook(course.gradebook_url, course.directories.course_id) as gradebook:
        found: list[tuple] = [("student", student.id) for student in gradebook.students]
        for assignment in gradebook.assignments:
            lab = assignment.name
            for nb in assignment.notebooks:
                found += [(lab, c.name, c.max_score, c.cell_type) for c in nb.grade_cells]
                found += [(lab, c.name, "solution") for c in nb.solution_cells]
                found += [(lab, c.name, c.source, c.checksum, c.locked) for c in nb.source_cells]
            for submission in assignment.submissions:
                who = lab, submission.student.id
                waits = submission.needs_manual_grade
                found.append((*who, submission.score, submission.max_score, waits))
                (nb,) = submission.notebooks
                found += [(*who, g.name, g.auto_score, g.manual_score, g.max_score, g.extra_credit,
                           g.needs_manual_grade) for g in nb.grades]  # fmt: skip
                found += [(*who, c.name, c.auto_comment, c.manual_comment) for c in nb.comments]
        return sorted(found, key=repr)
