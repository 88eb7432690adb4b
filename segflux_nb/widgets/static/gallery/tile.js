// A tile: the picture of a cell's first item, its marks, and how many items stand behind it.

import { el } from "../shared/dom.js";
import { symbols } from "./state.js";

/**
 * What is shown instead of a picture that is missing or cannot be read.
 *
 * @param {import("./state.js").Item} item
 * @param {string} unreadable Why its picture cannot be shown; empty where it has none.
 */
export function absent({ status, reason }, unreadable) {
  const unknown = ["missing", "cannot be read"]; // it has a picture file, and nobody says why that cannot be read
  const [what, why] =
    status !== "completed" ? [status, reason] : unreadable ? ["cannot be shown", unreadable] : unknown;
  return el("div", { class: "sfx-absent" }, el("b", {}, what), el("span", {}, why));
}

export class Tile {
  /**
   * @param {number[]} items
   * @param {import("./state.js").Item} first The first of them.
   * @param {{ hasPicture: boolean, unreadable: string, caption: string | null }} options
   */
  constructor(items, first, { hasPicture, unreadable, caption }) {
    this.items = items;
    this.first = first;
    this.isVisible = false;
    this.image = hasPicture ? el("img", { alt: "", draggable: "false", decoding: "async" }) : null;
    this.image?.addEventListener("error", () => this.showAbsent(""));
    this.marks = el("div", { class: "sfx-marks" });
    this.frame = el("div", { class: "sfx-frame" }, this.image ?? absent(first, unreadable), this.marks);
    this.element = el(
      "div",
      { class: "sfx-tile", role: "button", tabindex: -1, "data-index": this.index },
      this.frame,
      caption == null ? null : el("div", { class: "sfx-caption", title: caption }, caption),
      items.length > 1 ? el("div", { class: "sfx-more" }, `+${items.length - 1}`) : null,
    );
  }

  get index() {
    return this.items[0];
  }

  /** @param {string} why */
  showAbsent(why) {
    this.image.replaceWith(absent(this.first, why));
    this.image = null;
  }

  /**
   * Shows the thumbnail as soon as it is here.
   *
   * @param {import("../shared/pictures.js").Pictures} pictures
   */
  async fill(pictures) {
    if (!this.image || this.image.src) return;
    const url = await pictures.small(this.index);
    if (!this.image) return;
    if (!url) this.showAbsent(pictures.why(this.index));
    else if (!this.image.src) this.image.src = url; // the picture at full size may have come meanwhile
  }

  /**
   * Shows the picture at full size as soon as it is here.
   *
   * @param {import("../shared/pictures.js").Pictures} pictures
   */
  async sharpen(pictures) {
    if (!this.image) return;
    const url = await pictures.full(this.index);
    if (url && this.image) this.image.src = url;
  }

  /**
   * @param {import("./state.js").Mark} mark
   * @param {boolean} isChosen
   * @param {string} words
   */
  draw(mark, isChosen, words) {
    this.marks.textContent = symbols(mark);
    this.element.classList.toggle("sfx-rejected", mark.pick === false);
    this.element.classList.toggle("sfx-chosen", isChosen);
    this.element.setAttribute("aria-pressed", String(isChosen));
    this.element.setAttribute("aria-label", words);
  }
}
