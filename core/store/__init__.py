"""Runs, jobs and results: one SQLite file and the values in it. Knows no torch."""
