"""The sandbox: what a student's kernel may see, reach and use, set before student code runs."""
