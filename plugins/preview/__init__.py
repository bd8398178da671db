"""A task as annotators will see it, beside its guideline, live while the files are edited.

The task is shown by Label Studio's own front end, taken from the installed package and fed with the real label config,
so what a locale lead sees is what annotators get. Nothing is stored: the page is for looking.
"""
