"""Step 5: look at the volume, compare it with the exemplar, export."""

from app.workspaces.inspect.workspace import InspectWorkspace

__all__ = ["InspectWorkspace"]
