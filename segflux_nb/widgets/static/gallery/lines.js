// What the board is made of: groups with the labels of their columns, and lines of tiles.

import { el } from "../shared/dom.js";
import { labelsApart } from "./labels.js";
import { cornerText } from "./measuring.js";
import { MISSING } from "./table.js";

/** The frame around the picture with the focus, which labels that stay in view leave free. */
const FRAME = 5;

/** @typedef {(name: string, label: string, element: HTMLElement) => void} OpenLabel Opens the menu of a label. */

/** A group. Its title and the labels of its columns stay in view while it is in view. */
export class SectionView {
  /**
   * @param {import("./geometry.js").Geometry} geometry
   * @param {number} at
   * @param {import("./messages.js").View} view
   * @param {OpenLabel} openLabel
   */
  constructor(geometry, at, view, openLabel) {
    const { group, top, height, width } = geometry.sections[at];
    this.geometry = geometry;
    this.view = view;
    this.openLabel = openLabel;
    this.top = top;
    this.across = group.across;
    this.shownAcross = labelsApart(group.across);
    /** @type {Map<number, HTMLElement>} */
    this.heads = new Map();
    this.body = geometry.isGrid ? this.table(group) : el("div", {});
    const style = `top:${top}px;height:${height}px;${width ? `width:${width}px` : ""}`;
    this.element = el("div", { class: "sfx-section", style }, view.by ? this.title(group.label) : null, this.body);
    this.shownDown = labelsApart(group.lines.map(({ label }) => label));
  }

  get length() {
    return this.across.length;
  }

  /** @param {string} label */
  title(label) {
    const shown = labelsApart(this.geometry.sections.map(({ group }) => group.label))(label);
    const name = this.view.by;
    return el("h3", { class: "sfx-title" }, labelButton(name, label, `${name}: ${shown}`, this.openLabel));
  }

  /** @param {import("./pivot.js").Group} group */
  table(group) {
    const { cols, rows, by } = this.view;
    const { head, corner: above } = this.geometry.measures;
    const attributes = { class: "sfx-corner", role: "columnheader", title: `${rows} down, ${cols} across` };
    const style = above ? `height:${above}px` : `width:${this.geometry.left - FRAME}px`;
    const corner = rows ? el("div", { ...attributes, style }, cornerText(this.view)) : null;
    const kind = above ? "sfx-heads sfx-corner-above" : "sfx-heads";
    // Labels of columns that are scrolled under the labels of the rows are hidden there, as their pictures are.
    const size = `width:${this.geometry.left - FRAME}px;height:${head - FRAME - above}px`;
    const shade = above && rows ? el("div", { class: "sfx-shade", "aria-hidden": "true", style: size }) : null;
    this.headRow = el("div", { class: kind, role: "row", style: `height:${head - FRAME}px` }, corner, shade);
    const words = [by && `${by} ${group.label}`, rows && `${rows} down`, `${cols} across`].filter(Boolean);
    return el(
      "div",
      {
        role: "table",
        class: "sfx-table",
        "aria-label": words.join(", "),
        "aria-rowcount": group.lines.length + 1,
        "aria-colcount": group.across.length + (rows ? 1 : 0),
      },
      this.headRow,
    );
  }

  /**
   * Shows the labels of the columns in view.
   *
   * @param {[number, number]} places
   */
  show([from, to]) {
    if (!this.headRow) return;
    const { geometry, view, heads } = this;
    for (const [place, head] of heads) {
      if (place >= from && place < to) continue;
      if (head.contains(document.activeElement)) continue;
      head.remove();
      heads.delete(place);
    }
    for (let place = from; place < to; place++) {
      if (heads.has(place)) continue;
      const label = this.across[place];
      const left = geometry.left + place * geometry.step;
      const head = el(
        "div",
        {
          class: "sfx-top",
          role: "columnheader",
          "aria-colindex": place + (view.rows ? 2 : 1),
          style: `left:${left}px;width:${geometry.measures.size}px;top:${geometry.measures.corner}px`,
        },
        labelButton(view.cols, label, this.shownAcross(label), this.openLabel),
      );
      heads.set(place, head);
      this.headRow.append(head);
    }
  }

  /**
   * Adds a line where it belongs: people who hear the page hear the lines in their order.
   *
   * @param {HTMLElement} element
   * @param {number} at
   */
  add(element, at) {
    element.dataset.band = String(at);
    const after = [...this.body.children].find(
      (one) => one instanceof HTMLElement && one.dataset.band != null && Number(one.dataset.band) > at,
    );
    this.body.insertBefore(element, after ?? null);
    const label = element.querySelector("[data-label]");
    if (label instanceof HTMLElement) label.textContent = this.shownDown(label.dataset.label);
  }
}

