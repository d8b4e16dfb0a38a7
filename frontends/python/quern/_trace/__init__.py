"""Traces NumPy functions into programs of graph ops."""
