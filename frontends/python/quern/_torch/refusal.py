"""What of a graph is left to PyTorch, and why."""


class Refusal(Exception):
    """A node that cannot be part of a program; the text says why."""
