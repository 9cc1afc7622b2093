"""The pages of the explainer: one folder a chapter, one file a page."""
