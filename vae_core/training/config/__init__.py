"""What a training run is told: its plan, fixed from the start, and its settings, free to change.

Wrong values raise `ConfigError` with a sentence in plain words that names what is allowed.
"""

from vae_core.training.config.choices import priors_of, trainable
from vae_core.training.config.plan import OPTIONS, TrainConfig
from vae_core.training.config.schedule import fast_config, warm_up_and_decay
from vae_core.training.config.settings import Settings
from vae_core.training.options import ConfigError

__all__ = [
    "OPTIONS",
    "ConfigError",
    "Settings",
    "TrainConfig",
    "fast_config",
    "priors_of",
    "trainable",
    "warm_up_and_decay",
]
