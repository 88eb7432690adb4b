// What the gallery shows where: pure functions over its state, without a browser.

/**
 * @typedef {object} Item A run.
 * @property {string} run Its short name.
 * @property {number | null} width Of the picture, in pixels.
 * @property {string} status
 * @property {string} reason Why it has no picture.
 * @property {Record<string, string>} labels Words for its value of each column.
 * @property {Record<string, any>} parameters
 * @property {string} code Python that selects it.
 * @property {number[]} [more] The numbers of the further pictures of its output that are there.
 * @property {string} [plus] What stands beside the first of several pictures: `+2, 1 not served`.
 *
 * @typedef {{ name: string, values: string[], axis: boolean }} Column A column by which runs are laid out or sorted.
 * @typedef {{ stars?: number, pick?: boolean, note?: string }} Mark
 *
 * @typedef {object} View How the runs are laid out; names of columns are "" for none.
 * @property {string} [cols]
 * @property {string} [rows]
 * @property {string} [by] The column of the groups.
 * @property {string} [sort] A column, or `stars`.
 * @property {string | number} [stars] The least number of stars.
 * @property {string} [flag] `picked`, `not rejected` or `unrated`.
 * @property {Record<string, string[]>} [hidden] Hidden values by column.
 * @property {number} [size] Pixels of a side of a tile.
 *
 * @typedef {{ items: Item[], columns: Column[], view: View, marks: Record<string, Mark> }} State
 * @typedef {{ label: string, cells: number[][] }} Line A row of cells; a cell is a list of items.
 * @typedef {{ label: string, across: string[], lines: Line[] }} Group A grid of one value of the outer column.
 */

/** Stands for a value that a run does not have. */
export const MISSING = "–";

/** The value of no column: one row, one group. */
export const NONE = "";

/** Pixels of a side of a tile, unless the view has another size. */
export const SIZE = 160;

/** @param {State} state @param {number} index @returns {Mark} */
export function markOf({ items, marks }, index) {
  return marks[items[index].run] ?? {};
}

/** @param {State} state @param {number} index @param {string} name */
export function labelOf({ items }, index, name) {
  return items[index].labels[name] ?? MISSING;
}

/** @param {State} state @param {string} [name] */
export function valuesOf({ columns }, name) {
  return name ? (columns.find((column) => column.name === name)?.values ?? []) : [NONE];
}

/** @param {State} state @param {number} index */
export function isHidden(state, index) {
  const { hidden, stars, flag } = state.view;
  for (const [name, values] of Object.entries(hidden ?? {})) {
    if (values.includes(labelOf(state, index, name))) return true;
  }
  const mark = markOf(state, index);
  if (stars && (mark.stars ?? 0) < Number(stars)) return true;
  if (flag === "picked") return mark.pick !== true;
  if (flag === "not rejected") return mark.pick === false;
  if (flag === "unrated") return mark.stars != null || mark.pick != null;
  return false;
}

/**
 * The items that no filter hides, sorted.
 *
 * @param {State} state
 */
export function shownItems(state) {
  const indices = state.items.map((_, index) => index).filter((index) => !isHidden(state, index));
  const { sort } = state.view;
  if (!sort) return indices;
  const order = valuesOf(state, sort);
  /** @param {number} index */
  const rank = (index) =>
    sort === "stars" ? -(markOf(state, index).stars ?? -1) : order.indexOf(labelOf(state, index, sort));
  return indices.sort((a, b) => rank(a) - rank(b) || a - b);
}

/**
 * The items in grids: by the outer column, the rows, the columns. Without a column each item is a cell.
 *
 * @param {State} state
 * @returns {Group[]}
 */
