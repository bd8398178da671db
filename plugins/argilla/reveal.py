"""The custom field that keeps a text out of focus until the annotator asks for it."""

from __future__ import annotations

from guidelines.model import Guideline
from plugins.argilla.encoding import encoded
from plugins.argilla.frame import FIT

# The page shows it in a frame of its own. No "$": the page would take it for a pattern.
_TEMPLATE = """<style>
body{font:17px/1.7 sans-serif;color:var(--fg-primary);margin:0}
#all{display:flow-root}
.text{white-space:pre-wrap;unicode-bidi:plaintext;text-align:start}
.text.away{filter:blur(9px);user-select:none;max-height:12em;overflow:hidden}
button{font:inherit;cursor:pointer;padding:.2em .8em;border:1px solid;border-radius:6px;background:transparent}
</style>
<div id="all"><p id="warning"></p><button id="reveal"></button>
<div id="text" class="text away" aria-hidden="true"></div></div>
<script>
(() => {
  const read = (code) => JSON.parse(atob(code));
  const words = read("WORDS");
  const at = (id) => document.getElementById(id);
FIT
  at("all").dir = words.direction;
  at("all").lang = words.language;
  at("warning").textContent = words.warning;
  at("reveal").textContent = words.reveal;
  at("text").textContent = read(record.fields[words.field].text);
  at("reveal").addEventListener("click", () => {
    at("text").classList.remove("away");
    at("text").removeAttribute("aria-hidden");
    at("warning").remove();
    at("reveal").remove();
    fit();
  });
})();
</script>"""


def template(guideline: Guideline, field: str) -> str:
    """The template of the field with this name; words and text never meet the HTML, a script puts them in as text."""
    texts = guideline.workflow.texts
    words = {
        "field": field,
        "warning": texts.get("warning", ""),
        "reveal": texts.get("reveal", ""),
        "direction": guideline.direction,
        "language": guideline.locale,
    }
    return _TEMPLATE.replace("FIT", FIT).replace("WORDS", encoded(words))
