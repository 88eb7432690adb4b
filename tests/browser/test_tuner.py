"""The tuner in a real browser: its JavaScript with a fake model, and in JupyterLab."""

import base64
import json

import pytest

from segflux_nb.sweep.sweep import Sweep
from segflux_nb.voting.ranking import Vote, rank
from segflux_nb.widgets.tuner import Proposal, Tuner
from tests.support.corpus import PAYLOADS
from tests.support.frames import coloured

TRAITS = (
    "axis",
    "axes",
    "labels",
    "blocks",
    "cells",
    "offsets",
    "later",
    "pair",
    "upcoming",
    "progress",
    "votes",
    "rater",
    "note",
    "shown_ranking",
    "proposal",
)
STRENGTHS = [0.4, 0.8, 1.2]


class Voting:
    """Keeps no votes, and always gives the same pair."""

    def __init__(self, pair):
        self.pair = pair

    def next_pair(self, rater):
        return self.pair

    def upcoming(self, rater):
        return dict.fromkeys(("left", "right", "tie", "skip"), self.pair)

    def count(self, rater):
        return 0

    def progress(self, rater):
        return "0.80, 0.75 to 0.85; about 9 more votes for ±0.05"

    def raters(self):
        return ["anna"]

    def vote(self, left, right, outcome, rater):
        raise AssertionError

    def undo(self, rater):
        return False

    def ranking(self, rater=None):
        votes = [Vote(0.8, other, "left", seed) for other in (0.4, 1.2) for seed in range(3)]
        return rank("lora_strength", STRENGTHS, votes if rater is None else [])


def made(table=None, axes=None):
    """A tuner of three strengths and two seeds, or of another frame."""
    table = coloured(lora_strength=STRENGTHS, seed=[1, 2]) if table is None else table
    table["run"] = [f"{number:012x}" for number in range(len(table))]
    pair = (table["run"][0], table["run"][2]) if len(table) > 2 else None
    return Tuner(
        table,
        axes or [str(table.attrs["segflux_axes"][0])],
        Voting(pair),
        rater="anna",
        propose=lambda: Proposal(Sweep(prompt="TOK", finetune_id="a"), "1 run", ""),
    )


def state_of_tuner(tuner):
    """What a page gets of a tuner; its thumbnails as base64."""
    state = {name: getattr(tuner, name) for name in TRAITS}
    return json.loads(json.dumps({**state, "thumbs": base64.b64encode(tuner.thumbs).decode()}))


@pytest.fixture
def tuner():
    return made


@pytest.fixture
def shown(mount, tuner):
    def shown(table=None, axes=None):
        return mount("tuner", state_of_tuner(tuner(table, axes)), bytes_=["thumbs"])

    return shown


def sent(page, kind):
    return [message for message in page.evaluate("model.sent") if message["kind"] == kind]


def test_the_slider_goes_through_the_values_with_all_seeds_beside_each_other(shown):
    page = shown()
    slider = page.get_by_role("slider", name="lora_strength")
    assert page.locator(".sfx-value").inner_text() == "lora_strength 0.8"
    assert page.locator("figcaption").all_inner_texts() == ["seed 1", "seed 2"]
    before = page.locator(".sfx-row img").first.get_attribute("src")
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert page.locator(".sfx-value").inner_text() == "lora_strength 1.2"
    assert slider.get_attribute("aria-valuetext") == "1.2"
    assert page.locator(".sfx-row img").first.get_attribute("src") != before
    page.wait_for_function("model.sent.filter((message) => message.kind === 'full').length >= 2")
    assert {message["index"] for message in sent(page, "full")} <= {0, 1, 2, 3, 4, 5}
    assert page.locator(".sfx-row img").first.get_attribute("alt") == "lora_strength 1.2, seed 1"


def answer(page, pair, upcoming=None):
    """What Python says after a vote: the pair that is judged now, and those that may come after it."""
    page.evaluate("message => model.tell('msg:custom', message, [])", {"kind": "next", **states(pair, upcoming)})


def states(pair, upcoming=None):
    return {"pair": pair, "upcoming": upcoming or {}}


def voted(page):
    return [(tuple(vote["pair"]), vote["outcome"]) for vote in sent(page, "vote")]


def shown_pair(page):
    return page.locator(".sfx-pair img").evaluate_all("images => images.map((image) => image.src)")


