"""Step 4: choose what to build and how, run it, watch it converge."""

from app.workspaces.reconstruct.workspace import ReconstructWorkspace

__all__ = ["ReconstructWorkspace"]
