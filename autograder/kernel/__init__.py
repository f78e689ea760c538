"""Kernels: where a notebook's code runs, cold or forked warm from a template."""
