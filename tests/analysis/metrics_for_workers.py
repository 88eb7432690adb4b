"""Functions of pictures that tests send to other processes, which read this module and no test."""

import os
import signal
import sqlite3
import sys
import threading
from pathlib import Path


def height(picture):
    return picture.height


def brightness(picture):
    return float(picture.convert("L").resize((1, 1)).getpixel((0, 0)))


def _end(number=signal.SIGKILL):
    os.kill(os.getpid(), number)
    sys.exit("unreachable")


class DiesOnce:
    """Ends its process in the middle of the first call of all, wherever it comes."""

    version = "dies once"

    def __init__(self, marker):
        self.marker = str(marker)

    def __call__(self, picture):
        try:
            Path(self.marker).touch(exist_ok=False)
        except FileExistsError:
            return brightness(picture)
        _end()


class DiesOf:
    """Ends its process for each picture of one brightness."""

    version = "dies of one"

    def __init__(self, level):
        self.level = level

    def __call__(self, picture):
        found = brightness(picture)
        if found == self.level:
            _end()
        return found


class RaisesFor(DiesOf):
    version = "raises for one"

    def __call__(self, picture):
        found = brightness(picture)
        if found == self.level:
            raise ZeroDivisionError("of the test")
        return found


class InterruptsTheNotebook:
    """After some pictures, and when the log has as many numbers, what Ctrl-C does to the notebook's process.

    Parameters
    ----------
    folder:
        An empty one: calls are counted there.
    log:
        The log's file.
    name:
        What the metric is called.
    after:
        How many pictures.
    """

    version = "interrupts"

    def __init__(self, folder, log, name, after):
        self.folder, self.log, self.name, self.after, self.notebook = folder, log, name, after, os.getpid()

    def __call__(self, picture):
        calls = len(os.listdir(self.folder))
        Path(self.folder, str(calls)).touch()
        if calls == self.after:
            while self.kept() < self.after:
                threading.Event().wait(0.01)  # no event of another process says that it has written
            os.kill(self.notebook, signal.SIGINT)
        return brightness(picture)

    def kept(self):
        database = sqlite3.connect(self.log)
        try:
            return database.execute("SELECT count(*) FROM metrics WHERE name = ?", [self.name]).fetchone()[0]
        finally:
            database.close()
