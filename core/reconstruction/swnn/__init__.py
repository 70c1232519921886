"""SWNN: sliced-Wasserstein neural network."""
