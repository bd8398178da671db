"""What each question of a workflow is asked about."""

from __future__ import annotations

from guidelines.model import Question, Workflow


def targets(question: Question, workflow: Workflow) -> tuple[str, ...]:
    """The targets of a question's judgments: "item", each response ("a", …), each claim ("claim_1", …).

    A ranking gives each response its place. An item may bring fewer claims than its workflow allows.

    >>> from guidelines.model import Question, Workflow
    >>> place = Question("place", "ranking", "Place", "ordinal")
    >>> targets(place, Workflow("w", "1", "W", "", 3, {}, "place", (place,)))
    ('a', 'b', 'c')
    """
    if question.target == "claim":
        return tuple(f"claim_{number}" for number in range(1, workflow.claims + 1))
    if question.target == "response" or question.kind == "ranking":
        return workflow.positions
    return ("item",)
