"""The course on disk: its folders, its labs, its address.

Everything is read from `nbgrader_config.py`, so that stock nbgrader, its formgrader and this
package see the same course.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

# With nbgrader comes jsonschema, and with it a grammar of addresses in all alphabets, which costs
# a command half of its start. No notebook has a use for it, and jsonschema does without.
sys.modules.setdefault("rfc3987_syntax", None)

from nbgrader.coursedir import CourseDirectory  # noqa: E402
from traitlets.config import Config  # noqa: E402
from traitlets.config.loader import PyFileConfigLoader  # noqa: E402

CONFIG_FILE = "nbgrader_config.py"


class CourseError(Exception):
    """The course itself cannot be used; the message says what to do about it."""


@dataclass(frozen=True)
class Course:
    """A course root and its configuration."""

    root: Path

    def __post_init__(self) -> None:
        if not (self.root / CONFIG_FILE).is_file():
            raise CourseError(
                f"{self.root} has no {CONFIG_FILE}: run this at the course root, "
                "or name the root with --course DIR."
            )

    @cached_property
    def config(self) -> Config:
        """nbgrader's configuration, as stock nbgrader reads it."""
        return PyFileConfigLoader(CONFIG_FILE, path=str(self.root)).load_config()

    @cached_property
    def directories(self) -> CourseDirectory:
        """nbgrader's own view of the folders and of the gradebook's address."""
        return CourseDirectory(config=self.config, root=str(self.root))

    @property
    def source_directory(self) -> Path:
        return self.root / self.directories.source_directory

    @property
    def release_directory(self) -> Path:
        return self.root / self.directories.release_directory

    @property
    def submitted_directory(self) -> Path:
        return self.root / self.directories.submitted_directory

    @property
    def autograded_directory(self) -> Path:
        return self.root / self.directories.autograded_directory

    @property
    def feedback_directory(self) -> Path:
        return self.root / self.directories.feedback_directory

    @property
    def data_directory(self) -> Path:
        """What the labs read; a course need not have any.

        Raises: CourseError when it is a link to nothing, as of a demo whose course has moved.
        """
        data = self.root / "data"
        if data.is_symlink() and not data.exists():
            raise CourseError(
                f"{data} is a link to {data.readlink()}, which is not there: mend or remove it."
            )
        return data

    @property
    def gradebook_url(self) -> str:
        """SQLAlchemy address of nbgrader's gradebook."""
        return self.directories.db_url

    @property
    def repository(self) -> str:
        """`owner/name` of the public repository."""
        return self.config.Repository.owner_and_name

    @property
    def branch(self) -> str:
        return self.config.Repository.branch

    @property
    def cell_timeout(self) -> int:
        """Seconds one cell may run: nbgrader's own setting (its default is 30)."""
        return int(self.config.Execute.get("timeout", 30))

    def lab_source(self, lab: str) -> Path:
        """The percent-format file that a lab is built from."""
        return self.source_directory / lab / f"{lab}.py"

    def reference_notebook(self, lab: str) -> Path:
        return self.source_directory / lab / f"{lab}.ipynb"

    def student_notebook(self, lab: str) -> Path:
        return self.release_directory / lab / f"{lab}.ipynb"

    def answer_bank(self, lab: str) -> Path:
        return self.source_directory / lab / "answers.py"

    def labs(self) -> list[str]:
        """Names of all labs that have a source, in order."""
        return sorted(
            p.parent.name for p in self.source_directory.glob("*/*.py") if p.stem == p.parent.name
        )

    def choose(self, names: list[str] | None) -> list[str]:
        """The named labs, or all of them.

        Raises: CourseError for a name that is not a lab of this course.
        """
        labs = self.labs()
        unknown = [name for name in names or [] if name not in labs]
        if unknown:
            raise CourseError(
                f"no lab called {', '.join(unknown)}; this course has {', '.join(labs) or 'none'}."
            )
        return [lab for lab in labs if not names or lab in names]
