// Where everything stands: bands of equal height below each other, so that only those in view need to exist. Pure.

/** @import { Group, Line } from "./pivot.js" */

/** Pixels of a side of a tile, unless the view has another size. */
export const SIZE = 160;

export const GAP = 6;
const EDGE = 12; // beside tiles without labels of rows
const TITLE = 34;
const CAPTION = 22;

/**
 * What decides where things stand, in pixels.
 *
 * @typedef {object} Measures
 * @property {number} size Of a side of a tile.
 * @property {number} width Of the area.
 * @property {number} label The width of the labels of rows; 0 for none.
 * @property {number} head The height of the labels of columns, the corner's line included.
 * @property {number} corner The height of the corner's own line above them; 0 where it stands beside them.
 * @property {boolean} hasCaptions
 *
 * @typedef {object} Band A part of the whole width: the title of a flow, or a line of tiles.
 * @property {"title" | "line"} kind
 * @property {number} top
 * @property {number} height
 * @property {number} section
 * @property {Line} line
 * @property {number} number Of the line in its group.
 * @property {number} from The place of its first cell.
 * @property {number} to The place after its last cell.
 *
 * @typedef {object} Section A group: its title, the labels of its columns, its bands.
 * @property {Group} group
 * @property {number} top
 * @property {number} height
 * @property {number} start Where its columns' labels stand.
 * @property {number} first Its first band.
 * @property {number} last The band after its last.
 * @property {number} width
 */

/** The places of all groups. */
export class Geometry {
  /**
   * @param {Group[]} groups
   * @param {{ cols?: string, rows?: string, by?: string }} view
   * @param {Measures} measures
   */
  constructor(groups, view, measures) {
    this.measures = measures;
    this.isGrid = Boolean(view.cols);
    this.step = measures.size + GAP;
    this.left = this.isGrid && view.rows ? measures.label + GAP : EDGE;
    this.lineHeight = this.step + (measures.hasCaptions ? CAPTION : 0);
    this.perBand = Math.max(1, Math.floor((measures.width - 2 * EDGE + GAP) / this.step));
    /** @type {Section[]} */
    this.sections = [];
    /** @type {Band[]} */
    this.bands = [];
    /** The band and the place of each row. @type {Map<number, { band: number, place: number }>} */
    this.spots = new Map();
    let top = 0;
    for (const group of groups) top = this.addSection(group, view, top);
    this.height = top;
    this.width = Math.max(0, ...this.sections.map(({ width }) => width));
  }

  /**
   * @param {Group} group
   * @param {{ rows?: string, by?: string }} view
   * @param {number} top
   */
  addSection(group, view, top) {
    const start = view.by ? TITLE : 0;
    const first = this.bands.length;
    let at = top + start + (this.isGrid ? this.measures.head : GAP);
    const number = this.sections.length;
    group.lines.forEach((line, n) => {
      if (!this.isGrid && view.rows) {
        this.bands.push({ kind: "title", top: at, height: TITLE, section: number, line, number: n, from: 0, to: 0 });
        at += TITLE;
      }
      const length = this.isGrid ? group.across.length : line.cells.size;
      const each = this.isGrid ? length : this.perBand;
      for (let from = 0; from < length; from += each) {
        const to = Math.min(length, from + each);
        const band = this.bands.length;
        this.bands.push({ kind: "line", top: at, height: this.lineHeight, section: number, line, number: n, from, to });
        this.place(line, from, to, band);
        at += this.lineHeight;
      }
    });
    const width = this.isGrid ? this.left + group.across.length * this.step : 0; // the last gap is the edge
    this.sections.push({ group, top, height: at - top + GAP, start, first, last: this.bands.length, width });
    return at + GAP;
  }

  /**
   * @param {Line} line
   * @param {number} from
   * @param {number} to
   * @param {number} band
   */
  place(line, from, to, band) {
    for (let place = from; place < to; place++) {
      for (const row of line.cells.get(place) ?? []) this.spots.set(row, { band, place });
    }
  }

  /**
   * The bands that reach into a part of the height: the first, and the one after the last.
   *
   * @param {number} from
   * @param {number} to
   * @returns {[number, number]}
   */
  bandsIn(from, to) {
    const first = this.firstBelow(from);
    let last = first;
    while (last < this.bands.length && this.bands[last].top < to) last++;
    return [first, last];
  }

