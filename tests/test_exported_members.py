"""The public names. A name that is added or removed changes this list on purpose, and the CHANGELOG with it."""

import segflux_nb as sf

PUBLIC = [
    "ContactSheet",
    "LiveRun",
    "Model",
    "Plan",
    "Request",
    "Run",
    "Runs",
    "SegfluxError",
    "Simulator",
    "Sweep",
    "SweepError",
    "SweepInterrupted",
    "Workspace",
    "__version__",
    "enable_nested_asyncio",
    "linked",
    "read_folder",
    "read_metadata",
    "seeds",
    "span",
]


def public(cls):
    return sorted(name for name in dir(cls) if not name.startswith("_"))


def test_the_names_of_the_package():
    assert sf.__all__ == dir(sf) == PUBLIC
    for name in PUBLIC:
        assert getattr(sf, name) is not None


def test_the_verbs_of_runs():
    assert public(sf.Runs) == [
        "annotate",
        "best",
        "bundle",
        "cheapest",
        "compare",
        "counts",
        "curve",
        "df",
        "differences",
        "discard",
        "effects",
        "export",
        "export_imagefolder",
        "failed",
        "fingerprint",
        "gallery",
        "limits",
        "log",
        "mark",
        "marks",
        "measure",
        "name",
        "one",
        "ranking",
        "retry_failed",
        "retry_lost",
        "sheet",
        "stopped",
        "summary",
        "sweep",
        "title",
        "to_mlflow",
        "to_wandb",
        "travel",
        "tuner",
        "varying",
        "vote",
        "votes",
        "where",
    ]


def test_the_verbs_of_a_workspace():
    assert public(sf.Workspace) == [
        "arun",
        "builder",
        "close",
        "doctor",
        "model",
        "models",
        "plan",
        "probe",
        "refresh_models",
        "report",
        "run",
        "runs",
        "service",
        "start",
        "submit",
        "sweeps",
        "trigger_word",
        "usage",
        "verify",
    ]
