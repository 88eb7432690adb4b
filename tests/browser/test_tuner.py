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

    def vote(self, left, right, outcome, rater):
        raise AssertionError

    def undo(self, rater):
        return False

    def ranking(self, rater=None):
        votes = [Vote(0.8, other, "left", seed) for other in (0.4, 1.2) for seed in range(3)]
        return rank("lora_strength", STRENGTHS, votes if rater is None else [])


@pytest.fixture
def tuner():
    def tuner(table=None):
        table = coloured(lora_strength=STRENGTHS, seed=[1, 2]) if table is None else table
        table["run"] = [f"{number:012x}" for number in range(len(table))]
        pair = (table["run"][0], table["run"][2]) if len(table) > 2 else None
        return Tuner(
            table,
            [str(table.attrs["segflux_axes"][0])],
            Voting(pair),
            rater="anna",
            propose=lambda: Proposal(Sweep(prompt="TOK", finetune_id="a"), "1 run", ""),
        )

    return tuner


@pytest.fixture
def shown(mount, tuner):
    def shown(table=None):
        made = tuner(table)
        state = {name: getattr(made, name) for name in TRAITS}
        state = json.loads(json.dumps({**state, "thumbs": base64.b64encode(made.thumbs).decode()}))
        return mount("tuner", state, bytes_=["thumbs"])

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


def test_blind_votes_show_no_label_and_count_once(shown):
    page = shown()
    page.get_by_role("tab", name="Blind votes").click()
    stage = page.get_by_role("tabpanel")
    words = stage.inner_text() + stage.evaluate("one => one.innerHTML.replace(/blob:[^\"]*/g, '')")
    assert not any(label in words for label in ("0.4", "0.8", "1.2", "seed"))
    page.keyboard.press("ArrowLeft")  # on the tabs it changes the page, and votes nothing
    page.keyboard.press("ArrowRight")
    assert sent(page, "vote") == []
    stage.get_by_role("button", name="left is better").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert sent(page, "vote") == [{"kind": "vote", "pair": [0, 2], "outcome": "right"}]
    page.evaluate("model.set('pair', [3, 5])")
    assert page.evaluate("document.activeElement.dataset.outcome") == "left", "the keyboard goes on"
    page.keyboard.press("ArrowDown")
    page.evaluate("model.set('pair', [1, 3])")
    page.keyboard.press("s")
    page.evaluate("model.set('pair', [1, 5])")
    stage.get_by_role("button", name="The left picture is better").click()
    assert [vote["outcome"] for vote in sent(page, "vote")] == ["right", "tie", "skip", "left"]
    page.evaluate("model.set('pair', [0, 2])")
    page.keyboard.press("u")
    assert len(sent(page, "undo")) == 1


def test_a_vote_that_is_not_kept_can_be_cast_again(shown):
    page = shown()
    page.get_by_role("tab", name="Blind votes").click()
    page.get_by_role("button", name="tie").click()
    page.evaluate("model.tell('msg:custom', {kind: 'error', text: 'The disk is full'}, [])")
    assert page.get_by_role("status").inner_text() == "The disk is full"
    page.get_by_role("button", name="tie").click()
    assert len(sent(page, "vote")) == 2


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
        page.get_by_role("button", name="left is better").focus()
        page.keyboard.press(key)
        page.get_by_text(f"{min(number, 3)} vote{'s' if number > 1 else ''} by anna").wait_for()
    assert page.locator(".jp-Notebook .jp-Cell").count() == 3
    page.get_by_role("tab", name="Ranking").click()
    page.locator(".sfx-sentence", has_text="best").wait_for()
    notebook.says(2, "votes 4 ['anna'] 3")
