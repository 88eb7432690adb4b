// The tuner: sliders through the values of its axes, blind votes between pairs, and what the votes say.
//
// Its model has the traits `axes`, `blocks`, `cells`, `offsets`, `thumbs`, `pair`, `upcoming`, `votes`, `progress`,
// `rater`, `shown_ranking`, `proposal` and `note`; the class in tuner.py says what they hold. It sends {kind: "vote",
// pair, outcome}, {kind: "rater", name} and {kind: "undo"}, each of which is answered by {kind: "next", pair,
// upcoming} or {kind: "error", text}; and {kind: "full", index}, {kind: "rank"} and {kind: "propose"}.

import { el, ownKeys } from "./shared/dom.js";
import { Pictures } from "./shared/pictures.js";
import { Listening, rendering } from "./shared/widget.js";
import { Places } from "./tuner/places.js";
import { rankingView } from "./tuner/ranking.js";
import { Slider } from "./tuner/slider.js";
import { Votes } from "./tuner/votes.js";

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
    const places = new Places(model);
    this.slider = new Slider(model, this.pictures, places);
    /** @type {Votes | null} Made when somebody votes: it loads pictures. */
    this.votes = null;
    this.makeVotes = () => new Votes(model, this.pictures, places);
    root.classList.add("sfx", "sfx-tuner");
    ownKeys(root, (key, event) => this.key(key, event));
    this.listening = new Listening(model);
    for (const name of ["votes", "progress", "rater"]) this.listening.to(`change:${name}`, () => this.say());
    for (const name of ["shown_ranking", "proposal"]) this.listening.to(`change:${name}`, () => this.drawRanking());
    this.listening.to("msg:custom", (message, buffers) => this.receive(message, buffers));
    this.draw();
  }

  destroy() {
    this.slider.destroy();
    this.listening.end();
    this.pictures.destroy();
  }

  /** @param {string} name */
  get(name) {
    return this.model.get(name);
  }

  /**
   * @param {{ kind: string, text?: string, pair?: number[], upcoming?: Record<string, number[]> }} message
   * @param {any[]} buffers
   */
  receive(message, buffers) {
    if (message.kind === "next") this.votes?.answer(message.pair, message.upcoming);
    else if (message.kind === "error") {
      this.votes?.answer(this.get("pair"), this.get("upcoming"));
      this.say(message.text);
    } else this.pictures.receive(message, buffers);
  }

  draw() {
    const tabs = MODES.map((mode, n) => {
      const isShown = mode === this.mode;
      const attributes = { type: "button", role: "tab", "aria-selected": String(isShown), tabindex: isShown ? 0 : -1 };
      return el("button", { ...attributes, onclick: () => this.open(mode) }, TITLES[n]);
    });
    const label = TITLES[MODES.indexOf(this.mode)];
    this.stage = el("div", { class: "sfx-panel", role: "tabpanel", "aria-label": label, tabindex: -1 });
    const list = { role: "tablist", "aria-label": `Tuner of ${this.get("axis")}`, class: "sfx-tabs" };
    const rater = el("input", { type: "text", size: 12, value: this.get("rater") });
    rater.addEventListener("change", () => {
      this.votes ??= this.makeVotes();
      this.votes.rate(rater.value);
    });
    this.line = el("div", { class: "sfx-status", role: "status", "aria-live": "polite" });
    const bar = el("div", { class: "sfx-bar" }, el("div", list, ...tabs), el("label", {}, "Rater ", rater));
    this.root.replaceChildren(bar, this.stage, this.line);
    if (this.mode === "slider") this.stage.replaceChildren(...this.slider.elements);
    else if (this.mode === "vote") {
      this.votes ??= this.makeVotes();
      this.stage.replaceChildren(...this.votes.elements);
    } else {
      this.drawRanking();
      this.model.send({ kind: "rank" });
    }
    this.say();
  }

  /** Shows a tab and gives it the keys: the arrows vote, and go through the values. @param {string} mode */
  open(mode) {
    if (mode !== this.mode) this.show(mode);
    const first = this.stage.querySelector("button, input");
    (mode === "slider" && first instanceof HTMLElement ? first : this.stage).focus();
  }

  /** @param {string} mode */
  show(mode) {
    this.mode = mode;
    this.draw();
    /** @type {HTMLElement} */ (this.root.querySelector('[role="tab"][aria-selected="true"]')).focus();
  }

  /** @param {string} [text] What to say; how far it is if left out. */
  say(text) {
    const votes = this.get("votes");
    const count = `${votes} vote${votes === 1 ? "" : "s"} by ${this.get("rater")}`;
    this.line.textContent = text ?? [count, this.get("progress"), this.get("note")].filter(Boolean).join(" · ");
  }

  drawRanking() {
    if (this.mode !== "ranking") return;
    const propose = () => this.model.send({ kind: "propose" });
    const view = rankingView(this.get("axes"), this.get("shown_ranking"), this.get("proposal"), propose);
    const had = document.activeElement?.matches(".sfx-propose") && this.stage.contains(document.activeElement);
    this.stage.replaceChildren(...view);
    if (had) /** @type {HTMLElement | null} */ (this.stage.querySelector(".sfx-propose"))?.focus();
  }

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
    return this.mode === "vote" && this.votes.key(key, event.repeat);
  }
}

export default { render: rendering((model, root) => new Tuner(model, root)) };
