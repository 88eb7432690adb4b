// Two pictures or more, compared: side by side, with a slider, flickering, or by their difference.

import { el } from "../shared/dom.js";
import { Dialog } from "./dialog.js";
import { differenceText } from "./differences.js";
import { aim, nudge } from "./loupe.js";
import { drawDifference, pixelsOf, thumbnailDifference } from "./pixels.js";
import { differencesOf } from "./words.js";

const MODES = ["side by side", "slider", "flicker", "difference"];
const MODE_KEYS = "asfd";

export class Comparison extends Dialog {
  /**
   * @param {import("./gallery.js").Gallery} gallery
   * @param {number[]} chosen The rows, at least two.
   */
  constructor(gallery, chosen) {
    const stage = el("div", { class: "sfx-comparison" });
    const buttons = MODES.map((mode, n) => el("button", { type: "button" }, `${mode} (${MODE_KEYS[n]})`));
    const facts = el("div", { class: "sfx-apart", tabindex: 0, role: "region", "aria-label": "What differs" });
    const title = el("h3", {}, `${chosen.length} pictures compared`);
    const head = el("div", { class: "sfx-bar" }, title, ...buttons, el("span", { class: "sfx-quiet" }, "space flips"));
    super(gallery, "Comparison", head, el("div", { class: "sfx-compared" }, stage, facts));
    this.stage = stage;
    this.facts = facts;
    this.chosen = chosen;
    this.buttons = buttons;
    for (const other of chosen.slice(1)) gallery.desk.askDifference(chosen[0], other);
    buttons.forEach((button, n) => {
      button.addEventListener("click", () => this.draw(n));
    });
    this.draw(0);
    this.redraw();
  }

  zoom() {
    this.stage.classList.toggle("sfx-actual");
  }

  /** @param {[number, number]} move */
  pan(move) {
    nudge(this.stage, move);
  }

  /** @param {string} key */
  key(key) {
    const mode = MODE_KEYS.indexOf(key);
    if (mode >= 0) this.draw(mode);
    else if (key === " ") {
      if (this.flip) this.flip();
      else this.draw(2); // it begins with the second picture
    } else return key === "c";
    return true;
  }

  redraw() {
    this.nameDifference?.();
    this.facts.replaceChildren(this.table());
  }

  /** In what the pictures differ: their mean difference from the first one, and the values that are not the same. */
  table() {
    const { desk, rows } = this.gallery;
    const [first, ...others] = this.chosen;
    const names = this.chosen.map((_, n) => String.fromCharCode(65 + n));
    const apart = others.map((other) => {
      const number = desk.difference(first, other);
      return number == null ? "…" : differenceText(number);
    });
    const head = (/** @type {string} */ text) => el("th", { scope: "col" }, text);
    const line = (/** @type {[string, string[]]} */ [name, labels]) =>
      el("tr", {}, el("th", { scope: "row" }, name), ...labels.map((label) => el("td", {}, label)));
    /** @type {[string, string[]][]} */
    const lines = [["difference from A", ["–", ...apart]], ...differencesOf(rows, this.chosen)];
    const same = rows.layable.length - lines.length + 1;
    return el(
      "div",
      {},
      el(
        "table",
        {},
        el("thead", {}, el("tr", {}, head("what differs"), ...names.map(head))),
        el("tbody", {}, ...lines.map(line)),
      ),
      el("p", { class: "sfx-quiet" }, `${same} other column${same === 1 ? " is" : "s are"} the same`),
    );
  }

  /** @param {number} mode */
  draw(mode) {
    this.flip = null;
    this.nameDifference = null;
    this.buttons.forEach((button, n) => {
      button.setAttribute("aria-pressed", String(n === mode));
    });
    this.stage.className = `sfx-comparison sfx-${MODES[mode].replaceAll(" ", "-")}`;
    const parts = [this.sideBySide, this.slider, this.flicker, this.difference][mode].call(this);
    this.stage.replaceChildren(...parts);
    // What had the focus may be gone with the old mode.
    if (!this.element.contains(document.activeElement)) this.element.focus();
  }

  sideBySide() {
    return this.chosen.map((row) => {
      const frame = el("div", { class: "sfx-frame" }, this.picture(row));
      frame.addEventListener("pointermove", (event) => aim(this.stage, event, frame));
      return el("figure", {}, frame, this.caption(row));
    });
  }

  slider() {
    const [first, second] = this.chosen;
    const top = this.picture(second);
    const line = el("div", { class: "sfx-line-mark" });
    const label = "Where the pictures meet";
    const range = el("input", { type: "range", min: 0, max: 100, value: 50, "aria-label": label });
    const move = () => {
      top.style.clipPath = `inset(0 0 0 ${range.value}%)`;
      line.style.left = `${range.value}%`;
    };
    range.addEventListener("input", move);
    move();
    const names = el("div", { class: "sfx-names" }, this.caption(first), this.caption(second));
    return [el("div", { class: "sfx-over" }, this.picture(first), top, line), range, names];
  }

  flicker() {
    const images = this.chosen.map((index) => this.picture(index));
    const name = el("figcaption", { "aria-live": "off" });
    let turn = 0;
    this.flip = () => {
      turn = (turn + 1) % images.length;
      images.forEach((image, n) => {
        image.style.visibility = n === turn ? "visible" : "hidden";
      });
      name.textContent = this.short(this.chosen[turn]);
    };
    this.flip();
    const button = el("button", { type: "button", onclick: () => this.flip?.() }, "flip (space)");
    return [el("div", { class: "sfx-over" }, ...images), button, name];
  }

  difference() {
    const { desk, pictures } = this.gallery;
    const [first, second] = this.chosen;
    const label = `Difference of ${this.words(first)} and ${this.words(second)}`;
    const canvas = el("canvas", { role: "img", "aria-label": label });
    const name = el("figcaption");
    /** @type {number | undefined} The browser's number, until Python's is here. */
    let own;
    const show = () => {
      const number = desk.difference(first, second) ?? own;
      if (number != null) name.textContent = `mean difference ${differenceText(number)}`;
    };
    this.nameDifference = show;
    show();
    Promise.all([first, second].map(async (index) => pixelsOf(await pictures.full(index))))
      .then(([one, other]) => {
        if (desk.difference(first, second) == null) own = thumbnailDifference(one, other);
        drawDifference(canvas, one, other);
        show();
      })
      .catch(() => {
        name.textContent = "One of them cannot be read";
      });
    return [canvas, name];
  }

  /** @param {number} row */
  picture(row) {
    const { pictures } = this.gallery;
    const image = el("img", { alt: this.words(row), draggable: "false", src: pictures.thumb(row) });
    pictures.full(row).then((url) => {
      if (url) image.src = url;
    });
    return image;
  }

  /** A row's letter in the table, and the row in words. @param {number} row */
  words(row) {
    return `${String.fromCharCode(65 + this.chosen.indexOf(row))}: ${this.gallery.words(row)}`;
  }

  /** @param {number} row */
  caption(row) {
    return el("figcaption", { title: this.words(row) }, this.short(row));
  }

  /** A row's letter, and the values in which it differs from the others. @param {number} row */
  short(row) {
    const at = this.chosen.indexOf(row);
    const axes = new Set(this.gallery.rows.axes.map(({ name }) => name));
    const apart = differencesOf(this.gallery.rows, this.chosen).filter(([name]) => axes.has(name));
    const values = apart.map(([name, labels]) => `${name} ${labels[at]}`);
    return values.length ? `${String.fromCharCode(65 + at)}: ${values.join(", ")}` : this.words(row);
  }
}
