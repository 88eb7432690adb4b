// A tile: the picture of one of a cell's rows, its marks, and how many others its cell has.

import { el } from "../shared/dom.js";
import { placeOf } from "./words.js";

/**
 * What is shown instead of a picture that is missing or cannot be read.
 *
 * @param {string} status
 * @param {string} reason
 * @param {string} unreadable Why its picture cannot be shown; empty where it has none.
 */
export function absent(status, reason, unreadable) {
  const unknown = ["missing", "cannot be read"]; // it has a picture file, and nobody says why that cannot be read
  const [what, why] =
    status !== "completed" ? [status, reason] : unreadable ? ["cannot be shown", unreadable] : unknown;
  return el("div", { class: "sfx-absent" }, el("b", {}, what), el("span", {}, why));
}

/**
 * @typedef {object} Shown What a tile shows of a row.
 * @property {string} status
 * @property {string} reason
 * @property {boolean} hasPicture
 * @property {string} unreadable Why its picture cannot be shown; empty where it has none.
 * @property {string | null} caption
 * @property {string} plus
 * @property {string} marks In symbols.
 * @property {boolean} isRejected
 * @property {boolean} isChosen
 * @property {string} words
 */

export class Tile {
  /**
   * @param {number[]} cell The rows of its cell.
   * @param {(row: number, cell: number[]) => Shown} shown
   */
  constructor(cell, shown) {
    this.cell = cell;
    this.shown = shown;
    this.row = cell[0];
    this.isGone = false;
    this.gone = () => {};
    this.marks = el("div", { class: "sfx-marks" });
    this.frame = el("div", { class: "sfx-frame" });
    this.caption = el("div", { class: "sfx-caption" });
    this.place = el("span", { class: "sfx-place" });
    this.element = el("div", { class: "sfx-tile", role: "button", tabindex: -1 }, this.frame, this.caption);
    if (cell.length > 1) this.element.append(this.stepper());
  }

  /** The tile is a button, and takes the keys: these are for the mouse alone, and no buttons within a button. */
  stepper() {
    const part = (/** @type {string} */ text, /** @type {string} */ title, /** @type {object} */ more) =>
      el("span", { class: "sfx-arrow", "aria-hidden": "true", title, ...more }, text);
    return el(
      "div",
      { class: "sfx-more" },
      part("‹", "Previous in this cell (,)", { "data-step": -1 }),
      this.place,
      part("›", "Next in this cell (.)", { "data-step": 1 }),
      part(`+${this.cell.length - 1}`, `Show all ${this.cell.length} of this cell (Enter)`, {
        class: "sfx-arrow sfx-enter",
      }),
    );
  }

  remove() {
    this.isGone = true;
    this.gone();
  }

  /**
   * Shows a row of the cell.
   *
   * @param {number} row
   */
  show(row) {
    this.row = row;
    this.element.dataset.index = String(row);
    const shown = this.shown(row, this.cell);
    const { hasPicture, status, reason, unreadable, caption, plus } = shown;
    this.image = hasPicture ? el("img", { alt: "", draggable: "false", decoding: "async" }) : null;
    const { image } = this;
    if (image) {
      image.onerror = () => {
        if (image === this.image) this.showAbsent("");
      };
    }
    this.frame.replaceChildren(image ?? absent(status, reason, unreadable), this.marks);
    if (plus) {
      this.frame.append(el("div", { class: "sfx-plus", title: "more pictures of this output" }, plus));
    }
    this.caption.hidden = caption == null;
    this.caption.textContent = this.caption.title = caption ?? "";
    this.place.textContent = placeOf(this.cell, row);
    this.element.classList.toggle("sfx-stepped", row !== this.cell[0]);
    this.redraw(shown);
  }

  /** @param {string} why */
  showAbsent(why) {
    const { status, reason } = this.shown(this.row, this.cell);
    this.image.replaceWith(absent(status, reason, why));
    this.image = null;
  }

  /** Draws marks and words again. @param {Shown} [shown] */
  redraw({ marks, isRejected, isChosen, words } = this.shown(this.row, this.cell)) {
    if (this.marks.textContent !== marks) this.marks.textContent = marks;
    this.element.classList.toggle("sfx-rejected", isRejected);
    this.element.classList.toggle("sfx-chosen", isChosen);
    this.element.setAttribute("aria-pressed", String(isChosen));
    this.element.setAttribute("aria-label", words);
  }

  /**
   * Shows the thumbnail as soon as it is here.
   *
   * @param {import("../shared/pictures.js").Pictures} pictures
   */
  async fill(pictures) {
    const { image, row } = this;
    if (!image) return;
    const url = pictures.thumb(row) ?? (await pictures.small(row));
    if (this.isGone || image !== this.image) return; // it shows another row by now
    if (!url) this.showAbsent(pictures.why(row));
    else if (!image.src) image.src = url; // the picture at full size may have come meanwhile
  }

  /**
   * Shows the picture at full size as soon as it is here.
   *
   * @param {import("../shared/pictures.js").Pictures} pictures
   */
  async sharpen(pictures) {
    const { image } = this;
    if (!image) return;
    const url = await pictures.full(this.row);
    if (url && !this.isGone && image === this.image) image.src = url;
  }
}
