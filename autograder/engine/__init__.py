"""Grades a class in four stages: intake → prepare → execute → record."""
