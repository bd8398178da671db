"""YAML texts as plain values that remember on which line each stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml import (
    CollectionEndEvent,
    CollectionStartEvent,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    YAMLError,
)

from guidelines.errors import Problem

Place = tuple[str | int, ...]

# Texts stay texts, dates too, and so do `yes`, `no`, `on` and `off`: only numbers, true, false and null are no texts.
_SCALARS: Mapping[str, Callable[[str], object]] = {
    "tag:yaml.org,2002:int": int,
    "tag:yaml.org,2002:float": float,
    "tag:yaml.org,2002:bool": lambda text: {"true": True, "false": False}.get(text.lower(), text),
    "tag:yaml.org,2002:null": lambda text: None,
}

_DEEPEST = 10  # our own files are half as deep
_BOTTOMLESS = 500
_MOST = 100_000  # our own files have a hundredth

# What the parser says, and what usually mends it.
_MENDS = {
    "mapping values are not allowed": 'put the text in quotes if it contains ": "',
    "cannot start any token": "indent with spaces, not tabs, and put a text that starts with a sign in quotes",
    "found unexpected end of stream": "close the quotes",
    "could not find expected ':'": "write `name: text`, and put a text of several lines in quotes",
    "undefined alias": "put a text that starts with * in quotes",
    "duplicate anchor": "give each anchor (&…) a name of its own",
    "nesting": "write it out flat",
}


@dataclass(frozen=True)
class Document:
    """A YAML text: its value, the line of each part of it, and what is wrong with its form.

    >>> document = read_yaml("a.yaml", "title: Hello\\nchoices:\\n  - {code: yes_please}\\n")
    >>> document.value["choices"][0], document.line(("choices", 0, "code")), document.line(("choices", 7))
    ({'code': 'yes_please'}, 3, 2)
    """

    file: str
    value: Any
    lines: Mapping[Place, int]
    problems: tuple[Problem, ...] = ()

    def line(self, path: Place = ()) -> int:
        """The line of this part, or of the nearest part around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def problem(self, path: Place, message: str, fix: str) -> Problem:
        """A problem at this part."""
        return Problem(self.file, self.line(path), message, fix)


def read_yaml(file: str, text: str, first_line: int = 1) -> Document:
    """Read a YAML text that starts on line `first_line` of `file`; a text that is not YAML has the value None.

    A duplicate key is a problem, and its first value counts.
    """
    try:
        if line := _bottomless(text):
            return Document(file, None, {(): first_line}, (_too_deep(file, first_line + line - 1),))
        root = yaml.compose(text, Loader=yaml.CSafeLoader)  # in C, since there are hundreds of files
    except YAMLError as error:
        return Document(file, None, {(): first_line}, (_syntax_problem(file, text, first_line, error),))
    reader = _Reader(file, first_line)
    value = reader.plain(root, ()) if root is not None else None
    return Document(file, value, {(): first_line, **reader.lines}, tuple(reader.problems))


def _bottomless(text: str) -> int | None:
    """The line on which a text is nested so deeply that the C parser would end the process; None for all others."""
    if sum(map(text.count, ("[", "{", "- ", "? "))) < _BOTTOMLESS:
        return None
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > _BOTTOMLESS:
            return event.start_mark.line + 1 if event.start_mark else 1
    return None


def _syntax_problem(file: str, text: str, first_line: int, error: YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    said = " ".join(filter(None, (getattr(error, "context", None), getattr(error, "problem", None)))) or str(error)
    if "quoted scalar" in said:  # where the quotes open says more than the end of the file
        mark = getattr(error, "context_mark", None)
    line = mark.line if mark else text.encode().count(b"\n", 0, getattr(error, "position", 0))
    fix = next((mend for sign, mend in _MENDS.items() if sign in said), "check quotes, colons and indentation here")
    line = min(line, text.count("\n"))  # the end may be said to be on the line after the last
    return Problem(file, first_line + line, f"this is not YAML: {' '.join(said.split())}", fix)


def _too_deep(file: str, line: int) -> Problem:
    return Problem(file, line, "this is nested too deeply", "write it out flat")


@dataclass
class _Reader:
    """Walks the parsed nodes once, noting lines and duplicate keys."""

    file: str
    first_line: int
    lines: dict[Place, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def plain(self, node: Node, path: Place) -> object:
        self.lines.setdefault(path, self._line(node))
        if len(path) > _DEEPEST:  # such as a list that contains itself through an alias
            self.problems.append(_too_deep(self.file, self._line(node)))
            return None
        if len(self.lines) > _MOST:  # lists of aliases of lists of aliases
            message = f"this has more than {_MOST} values"
            self.problems.append(Problem(self.file, self.first_line, message, "write it out without aliases (*…)"))
            return None
        if isinstance(node, MappingNode):
            return {key: self.plain(value, (*path, key)) for key, value in self._entries(node, path)}
        if isinstance(node, SequenceNode):
            return [self.plain(each, (*path, index)) for index, each in enumerate(node.value)]
        return _scalar(node)

    def _entries(self, node: MappingNode, path: Place) -> Iterator[tuple[str, Node]]:
        seen: dict[str, int] = {}
        for key_node, value in node.value:
            key, line = _key(key_node), self._line(key_node)
            if key in seen:
                message = f"{key!r} is written twice in the same place, first on line {seen[key]}"
                self.problems.append(Problem(self.file, line, message, "keep one of the two"))
                continue
            seen[key] = self.lines[(*path, key)] = line
            yield key, value

    def _line(self, node: Node) -> int:
        return int(node.start_mark.line) + self.first_line


def _key(node: Node) -> str:
    return str(node.value) if isinstance(node, ScalarNode) else "?"


def _scalar(node: Node) -> object:
    convert = _SCALARS.get(str(node.tag), str)
    try:
        return convert(node.value)
    except ValueError:  # a spelling of numbers that Python does not share, such as 0o17: for the schema to refuse
        return node.value
