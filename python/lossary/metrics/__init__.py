"""Exact metrics on NumPy arrays."""
