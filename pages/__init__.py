"""The pages of the explainer: a folder a chapter, in it a folder a page."""
