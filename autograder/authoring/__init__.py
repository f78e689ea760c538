"""From a lab's percent-format source to its reference notebook and its student notebook."""
