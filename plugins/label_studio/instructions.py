"""The guideline as Label Studio's instructions: HTML in the locale's direction, saying which version it is."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from guidelines.model import Guideline

# Label Studio's page takes margins, bullets and numbers away; its filter leaves this element, but no style attribute.
STYLE = """
.concord-guideline{line-height:1.6}
.concord-guideline h1{font-size:1.5em;margin:0 0 .6em}
.concord-guideline h2{font-size:1.2em;margin:1.4em 0 .4em}
.concord-guideline h3{font-size:1.05em;margin:1em 0 .3em}
.concord-guideline p,.concord-guideline ul,.concord-guideline ol,.concord-guideline table{margin:0 0 .7em}
.concord-guideline ul{list-style:disc;padding-inline-start:1.5em}
.concord-guideline ol{list-style:decimal;padding-inline-start:1.5em}
.concord-guideline th,.concord-guideline td{border:1px solid rgba(128,128,128,.4);padding:.2em .6em;text-align:start}
.concord-guideline blockquote{border-inline-start:3px solid rgba(128,128,128,.4);margin:0 0 .7em}
.concord-guideline blockquote{padding-inline-start:.8em}
"""


def instructions(guideline: Guideline) -> str:
    """The guideline's HTML between a line with its version and status, and a wrapper with direction and language."""
    head = ET.Element("p", dir="ltr")
    ET.SubElement(head, "small").text = about(guideline)
    wrapper = ET.Element("div", {"class": "concord-guideline"}, dir=guideline.direction, lang=guideline.locale)
    opening = ET.tostring(wrapper, encoding="unicode", short_empty_elements=False).removesuffix("</div>")
    return f"{opening}<style>{STYLE}</style>{ET.tostring(head, encoding='unicode')}{guideline.html}</div>"


def about(guideline: Guideline) -> str:
    """The line that says which version this is, and whether it is a draft; the text itself says so in its language."""
    return f"{guideline.version} · {guideline.status}"
