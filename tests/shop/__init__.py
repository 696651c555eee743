"""A busy shop: a seeded plan of what its pipelines say, and an independent computation of what codegend tells of it."""
