"""Builds the labs from their sources and grades a class of submissions.

Imports run one way: command line (`cli`) → `authoring` and `engine` → `kernel` and
`examiner` → `sandbox` and `wire`.
"""
