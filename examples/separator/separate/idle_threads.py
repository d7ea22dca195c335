"""PyTorch's threads sleep while they wait for work, and do not spin: imported before PyTorch, which reads it once.

What spins takes the processor from the other workers of the machine; Demucs by itself lets them spin.
"""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")
