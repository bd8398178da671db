"""Screens for harm: one for each configured provider, all with the harm categories of `safety_moderation`."""
