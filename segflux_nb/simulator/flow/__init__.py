"""The flow model: sampling, schedules, and the mixture whose ideal denoiser has a closed form."""
