"""A classifier of harm per programme and language, trained from the annotators' own safety labels: a head."""
