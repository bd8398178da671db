"""What annotators are asked and told: workflows and guidelines, a base in English and an overlay per locale.

`load` reads a folder into a `Library`; `Library.guideline` gives what annotators of one locale see, with its version;
`check` lists every mistake in the files, with file, line and how to mend it. The file format is in `README.md`.
"""

from guidelines.errors import (
    ConcordError,
    GuidelineError,
    InvalidGuidelines,
    MalformedLocale,
    Problem,
    UnknownLocale,
    UnknownWorkflow,
)
from guidelines.library import Library, check, load
from guidelines.model import Choice, Guideline, GuidelineVersion, Question, Severity, Workflow
from guidelines.tags import LocaleTag, parse_locale

__all__ = [
    "Choice",
    "ConcordError",
    "Guideline",
    "GuidelineError",
    "GuidelineVersion",
    "InvalidGuidelines",
    "Library",
    "LocaleTag",
    "MalformedLocale",
    "Problem",
    "Question",
    "Severity",
    "UnknownLocale",
    "UnknownWorkflow",
    "Workflow",
    "check",
    "load",
    "parse_locale",
]
