"""Step 3: where in the volume the fraction differs. Skipped for now: the same everywhere."""

from app.workspaces.mask.workspace import MaskWorkspace

__all__ = ["MaskWorkspace"]
