// The gallery's board: of all lines of tiles, those in view exist, and which tile has the focus.

import { el } from "../shared/dom.js";
import { GAP, Geometry } from "./geometry.js";
import { LineView, SectionView } from "./lines.js";
import { followPointer } from "./pointer.js";
import { Tile } from "./tile.js";

/** How far beyond the visible part lines exist already. */
const MARGIN = 300;

/**
 * What the board asks of the gallery.
 *
 * @typedef {object} Owner
 * @property {import("../shared/pictures.js").Pictures} pictures
 * @property {import("./loupe.js").Loupe} loupe
 * @property {(row: number, cell: number[]) => import("./tile.js").Shown} shown
 * @property {(name: string, label: string, element: HTMLElement) => void} openLabel
 * @property {(row: number) => void} enter
 * @property {(row: number) => void} choose
 * @property {() => void} resized
 */

export class Board {
  /** @param {Owner} owner */
  constructor(owner) {
    this.owner = owner;
    /** @type {import("./lines.js").OpenLabel} */
    this.openLabel = (name, label, element) => owner.openLabel(name, label, element);
    this.canvas = el("div", { class: "sfx-canvas" });
    this.area = el("div", { class: "sfx-area", tabindex: -1 }, this.canvas);
    /** The row that each cell with several shows, by the cell's first row. @type {Map<number, number>} */
    this.fronts = new Map();
    /** @type {Map<number, SectionView>} */
    this.sections = new Map();
    /** @type {Map<number, LineView>} */
    this.lines = new Map();
    /** @type {Map<number, Tile>} The tiles that exist, by the row that they show. */
    this.tiles = new Map();
    this.at = -1; // the row with the focus
    this.area.addEventListener("scroll", () => this.render());
    followPointer(this);
    this.observer = new ResizeObserver(() => owner.resized());
    this.observer.observe(this.area);
  }

  destroy() {
    this.observer.disconnect();
  }

  /** The size of the visible part; a guess while it is nowhere. */
  get box() {
    return { width: this.area.clientWidth || 900, height: this.area.clientHeight || 600 };
  }

  /**
   * Shows other lines.
   *
   * @param {import("./pivot.js").Group[]} groups
   * @param {import("./messages.js").View} view
   * @param {import("./geometry.js").Measures} measures
   */
  draw(groups, view, measures) {
    const hadFocus = this.area.contains(document.activeElement);
    this.view = view;
    this.geometry = new Geometry(groups, view, measures);
    this.sections.clear();
    this.lines.clear();
    this.tiles.clear();
    this.canvas.replaceChildren();
    this.canvas.style.height = `${this.geometry.height}px`;
    this.canvas.style.width = this.geometry.width ? `${this.geometry.width}px` : "";
    if (!groups.length) this.canvas.append(el("p", { class: "sfx-nothing" }, "Nothing to show: loosen the filters."));
    if (this.at >= 0 && !this.geometry.spots.has(this.at)) this.at = -1;
    else if (this.at >= 0) this.fronts.set(this.cell(this.at)[0], this.at);
    this.render();
    if (this.at >= 0) this.reveal(this.at);
    if (hadFocus && !this.focusAgain()) this.area.focus(); // the keys stay here
  }

  /** Makes what is in view, and takes away what is not. What has the focus stays: its keys must not go elsewhere. */
  render() {
    const { geometry, area } = this;
    if (!geometry) return;
    const { width, height } = this.box;
    const bands = geometry.bandsIn(area.scrollTop - MARGIN, area.scrollTop + height + MARGIN);
    const [left, right] = [area.scrollLeft - MARGIN, area.scrollLeft + width + MARGIN];
    const wanted = new Set();
    for (let at = bands[0]; at < bands[1]; at++) wanted.add(at);
    const spot = geometry.spots.get(this.at);
    if (spot && area.contains(document.activeElement)) wanted.add(spot.band);
    for (const [at, line] of this.lines) {
      if (wanted.has(at)) continue;
      line.remove();
      this.lines.delete(at);
    }
    const sections = new Set([...wanted].map((at) => geometry.bands[at].section));
    for (const [at, section] of this.sections) {
      if (sections.has(at)) continue;
      section.element.remove();
      this.sections.delete(at);
    }
    for (const at of [...wanted].sort((a, b) => a - b))
      this.renderBand(at, left, right, spot?.band === at ? spot.place : -1);
    this.tabStop();
  }

  /**
   * @param {number} at
   * @param {number} left
   * @param {number} right
   * @param {number} kept The place of the cell with the focus; -1 for none.
   */
  renderBand(at, left, right, kept) {
    const { geometry } = this;
    const band = geometry.bands[at];
    let section = this.sections.get(band.section);
    if (!section) {
      section = new SectionView(geometry, band.section, this.view, this.openLabel);
      this.sections.set(band.section, section);
      this.canvas.append(section.element);
    }
    section.show(geometry.placesIn({ ...band, from: 0, to: section.length }, left, right));
    let line = this.lines.get(at);
    if (!line) {
      line = new LineView(geometry, at, this.view, this.openLabel, (cell) => this.tile(cell));
      this.lines.set(at, line);
      section.add(line.element, at);
    }
    if (band.kind === "line") line.show(geometry.placesIn(band, left, right), kept);
  }

