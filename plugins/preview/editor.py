"""Label Studio's front end, as it lies in the installed package."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from plugins.preview.errors import EditorMissing

_EXPORTS_EDITOR = "window.LabelStudio="
_STYLE = "! tailwindcss"
# How the application loads a part of itself: the files it needs, then the module that starts it.
_LOADS = re.compile(r"Promise\.all\(\[(?P<files>[^\]]*)\]\)\.then\(\w+\.bind\(\w+,(?P<module>\d+)\)\)")


@dataclass(frozen=True)
class Editor:
    """Where the front end and its fonts lie, the numbered files of the editor, its modules, and the feature flags."""

    folder: Path
    static: Path
    files: tuple[int, ...]
    module: int
    style: int
    flags: dict[str, bool]


def find_editor() -> Editor:
    """The editor of the installed Label Studio; raises EditorMissing."""
    found = find_spec("label_studio")
    if found is None or found.origin is None:
        raise EditorMissing
    package = Path(found.origin).parent
    folder = package.parent / "web" / "dist" / "apps" / "labelstudio"
    if not (folder / "main.js").is_file():
        raise EditorMissing
    main = (folder / "main.js").read_text("utf-8")
    files, module = _loader(folder, main)
    static = package / "core" / "static"
    return Editor(folder, static, files, module, _style(main), _flags(package / "feature_flags.json"))


def _loader(folder: Path, main: str) -> tuple[tuple[int, ...], int]:
    """The numbers that the application itself uses to load the editor."""
    holding = [path.stem for path in sorted(folder.glob("[0-9]*.js")) if _EXPORTS_EDITOR in path.read_text("utf-8")]
    for load in _LOADS.finditer(main):
        files = re.findall(r"\((\d+)\)", load["files"])
        if set(holding) & set(files):
            return tuple(map(int, files)), int(load["module"])
    raise EditorMissing


def _style(main: str) -> int:
    """The module that holds the style sheet of the buttons, which the application adds when it starts."""
    before = main[: max(main.find(_STYLE), 0)]
    modules = re.findall(r"[,{](\d+):\(\w,\w,\w\)=>", before)
    if not modules:
        raise EditorMissing
    return int(modules[-1])


def _flags(path: Path) -> dict[str, bool]:
    """The switches of the front end, as the server would set them without any rule of its own."""
    flags = json.loads(path.read_text("utf-8"))["flags"] if path.is_file() else {}
    return {name: bool(_variation(flag)) for name, flag in flags.items()}


def _variation(flag: Mapping[str, Any]) -> object:
    return flag["variations"][flag["fallthrough"]["variation"] if flag["on"] else flag["offVariation"]]
