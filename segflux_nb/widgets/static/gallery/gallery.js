// The gallery: thumbnails on a grid that can be pivoted, looked at closely, compared and rated.
//
// Its model has the traits `items`, `columns`, `offsets`, `thumbs`, `later`, `view`, `marks`, `note` and `differences`.
// It sends {kind: "mark", run, ...}, {kind: "thumbs", at}, {kind: "full", index} and {kind: "difference", pair}.

import { el, ownKeys } from "../shared/dom.js";
import { Pictures } from "../shared/pictures.js";
import { Listening } from "../shared/widget.js";
import { Board } from "./board.js";
import { Comparison } from "./comparison.js";
import { helpDialog } from "./dialog.js";
import { pairName } from "./differences.js";
import { act, MOVES } from "./keys.js";
import { Loupe } from "./loupe.js";
import { PictureDialog } from "./picture_dialog.js";
import { captionOf, describe, markOf, pivot, placeOf, SIZE, shownItems, tellingOf } from "./state.js";
import { toolbar } from "./toolbar.js";

export class Gallery {
  /**
   * @param {import("../shared/widget.js").Model} model
   * @param {HTMLElement} root
   */
  constructor(model, root) {
    this.model = model;
    this.root = root;
    this.pictures = new Pictures(model);
    this.loupe = new Loupe(root);
    /** @type {number[]} The items to compare. */
    this.chosen = [];
    /** @type {import("./dialog.js").Dialog | null} */
    this.dialog = null;
    root.classList.add("sfx", "sfx-gallery");
    this.listening = new Listening(model);
    this.listening.to("change:marks", () => this.redrawMarks());
    this.listening.to("change:differences", () => this.dialog?.redraw());
    this.listening.to("msg:custom", (message, buffers) => this.receive(message, buffers));
    ownKeys(root, (key, event) => act(this, key, event));
    this.draw();
  }

  destroy() {
    this.dialog?.stop();
    this.listening.end();
    this.board.destroy();
    this.pictures.destroy();
  }

  /** @returns {import("./state.js").State} */
  get state() {
    const [items, columns, view, marks] = ["items", "columns", "view", "marks"].map((name) => this.model.get(name));
    return { items, columns, view, marks };
  }

  /** @returns {import("./state.js").View} */
  get view() {
    return this.model.get("view");
  }

  /** @param {import("./state.js").View} changes */
  change(changes) {
    this.setView(changes);
    this.draw();
  }

  /** @param {import("./state.js").View} changes */
  setView(changes) {
    this.model.set("view", { ...this.view, ...changes });
    this.model.save_changes();
  }

  // ---------------------------------------------------------------- drawing

  draw() {
    const at = this.board?.at ?? -1;
    this.board?.destroy();
    this.board = new Board(this, pivot(this.state), this.view);
    const bar = toolbar(this.state, this.loupe.isOn, {
      change: (changes) => this.change(changes),
      resize: (size, isFinal) => this.resize(size, isFinal),
      hide: (name, value, isHidden) => this.hide(name, value, isHidden),
      zoom: () => this.zoom(),
      compare: () => this.compare(),
      help: () => this.help(),
    });
    this.line = el("div", { class: "sfx-status", role: "status", "aria-live": "polite" });
    this.root.replaceChildren(bar, this.board.element, this.line);
    this.resize(this.view.size ?? SIZE, false);
    this.board.resume(at);
    this.say();
  }

  /** @param {import("./tile.js").Tile} tile */
  drawMarks(tile) {
    const { index } = tile;
    tile.draw(this.mark(index), this.chosen.includes(index), this.words(index, tile.items));
  }

  redrawMarks() {
    for (const tile of this.board.tiles) this.drawMarks(tile);
    this.dialog?.redraw();
  }

  /**
   * @param {number} index
   * @param {number[]} cell The items of its cell.
   */
  caption(index, cell) {
    return captionOf(this.state, index) ?? tellingOf(this.state, cell, index);
  }

  /**
   * @param {number} size Pixels of a side of a tile.
   * @param {boolean} isFinal Whether to keep it.
   */
  resize(size, isFinal) {
    this.root.style.setProperty("--size", `${size}px`);
    if (isFinal) this.setView({ size });
  }

  /**
   * @param {string} name
   * @param {string} value
   * @param {boolean} isHidden
   */
  hide(name, value, isHidden) {
    const hidden = { ...(this.view.hidden ?? {}) };
    hidden[name] = (hidden[name] ?? []).filter((other) => other !== value);
    if (isHidden) hidden[name].push(value);
    if (!hidden[name].length) delete hidden[name];
    this.change({ hidden });
  }

