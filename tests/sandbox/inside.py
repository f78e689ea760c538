import pytest
needs_an_open_interpreter = pytest.mark.skipif(False, reason="")
