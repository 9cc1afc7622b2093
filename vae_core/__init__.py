"""The mathematics and the training behind Through the Noise: NumPy and torch, no user interface."""

import os

# Torch's worker threads would spin while they wait for each other. On a machine that is busy with
# anything else (a second training, a browser) that makes a step 20 times slower. Sleeping is
# robust, and costs some speed only where a single training has the machine to itself: there,
# GOMP_SPINCOUNT=10000 in the environment is faster. OpenMP reads both once, when torch is first
# imported, so this stands here.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