@pytest.fixture
def voting(shown):
    """The tab of blind votes, with a pair and what comes after each outcome."""
    page = shown()
    page.evaluate(
        "({pair, upcoming}) => Object.assign(model.state, {pair, upcoming})",
        states([0, 2], {"left": [3, 5], "right": [1, 3], "tie": [2, 4], "skip": []}),
    )
    page.get_by_role("tab", name="Blind votes").click()
    return page


def test_blind_votes_show_no_label(voting):
    stage = voting.get_by_role("tabpanel")
    words = stage.inner_text() + stage.evaluate("one => one.innerHTML.replace(/blob:[^\"]*/g, '')")
    assert not any(label in words for label in ("0.4", "0.8", "1.2", "seed"))
    assert voting.get_by_role("status").inner_text() == (
        "0 votes by anna · 0.80, 0.75 to 0.85; about 9 more votes for ±0.05"
    )


def test_keys_are_named_once(voting):
    words = voting.get_by_role("tabpanel").inner_text()
    assert words.count("←") == words.count("↓") == words.count("→") == 1
    assert voting.locator("[data-outcome]").all_inner_texts() == [
        *("Left is better", "Tie", "Right is better", "Skip", "Undo")
    ]


def test_a_tab_that_is_pressed_has_the_keys_of_its_votes(voting):
    voting.keyboard.press("ArrowLeft")
    assert voted(voting) == [((0, 2), "left")]


def test_arrows_on_the_tabs_vote_nothing(voting):
    voting.get_by_role("tab", name="Blind votes").focus()
    voting.keyboard.press("ArrowLeft")
    voting.keyboard.press("ArrowRight")
    assert voted(voting) == []


def test_the_next_pair_is_shown_before_python_answers_and_no_press_is_lost(voting):
    first = shown_pair(voting)
    voting.get_by_role("button", name="Tie").focus()
    voting.keyboard.press("ArrowRight")
    assert shown_pair(voting) != first
    voting.keyboard.press("ArrowLeft")  # on the pair that came: it counts for that one
    assert voted(voting) == [((0, 2), "right"), ((1, 3), "left")]
    # What comes then is not known before Python has answered: a vote is impossible, and that is said.
    voting.keyboard.press("ArrowLeft")
    assert len(voted(voting)) == 2
    assert voting.locator(".sfx-question").inner_text() == "The next pair is on its way…"
    assert voting.locator(".sfx-pair").get_attribute("aria-busy") == "true"
    assert voting.get_by_role("button", name="Tie").get_attribute("aria-disabled") == "true"
    answer(voting, [1, 3], {"left": [0, 4]})
    voting.keyboard.press("ArrowLeft")
    assert len(voted(voting)) == 2, "the second vote is not answered yet"
    answer(voting, [2, 4], {"tie": [0, 2]})
    assert voting.locator(".sfx-question").inner_text() == "Which picture is better?"
    assert voting.evaluate("document.activeElement.dataset.outcome") == "tie", "the keyboard goes on"
    voting.keyboard.press("ArrowDown")
    assert voted(voting)[2:] == [((2, 4), "tie")]


def test_each_key_and_each_picture_votes(voting):
    for press, outcome in (
        (lambda: voting.keyboard.press("s"), "skip"),
        (lambda: voting.get_by_role("button", name="The left picture is better").click(), "left"),
        (lambda: voting.locator(".sfx-pair img").nth(1).click(), "right"),
        (lambda: voting.get_by_role("button", name="Tie").click(), "tie"),
    ):
        press()
        assert voted(voting)[-1] == ((0, 2), outcome)
        answer(voting, [0, 2])
    voting.keyboard.press("u")
    assert len(sent(voting, "undo")) == 1
    voting.keyboard.press("s")
    assert len(voted(voting)) == 4, "until the undo is answered it is not known what is judged"


def test_a_key_that_is_held_down_votes_once(voting):
    for _ in range(3):
        voting.keyboard.down("ArrowRight")
    assert voted(voting) == [((0, 2), "right")]


def test_the_pictures_of_the_next_pairs_are_loaded_before_they_are_asked_for(voting):
    voting.wait_for_function("model.sent.filter((message) => message.kind === 'full').length >= 6")
    assert {message["index"] for message in sent(voting, "full")} == {0, 1, 2, 3, 4, 5}


