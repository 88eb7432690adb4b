// The rows of a gallery by columns, as Python sends them. Pure: it needs no browser.

/** @import { Coded, Selected, Table } from "./messages.js" */

/** Stands for a value that a row does not have. */
export const MISSING = "–";

const COLLATOR = new Intl.Collator("en", { numeric: true });

/** One column: the labels of its values, and which of them each row has. */
export class Column {
  /**
   * @param {Coded} coded
   * @param {Uint8Array} codes The places of all columns.
   * @param {number} number Of rows.
   */
  constructor(coded, codes, number) {
    const { name, values, raw, kind, axis, lays_out: laysOut, missing } = coded;
    this.name = name;
    this.labels = values;
    this.raw = raw;
    this.kind = kind;
    this.axis = axis;
    this.laysOut = laysOut;
    this.missing = missing;
    this.places = placesOf(coded, codes, number);
    // These are made when they are first asked for.
    /** @type {Float64Array | undefined} */
    this.allNumbers = undefined;
    /** @type {string[] | undefined} */
    this.allTexts = undefined;
    /** @type {Int32Array | undefined} */
    this.allRanks = undefined;
  }

  get varies() {
    return this.labels.length > 1;
  }

  /** @param {number} row */
  code(row) {
    return this.places ? this.places[row] : 0;
  }

  /** @param {number} row */
  label(row) {
    return this.labels[this.code(row)] ?? MISSING;
  }

  /**
   * The value of a row, as far as JSON has it; null for a missing one.
   *
   * @param {number} row
   */
  value(row) {
    const code = this.code(row);
    if (code === this.missing) return null;
    if (this.raw) return this.raw[code];
    const label = this.label(row);
    if (this.kind === "truth") return label === "True";
    return this.kind === "number" ? Number(label) : label;
  }

  /** The number of each distinct value; NaN for what is not a number. */
  get numbers() {
    this.allNumbers ??= Float64Array.from(this.labels, (label, code) =>
      code === this.missing || this.kind !== "number" ? Number.NaN : Number(this.raw ? this.raw[code] : label),
    );
    return this.allNumbers;
  }

  /** The labels in small letters, to search in. */
  get texts() {
    this.allTexts ??= this.labels.map((label) => label.toLowerCase());
    return this.allTexts;
  }

  /** The rank of each distinct value in the order of sorting; missing ones have none. */
  get ranks() {
    if (!this.allRanks) {
      const { numbers, labels } = this;
      const codes = labels.map((_, code) => code).filter((code) => code !== this.missing);
      if (this.kind === "number") codes.sort((a, b) => numbers[a] - numbers[b] || a - b);
      else if (!this.axis) codes.sort((a, b) => COLLATOR.compare(labels[a], labels[b]) || a - b);
      this.allRanks = new Int32Array(labels.length).fill(-1);
      codes.forEach((code, rank) => {
        this.allRanks[code] = rank;
      });
    }
    return this.allRanks;
  }
}

/**
 * @param {Coded} coded
 * @param {Uint8Array} codes
 * @param {number} number
 */
function placesOf({ at, bytes }, codes, number) {
  if (!bytes) return null;
  if (bytes < 0) return Uint32Array.from({ length: number }, (_, row) => row);
  const own = codes.slice(at, at + bytes * number).buffer; // a copy begins where its type may begin
  return bytes === 1 ? new Uint8Array(own) : bytes === 2 ? new Uint16Array(own) : new Uint32Array(own);
}

/** All rows. */
export class Rows {
  /**
   * @param {Table} table
   * @param {Uint8Array} codes
   */
  constructor(table, codes) {
    this.table = table;
    this.number = table.number;
    /** @type {Map<string, Column>} */
    this.columns = new Map();
    this.add(table.columns, codes);
    this.widths = new Column(table.widths, codes, this.number);
    this.names = typeof table.names === "string" ? table.names.split(" ") : table.names;
    /** Names of columns that Python has and did not send. */
    this.later = table.later.filter((name) => !this.columns.has(name));
  }

  /**
   * Adds columns that came later.
   *
   * @param {Coded[]} coded
   * @param {Uint8Array} codes
   */
  add(coded, codes) {
    for (const one of coded) this.columns.set(one.name, new Column(one, codes, this.number));
    this.later = (this.later ?? []).filter((name) => !this.columns.has(name));
  }

  /** The columns in their order. */
  get all() {
    return [...this.columns.values()];
  }

  /** The axes, by which rows can be laid out. */
  get axes() {
    return this.all.filter((column) => column.axis && column.laysOut);
  }

  /** The columns by which rows can be laid out. */
  get layable() {
    return this.all.filter((column) => column.laysOut);
  }

  /** @param {string | undefined} name */
  column(name) {
    return name ? this.columns.get(name) : undefined;
  }

  /** @param {number} row @param {string} name */
  label(row, name) {
    return this.columns.get(name)?.label(row) ?? MISSING;
  }

  /** @param {number} row */
  name(row) {
    return this.table.names.length ? this.names[row] : String(row);
  }

  /** @param {number} row */
  status(row) {
    return this.table.troubles[row]?.[0] ?? "completed";
  }

  /** Why a row has no picture. @param {number} row */
  reason(row) {
    return this.table.troubles[row]?.[1] ?? "";
  }

  /** The numbers of the further pictures of a row's output. @param {number} row */
  more(row) {
    return this.table.more[row] ?? [];
  }

  /** What stands beside the first of several pictures. @param {number} row */
  plus(row) {
    return this.table.plus[row] ?? "";
  }

  /** The width of a row's picture in pixels, or that of another row's. @param {number} row */
  width(row) {
    return (
      this.widths.numbers[row < 0 ? 0 : this.widths.code(row)] ||
      this.widths.numbers.find((/** @type {number} */ one) => one > 0)
    );
  }
}
