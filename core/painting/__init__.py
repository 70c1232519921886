"""Painting on labels and on fields, without a window: shapes, brush, editing rules, strokes that can be undone."""
