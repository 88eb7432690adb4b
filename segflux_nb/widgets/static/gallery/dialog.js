// A dialog over a widget: it holds the focus, and gives it back.

import { el } from "../shared/dom.js";
import { icon } from "./icons.js";
import { KEYS } from "./keys.js";

const FOCUSABLE = 'button, input, select, textarea, summary, a[href], [tabindex="0"]';

/** The base of all dialogs. */
export class Dialog {
  /**
   * @param {import("./gallery.js").Gallery} gallery
   * @param {string} label
   * @param {...Node} content
   */
  constructor(gallery, label, ...content) {
    this.gallery = gallery;
    this.before = document.activeElement;
    /** @type {number | null} The row that it shows, for a dialog with one. */
    this.row = null;
    const close = el("button", { type: "button", class: "sfx-close", "aria-label": "Close" });
    close.append(icon("close"));
    close.addEventListener("click", () => this.close());
    const attributes = { class: "sfx-dialog", role: "dialog", "aria-modal": "true", "aria-label": label, tabindex: -1 };
    this.element = el("div", attributes, close, ...content);
    this.element.addEventListener("keydown", (event) => this.holdFocus(event));
    gallery.root.append(this.element);
    this.element.focus();
  }

  close() {
    this.stop();
    this.element.remove();
    this.gallery.desk.closed(this.before);
  }

  /** Ends what goes on by itself. */
  stop() {}

  /** Shows pictures at their own size, or fitted again. */
  zoom() {}

  /**
   * Moves to another place of pictures at their own size.
   *
   * @param {[number, number]} _move
   */
  pan(_move) {}

  /**
   * Shows another row.
   *
   * @param {number} _row
   */
  go(_row) {}

  /** Draws marks and numbers again, after they changed. */
  redraw() {}

  /**
   * Handles a key of its own; says whether it used it.
   *
   * @param {string} _key
   */
  key(_key) {
    return false;
  }

  /** @param {KeyboardEvent} event */
  holdFocus(event) {
    if (event.key !== "Tab") return;
    const all = /** @type {HTMLElement[]} */ ([...this.element.querySelectorAll(FOCUSABLE)]);
    const stops = all.filter((one) => one.offsetParent && !(/** @type {HTMLButtonElement} */ (one).disabled));
    const [edge, next] = event.shiftKey ? [stops[0], stops[stops.length - 1]] : [stops[stops.length - 1], stops[0]];
    if (document.activeElement !== edge && this.element !== document.activeElement) return;
    if (this.element === document.activeElement && !event.shiftKey) return;
    event.preventDefault();
    next.focus();
  }
}

/** @param {import("./gallery.js").Gallery} gallery */
export function helpDialog(gallery) {
  const rows = KEYS.map(([key, what]) =>
    el("tr", {}, el("th", { scope: "row" }, ...key.split(" ").flatMap(keyParts)), el("td", {}, what)),
  );
  const dialog = new Dialog(gallery, "Help", el("h3", {}, "Keys"), el("table", {}, el("tbody", {}, ...rows)));
  dialog.element.addEventListener("keydown", (event) => {
    if (event.key === "Escape" || event.key === "?") dialog.close();
    else if (event.key === "Tab") return;
    event.stopPropagation(); // it scrolls by keys, and none marks a picture behind it
  });
  return dialog;
}

/** @param {string} text @param {number} n */
function keyParts(text, n) {
  const key = el("kbd", {}, text.length > 1 ? text.replace(",", "") : text);
  return n ? [" ", key] : [key];
}
