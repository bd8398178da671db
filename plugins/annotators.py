"""The annotators of a programme: the rows of annotators.csv, and what they may say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from guidelines.errors import ConcordError
from guidelines.tags import parse_locale

COLUMNS = ("email", "name", "vendor", "locales", "domains", "education", "role", "qualified", "simulated")
SENSITIVE = "sensitive"  # what the voluntary column `accepts` may hold


@dataclass(frozen=True)
class Annotator:
    """A person who annotates; `email` is their account in the labelling tool and goes nowhere else.

    `accepts` names work that not everybody is given: SENSITIVE. `gender` and `region` are None unless the programme
    tells them, in its own words.
    """

    email: str
    name: str
    vendor: str
    locales: tuple[str, ...]
    domains: tuple[str, ...]
    education: str | None
    role: str
    qualified: tuple[str, ...]
    simulated: bool
    accepts: tuple[str, ...] = ()
    gender: str | None = None
    region: str | None = None


def annotator_mistakes(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with a row of annotators.csv, each with its fix; the header is checked before."""
    if "more" in row or None in row.values():
        yield "the number of cells differs from the header's", "put a text with commas in double quotes"
        return
    yield from ((f"{name}: is empty", "fill it") for name in ("email", "vendor", "locales", "role") if not row[name])
    yield from (mistake for locale in _listed(row["locales"]) if (mistake := _tag_mistake(locale)))
    if row["simulated"] not in ("true", "false"):
        yield f"simulated: {row['simulated']!r}", "write true or false"
    if not set(_listed(row.get("accepts", ""))) <= {SENSITIVE}:
        yield f"accepts: {row['accepts']!r}", f"write {SENSITIVE}, or nothing"


def _tag_mistake(locale: str) -> tuple[str, str] | None:
    try:
        tag = parse_locale(locale).tag
    except ConcordError as error:
        return f"locales: {error.message}", error.fix
    return None if tag == locale else (f"locales: {locale!r} is in the wrong case", f"write {tag}")


def read_annotator(row: Mapping[str, str]) -> Annotator:
    """The annotator of a row in which there is no mistake."""
    return Annotator(
        email=row["email"],
        name=row["name"],
        vendor=row["vendor"],
        locales=_listed(row["locales"]),
        domains=_listed(row["domains"]),
        education=row["education"] or None,
        role=row["role"],
        qualified=_listed(row["qualified"]),
        simulated=row["simulated"] == "true",
        accepts=_listed(row.get("accepts", "")),
        gender=row.get("gender", "").strip() or None,
        region=row.get("region", "").strip() or None,
    )


def _listed(cell: str) -> tuple[str, ...]:
    return tuple(filter(None, map(str.strip, cell.split(";"))))
