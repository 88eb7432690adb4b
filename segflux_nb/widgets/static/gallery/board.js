// The gallery's tiles: where they stand, which are in sight, and which one has the focus.

import { grids } from "./grids.js";
import { aim } from "./loupe.js";
import { beside, stepped } from "./state.js";
import { Tile } from "./tile.js";

/** How far below the visible part thumbnails are shown already. */
const MARGIN = "400px";

/**
 * What the board asks of the gallery.
 *
 * @typedef {object} Owner
 * @property {import("../shared/pictures.js").Pictures} pictures
 * @property {import("./loupe.js").Loupe} loupe
 * @property {(index: number) => import("./state.js").Item} item
 * @property {(index: number, cell: number[]) => string | null} caption What stands below the tile of its cell.
 * @property {(tile: Tile) => void} drawMarks
 * @property {(name: string, value: string, isHidden: boolean) => void} hide
 * @property {(index: number) => void} open
 * @property {(index: number) => void} choose
 */

export class Board {
  /**
   * @param {Owner} owner
   * @param {import("./state.js").Group[]} groups
   * @param {import("./state.js").View} view
   */
  constructor(owner, groups, view) {
    this.owner = owner;
    this.isGrid = Boolean(view.cols);
    /** @type {Map<number, Tile>} The tile of each item. */
    this.byItem = new Map();
    /** @type {Map<Element, Tile>} */
    this.byElement = new Map();
    /** The first item of each cell, line by line; -1 for an empty cell. */
    this.places = groups.flatMap(({ lines }) => lines.map(({ cells }) => cells.map((cell) => cell[0] ?? -1)));
    this.at = -1; // the item with the focus
    this.observer = new IntersectionObserver((entries) => this.see(entries), { rootMargin: MARGIN });
    const hide = (/** @type {string} */ name, /** @type {string} */ value) => owner.hide(name, value, true);
    this.element = grids(groups, view, (cell) => this.tile(cell), hide);
    this.tabStop(this.first);
  }

  destroy() {
    this.observer.disconnect();
  }

  /** The first item; undefined if there is none. */
  get first() {
    return this.places.flat().find((index) => index >= 0);
  }

  get tiles() {
    return this.byElement.values();
  }

  /** @param {number[]} cell */
  tile(cell) {
    const { owner } = this;
    /** @param {number} index */
    const shown = (index) => ({
      item: owner.item(index),
      hasPicture: owner.pictures.has(index),
      unreadable: owner.pictures.why(index),
      caption: owner.caption(index, cell),
    });
    const tile = new Tile(cell, shown, (by) => this.focus(stepped(cell, tile.index, by)));
    const { element, frame } = tile;
    element.addEventListener("click", (event) => {
      this.focus(tile.index);
      if (event.shiftKey || event.ctrlKey || event.metaKey) owner.choose(tile.index);
    });
    element.addEventListener("dblclick", () => owner.open(tile.index));
    element.addEventListener("pointermove", (event) => {
      if (owner.loupe.isOn) aim(owner.loupe.root, event, frame);
    });
    element.addEventListener("wheel", (event) => owner.loupe.wheel(event));
    for (const item of cell) this.byItem.set(item, tile);
    this.byElement.set(element, tile);
    owner.drawMarks(tile);
    this.observer.observe(element);
    return element;
  }

  /** @param {IntersectionObserverEntry[]} entries */
  see(entries) {
    for (const { target, isIntersecting } of entries) {
      const tile = this.byElement.get(target);
      tile.isVisible = isIntersecting;
      if (!isIntersecting) continue;
      this.fill(tile);
    }
  }

  /** Shows the pictures in sight at full size. */
  sharpen() {
    for (const tile of this.tiles) if (tile.isVisible) tile.sharpen(this.owner.pictures);
  }

  /** Moves the focus to the item that it had, after the board was drawn again.
   *
   * @param {number} index
   */
  resume(index) {
    if (!this.byItem.has(index)) return;
    this.at = index;
    this.bringUp(index);
    this.tabStop(index);
  }

  /** @param {number} index */
  focus(index) {
    this.at = index;
    this.bringUp(index);
    this.tabStop(index);
    this.focusAgain();
  }

  /**
   * Lets the tile of an item show it, where its cell has several.
   *
   * @param {number} index
   */
  bringUp(index) {
    const tile = this.byItem.get(index);
    if (!tile || tile.index === index) return;
    tile.show(index);
    this.owner.drawMarks(tile);
    if (tile.isVisible) this.fill(tile);
  }

  /** @param {Tile} tile */
  fill(tile) {
    tile.fill(this.owner.pictures);
    if (this.owner.loupe.isOn) tile.sharpen(this.owner.pictures);
  }

  /** Gives the focus back to the item that has it; says whether there is one. */
  focusAgain() {
    const tile = this.byItem.get(this.at);
    tile?.element.focus();
    return Boolean(tile);
  }

  /**
   * Makes an item the one that the Tab key reaches.
   *
   * @param {number | undefined} index
   */
  tabStop(index) {
    for (const { element } of this.tiles) element.tabIndex = -1;
    const tile = this.byItem.get(index);
    if (tile) tile.element.tabIndex = 0;
  }

  /**
   * The item beside another one; the same item at the edge.
   *
   * @param {number} index
   * @param {[number, number]} move How many places to the right and below.
   */
  beside(index, move) {
    return this.shownIn(beside(this.places, this.cell(index)[0], move, this.isGrid));
  }

  /**
   * The item of the same cell that is some steps after another one.
   *
   * @param {number} index
   * @param {number} by
   */
  stepped(index, by) {
    return stepped(this.cell(index), index, by);
  }

  /**
   * The items of an item's cell.
   *
   * @param {number} index
   */
  cell(index) {
    return this.byItem.get(index)?.items ?? [index];
  }

  /**
   * The items that the line of an item shows.
   *
   * @param {number} index
   */
  row(index) {
    const first = this.cell(index)[0];
    const line = this.places.find((one) => one.includes(first)) ?? [first];
    return line.filter((one) => one >= 0).map((one) => this.shownIn(one));
  }

  /**
   * The item that the tile of a cell shows.
   *
   * @param {number} first The first item of the cell.
   */
  shownIn(first) {
    return this.byItem.get(first)?.index ?? first;
  }
}
