"""``df.pictures`` is there whenever pandas and segflux_nb are both loaded, however they were loaded."""

import subprocess
import sys

import pytest

OWN_FINDER = """
import importlib.machinery, importlib.abc, sys
class Mine(importlib.abc.MetaPathFinder):
    def find_spec(self, fullname, path, target=None):
        return importlib.machinery.PathFinder.find_spec(fullname, path, target) if {condition} else None
sys.meta_path.insert(0, Mine())
"""
WAYS = {
    "pandas first": "import pandas; import segflux_nb",
    "pandas last": "import segflux_nb; import pandas",
    "the module alone": "import segflux_nb.accessor; import pandas",
    "somebody looked for pandas": (
        "import segflux_nb, importlib.util; assert importlib.util.find_spec('pandas'); import pandas"
    ),
    "somebody looked twice, and read its source": (
        "import segflux_nb, importlib.util\n"
        "for _ in range(2): assert 'DataFrame' in importlib.util.find_spec('pandas').loader.get_source('pandas')\n"
        "import pandas"
    ),
    "somebody loads it by its spec": (
        "import segflux_nb, importlib.util, sys; spec = importlib.util.find_spec('pandas')\n"
        "sys.modules['pandas'] = module = importlib.util.module_from_spec(spec); spec.loader.exec_module(module)"
    ),
    "somebody loads it lazily": (
        "import segflux_nb, importlib.util, sys; spec = importlib.util.find_spec('pandas')\n"
        "spec.loader = importlib.util.LazyLoader(spec.loader)\n"
        "sys.modules['pandas'] = module = importlib.util.module_from_spec(spec); spec.loader.exec_module(module)\n"
        "import pandas; pandas.DataFrame"
    ),
    "it was lazy when segflux_nb came": (
        "import importlib.util, sys; spec = importlib.util.find_spec('pandas')\n"
        "spec.loader = importlib.util.LazyLoader(spec.loader)\n"
        "sys.modules['pandas'] = module = importlib.util.module_from_spec(spec); spec.loader.exec_module(module)\n"
        "import segflux_nb; assert 'pandas.core' not in sys.modules; module.DataFrame; import json.tool"
    ),
    "another finder finds pandas": (
        "import segflux_nb" + OWN_FINDER.format(condition="fullname == 'pandas'") + "import pandas"
    ),
    "another finder finds everything, before": (
        OWN_FINDER.format(condition="True") + "import segflux_nb; import pandas"
    ),
    "another finder finds all of pandas, after": (
        "import segflux_nb" + OWN_FINDER.format(condition="fullname.startswith('pandas')") + "import pandas"
    ),
    "pandas is imported again": (
        "import segflux_nb, sys; import pandas\n"
        "for name in [name for name in sys.modules if name.partition('.')[0] == 'pandas']: del sys.modules[name]\n"
        "import pandas"
    ),
    "segflux_nb is reloaded": "import segflux_nb, importlib; importlib.reload(segflux_nb); import pandas",
}


@pytest.mark.parametrize("way", WAYS)
def test_the_accessor_is_there(way):
    check = "import sys; frame = sys.modules['pandas'].DataFrame({'image': [None]}); print(frame.pictures.sheet)"
    done = subprocess.run([sys.executable, "-c", f"{WAYS[way]}\n{check}"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Pictures.sheet" in done.stdout


def test_an_import_loads_no_pandas():
    code = (
        "import segflux_nb, importlib.util, sys; importlib.util.find_spec('pandas'); print('pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
