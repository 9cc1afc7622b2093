"""Where scripts that learners took away look for the configuration."""

from vae_core.training.config import Settings as Settings
from vae_core.training.config import TrainConfig as TrainConfig
