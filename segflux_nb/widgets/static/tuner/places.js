// Where pictures stand: the values of the tuned axes.

/**
 * @typedef {object} Axis
 * @property {string} name
 * @property {string[]} labels
 */

export class Places {
  /** @param {import("../shared/widget.js").Model} model */
  constructor(model) {
    /** @type {Axis[]} */
    this.axes = model.get("axes");
    /** @type {number[][]} A row for each combination of values, of which the last axis changes fastest. */
    this.cells = model.get("cells");
    /** @type {Map<number, number>} */
    this.rows = new Map();
    this.cells.forEach((row, n) => {
      for (const index of row) if (index >= 0) this.rows.set(index, n);
    });
  }

  /**
   * The pictures at a place.
   *
   * @param {number[]} at For each axis the number of its value.
   */
  pictures(at) {
    return this.cells[this.axes.reduce((row, { labels }, n) => row * labels.length + at[n], 0)];
  }

  /**
   * A place in words.
   *
   * @param {number[]} at
   */
  words(at) {
    return this.axes.map(({ name, labels }, n) => `${name} ${labels[at[n]]}`).join(" · ");
  }

  /**
   * The place of a picture.
   *
   * @param {number} index
   */
  place(index) {
    let row = this.rows.get(index) ?? 0;
    const at = [];
    for (const { labels } of [...this.axes].reverse()) {
      at.unshift(row % labels.length);
      row = Math.floor(row / labels.length);
    }
    return at;
  }

  /**
   * What two pictures differ in, for each of them in words; nothing else.
   *
   * @param {number[]} pair
   */
  differing(pair) {
    const places = pair.map((index) => this.place(index));
    const differs = this.axes.map((_, n) => places[0][n] !== places[1][n]);
    const word = (/** @type {number[]} */ at) =>
      this.axes
        .map(({ name, labels }, n) => (differs[n] ? `${name} ${labels[at[n]]}` : ""))
        .filter(Boolean)
        .join(", ");
    return places.map(word);
  }
}
