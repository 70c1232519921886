"""Step 1: open a micrograph, say its pixel size, crop it."""

from app.workspaces.micrograph.workspace import MicrographWorkspace

__all__ = ["MicrographWorkspace"]
