"""From a latent to a picture: a landscape and the subject of a fine-tune."""
