"""Deaths of a bench's process, in virtual time."""

from collections import Counter

from segflux_nb.running import ownership


class ProcessDied(BaseException):
    """Stands for a kill: after it, nothing is written and nothing is sent."""


class Mortal:
    """Lets a bench's process die after a number of commits and requests."""

    def __init__(self, bench, monkeypatch):
        self.bench, self.monkeypatch = bench, monkeypatch
        self.left = None
        self.send = bench.transport.send
        bench.transport.send = self.dying_send
        self.open()

    def open(self):
        self.bench.journal = self.bench.open_journal()
        runs = self.bench.log.runs
        runs.move, runs.accept = self.dying(runs.move), self.dying(runs.accept)
        self.monkeypatch.setattr(ownership, "_held", Counter())

    def tick(self):
        if self.left is not None:
            self.left -= 1
            if self.left <= 0:
                raise ProcessDied

    def dying(self, write):
        def write_and_tick(*arguments, **changes):
            self.tick()
            written = write(*arguments, **changes)
            self.tick()
            return written

        return write_and_tick

    async def dying_send(self, request):
        self.tick()
        response = await self.send(request)
        self.tick()
        return response

    def run_until_death(self, grid, steps, **options):
        """Whether the process died."""
        self.left = steps
        try:
            self.bench.run(grid, **options)
        except ProcessDied:
            self.open()
            return True
        finally:
            self.left = None
        return False