  /** @param {string} [text] What to say; the number of runs if left out. */
  say(text) {
    const count = `${shownItems(this.state).length} of ${this.state.items.length} runs`;
    const chosen = this.chosen.length ? `${this.chosen.length} chosen` : "";
    this.line.textContent = text ?? [count, chosen, this.model.get("note")].filter(Boolean).join(" · ");
  }

  /**
   * @param {{ kind: string, text?: string }} message
   * @param {any[]} buffers
   */
  receive(message, buffers) {
    if (message.kind === "error") this.say(message.text);
    else this.pictures.receive(message, buffers);
  }

  zoom() {
    const { items, view } = this.state;
    const width = items[this.board.at]?.width ?? items.find((item) => item.width)?.width;
    this.loupe.toggle(width, view.size ?? SIZE);
    this.root.querySelector(".sfx-zoom").setAttribute("aria-pressed", String(this.loupe.isOn));
    if (this.loupe.isOn) this.board.sharpen();
  }

  // ---------------------------------------------------------------- moving, choosing, rating

  /**
   * @param {number} index
   * @param {string} key
   */
  move(index, key) {
    this.go(index < 0 ? this.board.first : this.board.beside(index, MOVES[key]));
  }

  /**
   * Steps to another picture of the same cell.
   *
   * @param {number} index
   * @param {number} by
   */
  step(index, by) {
    this.go(this.board.stepped(index, by));
  }

  /** @param {number | undefined} next */
  go(next) {
    if (next == null) return;
    if (!this.dialog) this.board.focus(next);
    else {
      this.board.resume(next);
      this.dialog.go(next);
    }
  }

  /** @param {number} index */
  choose(index) {
    const others = this.chosen.filter((one) => one !== index);
    this.chosen = others.length < this.chosen.length ? others : [...this.chosen, index];
    const tile = this.board.byItem.get(index);
    if (tile) this.drawMarks(tile);
    this.say();
  }

  /**
   * @param {number} index
   * @param {import("./state.js").Mark} mark
   */
  rate(index, mark) {
    this.model.send({ kind: "mark", run: this.item(index).run, ...mark });
  }

  // ---------------------------------------------------------------- dialogs, and what they ask of the gallery

  /** @param {number} index */
  open(index) {
    this.dialog?.close();
    this.dialog = new PictureDialog(this, index);
  }

  /**
   * The dialog with the large picture, opened if no dialog is open; null if another one is.
   *
   * @param {number} index
   */
  large(index) {
    if (!this.dialog) this.open(index);
    return this.dialog instanceof PictureDialog ? this.dialog : null;
  }

  compare() {
    const { at } = this.board;
    const beside = at < 0 ? -1 : this.board.beside(at, MOVES.ArrowRight);
    const asked = this.chosen.length > 1 ? this.chosen : [...this.chosen, at, beside];
    const chosen = [...new Set(asked)].filter((index) => index >= 0 && this.pictures.has(index));
    if (chosen.length < 2) {
      this.say("Choose two pictures or more with the space key, then compare");
      return;
    }
    this.dialog?.close();
    this.dialog = new Comparison(this, chosen);
  }

  help() {
    this.dialog?.close();
    this.dialog = helpDialog(this);
  }

  /** @param {Element | null} before What had the focus before the dialog. */
  closed(before) {
    this.dialog = null;
    if (!this.board.focusAgain() && before instanceof HTMLElement) before.focus();
  }

  /** @param {number} index */
  item(index) {
    return this.state.items[index];
  }

  /** @param {number} index */
  mark(index) {
    return markOf(this.state, index);
  }

  /**
   * @param {number} index
   * @param {number[]} cell The items of its cell.
   */
  words(index, cell = this.cell(index)) {
    return [describe(this.state, index), placeOf(cell, index)].filter(Boolean).join(", ");
  }

  /** @param {number} index */
  cell(index) {
    return this.board.cell(index);
  }

  /** @param {number} index */
  row(index) {
    return this.board.row(index);
  }

  /**
   * @param {number} one
   * @param {number} other
   */
  difference(one, other) {
    return this.model.get("differences")[pairName(one, other)];
  }

  /**
   * @param {number} one
   * @param {number} other
   */
  askDifference(one, other) {
    this.model.send({ kind: "difference", pair: [one, other] });
  }
}
