// Blind votes: two pictures beside each other, and which of them is better.
//
// Python says with each pair which one comes after each outcome. Its pictures are loaded while somebody looks, and it
// is shown as soon as a vote is cast, before Python has answered. A vote on it may be cast then, too. What comes after
// that one is not known before the answer: until then the buttons do nothing, and a sentence says it.

import { el } from "../shared/dom.js";

/** @typedef {Record<string, number[]>} Upcoming By outcome, the pair that comes after it; empty if there is none. */

const CHOICES = [
  { outcome: "left", text: "Left is better", key: "ArrowLeft" },
  { outcome: "tie", text: "Tie", key: "ArrowDown" },
  { outcome: "right", text: "Right is better", key: "ArrowRight" },
  { outcome: "skip", text: "Skip", key: "s" },
];
const KEYS = "Keys: ← left, → right, ↓ tie, s skip, u undo";
const QUESTION = "Which picture is better?";
const WAITING = "The next pair is on its way…";
const NONE = "There are no two pictures to compare: they must be the same in all but what is tuned.";

export class Votes {
  /**
   * @param {import("../shared/widget.js").Model} model
   * @param {import("../shared/pictures.js").Pictures} pictures
   * @param {import("./places.js").Places} places
   */
  constructor(model, pictures, places) {
    this.model = model;
    this.pictures = pictures;
    this.places = places;
    /** @type {number[]} The pair that is shown; empty if there is none. */
    this.pair = [];
    /** @type {Upcoming | null} What comes after it; null as long as Python has not said it. */
    this.upcoming = null;
    this.unanswered = 0;
    this.isWaiting = false;
    /** @type {Map<number, HTMLImageElement>} Pictures that are decoded before they are shown. */
    this.ahead = new Map();
    this.question = el("p", { class: "sfx-question" });
    this.images = ["left", "right"].map((side) => el("img", { alt: `The ${side} picture`, draggable: "false" }));
    const sides = this.images.map((image, n) => this.side(["left", "right"][n], image));
    this.both = el("div", { class: "sfx-pair" }, ...sides);
    this.revealed = el("p", { class: "sfx-revealed", "aria-live": "polite" });
    this.reveal = el("input", { type: "checkbox", onchange: () => this.revealed.replaceChildren() });
    const buttons = CHOICES.map(({ outcome, text }) => this.button(outcome, text, () => this.vote(outcome)));
    this.choices = el(
      "div",
      { class: "sfx-bar sfx-choices" },
      ...buttons,
      this.button("undo", "Undo", () => this.undo()),
    );
    const line = el(
      "div",
      { class: "sfx-bar sfx-choices sfx-below" },
      el("span", {}, KEYS),
      el("label", {}, this.reveal, " Show the values after each vote"),
    );
    this.elements = [this.question, this.both, this.choices, this.revealed, line];
    this.take(model.get("pair"), model.get("upcoming"));
  }

  /**
   * @param {string} side
   * @param {HTMLImageElement} image
   */
  side(side, image) {
    image.addEventListener("load", () => {
      image.parentElement.style.setProperty("--aspect", String(image.naturalWidth / image.naturalHeight));
    });
    const attributes = { type: "button", class: "sfx-pick", "aria-label": `The ${side} picture is better` };
    return el("figure", {}, el("button", { ...attributes, onclick: () => this.vote(side) }, image));
  }

  /**
   * @param {string} outcome
   * @param {string} text
   * @param {() => void} onclick
   */
  button(outcome, text, onclick) {
    return el("button", { type: "button", "data-outcome": outcome, onclick }, text);
  }

  // ---------------------------------------------------------------- what Python says

  /**
   * An answer: the pair that is judged now, and those that may come after it.
   *
   * @param {number[]} pair
   * @param {Upcoming} upcoming
   */
  answer(pair, upcoming) {
    this.unanswered = Math.max(0, this.unanswered - 1);
    if (this.unanswered === 0) this.take(pair, upcoming);
  }

  /**
   * Shows a pair, and loads those that may come after it.
   *
   * @param {number[]} pair
   * @param {Upcoming} upcoming
   */
  take(pair, upcoming) {
    this.upcoming = upcoming;
    if (this.isWaiting || String(pair) !== String(this.pair) || !pair.length) this.show(pair);
    const wanted = new Set([...pair, ...Object.values(upcoming).flat()]);
    for (const index of this.ahead.keys()) if (!wanted.has(index)) this.ahead.delete(index);
    for (const index of wanted) this.load(index);
  }

  /** @param {number} index */
  async load(index) {
    if (this.ahead.has(index)) return;
    const image = el("img");
    this.ahead.set(index, image);
    const url = await this.pictures.full(index);
    if (url) image.src = url;
  }

  // ---------------------------------------------------------------- what is shown

  /** @param {number[]} pair */
  show(pair) {
    this.pair = pair;
    this.wait(false);
    const isThere = pair.length === 2;
    this.both.hidden = !isThere;
    this.choices.hidden = !isThere;
    if (!isThere) {
      this.question.textContent = NONE;
      return;
    }
    // No label tells the value, and Python draws by chance on which side it stands.
    this.images.forEach(async (image, n) => {
      image.src = this.pictures.fullNow(pair[n]) ?? this.pictures.thumb(pair[n]) ?? "";
      const url = await this.pictures.full(pair[n]);
      if (url && this.pair === pair && image.src !== url) image.src = url;
    });
  }

  /** @param {boolean} isWaiting Whether no vote can be cast, because the next pair is not known yet. */
  wait(isWaiting) {
    this.isWaiting = isWaiting;
    this.question.textContent = isWaiting ? WAITING : QUESTION;
    this.both.setAttribute("aria-busy", String(isWaiting));
    for (const button of [...this.choices.children, ...this.both.querySelectorAll("button")]) {
      button.setAttribute("aria-disabled", String(isWaiting)); // not disabled: it would lose the keyboard
    }
  }

  // ---------------------------------------------------------------- what the user does

  /** @param {string} outcome */
  vote(outcome) {
    if (this.isWaiting || this.pair.length < 2) return;
    this.send({ kind: "vote", pair: this.pair, outcome });
    if (this.reveal.checked) {
      const [left, right] = this.places.differing(this.pair);
      this.revealed.textContent = `Left was ${left}. Right was ${right}.`;
    }
    const next = this.upcoming?.[outcome];
    this.upcoming = null;
    if (next?.length) this.show(next);
    else this.wait(true);
  }

  undo() {
    if (this.isWaiting) return;
    this.send({ kind: "undo" });
    this.revealed.replaceChildren();
    this.wait(true);
  }

  /** @param {string} name Of the person who votes from now on. */
  rate(name) {
    this.send({ kind: "rater", name });
    this.wait(true);
  }

  /** @param {object} message One that Python answers. */
  send(message) {
    this.unanswered += 1;
    this.model.send(message);
  }

  /**
   * Does what a key stands for, and says whether it stands for anything.
   *
   * @param {string} key
   * @param {boolean} isHeld Whether it is a repetition of a key that is held down, which is no vote.
   */
  key(key, isHeld) {
    const choice = CHOICES.find((one) => one.key === key);
    if (!choice && key !== "u") return false;
    if (!isHeld) {
      if (choice) this.vote(choice.outcome);
      else this.undo();
    }
    return true;
  }
}
