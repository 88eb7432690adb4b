"""``segflux copy SOURCE TARGET``: a workspace or a bundle, entered in another workspace."""
