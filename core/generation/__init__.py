"""Position-keyed noise, tiles, and volumes made block by block."""
