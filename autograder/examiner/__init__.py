"""Runs checks where student code never runs."""
