// A tile: the picture of one of a cell's items, its marks, and buttons that step through the others.

import { el } from "../shared/dom.js";
import { placeOf, symbols } from "./state.js";

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

/**
 * @typedef {object} Shown What a tile shows of an item.
 * @property {import("./state.js").Item} item
 * @property {boolean} hasPicture
 * @property {string} unreadable Why its picture cannot be shown; empty where it has none.
 * @property {string | null} caption
 */

export class Tile {
  /**
   * @param {number[]} items The items of its cell.
   * @param {(index: number) => Shown} shown
   * @param {(by: number) => void} step Steps to another item of the cell.
   */
  constructor(items, shown, step) {
    this.items = items;
    this.shown = shown;
    this.index = items[0];
    this.isVisible = false;
    this.marks = el("div", { class: "sfx-marks" });
    this.frame = el("div", { class: "sfx-frame" });
    this.caption = el("div", { class: "sfx-caption" });
    this.place = el("span", { class: "sfx-place" });
    this.element = el(
      "div",
      { class: "sfx-tile", role: "button", tabindex: -1 },
      this.frame,
      this.caption,
      items.length > 1 ? this.stepper(step) : null,
    );
    this.show(this.index);
  }

  /** @param {(by: number) => void} step */
  stepper(step) {
    /** @param {string} text @param {string} label @param {number} by */
    const button = (text, label, by) => {
      // The tile is a button, and takes the keys: these are for the mouse alone, and no buttons within a button.
      const one = el("span", { class: "sfx-arrow", "aria-hidden": "true", title: label }, text);
      one.addEventListener("click", (event) => {
        event.stopPropagation();
        step(by);
      });
      one.addEventListener("dblclick", (event) => event.stopPropagation());
      return one;
    };
    const [before, after] = [button("‹", "Previous in this cell (,)", -1), button("›", "Next in this cell (.)", 1)];
    return el("div", { class: "sfx-more" }, before, this.place, after);
  }

  /**
   * Shows an item of the cell.
   *
   * @param {number} index
   */
  show(index) {
    const { item, hasPicture, unreadable, caption } = this.shown(index);
    this.index = index;
    this.first = item;
    this.image = hasPicture ? el("img", { alt: "", draggable: "false", decoding: "async" }) : null;
    const { image } = this;
    image?.addEventListener("error", () => {
      if (image === this.image) this.showAbsent("");
    });
    const plus = item.plus ? [el("div", { class: "sfx-plus", title: "more pictures of this output" }, item.plus)] : [];
    this.frame.replaceChildren(image ?? absent(item, unreadable), this.marks, ...plus);
    this.caption.hidden = caption == null;
    this.caption.textContent = this.caption.title = caption ?? "";
    this.place.textContent = placeOf(this.items, index);
    this.element.dataset.index = String(index);
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
    const { image } = this;
    if (!image || image.src) return;
    const url = await pictures.small(this.index);
    if (!image || image !== this.image) return; // it shows another item by now
    if (!url) this.showAbsent(pictures.why(this.index));
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
    const url = await pictures.full(this.index);
    if (url && image === this.image) image.src = url;
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