def test_values_are_shown_after_a_vote_only_if_wished(voting):
    reveal = voting.get_by_role("checkbox", name="Show the values after each vote")
    assert not reveal.is_checked()
    voting.locator("body").press("Escape")
    voting.get_by_role("button", name="Tie").click()
    assert voting.locator(".sfx-revealed").inner_text() == ""
    answer(voting, [0, 4])
    reveal.focus()
    voting.keyboard.press("Space")
    assert reveal.is_checked()
    voting.keyboard.press("ArrowLeft")  # keys vote there too
    assert voted(voting)[-1] == ((0, 4), "left")
    assert voting.locator(".sfx-revealed").inner_text() == "Left was lora_strength 0.4. Right was lora_strength 1.2."
    voting.keyboard.press("Space")
    assert voting.locator(".sfx-revealed").inner_text() == ""


def test_a_vote_that_is_not_kept_can_be_cast_again(voting):
    first = shown_pair(voting)
    voting.get_by_role("button", name="Tie").click()
    voting.evaluate("model.tell('msg:custom', {kind: 'error', text: 'The disk is full'}, [])")
    assert voting.get_by_role("status").inner_text() == "The disk is full"
    assert shown_pair(voting) == first
    voting.get_by_role("button", name="Tie").click()
    assert voted(voting) == [((0, 2), "tie")] * 2


@pytest.mark.parametrize("size", [(640, 640), (900, 600), (600, 900)])
def test_both_pictures_are_large_and_need_no_scrolling(shown, page, size):
    page.set_viewport_size({"width": 1280, "height": 720})
    table = coloured(lora_strength=STRENGTHS, seed=[1, 2])
    table["image"] = [image.resize(size) for image in table["image"]]
    shown(table)
    page.get_by_role("tab", name="Blind votes").click()
    page.wait_for_function("[...document.querySelectorAll('.sfx-pair img')].every((image) => image.naturalWidth)")
    panel = page.get_by_role("tabpanel")
    assert panel.evaluate("one => one.scrollHeight <= one.clientHeight")
    boxes = [page.locator(".sfx-pair img").nth(n).bounding_box() for n in (0, 1)]
    for box in boxes:
        assert box["width"] / box["height"] == pytest.approx(size[0] / size[1], rel=0.02)
        assert box["height"] >= 380 or box["width"] >= 580
        assert box["y"] + box["height"] < 720


def test_with_two_axes_there_are_two_sliders_and_a_map_of_scores(shown, tuner, complaints):
    table = coloured(lora_strength=STRENGTHS, steps=[10, 20], seed=[1])
    page = shown(table, axes=["lora_strength", "steps"])
    assert page.locator(".sfx-value").inner_text() == "lora_strength 0.8 · steps 10"
    before = page.locator(".sfx-row img").first.get_attribute("src")
    page.get_by_role("slider", name="steps").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator(".sfx-value").inner_text() == "lora_strength 0.8 · steps 20"
    assert page.locator(".sfx-row img").first.get_attribute("src") != before
    page.get_by_role("tab", name="Blind votes").click()
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Tie").click()  # pictures 0 and 2, the first two strengths of 10 steps
    assert page.locator(".sfx-revealed").inner_text() == "Left was lora_strength 0.4. Right was lora_strength 0.8."
    page.get_by_role("tab", name="Ranking").click()
    rows = [
        {"label": "a", "place": ["0.8", "20"], "score": 1.5, "inside": True, "won": "–", "judged": 2},
        {"label": "b", "place": ["0.4", "10"], "score": -1.0, "inside": False, "won": "–", "judged": 2},
    ]
    raters = [
        {"name": "anna", "votes": 2, "sentence": "best 0.8"},
        {"name": "bo", "votes": 0, "sentence": "no votes"},
    ]
    page.evaluate("one => model.set('shown_ranking', one)", {"sentence": "best", "rows": rows, "raters": raters})
    assert page.locator(".sfx-map thead th").all_inner_texts() == ["0.4", "0.8", "1.2"]
    assert page.locator(".sfx-map tbody th").all_inner_texts() == ["10", "20"]
    assert page.locator(".sfx-map tbody td").all_inner_texts() == ["−1.00", "–", "–", "–", "1.50", "–"]
    assert page.locator(".sfx-inside").inner_text() == "1.50"
    assert page.locator(".sfx-raters tbody tr").all_inner_texts() == ["anna\t2\tbest 0.8", "bo\t0\tno votes"]
    assert complaints() == []


