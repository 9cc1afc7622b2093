"""The mathematics and the training behind Through the Noise: NumPy and torch, no user interface."""

import os

# Torch's worker threads spin while they wait for each other. On a machine that is busy with
# anything else (a second training, a browser) that makes a step up to ten times slower; to sleep
# at once makes two threads slower than one. So they spin for some microseconds, and then sleep.
# OpenMP reads this once, when torch is first imported, so it stands here.
os.environ.setdefault("GOMP_SPINCOUNT", "4000")
