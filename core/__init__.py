"""Microloom's science: micrographs in, measured volumes out. No Qt, no vispy."""

import os

__version__ = "0.1.0"

# torch asks Linux for its tensors' memory in large pages, before it makes the first one: networks run a tenth faster
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
