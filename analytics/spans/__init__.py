"""How far annotators mark the same errors in the same text."""
