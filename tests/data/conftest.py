"""The scripts and the loader in `data/` are plain files, imported by name from their folder."""

import sys
from pathlib import Path

DATA = Path(__file__).resolve().parents[2] / "data"
sys.path.insert(0, str(DATA))
