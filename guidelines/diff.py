"""Two guidelines compared, question by question and clause by clause."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import ndiff
from pathlib import Path

from guidelines.errors import GuidelineError
from guidelines.model import Guideline
from guidelines.words import base_words


class NoSuchRevision(GuidelineError):
    """A revision that git does not know, or a folder without history."""

    def __init__(self, revision: str, root: Path) -> None:
        super().__init__(
            f"{root} has no revision {revision!r} in git", fix="name a commit, a tag or a branch that holds the folder"
        )


def compare(old: Guideline, new: Guideline) -> Iterator[str]:
    """The lines that tell where two guidelines differ: the place, then `-` what was and `+` what is."""
    yield f"- {old.version} ({old.status})"
    yield f"+ {new.version} ({new.status})"
    before, after = _parts(old), _parts(new)
    for place in dict.fromkeys([*after, *before]):
        if before.get(place) != after.get(place):
            yield f"\n{place}"
            yield from _lines(before.get(place, ""), after.get(place, ""))


def _parts(guideline: Guideline) -> dict[str, str]:
    """All texts, numbers and clauses by a name that does not depend on the language."""
    parts = {" › ".join(spot): text for spot, text in base_words(guideline.workflow).items()}
    parts |= _numbers(guideline)
    for clause in guideline.clauses:
        name = f"clause {clause.id}"
        parts[name] = "\n\n".join(filter(None, (parts.get(name), clause.markdown)))
    return parts


def _numbers(guideline: Guideline) -> dict[str, str]:
    """What no locale can change, and a new version of the base can: scales, numbers and weights."""
    return {
        f"questions › {question.id} › scale": ", ".join(
            [f"{code} = {number:g}" for code, number in question.steps if number is not None]
            + [f"{severity.code} = {severity.weight:g}" for severity in question.severities]
        )
        for question in guideline.workflow.questions
    }


def _lines(old: str, new: str) -> Iterator[str]:
    """What changed, line by line; lines that are the same are left out."""
    return (line for line in ndiff(old.splitlines(), new.splitlines()) if line[0] in "+-" and line[2:].strip())


@contextmanager
def at_revision(root: Path, revision: str) -> Iterator[Path]:
    """The guideline folder as it was at a revision of the git repository it lies in; raises NoSuchRevision."""
    commit = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    archive = _git(root, "archive", "--format=tar", commit.decode().strip()) if commit else b""
    if not archive:
        raise NoSuchRevision(revision, root)
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(folder, filter="data")
        yield Path(folder)


def _git(root: Path, *arguments: str) -> bytes:
    """What git prints; nothing if it fails."""
    done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=False)  # noqa: S603, S607
    return done.stdout if done.returncode == 0 else b""
