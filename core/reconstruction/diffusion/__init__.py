"""Denoising diffusion: a network learns to remove noise from sections, and volumes are denoised plane by plane."""
