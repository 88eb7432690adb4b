// The gallery: thumbnails on a grid that can be pivoted, filtered, looked at closely, compared, rated and run again.
//
// What it and Python tell each other is in messages.js. Its model has the traits `table`, `codes`, `view`, `marks`,
// `rater`, `note`, `differences`, `form`, `can_save`, and those of the pictures: `offsets`, `thumbs`, `later`.

import { el, ownKeys } from "../shared/dom.js";
import { bytesOf, Pictures } from "../shared/pictures.js";
import { Listening } from "../shared/widget.js";
import { Board } from "./board.js";
import { Chips } from "./chips.js";
import { Desk } from "./desk.js";
import { FilterPanel } from "./filter_panel.js";
import { shownRows } from "./filters.js";
import { fittedSize, SIZE } from "./geometry.js";
import { act, MOVES } from "./keys.js";
import { openLabelMenu, openSaveMenu } from "./label_menu.js";
import { Loupe, nudge } from "./loupe.js";
import { Marker } from "./marker.js";
import { symbols } from "./marks.js";
import { cornerHeight, headHeight, labelWidth } from "./measuring.js";
import { countCells, pivot, standIn } from "./pivot.js";
import { Rows } from "./table.js";
import { Toolbar } from "./toolbar.js";
import { Views } from "./views.js";
import { captionOf, countWords, describe, placeOf, stepped, tellingOf } from "./words.js";

/** @import { Told, View } from "./messages.js" */

/** For a bar to scroll with. */
const ROOM = 16;

export class Gallery {
  /**
   * @param {import("../shared/widget.js").Model} model
   * @param {HTMLElement} root
   */
  constructor(model, root) {
    this.model = model;
    this.root = root;
    this.loupe = new Loupe(root);
    /** @type {number[]} The rows to compare. */
    this.chosen = [];
    root.classList.add("sfx", "sfx-gallery");
    this.load();
    this.marker = new Marker(this);
    this.desk = new Desk(this);
    const views = new Views(this);
    this.views = views;
    const change = (/** @type {View} */ view) => views.change(view);
    /** @type {(name: string, label: string, isHidden: boolean) => void} */
    const hide = (name, label, isHidden) => views.hide(name, label, isHidden);
    this.toolbar = new Toolbar({
      change,
      resize: (size, isFinal) => views.resize(size, isFinal),
      search: (search) => change({ search }),
      leaveSearch: () => this.toBoard(),
      filters: () => views.showFilters(Boolean(this.panel.element.hidden)),
      fit: () => views.fit(),
      zoom: () => this.zoom(),
      compare: () => this.desk.compare(),
      undo: () => this.marker.undo(),
      save: (button) => openSaveMenu(this, button),
      help: () => this.desk.help(),
    });
    this.chips = new Chips({ change, hide, leaveCell: () => views.leaveCell(), toBoard: () => this.toBoard() });
    this.panel = new FilterPanel({
      change,
      hide,
      close: () => views.showFilters(false),
      needColumns: () => this.needColumns(),
    });
    this.board = new Board(this);
    this.line = el("div", { class: "sfx-status", role: "status", "aria-live": "polite" });
    this.middle = el("div", { class: "sfx-middle" }, this.panel.element, this.board.area);
    const foot = el("div", { class: "sfx-foot" }, this.line, this.marker.field);
    root.replaceChildren(this.toolbar.element, this.chips.element, this.middle, foot);
    this.listening = new Listening(model);
    this.listening.to("change:table", () => this.reload());
    this.listening.to("change:marks", () => this.marker.reload());
    this.listening.to("change:rater", () => this.marker.reload());
    this.listening.to("change:differences", () => this.desk.redraw());
    this.listening.to("msg:custom", (message, buffers) => this.receive(message, buffers));
    ownKeys(root, (key, event) => act(this, key, event));
    this.draw();
  }

  destroy() {
    this.desk.stop();
    this.listening.end();
    this.board.destroy();
    this.pictures.destroy();
  }

  load() {
    this.pictures?.destroy();
    this.pictures = new Pictures(this.model);
    this.rows = new Rows(this.model.get("table"), bytesOf(this.model.get("codes")));
  }

  /** Python has other rows. */
  reload() {
    this.load();
    this.chosen = [];
    this.marker.reload();
    this.desk.redraw();
  }

  /** @returns {View} */
  get view() {
    return this.model.get("view");
  }

  /** Asks for the columns that are still to come, once, if they are needed. */
  needColumns() {
    const { sort, search } = this.view;
    const isNeeded = search || !this.panel.element.hidden || this.desk.dialog || this.rows.later.includes(sort);
    if (!this.rows.later.length || this.isAsking || !isNeeded) return;
    this.isAsking = true;
    this.model.send({ kind: "columns" });
  }

  // ---------------------------------------------------------------- drawing

  draw() {
    const { rows, board, marker } = this;
    const { layout } = this.views;
    this.shownNow = shownRows(rows, this.view, marker.marks);
    const groups = pivot(rows, layout, this.shownNow);
    const { width } = board.box;
    const label = layout.cols && layout.rows ? labelWidth(groups, layout, width, board.area) : 0;
    const size = layout.fit && layout.cols ? fittedSize(groups, width, label) : (layout.size ?? SIZE);
    this.root.style.setProperty("--size", `${size}px`);
    this.size = size;
    const corner = cornerHeight(layout, label, board.area);
    const head = headHeight(groups, size, board.area) + corner;
    const hasCaptions = !layout.cols || this.shownNow.length > countCells(groups);
    if (board.at >= 0) board.at = standIn(rows, layout, this.shownNow, board.at);
    const before = this.middle.style.flexBasis;
    board.draw(groups, layout, { size, width, label, head, corner, hasCaptions });
    // The area does not measure its content: it gets as high as that, as far as there is room.
    this.middle.style.flexBasis = `${board.geometry.height + ROOM}px`;
    if (before !== this.middle.style.flexBasis) board.render();
    this.cells = countCells(groups);
    this.update();
  }

