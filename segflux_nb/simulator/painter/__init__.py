"""From a latent to a picture: a landscape with the subject of a fine-tune."""
