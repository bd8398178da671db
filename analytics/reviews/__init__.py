"""Review outcomes: what reviewers accept, fix and reject, why, how much they change, and whether it stands.

One module a step: what a guideline asks of reviewers (`asked`), one row a review (`decided`), the sums that every
figure is made of (`figures`), and the three statistics: `outcomes`, `reviewers`, `findings`.
"""