def test_the_ranking_stands_on_a_page_of_its_own(shown, tuner):
    page = shown()
    made = tuner()
    made._show_ranking()
    page.get_by_role("tab", name="Ranking").click()
    assert len(sent(page, "rank")) == 1, "it is made when it is looked at"
    page.evaluate("ranking => model.set('shown_ranking', ranking)", made.shown_ranking)
    assert "best 0.80" in page.locator(".sfx-sentence").inner_text()
    assert page.locator("tbody th").first.inner_text() == "0.8"
    page.get_by_role("button", name="Propose a finer sweep").click()
    assert len(sent(page, "propose")) == 1
    page.evaluate("model.set('proposal', 'finer = tuner.next_sweep()')")
    assert "next_sweep" in page.locator("pre").inner_text()


def test_the_rater_gives_a_name_and_typing_in_it_votes_nothing(shown):
    page = shown()
    page.get_by_role("tab", name="Blind votes").click()
    name = page.get_by_label("Rater")
    name.fill("sus")
    name.press("s")
    name.press("Tab")
    assert sent(page, "rater") == [{"kind": "rater", "name": "suss"}]
    assert sent(page, "vote") == []


def test_keys_stay_in_it(shown):
    page = shown()
    page.evaluate("window.leaked = []; document.addEventListener('keydown', (event) => leaked.push(event.key))")
    page.get_by_role("tab", name="Blind votes").click()
    for key in ("d", "x", "ArrowDown", "Tab"):
        page.keyboard.press(key)
    assert page.evaluate("leaked") == ["Tab"]


@pytest.mark.parametrize("tab", ["Slider", "Blind votes", "Ranking"])
def test_it_is_accessible(shown, tuner, complaints, tab):
    page = shown()
    page.get_by_role("tab", name=tab).click()
    if tab == "Ranking":
        made = tuner()
        made._show_ranking()
        page.evaluate("ranking => model.set('shown_ranking', ranking)", made.shown_ranking)
    assert complaints() == []


def test_hostile_words_are_text(shown):
    table = coloured(prompt=PAYLOADS)
    page = shown(table)
    for at in range(len(PAYLOADS)):
        page.get_by_role("slider").fill(str(at))
    for tab in ("Blind votes", "Ranking"):
        page.get_by_role("tab", name=tab).click()
    ranking = {"sentence": PAYLOADS[0], "rows": [{"label": PAYLOADS[1], "score": 0, "won": "–", "judged": 0}]}
    page.evaluate("ranking => model.set('shown_ranking', ranking)", ranking)
    assert PAYLOADS[0] in page.get_by_role("tabpanel").inner_text()
    assert page.locator("#root script, #root img[onerror]").count() == 0


def test_it_leaves_nothing_behind(shown):
    page = shown()
    page.evaluate("cleanup()")
    assert page.evaluate("model.listening()") == 0


CELLS = [
    """import segflux_nb as sf
ws = sf.Workspace("tuned", service=sf.Simulator(time_scale=0.001))
runs = ws.run(sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2], lora_strength=[0.4, 0.8, 1.2], steps=4))
print("ready")""",
    "tuner = runs.tuner(rater='anna')\ntuner",
    "print('votes', len(runs.votes), runs.votes['rater'].unique().tolist(), tuner.ranking.votes)",
]


def test_in_jupyterlab_votes_reach_the_log(open_notebook):
    notebook = open_notebook(CELLS, "tuner.ipynb")
    notebook.says(0, "ready", timeout=60_000)
    notebook.run(1)
    page = notebook.page
    page.get_by_role("tab", name="Blind votes").click(timeout=30_000)
    page.wait_for_function("document.querySelector('.sfx-pair img')?.naturalWidth === 1024", timeout=10_000)
    for number, key in enumerate(("ArrowLeft", "ArrowRight", "ArrowDown", "s"), start=1):
        page.locator(".sfx-pair[aria-busy=false]").wait_for()
        page.get_by_role("button", name="Left is better").focus()
        page.keyboard.press(key)
        page.get_by_text(f"{min(number, 3)} vote{'s' if number > 1 else ''} by anna").wait_for()
    assert page.locator(".jp-Notebook .jp-Cell").count() == 3
    page.get_by_role("tab", name="Ranking").click()
    page.locator(".sfx-sentence", has_text="best").wait_for()
    notebook.says(2, "votes 4 ['anna'] 3")
