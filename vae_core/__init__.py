"""The mathematics and the training behind Through the Noise: NumPy and torch, no user interface."""

import os

# Torch's worker threads would spin while they wait for each other. On a machine that is busy with
# anything else (a second training, a browser) that makes a step 20 times slower; sleeping costs
# nothing measurable. OpenMP reads this once, when torch is first imported, so it stands here.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