  /**
   * The tile of a cell.
   *
   * @param {number[]} cell
   */
  tile(cell) {
    const row = this.fronts.get(cell[0]) ?? cell[0];
    const tile = new Tile(cell, (row, all) => this.owner.shown(row, all));
    tile.show(cell.includes(row) ? row : cell[0]);
    tile.gone = () => {
      if (this.tiles.get(tile.row) === tile) this.tiles.delete(tile.row);
    };
    this.tiles.set(tile.row, tile);
    this.fill(tile);
    return tile;
  }

  /** @param {Tile} tile */
  fill(tile) {
    tile.fill(this.owner.pictures);
    if (this.owner.loupe.isOn) tile.sharpen(this.owner.pictures);
  }

  /** Shows the pictures in view at full size. */
  sharpen() {
    for (const tile of this.tiles.values()) tile.sharpen(this.owner.pictures);
  }

  /**
   * Draws marks again.
   *
   * @param {Iterable<number>} [rows] Of these rows; of all that exist if left out.
   */
  redraw(rows) {
    for (const row of rows ?? [...this.tiles.keys()]) this.tiles.get(row)?.redraw();
  }

  // ---------------------------------------------------------------- the focus

  /**
   * Shows a row, in front of the others of its cell, without giving it the focus.
   *
   * @param {number} row
   */
  resume(row) {
    if (!this.geometry.spots.has(row)) return;
    this.at = row;
    this.bringUp(row);
    this.reveal(row);
    this.render();
  }

  /** @param {number} row */
  focus(row) {
    this.resume(row);
    this.focusAgain();
  }

  /** Gives the focus back to the row that has it; says whether there is one. */
  focusAgain() {
    const tile = this.tiles.get(this.at);
    tile?.element.focus({ preventScroll: true });
    return Boolean(tile);
  }

  /**
   * Lets the tile of a row show it, where its cell has several.
   *
   * @param {number} row
   */
  bringUp(row) {
    const cell = this.geometry.cellOf(row);
    const before = this.shownIn(cell[0]);
    if (cell.length > 1) this.fronts.set(cell[0], row);
    const tile = this.tiles.get(before);
    if (!tile || before === row) return;
    this.tiles.delete(before);
    tile.show(row);
    this.tiles.set(row, tile);
    this.fill(tile);
  }

  /**
   * Scrolls until a row is in view, beside the labels that stay.
   *
   * @param {number} row
   */
  reveal(row) {
    const { geometry, area } = this;
    const { band: at, place } = geometry.spots.get(row);
    const band = geometry.bands[at];
    const { width, height } = this.box;
    const head = geometry.isGrid ? geometry.measures.head : 0;
    const left = geometry.leftOf(band, place);
    const within = (/** @type {number} */ now, /** @type {number} */ least, /** @type {number} */ most) =>
      Math.max(Math.min(now, most), least);
    area.scrollTop = within(area.scrollTop, band.top + band.height - height, band.top - head - GAP);
    if (geometry.isGrid) {
      area.scrollLeft = within(area.scrollLeft, left + geometry.step - width, left - geometry.left);
    }
    this.render();
  }

  /** Makes one tile the one that the Tab key reaches. */
  tabStop() {
    const stop = this.tiles.get(this.at) ?? this.tiles.values().next().value;
    if (stop === this.stop) return;
    if (this.stop) this.stop.element.tabIndex = -1;
    this.stop = stop;
    if (stop) stop.element.tabIndex = 0;
  }

  // ---------------------------------------------------------------- neighbours

  /** The rows of a row's cell. @param {number} row */
  cell(row) {
    return this.geometry.cellOf(row) ?? [row];
  }

  /** The row that a cell shows. @param {number} first The first row of the cell. */
  shownIn(first) {
    const front = this.fronts.get(first);
    return front != null && this.cell(first).includes(front) ? front : first;
  }

  /** @param {number} row @param {[number, number]} move */
  beside(row, move) {
    return this.shownIn(this.geometry.beside(row, move));
  }

  /** How many lines a page has. */
  get page() {
    const { height } = this.box;
    return Math.max(1, Math.floor((height - this.geometry.measures.head) / this.geometry.lineHeight));
  }

  /**
   * The rows that the line of a row shows; in a grid, with `isColumn`, those that its column shows.
   *
   * @param {number} row
   * @param {boolean} [isColumn]
   */
  fellows(row, isColumn) {
    const { geometry } = this;
    const spot = geometry.spots.get(row);
    if (!spot) return [row];
    const { section, line } = geometry.bands[spot.band];
    if (!isColumn) return [...line.cells.values()].map(([first]) => this.shownIn(first));
    const { group } = geometry.sections[section];
    const cells = group.lines.map(({ cells: all }) => all.get(spot.place)).filter(Boolean);
    return cells.map(([first]) => this.shownIn(first));
  }
}
