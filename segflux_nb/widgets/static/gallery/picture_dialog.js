// One picture, large, with what is known of it; it can be rated, and flipped through its row.

import { el } from "../shared/dom.js";
import { jsonOf, pythonOf, tomlOf } from "./code.js";
import { copyPicture, copyText } from "./copying.js";
import { Dialog } from "./dialog.js";
import { icon } from "./icons.js";
import { meanText } from "./marks.js";
import { placeOf } from "./words.js";

const FLIP = 500; // milliseconds on each picture of a row

export class PictureDialog extends Dialog {
  /**
   * @param {import("./gallery.js").Gallery} gallery
   * @param {number} row
   */
  constructor(gallery, row) {
    const image = el("img", { class: "sfx-large", alt: "" });
    const stage = el("div", { class: "sfx-stage" }, image);
    const facts = el("div", { class: "sfx-facts" });
    super(gallery, "Picture", stage, facts);
    this.image = image;
    this.stage = stage;
    this.facts = facts;
    this.note = this.noteField();
    facts.append(this.note);
    /** Which picture of its output is shown: 0 is the first. */
    this.number = 0;
    this.hasAll = false;
    this.go(row);
  }

  stop() {
    clearInterval(this.playing);
  }

  /** @param {number} row */
  go(row) {
    this.row = row;
    return this.show(0);
  }

  /** The numbers of the pictures of its output: the first has that of the row. */
  get outputs() {
    return [this.row, ...this.gallery.rows.more(this.row)];
  }

  /**
   * Shows a picture of the output.
   *
   * @param {number} number Its place among those that are there; one after the last is the first.
   */
  async show(number) {
    const { gallery, image, outputs } = this;
    const { pictures } = gallery;
    this.number = (number + outputs.length) % outputs.length;
    const shown = outputs[this.number];
    const small = pictures.thumb(shown);
    if (small) image.src = small;
    else image.removeAttribute("src");
    image.alt = [gallery.words(this.row), this.place].filter(Boolean).join(", ");
    image.hidden = !pictures.has(shown);
    this.redraw();
    const url = pictures.has(shown) ? await pictures.full(shown) : null;
    if (this.outputs[this.number] !== shown) return;
    if (url) image.src = url;
    else image.hidden = true;
    if (pictures.why(shown)) this.redraw();
  }

  /** Which of several pictures is shown, in words. */
  get place() {
    const plus = this.gallery.rows.plus(this.row);
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

  /** @param {[number, number]} move */
  pan([across, down]) {
    this.stage.scrollBy(80 * across, 80 * down);
  }

  /** Flips through the row, or stops. People who want less motion get one step. */
  play() {
    if (this.playing) {
      clearInterval(this.playing);
      this.playing = null;
      return;
    }
    const step = () => {
      const line = this.gallery.board.fellows(this.row);
      this.go(line[(line.indexOf(this.row) + 1) % line.length]);
    };
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) step();
    else this.playing = setInterval(step, FLIP);
  }

  writeNote() {
    this.note.focus();
  }

  /** Shows what can be copied. */
  openCopy() {
    /** @type {HTMLElement} */ (this.facts.querySelector(".sfx-copies button")).focus();
  }

  redraw() {
    const { gallery, row } = this;
    const { rows, pictures } = gallery;
    const had = this.facts.contains(document.activeElement) && document.activeElement.getAttribute("data-keep");
    const why = pictures.why(this.outputs[this.number]);
    const status = rows.status(row);
    const above = [
      why ? el("p", { class: "sfx-reason" }, `cannot be shown: ${why}`) : null,
      status === "completed" ? null : el("p", { class: "sfx-reason" }, `${status}: ${rows.reason(row)}`),
      this.stepper(),
      this.place ? this.steps() : null,
      el("div", { class: "sfx-flags" }, this.stars(), this.flag("✔ pick (p)", true), this.flag("✘ reject (x)", false)),
    ];
    const below = [
      this.others(),
      this.table(),
      el("pre", { tabindex: 0, "aria-label": "Python" }, pythonOf(rows, row)),
      this.copies(),
      gallery.model.get("form")?.length ? this.runButton() : null,
    ];
    // The field of the note stays: answers come while somebody writes in it.
    if (document.activeElement !== this.note) this.note.value = gallery.marker.marks.own(row).note ?? "";
    for (const part of [...this.facts.children]) if (part !== this.note) part.remove();
    this.note.before(...above.filter((part) => part !== null));
    this.note.after(...below.filter((part) => part !== null));
    if (had) /** @type {HTMLElement} */ (this.facts.querySelector(`[data-keep="${had}"]`))?.focus();
    // What had the focus may be gone.
    if (!this.element.contains(document.activeElement)) this.element.focus();
  }

