"""One folder a step: micrograph, phases, mask, reconstruct, inspect."""
