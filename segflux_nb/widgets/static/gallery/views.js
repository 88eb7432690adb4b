// Changes of the view: what is laid out, shown and hidden, how large, and the cell that one has stepped into.

/** @import { View } from "./messages.js" */

export class Views {
  /** @param {import("./gallery.js").Gallery} gallery */
  constructor(gallery) {
    this.gallery = gallery;
    this.wasOnBoard = false; // before the filters had the focus
  }

  /** How the rows are laid out now: within a cell, one after the other. @returns {View} */
  get layout() {
    const { view } = this.gallery;
    return view.cell ? { ...view, cols: "", rows: "", by: "" } : view;
  }

  /** @param {View} changes */
  change(changes) {
    if (["cols", "rows", "by", "held"].some((name) => name in changes)) changes = { cell: undefined, ...changes };
    this.setView(changes);
    if (changes.sort || changes.search) this.gallery.needColumns();
    this.gallery.draw();
  }

  /** @param {View} changes */
  setView(changes) {
    const view = { ...this.gallery.view, ...changes };
    for (const name of /** @type {(keyof View)[]} */ (Object.keys(view)))
      if (view[name] === undefined) delete view[name];
    this.gallery.model.set("view", view);
    this.gallery.model.save_changes();
  }

  /** What the rows of the cell have in common that one has stepped into. */
  get cellWords() {
    const { cell } = this.gallery.view;
    if (!cell) return "";
    const same = this.gallery.rows.axes.filter((column) =>
      cell.every((row) => column.code(row) === column.code(cell[0])),
    );
    return same.map((column) => `${column.name} ${column.label(cell[0])}`).join(", ");
  }

  /**
   * @param {number} size Pixels of a side of a tile.
   * @param {boolean} isFinal Whether to keep it.
   */
  resize(size, isFinal) {
    if (isFinal) this.setView({ size, fit: undefined });
    else this.gallery.model.set("view", { ...this.gallery.view, size, fit: undefined });
    this.gallery.draw();
  }

  /** The panel gives the focus back to what had it. @param {boolean} isShown */
  showFilters(isShown) {
    const { board, panel, root, toolbar } = this.gallery;
    if (isShown) this.wasOnBoard = board.area.contains(document.activeElement);
    panel.element.hidden = !isShown;
    root.classList.toggle("sfx-has-panel", isShown);
    this.gallery.update();
    if (isShown) panel.stars.select.focus();
    else if (this.wasOnBoard) this.gallery.toBoard();
    else toolbar.filter.focus();
  }

  fit() {
    this.change({ fit: !this.gallery.view.fit });
    if (!this.layout.cols) this.gallery.say("Pictures fill the width by themselves where there are no columns");
  }

  /**
   * @param {string} name
   * @param {string} label
   * @param {boolean} isHidden
   */
  hide(name, label, isHidden) {
    const hidden = { ...(this.gallery.view.hidden ?? {}) };
    const held = { ...(this.gallery.view.held ?? {}) };
    // Of one value that alone is shown, the others become hidden ones.
    if (!isHidden && held[name] != null && held[name] !== label) {
      hidden[name] = this.gallery.rows.column(name).labels.filter((one) => one !== label && one !== held[name]);
      delete held[name];
    } else hidden[name] = [...(hidden[name] ?? []).filter((one) => one !== label), ...(isHidden ? [label] : [])];
    if (!hidden[name].length) delete hidden[name];
    this.change({ hidden, held });
  }

  /** Shows all rows of a row's cell, and nothing else. @param {number} row */
  enterCell(row) {
    this.change({ cell: this.gallery.board.cell(row) });
    this.gallery.board.focus(row);
  }

  leaveCell() {
    const { at } = this.gallery.board;
    const { cell } = this.gallery.view;
    this.change({ cell: undefined });
    this.gallery.board.focus(at >= 0 ? at : cell[0]);
  }
}