/** A line of tiles, or the title of those that flow. */
export class LineView {
  /**
   * @param {import("./geometry.js").Geometry} geometry
   * @param {number} at
   * @param {import("./messages.js").View} view
   * @param {OpenLabel} openLabel
   * @param {(cell: number[]) => import("./tile.js").Tile} tile Makes the tile of a cell.
   */
  constructor(geometry, at, view, openLabel, tile) {
    const band = geometry.bands[at];
    const section = geometry.sections[band.section];
    this.geometry = geometry;
    this.band = band;
    this.makeTile = tile;
    this.isGrid = geometry.isGrid;
    this.hasLabel = Boolean(view.rows);
    /** @type {Map<number, import("./tile.js").Tile | null>} */
    this.tiles = new Map();
    /** @type {Map<number, HTMLElement>} */
    this.elements = new Map();
    const { label } = band.line;
    const width = section.width ? `width:${section.width}px` : "";
    const style = `top:${band.top - section.top}px;height:${band.height}px;${width}`;
    if (band.kind === "title") {
      const button = labelButton(view.rows, label, label, openLabel, `${view.rows}: `);
      this.element = el("h4", { class: "sfx-line-title", style }, button);
    } else if (this.isGrid) {
      const attributes = { class: "sfx-line", role: "row", "aria-rowindex": band.number + 2, style };
      this.element = el("div", attributes, view.rows ? this.label(view.rows, label, openLabel) : null);
    } else {
      const words = [view.rows || "all", label].filter(Boolean).join(" ");
      this.element = el("div", { class: "sfx-line", role: "group", "aria-label": words, style });
    }
  }

  /**
   * @param {string} name
   * @param {string} label
   * @param {OpenLabel} openLabel
   */
  label(name, label, openLabel) {
    const attributes = { class: "sfx-side", role: "rowheader", style: `width:${this.geometry.left - FRAME}px` };
    return el("div", attributes, labelButton(name, label, label, openLabel));
  }

  /**
   * Shows the cells in view.
   *
   * @param {[number, number]} places
   * @param {number} kept The place of the cell with the focus, which stays; -1 for none.
   */
  show([from, to], kept) {
    for (const [place, element] of this.elements) {
      if ((place >= from && place < to) || place === kept) continue;
      this.tiles.get(place)?.remove();
      element.remove();
      this.tiles.delete(place);
      this.elements.delete(place);
    }
    if (this.elements.size && this.from === from && this.to === to && (kept < 0 || this.elements.has(kept))) return;
    this.from = from;
    this.to = to;
    for (let place = from; place < to; place++) this.add(place);
    if (kept >= 0) this.add(kept);
  }

  /** @param {number} place */
  add(place) {
    if (this.elements.has(place)) return;
    const { geometry, band } = this;
    const cell = band.line.cells.get(place);
    const tile = cell ? this.makeTile(cell) : null;
    const left = geometry.leftOf(band, place);
    const inner = tile ? tile.element : el("div", { class: "sfx-none" }, MISSING);
    let element = inner;
    if (this.isGrid) {
      const column = place + (this.hasLabel ? 2 : 1);
      element = el("div", { role: "cell", class: "sfx-cell", "aria-colindex": column }, inner);
    }
    element.style.left = `${left}px`;
    this.tiles.set(place, tile);
    this.elements.set(place, element);
    this.element.append(element);
  }

  remove() {
    for (const tile of this.tiles.values()) tile?.remove();
    this.element.remove();
  }
}

/**
 * The label of a row, a column or a group: a button that opens its menu.
 *
 * @param {string} name
 * @param {string} label
 * @param {string} shown How it is shown.
 * @param {OpenLabel} openLabel
 * @param {string} [before] What stands before a label that is shown shortened.
 */
function labelButton(name, label, shown, openLabel, before = "") {
  const attributes = {
    type: "button",
    class: "sfx-label",
    title: label,
    "aria-haspopup": "menu",
    "aria-label": `${name} ${label}: menu`,
  };
  const text = before || shown === label ? el("span", { "data-label": label }, shown) : el("span", {}, shown);
  const button = el("button", attributes, before || null, text);
  button.addEventListener("click", () => openLabel(name, label, button));
  return button;
}
