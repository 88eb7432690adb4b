"""A plug-in for pytest: the logs of benches, which play in virtual time, are in databases of PostgreSQL."""

import pytest

from tests.support.virtual import Bench


@pytest.fixture(autouse=True)
def bench_on_postgres(postgres, monkeypatch):
    begin = Bench.__init__

    def begin_in_database(self, folder, /, **settings):
        begin(self, folder, **{"address": postgres.new_database(), **settings})

    monkeypatch.setattr(Bench, "__init__", begin_in_database)
