"""The guideline as Label Studio's instructions: HTML in the locale's direction, saying which version it is."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from guidelines.model import Guideline

STATUS = {
    "draft": "Draft: not yet signed off by the locale lead",
    "signed-off": "Signed off by the locale lead",
}


def instructions(guideline: Guideline) -> str:
    """The guideline's HTML between a line with its version and status, and a wrapper with direction and language."""
    head = ET.Element("p", dir="ltr")
    ET.SubElement(head, "small").text = about(guideline)
    wrapper = ET.Element("div", {"class": "concord-guideline"}, dir=guideline.direction, lang=guideline.locale)
    opening = ET.tostring(wrapper, encoding="unicode", short_empty_elements=False).removesuffix("</div>")
    return f"{opening}{ET.tostring(head, encoding='unicode')}{guideline.html}</div>"


def about(guideline: Guideline) -> str:
    """The line that says which version this is and whether a locale lead has signed it off."""
    return f"{guideline.version} · {STATUS[guideline.status]}"
