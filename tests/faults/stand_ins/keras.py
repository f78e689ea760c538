"""In the place of Keras; see `tensorflow.py` beside it."""
