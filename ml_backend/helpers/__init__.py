"""Helpers that suggest answers ahead of labelling: chat models as judges, and a grammar check."""
