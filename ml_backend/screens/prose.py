"""A text without what is in no language: code, addresses, mark-up, mentions and the like."""

from __future__ import annotations

import regex

# Every pattern is bounded or takes whole lines: a hostile text costs no more than its length.
_NO_PROSE = regex.compile(
    r"""
    ```.*?(?:```|\Z)                                  # fenced code
  | `[^`\n]{1,200}`                                   # code in a line
  | \$\$.*?(?:\$\$|\Z) | \\[a-zA-Z]{2,20}\b           # formulas
  | (?:\b[a-zA-Z][a-zA-Z0-9+.-]{1,20}://|\bwww\.)\S+  # addresses
  | [\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){1,6}
  | \b[a-zA-Z0-9-]{1,63}(?:\.[a-zA-Z0-9-]{1,63}){0,6}\.(?:com|org|net|io|gov|edu|info)\b\S*
  | </?[a-zA-Z][^<>]{0,200}> | &\#?\w{1,10};          # mark-up
  | [@\#][\w]{1,64}                                   # mentions and tags
    """,
    regex.VERBOSE | regex.DOTALL,
)
_CODE_LINE = regex.compile(
    r"""
    [;{}]\s*\Z | => | [=!<>+-]= | \b\w{1,40}\([^()]{0,200}\)\s*[:;{.] | \A\s*[\w.\[\]]{1,40}\s=\s
  | \A\s*(?:\#include|import\s+\w+|from\s+[\w.]+\s+import|def\s+\w+\(|class\s+\w+|return\s|public\s)
  | \A\s*(?:const|let|var|SELECT)\s
    """,
    regex.VERBOSE,
)


def prose(text: str) -> str:
    """The text with each piece of code, address, mark-up or mention replaced by a space.

    >>> prose("Was macht `len(x)`? Siehe https://example.org/len.")
    'Was macht  ? Siehe  '
    """
    rest = _NO_PROSE.sub(" ", text)
    return "\n".join(line for line in rest.split("\n") if not _CODE_LINE.search(line))
