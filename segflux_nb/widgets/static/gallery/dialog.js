// A dialog over a widget: it holds the focus, and gives it back.

import { el } from "../shared/dom.js";

const FOCUSABLE = "button, input, select, textarea";

/**
 * What the gallery gives its dialogs.
 *
 * @typedef {object} Host
 * @property {HTMLElement} root
 * @property {import("../shared/pictures.js").Pictures} pictures
 * @property {(index: number) => import("./state.js").Item} item
 * @property {(index: number) => import("./state.js").Mark} mark
 * @property {(index: number) => string} words The item in words.
 * @property {(index: number) => number[]} row The items of its row.
 * @property {(index: number) => number[]} cell The items of its cell.
 * @property {(index: number, by: number) => void} step Shows another item of its cell.
 * @property {(index: number, mark: import("./state.js").Mark) => void} rate
 * @property {(one: number, other: number) => number | undefined} difference The mean difference, as Python has it.
 * @property {(one: number, other: number) => void} askDifference Asks Python for it.
 * @property {(text?: string) => void} say Shows a text in the status line.
 * @property {(before: Element | null) => void} closed The dialog was closed; `before` had the focus before it.
 */

/** The base of all dialogs. */
export class Dialog {
  /**
   * @param {Host} host
   * @param {string} label
   * @param {...Node} content
   */
  constructor(host, label, ...content) {
    this.host = host;
    this.before = document.activeElement;
    /** @type {number | null} The item that it shows, for a dialog with one. */
    this.index = null;
    const close = el("button", { type: "button", class: "sfx-close", "aria-label": "Close" }, "×");
    close.addEventListener("click", () => this.close());
    const attributes = { class: "sfx-dialog", role: "dialog", "aria-modal": "true", "aria-label": label, tabindex: -1 };
    this.element = el("div", attributes, close, ...content);
    this.element.addEventListener("keydown", (event) => this.holdFocus(event));
    host.root.append(this.element);
    this.element.focus();
  }

  close() {
    this.stop();
    this.element.remove();
    this.host.closed(this.before);
  }

  /** Ends what goes on by itself. */
  stop() {}

  /** Shows pictures at their own size, or fitted again. */
  zoom() {}

  /**
   * Shows another item.
   *
   * @param {number} _index
   */
  go(_index) {}

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
    const stops = all.filter((one) => one.offsetParent);
    const [edge, next] = event.shiftKey ? [stops[0], stops[stops.length - 1]] : [stops[stops.length - 1], stops[0]];
    if (document.activeElement !== edge) return;
    event.preventDefault();
    next.focus();
  }
}

const KEYS = [
  ["arrows", "move along the axes"],
  [", .", "step through the pictures of one cell (2/3)"],
  ["Enter", "open large"],
  ["0-5", "stars"],
  ["p, x", "pick, reject"],
  ["n", "note"],
  ["space", "choose for comparing"],
  ["c", "compare: a side by side, s slider, f flicker, d difference"],
  ["z", "1:1, the same place in every tile"],
  ["f", "flip through the row"],
  ["m, M", "next, previous picture of an output with several"],
  ["Escape", "close"],
  ["?", "this help"],
];

/** @param {Host} host */
export function helpDialog(host) {
  const rows = KEYS.map(([key, what]) =>
    el("tr", {}, el("th", { scope: "row" }, el("kbd", {}, key)), el("td", {}, what)),
  );
  return new Dialog(host, "Help", el("h3", {}, "Keys"), el("table", {}, el("tbody", {}, ...rows)));
}
