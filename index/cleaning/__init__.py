"""The steps of cleaning, each of which says what it dropped; clean.py puts them in order."""
