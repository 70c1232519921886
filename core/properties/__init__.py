"""What a volume does: effective conductivity, permeability, elastic moduli, and the fields that belong to them.

Every function is a job (`core.job`) and takes labels, or the indicator of a phase, with three axes (z, y, x).
"""

from core.properties.conductivity import ConductionAlong, Conductivity, effective_conductivity
from core.properties.elasticity import Elasticity, Moduli, effective_elasticity
from core.properties.ends import Ends, Sides
from core.properties.measuring import Properties, PropertyPlan, properties
from core.properties.permeability import DARCY, FlowAlong, Permeability, absolute_permeability
from core.properties.progress import SolverProgress
from core.properties.streamlines import Streamlines, flow_lines, flux_lines

__all__ = [
    "DARCY",
    "ConductionAlong",
    "Conductivity",
    "Elasticity",
    "Ends",
    "FlowAlong",
    "Moduli",
    "Permeability",
    "Properties",
    "PropertyPlan",
    "Sides",
    "SolverProgress",
    "Streamlines",
    "absolute_permeability",
    "effective_conductivity",
    "effective_elasticity",
    "flow_lines",
    "flux_lines",
    "properties",
]
