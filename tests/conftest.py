"""For all tests."""

from hypothesis import settings

# No test asserts a time: a busy machine is no bug.
settings.register_profile("segflux", deadline=None, print_blob=True)
settings.load_profile("segflux")
