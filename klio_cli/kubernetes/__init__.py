"""Jobs on Kubernetes: their manifests, what is applied of them, and what becomes of it."""
