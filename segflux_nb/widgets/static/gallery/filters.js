// Which rows are shown, and in which order. Pure: it needs no browser.

/** @import { MarkBook } from "./marks.js" */
/** @import { View } from "./messages.js" */
/** @import { Rows } from "./table.js" */

/** The names of columns by which one sorts that are no columns: they stand in marks. */
export const STARS = "stars";

/**
 * The rows that no filter hides, sorted. Each filter looks once at each distinct value, and once at each row.
 *
 * @param {Rows} rows
 * @param {View} view
 * @param {MarkBook} marks
 * @returns {number[]}
 */
export function shownRows(rows, view, marks) {
  const kept = new Uint8Array(rows.number).fill(1);
  for (const { column, allowed } of columnFilters(rows, view)) {
    for (let row = 0; row < rows.number; row++) if (!allowed[column.code(row)]) kept[row] = 0;
  }
  if (view.search) keepFound(rows, view.search, marks, kept);
  if (view.stars || view.flag) {
    for (let row = 0; row < rows.number; row++) if (kept[row] && !passesMarks(view, marks, row)) kept[row] = 0;
  }
  const found = [];
  if (view.cell) {
    for (const row of view.cell) if (kept[row]) found.push(row);
  } else for (let row = 0; row < rows.number; row++) if (kept[row]) found.push(row);
  return sorted(found, rows, view, marks);
}

/**
 * For each column with a filter, which of its distinct values are shown.
 *
 * @param {Rows} rows
 * @param {View} view
 */
function columnFilters(rows, { hidden = {}, held = {}, ranges = {} }) {
  const found = [];
  for (const name of new Set([...Object.keys(hidden), ...Object.keys(held), ...Object.keys(ranges)])) {
    const column = rows.column(name);
    if (!column) continue; // it is still to come
    const without = new Set(hidden[name] ?? []);
    const [low, high] = ranges[name] ?? [null, null];
    const isOne = name in held && column.labels.includes(held[name]);
    const allowed = column.labels.map((label, code) => {
      if (without.has(label) || (isOne && label !== held[name])) return false;
      if (low == null && high == null) return true;
      const number = column.numbers[code];
      return number >= (low ?? -Infinity) && number <= (high ?? Infinity);
    });
    found.push({ column, allowed });
  }
  return found;
}

/**
 * Keeps the rows in which each word of the search stands somewhere: in a label, a note, the name or the reason.
 *
 * @param {Rows} rows
 * @param {string} search
 * @param {MarkBook} marks
 * @param {Uint8Array} kept
 */
function keepFound(rows, search, marks, kept) {
  for (const word of search.toLowerCase().split(/\s+/).filter(Boolean)) {
    const found = new Uint8Array(rows.number);
    for (const column of rows.all) {
      const has = column.texts.map((text) => text.includes(word));
      if (!has.includes(true)) continue;
      for (let row = 0; row < rows.number; row++) if (has[column.code(row)]) found[row] = 1;
    }
    for (const { note } of Object.values(marks.book)) {
      for (const [row, text] of Object.entries(note)) if (text.toLowerCase().includes(word)) found[Number(row)] = 1;
    }
    for (const [row, texts] of Object.entries(rows.table.troubles)) {
      if (texts.join(" ").toLowerCase().includes(word)) found[Number(row)] = 1;
    }
    for (let row = 0; row < rows.number; row++) {
      if (!found[row] && !rows.name(row).toLowerCase().includes(word)) kept[row] = 0;
    }
  }
}

/**
 * @param {View} view
 * @param {MarkBook} marks
 * @param {number} row
 */
function passesMarks({ stars, flag }, marks, row) {
  if (stars && (marks.mean(row)?.mean ?? 0) < Number(stars)) return false;
  if (flag === "picked") return marks.pick(row) === true;
  if (flag === "not rejected") return marks.pick(row) !== false;
  if (flag === "unrated") {
    const own = marks.own(row);
    return own.stars == null && own.pick == null;
  }
  if (flag === "with a note") return marks.notes(row).length > 0;
  return true;
}

/**
 * @param {number[]} found
 * @param {Rows} rows
 * @param {View} view
 * @param {MarkBook} marks
 */
function sorted(found, rows, { sort, down }, marks) {
  const column = rows.column(sort);
  if (!sort || (!column && sort !== STARS)) return found;
  // The best stars are first, and the least number; what has none is last, whichever way.
  const ranks = new Float64Array(rows.number);
  for (const row of found) {
    const rank = column ? column.ranks[column.code(row)] : (marks.mean(row)?.mean ?? -1);
    const isUp = column ? !down : Boolean(down);
    ranks[row] = rank < 0 ? Infinity : isUp ? rank : -rank;
  }
  return found.sort((a, b) => (ranks[a] === ranks[b] ? a - b : ranks[a] - ranks[b]));
}

/**
 * How many filters are set, the stepped-into cell not counted.
 *
 * @param {View} view
 */
export function filterCount({ hidden = {}, held = {}, ranges = {}, stars, flag, search }) {
  const ofColumns = [hidden, held, ranges].reduce((sum, one) => sum + Object.keys(one).length, 0);
  return ofColumns + [stars, flag, search].filter(Boolean).length;
}
