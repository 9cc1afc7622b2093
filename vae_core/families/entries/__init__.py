"""The families, by kind, an entry each; a file that is put here is found by itself."""

from importlib import import_module
from pkgutil import iter_modules

from vae_core.families.entries import normal as _first  # noqa: F401

for _file in iter_modules(__path__):
    import_module(f"{__name__}.{_file.name}")
