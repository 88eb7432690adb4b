"""Everything by real key presses, without a pointer: what each key does, where the focus is, and that one sees it.

After each key the focus is in the widget, and one sees where: it is never lost.
"""

import base64
import io
import json

import pytest
from PIL import Image, ImageChops

import segflux_nb as sf
from segflux_nb.widgets.builder import Builder
from segflux_nb.widgets.gallery import Gallery
from segflux_nb.widgets.live_view import LiveView
from tests.browser.test_builder import state_of as state_of_builder
from tests.browser.test_live import TRAITS as LIVE_TRAITS
from tests.browser.test_live import tell
from tests.browser.test_tuner import made, state_of_tuner
from tests.support.frames import coloured, frame
from tests.widgets.test_builder import Launcher

ACTIVE = "document.activeElement"
IS_HERE = f"document.getElementById('root').contains({ACTIVE}) && {ACTIVE}.getClientRects().length > 0"
NAME = (
    f"(({ACTIVE}.labels ?? [])[0]?.textContent || {ACTIVE}.getAttribute('aria-label') || {ACTIVE}.textContent).trim()"
)


class Keys:
    """Presses keys in a widget on a page.

    Parameters
    ----------
    page:
        The page.
    """

    def __init__(self, page):
        self.page = page
        page.evaluate(
            """() => { const root = document.getElementById('root');
              for (const [id, way] of [['before', 'beforebegin'], ['after', 'afterend']])
                root.insertAdjacentHTML(way, `<button id=${id}>${id}</button>`); }"""
        )

    def press(self, *keys):
        """Presses keys, one after the other; after each one the focus is in the widget."""
        for key in keys:
            self.page.keyboard.press(key)
            assert self.page.evaluate(IS_HERE), f"{key}: the focus is lost"

    def type(self, text):
        """Writes over what stands in the field with the focus."""
        self.press("Control+a")
        self.page.keyboard.type(text)
        assert self.page.evaluate(IS_HERE)

    def tab_to(self, part, most=80, key="Tab"):
        """Presses Tab until something has the focus: what a selector finds, or a name."""
        for _ in range(most):
            self.press(key)
            if self.page.evaluate(
                f"([part]) => {{ try {{ if ({ACTIVE}.matches(part)) return true; }} catch {{}} return false; }}",
                [part],
            ):
                return
            if self.name == part:
                return
        raise AssertionError(f"Tab does not reach {part}")

    @property
    def name(self):
        """The name of what has the focus."""
        return self.page.evaluate(NAME)

    def begin(self):
        """From the part of the page before the widget into it."""
        self.page.locator("#before").focus()
        self.press("Tab")

    def is_seen(self):
        """Whether one sees that something has the focus: the sides of it on which something is drawn."""
        page = self.page
        box = page.evaluate(
            f"(() => {{ const b = {ACTIVE}.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]; }})()"
        )
        width, height = page.viewport_size.values()
        left, top, right, bottom = (box[0] - 6, box[1] - 6, box[2] + 6, box[3] + 6)
        left, top, right, bottom = max(0, left), max(0, top), min(width, right), min(height, bottom)
        assert right > left, f"{self.name} is out of view"
        assert bottom > top, f"{self.name} is out of view"
        clip = {"x": left, "y": top, "width": right - left, "height": bottom - top}
        with_it = page.screenshot(clip=clip, animations="disabled", caret="hide")
        style = page.add_style_tag(content="* { outline: none !important; caret-color: transparent !important }")
        without = page.screenshot(clip=clip, animations="disabled", caret="hide")
        style.evaluate("one => one.remove()")
        one, other = (Image.open(io.BytesIO(data)).convert("RGB") for data in (with_it, without))
        differ = ImageChops.difference(one, other)
        wide, high = differ.size
        sides = {
            "left": (0, high // 4, 11, 3 * high // 4),
            "top": (wide // 4, 0, 3 * wide // 4, 11),
            "right": (wide - 11, high // 4, wide, 3 * high // 4),
            "bottom": (wide // 4, high - 11, 3 * wide // 4, high),
        }
        return [side for side, part in sides.items() if differ.crop(part).getbbox()]

    def tab_through(self, key="Tab"):
        """Tabs through the widget to its other end; gives the names on the way."""
        start, end = ("before", "after") if key == "Tab" else ("after", "before")
        self.page.locator(f"#{start}").focus()
        names, kinds = [], set()
        for _ in range(150):
            self.page.keyboard.press(key)
            if self.page.evaluate(f"{ACTIVE}.id") == end:
                return names
            assert self.page.evaluate(IS_HERE), f"after {names[-1:]} the focus is lost"
            names.append(self.name)
            kind = self.page.evaluate(f"{ACTIVE}.tagName + {ACTIVE}.className + {ACTIVE}.type")
            assert kind in kinds or len(self.is_seen()) >= 2, f"one does not see the focus on {names[-1]}"
            kinds.add(kind)
        raise AssertionError(f"Tab does not leave the widget: {names[-3:]}")


@pytest.fixture
def keys(page):
    return lambda: Keys(page)


@pytest.fixture
def ws(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with sf.Simulator(time_scale=0.001, paint=False) as simulator, sf.Workspace("ws", service=simulator) as ws:
        yield ws


SWEEP = sf.Sweep(
    prompt="TOK", finetune_id="a", lora_strength=[0.5, 1.0, 1.5], seed=[1, 2], sampler_name=["euler", "heun"], steps=4
)


@pytest.fixture
def gallery(ws, living, keys):
    """A gallery with an axis that is not laid out; the first picture has the focus."""
    shown = ws.run(SWEEP).gallery(cols="lora_strength", rows="seed", rater="anna")
    shown.view = {**shown.view, "by": ""}
    connection = living(shown)
    connection.page.set_viewport_size({"width": 1000, "height": 900})
    connection.page.locator(".sfx-tile img[src]").nth(5).wait_for()
    hand = keys()
    hand.connection = connection
    hand.begin()
    hand.tab_to(".sfx-tile")
    return hand


def status(hand):
    return hand.page.locator(".sfx-status").inner_text()


def test_tab_goes_through_the_gallery_and_leaves_it(gallery):
    names = gallery.tab_through()
    for name in ("Columns", "Rows", "Groups", "Sort", "Search", "Filter", "Help (?)", "Show sampler_name", "Rater"):
        assert any(one.startswith(name) or one == name for one in names), name
    assert sum("sfx" in name for name in names) == 0
    assert gallery.tab_through("Shift+Tab") == names[::-1]


def test_the_focus_is_seen_all_around_each_picture(gallery):
    for key in ("Home", "ArrowDown", "ArrowRight", "End", "ArrowUp"):
        gallery.press(key)
        assert gallery.is_seen() == ["left", "top", "right", "bottom"], (key, gallery.name)
    gallery.press(*"zz", " ")
    assert gallery.is_seen() == ["left", "top", "right", "bottom"], "also of a picture that is chosen"


def test_moving_stepping_into_a_cell_and_looking(gallery):
    page = gallery.page
    gallery.press("ArrowRight", "ArrowDown")
    assert gallery.name.startswith("lora_strength 1.0, seed 2, sampler_name euler")
    gallery.press(".")
    assert "sampler_name heun" in gallery.name
    gallery.press("Enter")
    assert page.get_by_text("In one cell").count() == 1
    assert "10 outside this cell" in status(gallery)
    gallery.press("Enter")
    assert page.get_by_role("dialog", name="Picture").count() == 1
    gallery.press("ArrowLeft")
    gallery.press("Escape")
    assert gallery.name.startswith("lora_strength 1.0, seed 2, sampler_name euler")
    gallery.press("Escape")
    assert page.get_by_text("In one cell").count() == 0
    assert gallery.name.startswith("lora_strength 1.0, seed 2")
    gallery.press("]", "]", "[", "[", "{", "}")
    gallery.press("w")
    assert page.get_by_role("button", name="Fit").get_attribute("aria-pressed") == "true"


def test_the_loupe_is_moved_and_zoomed(gallery):
    place = "['--zx', '--zy', '--zoom'].map((name) => document.querySelector('.sfx-gallery').style.getPropertyValue(name))"
    gallery.press("z", "Shift+ArrowRight", "Shift+ArrowUp")
    x, y, zoom = gallery.page.evaluate(place)
    assert (x, y) == ("55%", "45%")
    gallery.press("+", "+")
    closer = float(gallery.page.evaluate(place)[2])
    assert closer > float(zoom)
    gallery.press("-")
    assert float(gallery.page.evaluate(place)[2]) < closer
    assert gallery.name.startswith("lora_strength 0.5, seed 1"), "the focus has not moved"
    gallery.press("z", " ", "ArrowRight", " ", "c", "z", "Shift+ArrowLeft")
    assert gallery.page.locator(".sfx-comparison").evaluate("one => one.style.getPropertyValue('--zx')") == "45%"


def test_a_large_picture_at_its_own_size_is_moved(living, keys):
    table = coloured(seed=[1, 2])
    table["image"] = [Image.new("RGB", (1024, 1024), (90, 90, number)) for number in range(2)]
    page = living(Gallery(table)).page
    hand = keys()
    hand.begin()
    hand.tab_to(".sfx-tile")
    hand.press("Enter", "z")
    page.wait_for_function("document.querySelector('.sfx-large').naturalWidth === 1024")
    place = "(({ scrollLeft, scrollTop }) => [scrollLeft, scrollTop])(document.querySelector('.sfx-stage'))"
    hand.press("Shift+ArrowRight", "Shift+ArrowDown")
    assert min(page.evaluate(place)) > 0
    hand.press("Shift+ArrowLeft", "Shift+ArrowUp")
    assert page.evaluate(place) == [0, 0]


def test_marks_notes_undo_rows_and_columns(gallery):
    runs = gallery.connection.gallery
    gallery.press("4", "p", "n")
    gallery.type("calm water")
    gallery.press("Enter", "Escape")
    assert "4 of 5 stars" in gallery.name
    assert "calm water" in gallery.name
    gallery.press("u", "u")
    assert "calm water" not in gallery.name
    gallery.press("U", "U")
    assert "calm water" in gallery.name
    gallery.press("r", "3")
    assert "3 pictures marked" in status(gallery)
    gallery.press("R", "x")
    assert "2 pictures marked" in status(gallery)
    gallery.press("u", "u", "u", "u", "u", "u")
    assert "nothing to undo" in status(gallery)
    assert runs.marked["stars"].dropna().empty
    gallery.press("2")
    gallery.tab_to("Undo (u)", key="Shift+Tab")
    gallery.press("Enter")
    gallery.press("Enter")  # nothing is left to undo, and the button keeps the focus
    assert gallery.name == "Undo (u)"


def test_rating_by_the_menu_of_a_label(gallery):
    page = gallery.page
    gallery.tab_to("seed 1: menu", key="Shift+Tab")
    gallery.press("Enter", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown", "End", "Home", "Escape")
    assert gallery.name == "seed 1: menu"
    gallery.press("Enter", "Enter")  # show only this
    assert page.locator(".sfx-tile").count() == 3


def test_search_filters_chips_and_where_the_focus_returns(gallery):
    page = gallery.page
    gallery.press("ArrowRight", "v")
    assert page.get_by_role("region", name="Filters").is_visible()
    gallery.press("Escape")
    assert gallery.name.startswith("lora_strength 1.0, seed 1"), "from the filters back to the picture"
    gallery.press("v")
    gallery.tab_to("summary")
    gallery.press("Enter")
    page.locator(".sfx-boxes input").first.wait_for()
    gallery.tab_to("input[type=checkbox]")
    gallery.press(" ", "Tab", " ")
    assert page.locator(".sfx-set").count() == 2
    gallery.press("Escape")
    gallery.tab_to(".sfx-set", key="Shift+Tab")
    gallery.press("Enter")
    assert page.locator(".sfx-set").count() == 1
    gallery.press("Enter")  # the next chip has the focus
    assert page.locator(".sfx-set").count() == 0
    assert page.evaluate(f"{ACTIVE}.matches('.sfx-tile')"), "after the last one, the pictures have it"
    gallery.press("/")
    gallery.type("heun")
    gallery.press("Enter")
    assert "sampler_name heun" in gallery.name
    gallery.press("/", "Escape")
    assert page.locator(".sfx-set").count() == 0
    assert page.evaluate(f"{ACTIVE}.matches('.sfx-tile')")
    gallery.press("v")
    gallery.tab_to("Clear all", key="Shift+Tab")
    gallery.press("Enter")
    gallery.tab_to("Close the filters")
    gallery.press("Enter")


def test_comparing(gallery):
    page = gallery.page
    gallery.press(" ", "ArrowRight", " ", "c")
    dialog = page.get_by_role("dialog", name="Comparison")
    for key in ("s", "f", " ", "d", "a"):
        gallery.press(key)
    gallery.press("s")
    gallery.tab_to("input[type=range]")
    gallery.press("ArrowRight")
    assert dialog.get_by_label("Where the pictures meet").input_value() == "51"
    gallery.tab_to("What differs")  # the table, which may be longer than its place
    gallery.press("Escape")
    assert gallery.name.startswith("lora_strength 1.0")


def test_copying_and_saving(gallery):
    page = gallery.page
    gallery.press("Enter", "y")
    assert gallery.name == "Copy picture"
    gallery.tab_to("Copy Python")
    gallery.press("Enter")
    gallery.tab_to("Run with other parameters (e)")
    gallery.press("Escape", "Escape")
    gallery.tab_to("Save", key="Shift+Tab")
    with page.expect_download() as download:
        gallery.press("Enter", "ArrowDown", "ArrowUp", "Enter")
    assert download.value.suggested_filename.endswith((".png", ".jpg"))
    assert gallery.name == "Save"


def test_the_help_takes_no_marks(gallery):
    gallery.press("?")
    assert gallery.page.get_by_role("dialog", name="Help").count() == 1
    gallery.press("4", "p", "ArrowRight", "PageDown", " ", "e", "c")
    assert gallery.page.get_by_role("dialog", name="Help").count() == 1
    gallery.press("?")
    assert gallery.name.startswith("lora_strength 0.5, seed 1")
    assert gallery.connection.gallery.marked["stars"].dropna().empty
    assert "chosen" not in status(gallery)


def test_a_picture_is_run_and_no_key_but_those_of_its_button_pays(gallery, ws):
    page, connection = gallery.page, gallery.connection
    gallery.press("e")
    page.locator(".sfx-fields input:enabled").first.wait_for()
    gallery.type("0.7")
    page.get_by_role("button", name="Make 1 run").wait_for()
    gallery.press("Enter", "Tab", "Shift+Tab")
    assert connection.kinds("run") == []
    gallery.tab_to(".sfx-run")
    gallery.press("Enter")
    page.get_by_text("1 run started").wait_for()
    assert page.evaluate(IS_HERE), "the button keeps the focus"
    gallery.press("Enter", " ")  # it offers nothing now
    connection.ended()
    page.get_by_text("1 of 1 picture").wait_for()
    gallery.press("Enter", "Escape")
    assert len(connection.kinds("run")) == 1
    assert len(ws.runs()) == 13
    assert page.evaluate(f"{ACTIVE}.matches('.sfx-tile')")


def test_the_name_of_the_rater(gallery):
    gallery.tab_to(".sfx-rater input")
    gallery.type("ben")
    gallery.press("Enter")
    assert gallery.connection.gallery.rater == "ben"
    gallery.press("5")
    assert "5 of 5 stars" in gallery.name


def test_a_running_sweep(mount, keys):
    table = frame(lora_strength=[0.5, 1.0], seed=[1, 2])
    table["status"], table["image"] = "submitted", None
    live = LiveView(table, 4, print)
    state = {name: getattr(live, name) for name in LIVE_TRAITS}
    state |= {"can_stop": True, "thumbs": base64.b64encode(live.thumbs).decode()}
    page = mount("live", json.loads(json.dumps(state)), bytes_=["thumbs"])
    hand = keys()
    tell(page, "0 of 4 pictures", statuses=["submitted"] * 4)
    page.get_by_role("button", name="Stop").wait_for()
    assert hand.tab_through() == ["Stop", "Pictures so far"]
    hand.begin()
    hand.press("Enter")
    assert page.evaluate("model.sent") == [{"kind": "stop"}]
    hand.press("Enter", " ")
    assert page.evaluate("model.sent.length") == 1, "once is enough"
    tell(page, "4 of 4 pictures", over=True)
    page.get_by_role("button", name="Stopping").wait_for(state="hidden")
    assert page.evaluate(IS_HERE), "the button has gone, and the focus is on the pictures"
    assert hand.tab_through() == ["Pictures so far"]


def test_the_builder(mount, keys):
    builder = Builder(Launcher(), sf.Sweep(prompt="TOK {animal}", animal=["fox"], finetune_id="a", seed=range(20)))
    page = mount("builder", json.loads(json.dumps(state_of_builder(builder))))
    page.set_viewport_size({"width": 1000, "height": 1400})
    hand = keys()

    def answer():
        page.wait_for_function("model.sent.length > 0")
        for message in page.evaluate("model.sent.splice(0)"):
            if message["kind"] == "write":
                builder._hear(builder, message, [])
        traits = json.loads(json.dumps(state_of_builder(builder)))
        page.evaluate("all => { for (const [name, value] of Object.entries(all)) model.set(name, value); }", traits)

    names = hand.tab_through()
    for name in ("prompt", "finetune_id", "lora_strength", "lora_strength: coarse", "sampler_name: all", "Copy"):
        assert name in names, name
    hand.begin()
    hand.tab_to("lora_strength")
    hand.type("0.5, 1")
    answer()
    page.get_by_text("2 values: 0.5, 1.0").wait_for()
    hand.tab_to("lora_strength: coarse")
    hand.press("Enter")
    answer()
    hand.tab_to("euler_pp")
    hand.press(" ")
    answer()
    page.get_by_text("2 sampler_name").wait_for()
    hand.tab_to(".sfx-buttons button")
    page.wait_for_function(f"{ACTIVE}.getAttribute('aria-disabled') !== 'true'")
    hand.press("Enter")
    hand.press("Enter", " ")  # it waits for an answer
    assert [message["kind"] for message in page.evaluate("model.sent")] == ["run"]
    page.evaluate("model.set('buttons', [])")
    page.evaluate("model.set('is_running', true)")
    page.wait_for_function("document.querySelector('.sfx-buttons button').textContent === 'Run'")
    assert page.evaluate(IS_HERE)


def test_the_tuner(mount, keys):
    page = mount("tuner", state_of_tuner(made()), bytes_=["thumbs"])
    page.set_viewport_size({"width": 1000, "height": 1000})
    page.evaluate(
        "Object.assign(model.state, {pair: [0, 2], upcoming: {left: [3, 5], right: [1, 3], tie: [2, 4], skip: []}})"
    )
    hand = keys()
    hand.begin()
    hand.tab_to("lora_strength")
    hand.press("ArrowRight", "Home", "End")
    assert page.locator(".sfx-value").inner_text() == "lora_strength 1.2"
    hand.begin()
    hand.press("ArrowRight")
    assert hand.name == "Blind votes"
    hand.press("Enter")  # into the tab, where the arrows vote
    hand.press("ArrowLeft", "ArrowRight")
    kinds = [(one["kind"], one.get("outcome")) for one in page.evaluate("model.sent") if one["kind"] == "vote"]
    assert kinds == [("vote", "left"), ("vote", "right")]
    names = hand.tab_through()
    assert [name for name in ("Left is better", "Tie", "Skip", "Undo") if name not in names] == []
    hand.begin()
    hand.press("ArrowRight")
    assert hand.name == "Ranking"
    page.evaluate(
        """model.set('shown_ranking', {sentence: 'best 0.8', rows:
          [{label: '0.8', place: ['0.8'], score: 1, low: 0.5, high: 1.5, won: '60 %', judged: 5, inside: true}]})"""
    )
    hand.tab_to("Propose a finer sweep")
    hand.press("Enter")
    page.evaluate("model.set('proposal', 'finer = tuner.next_sweep()')")
    page.get_by_text("finer = tuner.next_sweep()").wait_for()
    assert hand.name == "Propose a finer sweep", "what was proposed leaves the focus where it is"
