"""Consensus: the answer that several annotators' answers to one unit point to, and how certain it is.

`votes` reads judgments as sparse arrays, `models` says how annotators err, `fitting` fits that to the votes, `answers`
turns it into rows.
"""
