// One picture, large, with what is known of it; it can be rated, and flipped through its row.

import { el } from "../shared/dom.js";
import { Dialog } from "./dialog.js";
import { placeOf } from "./state.js";

const FLIP = 500; // milliseconds on each picture of a row

export class PictureDialog extends Dialog {
  /**
   * @param {import("./dialog.js").Host} host
   * @param {number} index
   */
  constructor(host, index) {
    const image = el("img", { class: "sfx-large", alt: "" });
    const stage = el("div", { class: "sfx-stage" }, image);
    const facts = el("div", { class: "sfx-facts" });
    super(host, "Picture", stage, facts);
    this.image = image;
    this.stage = stage;
    this.facts = facts;
    /** Which picture of its output is shown: 0 is the first. */
    this.number = 0;
    this.go(index);
  }

  stop() {
    clearInterval(this.playing);
  }

  /** @param {number} index */
  go(index) {
    this.index = index;
    return this.show(0);
  }

  /** The numbers of the pictures of its output: the first has that of the item. */
  get outputs() {
    return [this.index, ...(this.host.item(this.index).more ?? [])];
  }

  /**
   * Shows a picture of the output.
   *
   * @param {number} number Its place among those that are there; one after the last is the first.
   */
  async show(number) {
    const { host, image, outputs } = this;
    this.number = (number + outputs.length) % outputs.length;
    const shown = outputs[this.number];
    const small = host.pictures.thumb(shown);
    if (small) image.src = small;
    else image.removeAttribute("src");
    image.alt = [host.words(this.index), this.place].filter(Boolean).join(", ");
    image.hidden = !host.pictures.has(shown);
    this.redraw();
    const url = host.pictures.has(shown) ? await host.pictures.full(shown) : null;
    if (this.outputs[this.number] !== shown) return;
    if (url) image.src = url;
    else image.hidden = true;
    if (host.pictures.why(shown)) this.redraw();
  }

  /** Which of several pictures is shown, in words. */
  get place() {
    const { plus } = this.host.item(this.index);
    if (!plus) return "";
    const missing = plus.split(", ")[1];
    return [`picture ${this.number + 1} of ${this.outputs.length}`, missing].filter(Boolean).join(", ");
  }

  /**
   * Steps through the pictures of the output.
   *
   * @param {string} key
   */
  key(key) {
    if (key !== "m" && key !== "M") return false;
    this.show(this.number + (key === "m" ? 1 : -1));
    return true;
  }

  zoom() {
    this.stage.classList.toggle("sfx-actual");
  }

  /** Flips through the row, or stops. People who want less motion get one step. */
  play() {
    if (this.playing) {
      clearInterval(this.playing);
      this.playing = null;
      return;
    }
    const step = () => {
      const row = this.host.row(this.index);
      this.go(row[(row.indexOf(this.index) + 1) % row.length]);
    };
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) step();
    else this.playing = setInterval(step, FLIP);
  }

  writeNote() {
    this.note.focus();
  }

  redraw() {
    const item = this.host.item(this.index);
    const rows = Object.entries(item.labels).map(([name, value]) =>
      el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, value)),
    );
    this.note = this.noteField();
    const why = this.host.pictures.why(this.outputs[this.number]);
    const parts = [
      why ? el("p", { class: "sfx-reason" }, `cannot be shown: ${why}`) : null,
      item.status === "completed" ? null : el("p", { class: "sfx-reason" }, `${item.status}: ${item.reason}`),
      this.stepper(),
      this.place ? this.steps() : null,
      this.stars(),
      el("div", { class: "sfx-flags" }, this.flag("✔ pick (p)", true), this.flag("✘ reject (x)", false)),
      this.note,
      el("table", {}, el("tbody", {}, ...rows)),
      el("pre", {}, item.code),
      el(
        "div",
        { class: "sfx-flags" },
        this.copyButton("copy code", item.code),
        this.copyButton("copy parameters", JSON.stringify(item.parameters, null, 1)),
      ),
    ];
    this.facts.replaceChildren(...parts.filter(Boolean));
    // What had the focus may be gone.
    if (!this.element.contains(document.activeElement)) this.element.focus();
  }

  /** Buttons that step through the pictures of the output. */
  steps() {
    const step = (/** @type {string} */ text, /** @type {string} */ label, /** @type {number} */ move) =>
      this.button(text, { "aria-label": label, disabled: this.outputs.length < 2 }, () => {
        this.show(this.number + move);
        /** @type {HTMLElement} */ (this.facts.querySelector(`[aria-label="${label}"]`)).focus();
      });
    return el(
      "div",
      { class: "sfx-flags sfx-outputs", role: "group", "aria-label": "Pictures of this output" },
      step("‹", "Previous picture", -1),
      el("span", { "aria-live": "polite" }, this.place),
      step("›", "Next picture", 1),
    );
  }

  /** Buttons to the other pictures of the same cell; null where there are none. */
  stepper() {
    const place = placeOf(this.host.cell(this.index), this.index);
    if (!place) return null;
    /** @param {string} text @param {string} label @param {number} by */
    const button = (text, label, by) =>
      this.button(text, { "aria-label": label }, () => {
        this.host.step(this.index, by);
        this.element.focus();
      });
    const [before, after] = [button("‹ (,)", "Previous in this cell", -1), button("› (.)", "Next in this cell", 1)];
    return el("div", { class: "sfx-flags sfx-step" }, before, el("span", {}, `${place} in this cell`), after);
  }

  stars() {
    const { stars } = this.host.mark(this.index);
    const buttons = [0, 1, 2, 3, 4, 5].map((n) => {
      const symbol = n <= (stars ?? 0) ? "★" : "☆";
      const attributes = { role: "radio", "aria-checked": String(stars === n), "aria-label": `${n} stars` };
      return this.button(n ? symbol : "0", attributes, () => this.host.rate(this.index, { stars: n }));
    });
    return el("div", { role: "radiogroup", "aria-label": "Stars", class: "sfx-stars" }, ...buttons);
  }

  /**
   * @param {string} text
   * @param {boolean} pick
   */
  flag(text, pick) {
    const attributes = { "aria-pressed": String(this.host.mark(this.index).pick === pick) };
    return this.button(text, attributes, () => this.host.rate(this.index, { pick }));
  }

  noteField() {
    const value = this.host.mark(this.index).note ?? "";
    const field = el("input", { type: "text", "aria-label": "Note", placeholder: "note (n)", value });
    field.addEventListener("change", () => this.host.rate(this.index, { note: field.value }));
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== "Escape") return;
      field.blur();
      this.element.focus();
      event.stopPropagation();
    });
    return field;
  }

  /**
   * @param {string} label
   * @param {string} text
   */
  copyButton(label, text) {
    const button = this.button(label, {}, async () => {
      try {
        await navigator.clipboard.writeText(text);
        button.textContent = "copied";
      } catch {
        this.host.say("The browser does not permit copying");
      }
    });
    return button;
  }

  /**
   * @param {string} text
   * @param {Record<string, any>} attributes
   * @param {() => void} onclick
   */
  button(text, attributes, onclick) {
    return el("button", { type: "button", ...attributes, onclick }, text);
  }
}
