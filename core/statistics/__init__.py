"""Two-point probability S2, lineal path L, and what compares two curves."""