  /** The row's values: what differs between rows first. */
  table() {
    const { rows } = this.gallery;
    const line = (/** @type {import("./table.js").Column} */ column) =>
      el("tr", {}, el("th", { scope: "row" }, column.name), el("td", {}, column.label(this.row)));
    const table = el("table", {}, el("tbody", {}, ...rows.layable.map(line)));
    const same = rows.all.filter(({ laysOut }) => !laysOut);
    const more = el(
      "details",
      {},
      el("summary", {}, "The same in all, and the log"),
      el("table", {}, el("tbody", {}, ...same.map(line))),
    );
    more.open = this.hasAll;
    more.addEventListener("toggle", () => {
      this.hasAll = more.open;
      if (more.open) this.gallery.needColumns();
    });
    return el("div", {}, table, more);
  }

  /** What other raters say; null where they say nothing. */
  others() {
    const { marks } = this.gallery.marker;
    const mean = marks.mean(this.row);
    const lines = marks
      .all(this.row)
      .filter(([rater]) => rater !== marks.rater)
      .map(([rater, { stars, pick, note }]) => {
        const said = [stars == null ? "" : "★".repeat(stars) || "☆", pick == null ? "" : pick ? "✔" : "✘", note ?? ""];
        return el("li", {}, el("b", {}, rater || "unknown"), ` ${said.filter(Boolean).join(" ")}`);
      });
    if (!lines.length) return null;
    const title = mean ? `All raters: ${meanText(mean)}` : "All raters";
    return el("div", { class: "sfx-others" }, title, el("ul", {}, ...lines));
  }

  runButton() {
    const button = this.button("Run with other parameters (e)", {}, () => this.gallery.desk.edit(this.row));
    button.prepend(icon("run"));
    return button;
  }

  /** Buttons that copy, and a link that keeps the picture. */
  copies() {
    const { rows, pictures } = this.gallery;
    const { row } = this;
    const toml = tomlOf(rows, row);
    const picture = this.outputs[this.number];
    const copy = (/** @type {string} */ what, /** @type {() => Promise<boolean>} */ act) => {
      const button = this.button(what, { "aria-label": `Copy ${what}` }, async () => {
        const isCopied = await act();
        button.lastChild.textContent = isCopied ? "copied" : what;
        if (!isCopied) this.gallery.say("The browser does not permit copying");
      });
      return button;
    };
    const has = pictures.has(picture);
    return el(
      "div",
      { class: "sfx-flags sfx-copies", role: "group", "aria-label": "Copy" },
      el("span", { class: "sfx-quiet" }, "Copy"),
      has ? copy("picture", async () => copyPicture(await pictures.full(picture))) : null,
      copy("parameters", () => copyText(jsonOf(rows, row))),
      copy("Python", () => copyText(pythonOf(rows, row))),
      toml ? copy("TOML", () => copyText(toml)) : null,
    );
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
    const place = placeOf(this.gallery.cell(this.row), this.row);
    if (!place) return null;
    /** @param {string} text @param {string} label @param {number} by */
    const button = (text, label, by) =>
      this.button(text, { "aria-label": label }, () => {
        this.gallery.step(this.row, by);
        this.element.focus();
      });
    const [before, after] = [button("‹ (,)", "Previous in this cell", -1), button("› (.)", "Next in this cell", 1)];
    return el("div", { class: "sfx-flags sfx-step" }, before, el("span", {}, `${place} in this cell`), after);
  }

  stars() {
    const { stars } = this.gallery.marker.marks.own(this.row);
    const buttons = [0, 1, 2, 3, 4, 5].map((n) => {
      const symbol = n <= (stars ?? 0) ? "★" : "☆";
      const attributes = {
        role: "radio",
        "aria-checked": String(stars === n),
        "aria-label": `${n} stars`,
        "data-keep": `stars ${n}`,
      };
      return this.button(n ? symbol : "0", attributes, () => this.gallery.marker.mark([this.row], { stars: n }));
    });
    return el("div", { role: "radiogroup", "aria-label": "Stars", class: "sfx-stars" }, ...buttons);
  }

  /**
   * @param {string} text
   * @param {boolean} pick
   */
  flag(text, pick) {
    const attributes = {
      "aria-pressed": String(this.gallery.marker.marks.own(this.row).pick === pick),
      "data-keep": `pick ${pick}`,
    };
    return this.button(text, attributes, () => this.gallery.marker.mark([this.row], { pick }));
  }

  noteField() {
    const field = el("input", { type: "text", "aria-label": "Note", placeholder: "note (n)" });
    field.addEventListener("change", () => this.gallery.marker.mark([this.row], { note: field.value || null }));
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== "Escape") return;
      field.blur();
      this.element.focus();
      event.stopPropagation();
    });
    return field;
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
