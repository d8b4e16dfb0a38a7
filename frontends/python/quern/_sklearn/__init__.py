"""Fitted scikit-learn estimators, and those of libraries with its interface, as native code."""
