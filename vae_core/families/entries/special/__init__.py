"""Quantiles that have no formula, and their derivatives: what some entries are made of."""
