"""The families, by kind, an entry each; a file that is put here is found by itself."""

from importlib import import_module
from pkgutil import iter_modules

ORDER = ("normal", "inverse_cdf", "location_scale", "composition", "implicit", "discrete")
"""The files in the order of the paper's section 2.4, which is that of `FAMILIES`."""

for _name in (*ORDER, *(file.name for file in iter_modules(__path__))):
    import_module(f"{__name__}.{_name}")
