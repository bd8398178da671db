"""Questions that are answered with a set of codes: several, one or none."""
