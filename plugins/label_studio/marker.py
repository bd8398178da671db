"""Which projects in Label Studio are ours: their description says so."""

from __future__ import annotations

from plugins.errors import PluginError
from plugins.label_studio.api import Api
from plugins.marker import Identity, Marker, read_marker
from plugins.programme import Programme
from plugins.projects import Projects


def find(api: Api, programme: str) -> dict[Identity, tuple[int, Marker]]:
    """This programme's projects by identity: id and marker. Raises PluginError when two claim the same identity."""
    found: dict[Identity, tuple[int, Marker]] = {}
    for project, description in api.projects():
        marker = read_marker(description)
        if marker is None or marker.programme != programme:
            continue
        if marker.identity in found:
            both = f"projects {found[marker.identity][0]} and {project}"
            message = f"{both} are both marked as {marker.name} of {programme}"
            raise PluginError(message, fix="take the first line out of the description of the one that is a copy")
        found[marker.identity] = (project, marker)
    return found


def registered(api: Api, programme: Programme) -> Projects:
    """The programme's projects as Label Studio itself has them."""
    found = find(api, programme.programme).values()
    projects = [marker.project(project, programme.source, programme.stage) for project, marker in found]
    return Projects(programme.source, {each.project: each for each in projects if each.versions})
