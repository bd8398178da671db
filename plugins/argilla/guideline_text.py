"""The guideline in Argilla: in the dataset's guidelines as far as they go, and whole in a field of every record.

Argilla takes 10,000 characters of guidelines, which a guideline with its examples exceeds.
"""

from __future__ import annotations

import re
from html import escape

from guidelines.model import Guideline
from guidelines.render import CLAUSE
from plugins.argilla.frame import FIT

LIMIT = 10_000

_TAG = re.compile(r"<(?=[A-Za-z/!?])(?!https?:|mailto:)")

# It looks like Label Studio's instructions. No "$": the page would take it for a pattern of its own.
_TEMPLATE = """<style>
body{{font:16px/1.6 sans-serif;color:var(--fg-primary);margin:0}}
#all{{display:flow-root}}
summary{{cursor:pointer}}
ul{{list-style:disc;padding-inline-start:1.5em}}
ol{{list-style:decimal;padding-inline-start:1.5em}}
th,td{{border:1px solid rgba(128,128,128,.4);padding:.2em .6em;text-align:start}}
</style>
<div id="all"><details lang="{language}" dir="{direction}"><summary><bdi dir="ltr">{version}</bdi></summary>
{html}</details></div>
<script>
(() => {{
{fit}
  document.querySelector("details").addEventListener("toggle", fit);
}})();
</script>"""


def field_title(guideline: Guideline) -> str:
    """The title of the field with the whole guideline."""
    return f"📖 {guideline.workflow.title}"


def dataset_guidelines(guideline: Guideline) -> str:
    """The guideline's Markdown after a line with its version, at most 10,000 characters.

    What does not fit is left out in whole sections, and a last line names the field that holds everything.
    """
    head, *sections = re.split(r"(?m)^(?=## )", _TAG.sub("<\u2060", _without_ids(guideline.markdown)))
    text = f"{guideline.version}\n\n{head}"
    more = f"\n… {field_title(guideline)}\n"
    for number, section in enumerate(sections):
        rest = sum(map(len, sections[number:]))
        if len(text) + rest > LIMIT and len(text) + len(section) + len(more) > LIMIT:
            return text + more
        text += section
    return text


def template(guideline: Guideline) -> str:
    """The custom field that shows the whole guideline when it is opened."""
    filled = _TEMPLATE.format(
        language=escape(guideline.locale),
        direction=guideline.direction,
        version=escape(str(guideline.version)),
        html=guideline.html,
        fit=FIT,
    )
    return filled.replace("$", "&#36;")


def _without_ids(markdown: str) -> str:
    return "\n".join(CLAUSE.sub("", line) if line.startswith("#") else line for line in markdown.split("\n"))
