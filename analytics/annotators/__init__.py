"""What can be said of each annotator: one module a measure, and the scorecards that put them side by side.

Every measure works on arrays with one entry an annotator, so that false discoveries are controlled over all of them;
estimates are made of those alone that are shown. Nothing here ranks annotators.
"""
