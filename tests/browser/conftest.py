"""Chromium and JupyterLab for tests of widgets; without Chromium they are skipped, unless REQUIRE_BROWSER=1."""

import base64
import contextlib
import json
import os
import threading
from pathlib import Path

import pytest

from segflux_nb.widgets.assets import module, style
from segflux_nb.widgets.gallery import TRAITS
from tests.support.lab import CHROMIUM, OPTIONS, Notebook, jupyterlab, write_notebook

FAKE_MODEL = """
window.makeModel = (state) => {
  const actions = {}, model = {sent: [], saved: 0, state,
    get: (name) => state[name],
    set: (name, value) => { state[name] = value; (actions['change:' + name] || []).forEach((f) => f()); },
    save_changes: () => { model.saved++; },
    on: (name, f) => { (actions[name] ??= []).push(f); },
    off: (name, f) => { actions[name] = (actions[name] || []).filter((g) => g !== f); },
    send: (message) => { model.sent.push(message); },
    tell: (name, ...rest) => (actions[name] || []).forEach((f) => f(...rest)),
    take: (answers) => {  // what Python answers: values first, as a front end sets them, then messages
      const bytes = (text) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
      const values = answers.filter(([kind]) => kind === 'value');
      for (const [, name, value, isBytes] of values) state[name] = isBytes ? bytes(value) : value;
      for (const [, name] of values) model.tell('change:' + name);
      for (const [kind, message, buffers] of answers)
        if (kind === 'message') model.tell('msg:custom', message, buffers.map((one) => new DataView(bytes(one).buffer)));
    },
    listening: () => Object.values(actions).flat().length,
  };
  return model;
};
"""


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            # Playwright leaves a socket to the garbage collector.
            item.add_marker(pytest.mark.filterwarnings("ignore::ResourceWarning"))
            item.add_marker(pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"))


@pytest.fixture(scope="package")
def browser():  # of the package: while it lives, this thread has a running event loop
    if not CHROMIUM:
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail("REQUIRE_BROWSER=1, and there is no Chromium")
        pytest.skip("no Chromium: apt install chromium, or set SEGFLUX_CHROMIUM")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    """An empty page. An error in its scripts fails the test."""
    context = browser.new_context(viewport={"width": 1000, "height": 760})
    page, errors = context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


@pytest.fixture
def mount(page):
    """Shows a widget with a fake model, without Jupyter."""

    def mount(name, state, bytes_=()):
        css = style(name)
        page.set_content(f"<style>{css}</style><div id=root></div>")
        page.add_script_tag(content=FAKE_MODEL)
        page.evaluate(
            """async ([source, state, blobs]) => {
                for (const name of blobs) state[name] = Uint8Array.from(atob(state[name]), (c) => c.charCodeAt(0));
                const url = URL.createObjectURL(new Blob([source], {type: 'text/javascript'}));
                window.model = window.makeModel(state);
                const module = await import(url);
                window.cleanup = module.default.render({model, el: document.getElementById('root')});
            }""",
            [module(name), state, list(bytes_)],
        )
        return page

    return mount


class Connection:
    """A gallery's page and its Python, which answers what the page asks, without Jupyter.

    Attributes
    ----------
    page:
        The page.
    gallery:
        The `Gallery`.
    asked:
        What the page has asked, in order.
    """

    def __init__(self, page, gallery):
        self.page, self.gallery, self.asked, self._answers = page, gallery, [], []
        self._has_ended = threading.Event()
        gallery.send = self._send
        gallery.observe(self._changed, [*TRAITS, "thumbs", "offsets", "later", "unreadable"])
        page.expose_function("askPython", self._ask)

    def _send(self, content, buffers=None):
        self._answers.append(["message", content, [base64.b64encode(one).decode() for one in buffers or ()]])
        if content.get("state") == "ended":
            self._has_ended.set()

    def ended(self):
        """Waits until what was run has ended, and gives the page what Python says of it."""
        assert self._has_ended.wait(30)
        self._has_ended.clear()
        self.deliver()

    def _changed(self, change):
        is_bytes = isinstance(change.new, bytes)
        self._answers.append(
            ["value", change.name, base64.b64encode(change.new).decode() if is_bytes else change.new, is_bytes]
        )

    def _ask(self, message):
        self.asked.append(message)
        if message["kind"] != "view":
            self.gallery._answer(self.gallery, message, [])
        return self._taken()

    def _taken(self):
        answers, self._answers = self._answers, []
        return json.loads(json.dumps(answers))

    def deliver(self):
        """Gives the page what Python said by itself."""
        self.page.evaluate("answers => model.take(answers)", self._taken())

    def kinds(self, kind):
        """What the page has asked of a kind."""
        return [message for message in self.asked if message["kind"] == kind]


def state_of(gallery):
    """The traits of a gallery as a page reads them; two are in base64."""
    state = {name: getattr(gallery, name) for name in (*TRAITS, "offsets", "later", "unreadable", "form", "can_save")}
    state["codes"] = base64.b64encode(gallery.codes).decode()
    return json.loads(json.dumps({**state, "thumbs": base64.b64encode(gallery.thumbs).decode()}))


@pytest.fixture
def living(mount, page):
    """Shows a gallery whose Python answers, without Jupyter."""

    def living(gallery):
        connection = Connection(page, gallery)
        mount("gallery", state_of(gallery), ["thumbs", "codes"])
        page.evaluate(
            """() => { model.send = async (message) => { model.sent.push(message);
              model.take(await askPython(message)); };
              model.save_changes = () => askPython({ kind: 'view', view: model.state.view }); }"""
        )
        return connection

    return living


@pytest.fixture
def complaints(page):
    """What axe-core, which checks accessibility, finds wrong with the page, light and dark."""
    from axe_playwright_python.sync_playwright import Axe

    def complaints():
        found = []
        page.add_style_tag(content="html { color-scheme: light dark } * { transition: none !important }")
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            # A widget is a part of a page: rules for whole pages do not apply.
            report = Axe().run(page, context="#root", options={"rules": {"region": {"enabled": False}}}).response
            found += [
                (scheme, rule["id"], node["html"][:200], node["failureSummary"])
                for rule in report["violations"]
                for node in rule["nodes"]
            ]
        return found

    return complaints


@pytest.fixture(scope="package")
def lab(tmp_path_factory, browser):
    """A JupyterLab of its own: address, token, folder."""
    with jupyterlab(tmp_path_factory.mktemp("lab"), tmp_path_factory.mktemp("home")) as served:
        yield served


def _notebooks(lab, browser):
    _, _, root = lab
    contexts = []

    def open_notebook(cells, name):
        write_notebook(cells, root / name)
        return reopen(name)

    def reopen(name):
        context = browser.new_context(viewport={"width": 1280, "height": 1000})
        contexts.append((context, context.new_page()))
        return Notebook.opened(contexts[-1][1], lab, name)

    open_notebook.reopen = reopen
    yield open_notebook
    for context, page in contexts:
        with contextlib.suppress(Exception):
            page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
        context.close()


open_notebook = pytest.fixture(_notebooks, name="open_notebook")
open_notebook_once = pytest.fixture(_notebooks, name="open_notebook_once", scope="module")
