// Marks: what each rater says of each row, and the way back. Pure: it needs no browser.

/** @import { Change, Mark, Marks } from "./messages.js" */

/** @type {("stars" | "pick" | "note")[]} */
const MARK_NAMES = ["stars", "pick", "note"];

/** The marks of all raters. */
export class MarkBook {
  /**
   * @param {Record<string, Marks>} book By rater, the one who marked last at the end.
   * @param {string} rater Who rates here.
   */
  constructor(book, rater) {
    this.book = book;
    this.rater = rater;
  }

  /**
   * A rater's own mark of a row.
   *
   * @param {number} row
   * @param {string} [rater]
   * @returns {Mark}
   */
  own(row, rater = this.rater) {
    const marks = this.book[rater];
    return marks ? { stars: marks.stars[row], pick: marks.pick[row], note: marks.note[row] } : {};
  }

  /**
   * Who said something of a row, with what; the one who rates here is first.
   *
   * @param {number} row
   * @returns {[string, Mark][]}
   */
  all(row) {
    const raters = Object.keys(this.book).sort((a, b) => Number(b === this.rater) - Number(a === this.rater));
    return raters
      .map((rater) => /** @type {[string, Mark]} */ ([rater, this.own(row, rater)]))
      .filter(([, mark]) => MARK_NAMES.some((name) => mark[name] != null));
  }

  /**
   * The mean of all raters' stars, and how many they are.
   *
   * @param {number} row
   */
  mean(row) {
    let sum = 0;
    let number = 0;
    for (const marks of Object.values(this.book)) {
      const stars = marks.stars[row];
      if (stars == null) continue;
      sum += stars;
      number++;
    }
    return number ? { mean: sum / number, number } : null;
  }

  /**
   * Whether a row is picked: the word of the one who rates here, or of the last other one.
   *
   * @param {number} row
   */
  pick(row) {
    let found = this.book[this.rater]?.pick[row];
    if (found == null) for (const marks of Object.values(this.book)) found = marks.pick[row] ?? found;
    return found;
  }

  /** All notes on a row. @param {number} row */
  notes(row) {
    return Object.values(this.book)
      .map((marks) => marks.note[row])
      .filter(Boolean);
  }

  /**
   * Puts changes into the book.
   *
   * @param {string} rater
   * @param {Change[]} changes
   */
  put(rater, changes) {
    const marks = this.book[rater] ?? { stars: {}, pick: {}, note: {} };
    delete this.book[rater];
    this.book[rater] = marks; // at the end: the one who marked last
    for (const { at, mark } of changes) {
      for (const name of MARK_NAMES) {
        if (!(name in mark)) continue;
        /** @type {Record<string, any>} */
        const table = marks[name];
        for (const row of at) {
          if (mark[name] == null) delete table[row];
          else table[row] = mark[name];
        }
      }
    }
  }

  /**
   * The changes that take these changes back.
   *
   * @param {Change[]} changes
   * @param {string} rater
   * @param {Asked[]} [pending] What was asked for before them and is not in the book yet.
   * @returns {Change[]}
   */
  inverse(changes, rater, pending = []) {
    return changes.flatMap(({ at, mark }) =>
      at.map((row) => {
        const before = this.expected(row, rater, pending);
        const names = MARK_NAMES.filter((name) => name in mark);
        return { at: [row], mark: Object.fromEntries(names.map((name) => [name, before[name] ?? null])) };
      }),
    );
  }

  /**
   * A rater's mark of a row, once what was asked for is in the book.
   *
   * @param {number} row
   * @param {string} rater
   * @param {Asked[]} pending
   * @returns {Mark}
   */
  expected(row, rater, pending) {
    const theirs = pending.filter((asked) => asked.rater === rater).flatMap(({ changes }) => changes);
    const marks = theirs.filter(({ at }) => at.includes(row)).map(({ mark }) => mark);
    return Object.assign(this.own(row, rater), ...marks);
  }
}

/**
 * Changes of a rater that were asked for and not answered yet.
 *
 * @typedef {{ rater: string, changes: Change[] }} Asked
 */

/**
 * A step that can be taken back.
 *
 * @typedef {{ rater: string, forth: Change[], back: Change[] }} Step
 */

/**
 * The marks that were made here, in steps that can be taken back and made again. A step counts from the moment it is
 * asked for, so that what is taken back before its answer came is the last mark.
 */
export class History {
  constructor() {
    /** @type {Step[]} */
    this.done = [];
    /** @type {Step[]} */
    this.undone = [];
    /** @type {Map<number, { step: Step, way: "new" | "back" | "forth" }>} What was asked for and not answered yet. */
    this.asked = new Map();
    this.last = 0;
  }

  /**
   * Takes a step up, and gives the number under which its answer comes.
   *
   * @param {Step} step
   * @param {"new" | "back" | "forth"} way
   */
  ask(step, way) {
    if (way === "new") this.undone = [];
    this.move(step, way === "back" ? "undone" : "done");
    this.last++;
    this.asked.set(this.last, { step, way });
    return this.last;
  }

  /**
   * The answer to a step came; gives it, where it was asked for here.
   *
   * @param {number} id
   * @param {boolean} isDone Whether it was done.
   */
  answer(id, isDone) {
    const found = this.asked.get(id);
    this.asked.delete(id);
    if (found && !isDone) this.move(found.step, { new: null, back: "done", forth: "undone" }[found.way]);
    return found ?? null;
  }

  /** What was asked for and not answered yet, in its order. @returns {Asked[]} */
  get pending() {
    return [...this.asked.values()].map(({ step, way }) => ({
      rater: step.rater,
      changes: way === "back" ? step.back : step.forth,
    }));
  }

  /**
   * @param {Step} step
   * @param {string | null} to `done`, `undone`, or null where it has no place any more.
   */
  move(step, to) {
    const others = (/** @type {Step[]} */ steps) => steps.filter((other) => other !== step);
    this.done = to === "done" ? [...others(this.done), step] : others(this.done);
    this.undone = to === "undone" ? [...others(this.undone), step] : others(this.undone);
  }
}

/**
 * Marks in symbols.
 *
 * @param {MarkBook} marks
 * @param {number} row
 */
export function symbols(marks, row) {
  const parts = [];
  const { stars } = marks.own(row);
  const pick = marks.pick(row);
  const mean = marks.mean(row);
  if (pick != null) parts.push(pick ? "✔" : "✘");
  if (stars != null) parts.push(stars ? "★".repeat(stars) : "☆");
  if (mean && (mean.number > 1 || stars == null)) parts.push(meanText(mean));
  if (marks.notes(row).length) parts.push("✎");
  return parts.join(" ");
}

/**
 * The mean of several raters' stars: `Ø 3.5 (2)`.
 *
 * @param {{ mean: number, number: number }} mean
 */
export function meanText({ mean, number }) {
  return `Ø ${Number(mean.toFixed(1))} (${number})`;
}

/**
 * Marks in words.
 *
 * @param {MarkBook} marks
 * @param {number} row
 */
export function markWords(marks, row) {
  const parts = [];
  const { stars } = marks.own(row);
  const pick = marks.pick(row);
  const mean = marks.mean(row);
  if (stars != null) parts.push(`${stars} of 5 stars`);
  if (mean && (mean.number > 1 || stars == null)) {
    parts.push(`mean ${Number(mean.mean.toFixed(1))} of ${mean.number} rater${mean.number === 1 ? "" : "s"}`);
  }
  if (pick != null) parts.push(pick ? "picked" : "rejected");
  parts.push(...marks.notes(row).map((note) => `note: ${note}`));
  return parts;
}
