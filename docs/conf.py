"""How Sphinx builds the pages: `make docs`. The source folder is the repository, so that links work on GitHub too."""

import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from segflux_nb.version import __version__  # noqa: E402 - after the path

project = "segflux_nb"
author = "The segflux_nb developers"
copyright = "The segflux_nb developers, Apache-2.0"
release = version = __version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
root_doc = "docs/index"
include_patterns = ["docs/**", "notebooks/*.ipynb", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"]
exclude_patterns = ["docs/site/**", "**/.ipynb_checkpoints"]

nb_execution_mode = "off"  # the notebooks are checked with their saved outputs by the tests
nb_mime_priority_overrides = [("html", "text/html", 0), ("html", "image/jpeg", 1)]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4
myst_links_external_new_tab = False
suppress_warnings = ["mystnb.unknown_mime_type"]  # widgets: their static HTML is shown

default_role = "py:obj"  # docstrings name things in single backticks
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
autodoc_typehints = "none"  # the signatures of the source have them, and each parameter is described
autodoc_member_order = "groupwise"
autosummary_generate = True

html_theme = "pydata_sphinx_theme"
html_title = f"segflux_nb {__version__}"
html_extra_path = ["site"]
html_theme_options = {
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "tango",
    "pygments_dark_style": "monokai",
}
html_show_sourcelink = False


def setup(app: Any) -> None:
    """Write the gallery that a page embeds: the bundle's pictures, without a kernel."""
    from pygments.lexers.special import TextLexer

    import segflux_nb as sf

    app.add_lexer("mermaid", TextLexer)  # GitHub draws it
    page = Path(app.outdir) / "docs" / "gallery-page.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    with sf.Workspace(ROOT / "notebooks" / "study.sfx") as ws:
        ws.runs().gallery().save(page)
