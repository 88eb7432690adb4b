// The gallery's tiles: where they stand, which are in sight, and which one has the focus.

import { grids } from "./grids.js";
import { aim } from "./loupe.js";
import { beside } from "./state.js";
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
 * @property {(index: number) => string | null} caption What stands below its tile.
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
    const [index] = cell;
    const caption = owner.caption(index);
    const { pictures } = owner;
    const shown = { hasPicture: pictures.has(index), unreadable: pictures.why(index), caption };
    const tile = new Tile(cell, owner.item(index), shown);
    const { element, frame } = tile;
    element.addEventListener("click", (event) => {
      this.focus(index);
      if (event.shiftKey || event.ctrlKey || event.metaKey) owner.choose(index);
    });
    element.addEventListener("dblclick", () => owner.open(index));
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
      tile.fill(this.owner.pictures);
      if (this.owner.loupe.isOn) tile.sharpen(this.owner.pictures);
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
    this.tabStop(index);
  }

  /** @param {number} index */
  focus(index) {
    this.at = index;
    this.tabStop(index);
    this.focusAgain();
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
    return beside(this.places, index, move, this.isGrid);
  }

  /**
   * The items of the line in which an item stands.
   *
   * @param {number} index
   */
  row(index) {
    return (this.places.find((line) => line.includes(index)) ?? [index]).filter((one) => one >= 0);
  }
}
