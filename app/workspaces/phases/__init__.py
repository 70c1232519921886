"""Step 2: from grey levels to phases."""

from app.workspaces.phases.workspace import PhasesWorkspace

__all__ = ["PhasesWorkspace"]