  /**
   * The first band that ends below a height.
   *
   * @param {number} height
   */
  firstBelow(height) {
    let low = 0;
    let high = this.bands.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.bands[middle].top + this.bands[middle].height > height) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /**
   * The places of a band that reach into a part of the width: the first, and the one after the last.
   *
   * @param {Band} band
   * @param {number} from
   * @param {number} to
   * @returns {[number, number]}
   */
  placesIn(band, from, to) {
    if (!this.isGrid) return [band.from, band.to];
    const first = Math.floor((from - this.left) / this.step);
    const last = Math.ceil((to - this.left) / this.step);
    return [Math.max(band.from, first), Math.min(band.to, Math.max(last, first + 1))];
  }

  /**
   * Where a cell begins in its band.
   *
   * @param {Band} band
   * @param {number} place
   */
  leftOf(band, place) {
    return this.left + (place - (this.isGrid ? 0 : band.from)) * this.step;
  }

  /** The rows of the cell in which a row stands. @param {number} row */
  cellOf(row) {
    const spot = this.spots.get(row);
    return spot ? this.bands[spot.band].line.cells.get(spot.place) : undefined;
  }

  /** The first row; undefined if there is none. */
  get first() {
    const band = this.bands.find((one) => this.cellsOf(one).length);
    return band && this.cellsOf(band)[0][0];
  }

  /** The cells of a band, from left to right, without gaps. @param {Band} band */
  cellsOf({ line, from, to }) {
    const found = [];
    for (let place = from; place < to; place++) {
      const cell = line.cells.get(place);
      if (cell) found.push(cell);
    }
    return found;
  }

  /**
   * The first row of the cell beside a row's; that of its own cell at the edge.
   *
   * @param {number} row
   * @param {[number, number]} move How many places to the right and below.
   */
  beside(row, [across, down]) {
    const spot = this.spots.get(row);
    if (!spot) return row;
    const own = this.cellOf(row)[0];
    const band = this.bands[spot.band];
    if (across) {
      // Tiles that flow go on in the next line.
      const [from, to] = this.isGrid ? [band.from, band.to] : [0, band.line.cells.size];
      for (let place = spot.place + across; place >= from && place < to; place += across) {
        const cell = band.line.cells.get(place);
        if (cell) return cell[0];
      }
      return own;
    }
    const column = spot.place - (this.isGrid ? 0 : band.from);
    for (let at = spot.band + down; at >= 0 && at < this.bands.length; at += Math.sign(down)) {
      const found = this.nearest(this.bands[at], column);
      if (found != null) return found;
    }
    return own;
  }

  /**
   * The first row of a band's cell at a column, or left of it, or of its first cell.
   *
   * @param {Band} band
   * @param {number} column
   */
  nearest(band, column) {
    const wanted = Math.min(band.to - 1, column + (this.isGrid ? 0 : band.from));
    for (let place = wanted; place >= band.from; place--) {
      const cell = band.line.cells.get(place);
      if (cell) return cell[0];
    }
    return this.cellsOf(band)[0]?.[0];
  }

  /**
   * The first row some bands further, at most the last band's.
   *
   * @param {number} row
   * @param {number} bands
   */
  further(row, bands) {
    let at = row;
    for (let n = 0; n < Math.abs(bands); n++) at = this.beside(at, [0, Math.sign(bands)]);
    return at;
  }

  /**
   * The first or last row of a row's line; of all rows, if it is that already.
   *
   * @param {number} row
   * @param {boolean} isLast
   */
  end(row, isLast) {
    const spot = this.spots.get(row);
    const own = spot ? this.cellsOf(this.bands[spot.band]).at(isLast ? -1 : 0)[0] : undefined;
    if (spot && own !== this.cellOf(row)[0]) return own;
    if (!isLast) return this.first;
    for (let at = this.bands.length - 1; at >= 0; at--) {
      const cell = this.cellsOf(this.bands[at]).at(-1);
      if (cell) return cell[0];
    }
  }
}

/**
 * The size of a tile with which all columns fit a width.
 *
 * @param {Group[]} groups
 * @param {number} width
 * @param {number} label The width of the labels of rows.
 */
export function fittedSize(groups, width, label) {
  const columns = Math.max(1, ...groups.map(({ across }) => across.length));
  const size = Math.floor((width - (label ? label + GAP : EDGE)) / columns) - GAP;
  return Math.max(24, Math.min(512, size));
}
