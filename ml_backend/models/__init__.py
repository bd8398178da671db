"""Models that answer: any OpenAI-compatible endpoint, asked within its limits and a programme's budget.

Nothing here loads the `openai` client, which takes a second; import `ml_backend.models.client` where it is used.
"""
