// Some rows of a page's gallery as the data of a page of their own. Pure: it needs no browser.

import { Column } from "./table.js";

/** @import { Coded, Marks, Table, View } from "./messages.js" */

/** What of a view lays rows out; what filters is left behind, as the rows are chosen already. */
const LAYS_OUT = /** @type {const} */ (["cols", "rows", "by", "size", "fit", "sort", "down"]);

/**
 * The state of a page with some of the rows, and the numbers that their pictures had.
 *
 * @param {Record<string, any>} state The traits of all rows.
 * @param {number[]} chosen The rows, in their order.
 */
export function partOf(state, chosen) {
  /** @type {Table} */
  const table = state.table;
  const places = new Map(chosen.map((row, at) => [row, at]));
  const columns = new Codes(state.codes, table.number, chosen);
  const further = furtherOf(table, chosen);
  const thumbs = chosen.map((row) => state.thumbs.subarray(state.offsets[row], state.offsets[row + 1]));
  const names = typeof table.names === "string" ? table.names.split(" ") : table.names;
  const { labels, by } = table.select;
  const part = {
    ...state,
    table: {
      ...table,
      number: chosen.length,
      names: chosen.map((row) => (table.names.length ? names[row] : String(row))),
      columns: table.columns.map((column) => columns.add(column)),
      widths: columns.add(table.widths),
      troubles: ofRows(table.troubles, places),
      plus: ofRows(table.plus, places),
      more: further.numbers,
      select: { ...table.select, labels: by === "one" ? [] : chosen.map((row) => (labels.length ? labels[row] : row)) },
    },
    codes: columns.bytes,
    thumbs: joined(thumbs),
    offsets: endsOf(thumbs),
    unreadable: ofRows(state.unreadable, places),
    later: [[chosen.length, chosen.length + further.before.length]],
    marks: Object.fromEntries(Object.entries(state.marks).map(([rater, marks]) => [rater, ofMarks(marks, places)])),
    differences: ofPairs(state.differences, places),
    view: Object.fromEntries(LAYS_OUT.filter((name) => name in state.view).map((name) => [name, state.view[name]])),
  };
  return { state: part, pictures: [...chosen, ...further.before] };
}

/** Writes the places of some rows' values, column after column; of each column only the values that these have. */
class Codes {
  /**
   * @param {Uint8Array} all The places of all rows.
   * @param {number} number Of all rows.
   * @param {number[]} chosen
   */
  constructor(all, number, chosen) {
    this.all = all;
    this.number = number;
    this.chosen = chosen;
    /** @type {Uint8Array[]} */
    this.parts = [];
    this.size = 0;
  }

  get bytes() {
    return joined(this.parts);
  }

  /** @param {Coded} coded @returns {Coded} */
  add(coded) {
    const column = new Column(coded, this.all, this.number);
    const kept = [...new Set(this.chosen.map((row) => column.code(row)))].sort((a, b) => a - b);
    const place = new Map(kept.map((code, at) => [code, at]));
    const Places = kept.length <= 1 << 8 ? Uint8Array : kept.length <= 1 << 16 ? Uint16Array : Uint32Array;
    const codes = new Places(this.chosen.map((row) => place.get(column.code(row))));
    const isOne = kept.length < 2;
    const bytes = isOne ? 0 : codes.BYTES_PER_ELEMENT;
    const at = this.size;
    if (!isOne) {
      this.parts.push(new Uint8Array(codes.buffer));
      this.size += codes.byteLength;
    }
    const values = kept.map((code) => coded.values[code]).filter((value) => value !== undefined);
    const own = { ...coded, values, missing: place.get(coded.missing) ?? -1, lays_out: coded.lays_out && !isOne };
    if (coded.raw) own.raw = kept.map((code) => coded.raw[code]);
    return { ...own, at, bytes };
  }
}

/**
 * The further pictures of outputs: their new numbers by row, and the numbers that they had.
 *
 * @param {Table} table
 * @param {number[]} chosen
 */
function furtherOf({ more }, chosen) {
  /** @type {Record<string, number[]>} */
  const numbers = {};
  /** @type {number[]} */
  const before = [];
  chosen.forEach((row, at) => {
    if (!more[row]) return;
    numbers[at] = more[row].map((_, n) => chosen.length + before.length + n);
    before.push(...more[row]);
  });
  return { numbers, before };
}

/**
 * What is known of rows, by their new numbers.
 *
 * @template Value
 * @param {Record<string, Value> | undefined} table
 * @param {Map<number, number>} places
 * @returns {Record<string, Value>}
 */
function ofRows(table, places) {
  const known = Object.entries(table ?? {}).filter(([row]) => places.has(Number(row)));
  return Object.fromEntries(known.map(([row, value]) => [places.get(Number(row)), value]));
}

/** @param {Marks} marks @param {Map<number, number>} places */
function ofMarks({ stars, pick, note }, places) {
  return { stars: ofRows(stars, places), pick: ofRows(pick, places), note: ofRows(note, places) };
}

/** @param {Record<string, number>} differences @param {Map<number, number>} places */
function ofPairs(differences, places) {
  const known = Object.entries(differences).flatMap(([pair, number]) => {
    const at = pair.split("-").map((row) => places.get(Number(row)));
    if (at.includes(undefined)) return [];
    return [[at.sort((a, b) => a - b).join("-"), number]];
  });
  return Object.fromEntries(known);
}

/** Where each part begins, and where the last one ends. @param {Uint8Array[]} parts */
function endsOf(parts) {
  const ends = [0];
  for (const { length } of parts) ends.push(ends.at(-1) + length);
  return ends;
}

/** @param {Uint8Array[]} parts */
function joined(parts) {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
