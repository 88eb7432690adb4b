"""The flow model: noise levels, samplers, fine-tunes, and a mixture whose ideal denoiser has a closed form."""
