"""Guidelines as people read them away from the labelling tool: the book of a locale, courses, qualification items."""
