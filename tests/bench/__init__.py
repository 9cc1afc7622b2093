"""Measurements of speed; `make bench` runs them and prints their figures."""

import vae_core as vae_core  # before torch, whose threads then wait as they do in the project
