"""How objects appear in a notebook: the same text on every execution. In a real kernel: tests/test_kernel.py."""

import subprocess
import sys

from segflux_nb.notebook import in_kernel, picture_bundle, volatile_bundle

WIDGET = "application/vnd.jupyter.widget-view+json"


def test_what_changes_between_executions_is_in_a_widget_only():
    bundle = volatile_bundle("Plan(4 runs)", "<b>12 seconds</b>")
    assert bundle["text/plain"] == "Plan(4 runs)"
    assert set(bundle) == {"text/plain", WIDGET}
    assert "12 seconds" not in str(bundle)


def test_beside_a_widget_stands_what_never_changes():
    bundle = volatile_bundle("Plan(4 runs)", "<b>12 seconds</b>", "<b>4 runs</b>")
    assert bundle["text/html"] == "<b>4 runs</b>"
    assert "12 seconds" not in str(bundle)


def test_a_picture_has_its_words_as_alternative_text():
    data, metadata = picture_bundle("a sheet", "/9j/")
    assert data == {"text/plain": "a sheet", "image/jpeg": "/9j/"}
    assert metadata == {"image/jpeg": {"alt": "a sheet"}}
    assert picture_bundle("a sheet", "/9j/", {"segflux": {}})[1] == {"image/jpeg": {"alt": "a sheet"}, "segflux": {}}


def test_without_ipython_there_is_no_kernel_and_it_is_not_imported():
    code = "import sys; from segflux_nb.notebook import in_kernel; print(in_kernel(), 'IPython' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False False"
    assert not in_kernel()