export function pivot(state) {
  const { cols, rows, by } = state.view;
  const shown = shownItems(state);
  /** @param {number[]} items @param {string | undefined} name @param {string} value */
  const having = (items, name, value) =>
    name ? items.filter((index) => labelOf(state, index, name) === value) : items;
  const groups = [];
  for (const group of valuesOf(state, by)) {
    const inGroup = having(shown, by, group);
    if (!inGroup.length) continue;
    const across = cols ? valuesOf(state, cols).filter((value) => having(inGroup, cols, value).length) : [];
    const lines = [];
    for (const row of valuesOf(state, rows)) {
      const inRow = having(inGroup, rows, row);
      if (!inRow.length) continue;
      const cells = cols ? across.map((value) => having(inRow, cols, value)) : inRow.map((index) => [index]);
      lines.push({ label: row, cells });
    }
    groups.push({ label: group, across, lines });
  }
  return groups;
}

/**
 * The item beside another one; the same item at the edge.
 *
 * @param {number[][]} places The first item of each cell, line by line; -1 for an empty cell.
 * @param {number} index
 * @param {[number, number]} move How many places to the right and below.
 * @param {boolean} isGrid Whether the cells of a line stand in columns.
 */
export function beside(places, index, [across, down], isGrid) {
  const row = places.findIndex((line) => line.includes(index));
  if (row < 0) return index;
  const column = places[row].indexOf(index) + across;
  if (across && !isGrid && (column < 0 || column >= places[row].length)) return index;
  for (let line = row + down; line >= 0 && line < places.length; line += down || 1) {
    const cells = places[line];
    let at = Math.min(column, cells.length - 1);
    for (; at >= 0 && at < cells.length; at += across || cells.length) if (cells[at] >= 0) return cells[at];
    if (!down) return index;
  }
  return index;
}

/**
 * An item in words.
 *
 * @param {State} state
 * @param {number} index
 */
export function describe(state, index) {
  const mark = markOf(state, index);
  const item = state.items[index];
  const parts = state.columns
    .filter((column) => column.axis)
    .map((column) => `${column.name} ${labelOf(state, index, column.name)}`);
  if (item.plus) parts.push(item.plus);
  if (mark.stars != null) parts.push(`${mark.stars} of 5 stars`);
  if (mark.pick != null) parts.push(mark.pick ? "picked" : "rejected");
  if (mark.note) parts.push(`note: ${mark.note}`);
  if (item.status !== "completed") parts.push(item.status, item.reason);
  return parts.filter(Boolean).join(", ") || item.run;
}

/**
 * What stands below the tile of an item: its values of the axes that no label shows. Null in a table.
 *
 * @param {State} state
 * @param {number} index
 */
export function captionOf(state, index) {
  const { columns, view } = state;
  if (view.cols) return null;
  const own = columns.filter(({ axis, name }) => axis && name !== view.rows && name !== view.by);
  return own.map(({ name }) => labelOf(state, index, name)).join(" · ");
}

/**
 * What tells an item apart from the others of its cell: its values of the columns in which they differ.
 *
 * @param {State} state
 * @param {number[]} cell
 * @param {number} index
 */
export function tellingOf(state, cell, index) {
  if (cell.length < 2) return null;
  const differing = state.columns.filter(({ name }) => new Set(cell.map((one) => labelOf(state, one, name))).size > 1);
  return differing.map(({ name }) => `${labelOf(state, index, name)} ${name}`).join(" · ");
}

/**
 * The place of an item among those of its cell: `2/3`; empty where it is alone.
 *
 * @param {number[]} cell
 * @param {number} index
 */
export function placeOf(cell, index) {
  return cell.length > 1 ? `${cell.indexOf(index) + 1}/${cell.length}` : "";
}

/**
 * The item of a cell that is some steps after another one, around its ends.
 *
 * @param {number[]} cell
 * @param {number} index
 * @param {number} by
 */
export function stepped(cell, index, by) {
  return cell[(cell.indexOf(index) + by + cell.length) % cell.length];
}

/**
 * A mark in symbols.
 *
 * @param {Mark} mark
 */
export function symbols(mark) {
  const parts = [];
  if (mark.pick === true) parts.push("✔");
  if (mark.pick === false) parts.push("✘");
  if (mark.stars != null) parts.push(mark.stars ? "★".repeat(mark.stars) : "☆");
  if (mark.note) parts.push("✎");
  return parts.join(" ");
}