  /** Brings everything beside the board up to date. */
  update() {
    const { rows, view, loupe, marker, panel } = this;
    this.toolbar.update(rows, view, {
      isZoomed: loupe.isOn,
      canUndo: marker.history.done.length > 0,
      hasFilters: !panel.element.hidden,
      size: this.size,
    });
    this.chips.update(rows, view, this.views.cellWords);
    panel.update(rows, view);
    this.say();
  }

  /** The area has another size. */
  resized() {
    const { width } = this.board.box;
    const isOther = width !== this.board.geometry?.measures.width;
    if (isOther) this.draw();
    else this.board.render();
  }

  /**
   * What a tile shows of a row.
   *
   * @param {number} row
   * @param {number[]} cell The rows of its cell.
   * @returns {import("./tile.js").Shown}
   */
  shown(row, cell) {
    const { rows, pictures, view } = this;
    const { marks } = this.marker;
    return {
      status: rows.status(row),
      reason: rows.reason(row),
      hasPicture: pictures.has(row),
      unreadable: pictures.why(row),
      caption: view.cell ? tellingOf(rows, view.cell, row) : (captionOf(rows, view, row) ?? tellingOf(rows, cell, row)),
      plus: rows.plus(row),
      marks: symbols(marks, row),
      isRejected: marks.pick(row) === false,
      isChosen: this.chosen.includes(row),
      words: this.words(row, cell),
    };
  }

  /** @param {string} [text] What to say; the number of runs if left out. */
  say(text) {
    const { rows, shownNow, cells, view } = this;
    const count = countWords(rows.number, shownNow.length, cells, Boolean(view.cell));
    const chosen = this.chosen.length ? `${this.chosen.length} chosen` : "";
    const words = text ?? [count, chosen, this.model.get("note")].filter(Boolean).join(" · ");
    if (this.line.textContent !== words) this.line.textContent = words;
  }

  // ---------------------------------------------------------------- the view

  /** Gives the focus to the pictures: to the one that had it, or the first. */
  toBoard() {
    const first = this.board.geometry.first;
    if (first == null) this.board.area.focus();
    else this.board.focus(this.board.at >= 0 ? this.board.at : this.board.shownIn(first));
  }

  zoom() {
    this.loupe.toggle(this.rows.width(this.board.at), this.size);
    if (this.loupe.isOn) this.board.sharpen();
    this.update();
  }

  /** @param {[number, number]} move */
  pan(move) {
    if (this.loupe.isOn) nudge(this.root, move);
  }

  // ---------------------------------------------------------------- moving, choosing

  /** @param {number} row @param {string} key */
  move(row, key) {
    const { board } = this;
    this.go(row < 0 ? board.shownIn(board.geometry.first) : board.beside(row, MOVES[key]));
  }

  /** @param {number} row @param {number} by Steps within its cell. */
  step(row, by) {
    this.go(stepped(this.cell(row), row, by));
  }

  /** @param {number | undefined} row */
  go(row) {
    const { board, desk } = this;
    if (row == null || !board.geometry.spots.has(row)) return;
    if (!desk.dialog) board.focus(row);
    else {
      board.resume(row);
      desk.dialog.go(row);
    }
  }

  /** @param {number} row */
  choose(row) {
    const others = this.chosen.filter((one) => one !== row);
    this.chosen = others.length < this.chosen.length ? others : [...this.chosen, row];
    this.board.redraw([row]);
    this.say();
  }

  /** Opens a row large; where its cell has several, shows them first. @param {number} row */
  enter(row) {
    if (!this.view.cell && this.cell(row).length > 1) this.views.enterCell(row);
    else this.desk.open(row);
  }

  /** @param {string} name @param {string} label @param {HTMLElement} element */
  openLabel(name, label, element) {
    openLabelMenu(this, name, label, element);
  }

  /** @param {number} row @param {number[]} [cell] */
  words(row, cell = this.cell(row)) {
    return [describe(this.rows, this.marker.marks, row), placeOf(cell, row)].filter(Boolean).join(", ");
  }

  /** The rows of a row's cell, also where one has stepped into it. @param {number} row */
  cell(row) {
    return this.view.cell ? this.shownNow : this.board.cell(row);
  }

  // ---------------------------------------------------------------- answers

  /**
   * @param {Told | { kind: "full" | "thumbs" }} message
   * @param {any[]} buffers
   */
  receive(message, buffers) {
    if (message.kind === "marked") this.marker.kept(message);
    else if (message.kind === "error") {
      if (message.id) this.marker.history.answer(message.id, false);
      this.say(message.text);
    } else if (message.kind === "columns") {
      this.isAsking = false;
      this.rows.add(message.columns, bytesOf(buffers[0]));
      this.rows.later = [];
      this.draw();
      this.desk.redraw();
    } else if (message.kind === "price" || message.kind === "run") this.desk.answer(message);
    else if (message.kind === "file") this.desk.keep(message, buffers[0]);
    else this.pictures.receive(message, buffers);
  }
}
