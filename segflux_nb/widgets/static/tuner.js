// The tuner: a slider through the values of one axis, blind votes between pairs, and what the votes say.
//
// Its model has the traits `axis`, `labels`, `blocks`, `cells`, `offsets`, `thumbs`, `pair`, `votes`, `rater`,
// `shown_ranking`, `proposal` and `note`. It sends {kind: "vote", pair, outcome}, {kind: "rater", name},
// {kind: "full", index}, and "undo", "rank" and "propose". `cells[value][block]` is the number of a picture, or -1.

import { el, ownKeys } from "./shared/dom.js";
import { Pictures } from "./shared/pictures.js";
import { Listening, rendering } from "./shared/widget.js";
import { rankingView } from "./tuner/ranking.js";
import { Slider } from "./tuner/slider.js";

const CHOICES = [
  { outcome: "left", text: "← left is better", key: "ArrowLeft" },
  { outcome: "tie", text: "tie ↓", key: "ArrowDown" },
  { outcome: "right", text: "right is better →", key: "ArrowRight" },
  { outcome: "skip", text: "skip (s)", key: "s" },
];
const MODES = ["slider", "vote", "ranking"];
const TITLES = ["Slider", "Blind votes", "Ranking"];

class Tuner {
  /**
   * @param {import("./shared/widget.js").Model} model
   * @param {HTMLElement} root
   */
  constructor(model, root) {
    this.model = model;
    this.root = root;
    this.pictures = new Pictures(model);
    this.mode = MODES[0];
    /** @type {Slider | null} */
    this.slider = null;
    this.isWaiting = false; // for the next pair: a second press is no second vote
    root.classList.add("sfx", "sfx-tuner");
    ownKeys(root, (key, event) => this.key(key, event));
    this.listening = new Listening(model);
    this.listening.to("change:pair", () => this.showPair());
    this.listening.to("change:votes", () => this.say());
    this.listening.to("change:shown_ranking", () => this.drawRanking());
    this.listening.to("change:proposal", () => this.drawRanking());
    this.listening.to("msg:custom", (message, buffers) => this.receive(message, buffers));
    this.draw();
  }

  destroy() {
    this.slider?.destroy();
    this.listening.end();
    this.pictures.destroy();
  }

  /** @param {string} name */
  get(name) {
    return this.model.get(name);
  }

  /**
   * @param {{ kind: string, text?: string }} message
   * @param {any[]} buffers
   */
  receive(message, buffers) {
    if (message.kind === "error") {
      this.showPair();
      this.say(message.text);
    } else this.pictures.receive(message, buffers);
  }

  draw() {
    const tabs = MODES.map((mode, n) => {
      const isShown = mode === this.mode;
      const attributes = { type: "button", role: "tab", "aria-selected": String(isShown), tabindex: isShown ? 0 : -1 };
      return el("button", { ...attributes, onclick: () => this.show(mode) }, TITLES[n]);
    });
    const label = TITLES[MODES.indexOf(this.mode)];
    this.stage = el("div", { class: "sfx-panel", role: "tabpanel", "aria-label": label });
    const list = { role: "tablist", "aria-label": `Tuner of ${this.get("axis")}`, class: "sfx-tabs" };
    const rater = el("input", { type: "text", size: 12, value: this.get("rater") });
    rater.addEventListener("change", () => this.model.send({ kind: "rater", name: rater.value }));
    this.line = el("div", { class: "sfx-status", role: "status", "aria-live": "polite" });
    const bar = el("div", { class: "sfx-bar" }, el("div", list, ...tabs), el("label", {}, "Rater ", rater));
    this.root.replaceChildren(bar, this.stage, this.line);
    if (this.mode === "slider") this.drawSlider();
    else if (this.mode === "vote") this.drawPair();
    else {
      this.drawRanking();
      this.model.send({ kind: "rank" });
    }
    this.say();
  }

  /** @param {string} mode */
  show(mode) {
    this.mode = mode;
    this.draw();
    /** @type {HTMLElement} */ (this.root.querySelector('[role="tab"][aria-selected="true"]')).focus();
  }

  /** @param {string} [text] What to say; the number of votes if left out. */
  say(text) {
    const votes = this.get("votes");
    const count = `${votes} vote${votes === 1 ? "" : "s"} by ${this.get("rater")}`;
    this.line.textContent = text ?? [count, this.get("note")].filter(Boolean).join(" · ");
  }

  drawSlider() {
    const middle = Math.floor((this.get("labels").length - 1) / 2);
    this.slider?.destroy();
    this.slider = new Slider(this.model, this.pictures, this.slider?.at ?? middle);
    this.stage.replaceChildren(...this.slider.elements);
  }

  drawRanking() {
    if (this.mode !== "ranking") return;
    const propose = () => this.model.send({ kind: "propose" });
    const view = rankingView(this.get("axis"), this.get("shown_ranking"), this.get("proposal"), propose);
    this.stage.replaceChildren(...view);
  }

  // ---------------------------------------------------------------- blind votes

  showPair() {
    this.isWaiting = false;
    if (this.mode === "vote") this.drawPair();
  }

  drawPair() {
    /** @type {number[]} */
    const pair = this.get("pair");
    if (pair.length < 2) {
      this.stage.replaceChildren(el("p", {}, "There are no two pictures that differ in this axis alone."));
      return;
    }
    const hadFocus = this.stage.contains(document.activeElement);
    const sides = ["left", "right"].map((side, n) => this.side(side, pair[n]));
    const buttons = CHOICES.map(({ outcome, text }) => this.button(outcome, text, () => this.vote(outcome)));
    this.stage.replaceChildren(
      el("p", { class: "sfx-question" }, "Which picture is better?"),
      el("div", { class: "sfx-pair" }, ...sides),
      el(
        "div",
        { class: "sfx-bar sfx-choices" },
        ...buttons,
        this.button("undo", "undo (u)", () => this.undo()),
      ),
    );
    const left = /** @type {HTMLElement} */ (this.stage.querySelector('[data-outcome="left"]'));
    if (hadFocus) left.focus({ preventScroll: true });
  }

  /**
   * A picture to vote for. No label tells its value, and Python draws by chance on which side it stands.
   *
   * @param {string} side
   * @param {number} index
   */
  side(side, index) {
    const image = el("img", { alt: `The ${side} picture`, draggable: "false", src: this.pictures.thumb(index) ?? "" });
    this.pictures.full(index).then((url) => {
      if (url) image.src = url;
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

  /** @param {string} outcome */
  vote(outcome) {
    if (this.isWaiting || this.get("pair").length < 2) return;
    this.isWaiting = true;
    this.model.send({ kind: "vote", pair: this.get("pair"), outcome });
  }

  undo() {
    if (!this.isWaiting) this.model.send({ kind: "undo" });
  }

  // ---------------------------------------------------------------- keys

  /**
   * Does what a key stands for, and says whether it stands for anything.
   *
   * @param {string} key
   * @param {KeyboardEvent} event
   */
  key(key, event) {
    const onTab = /** @type {Element} */ (event.target).matches('[role="tab"]');
    if (onTab && (key === "ArrowLeft" || key === "ArrowRight")) {
      const step = key === "ArrowRight" ? 1 : MODES.length - 1;
      this.show(MODES[(MODES.indexOf(this.mode) + step) % MODES.length]);
      return true;
    }
    if (this.mode !== "vote") return false;
    const choice = CHOICES.find((one) => one.key === key);
    if (choice) this.vote(choice.outcome);
    else if (key === "u") this.undo();
    else return false;
    return true;
  }
}

export default { render: rendering((model, root) => new Tuner(model, root)) };
