"""The screens: each reads texts before people work on them and says what it found, or that it could not look."""
