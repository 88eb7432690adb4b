// The panel of filters: marks, and every column with its values or its range.

import { el } from "../shared/dom.js";
import { icon } from "./icons.js";

/** @import { View } from "./messages.js" */
/** @import { Column, Rows } from "./table.js" */

/** The most values that have a box each; of more, one looks for some. */
const MOST_BOXES = 60;

/** A column of numbers with more values has a range. */
const MOST_NUMBERS = 12;

const BARS = 24;

/** @type {[string, string][]} */
const STAR_CHOICES = [
  ["", "any"],
  ...[1, 2, 3, 4, 5].map((n) => /** @type {[string, string]} */ ([`${n}`, `${"★".repeat(n)} or more`])),
];
const FLAGS = ["picked", "not rejected", "unrated", "with a note"];

/**
 * @typedef {object} PanelActions
 * @property {(view: View) => void} change
 * @property {(name: string, label: string, isHidden: boolean) => void} hide
 * @property {() => void} close
 * @property {() => void} needColumns Asks for the columns that are still to come.
 */

export class FilterPanel {
  /** @param {PanelActions} actions */
  constructor(actions) {
    this.actions = actions;
    /**
     * The parts of columns, by name.
     *
     * @type {Map<string, { element: HTMLDetailsElement, fill: () => void }>}
     */
    this.parts = new Map();
    /** What brings the fields up to date. @type {Map<string, (view: View) => void>} */
    this.updates = new Map();
    this.stars = this.choice("Stars from", STAR_CHOICES, (stars) => actions.change({ stars }));
    this.flag = this.choice(
      "Show",
      [["", "all"], ...FLAGS.map((one) => /** @type {[string, string]} */ ([one, one]))],
      (flag) => actions.change({ flag }),
    );
    const close = el("button", { type: "button", class: "sfx-tool sfx-icon-only", "aria-label": "Close the filters" });
    close.append(icon("close"));
    close.addEventListener("click", () => actions.close());
    const clear = el("button", { type: "button", class: "sfx-tool" }, "Clear all");
    clear.addEventListener("click", () =>
      actions.change({ hidden: {}, held: {}, ranges: {}, stars: "", flag: "", search: "" }),
    );
    this.list = el("div", { class: "sfx-parts" });
    this.element = el(
      "section",
      { class: "sfx-filters", "aria-label": "Filters", hidden: true },
      el("div", { class: "sfx-panel-head" }, el("h3", {}, "Filters"), clear, close),
      el("div", { class: "sfx-marks-filter" }, this.stars.element, this.flag.element),
      this.list,
    );
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      actions.close();
    });
  }

  /**
   * @param {string} label
   * @param {[string, string][]} options
   * @param {(value: string) => void} choose
   */
  choice(label, options, choose) {
    const select = el("select", {}, ...options.map(([value, text]) => el("option", { value }, text)));
    select.addEventListener("change", () => choose(select.value));
    return { select, element: el("label", {}, `${label} `, select) };
  }

  /**
   * Shows the present state, as far as the panel is open.
   *
   * @param {Rows} rows
   * @param {View} view
   */
  update(rows, view) {
    this.rows = rows;
    this.view = view;
    if (this.element.hidden) return;
    this.stars.select.value = view.stars ?? "";
    this.flag.select.value = view.flag ?? "";
    const names = [...rows.all.filter(({ varies }) => varies).map(({ name }) => name), ...rows.later];
    for (const [name, part] of this.parts) {
      if (names.includes(name)) continue;
      part.element.remove();
      this.parts.delete(name);
      this.updates.delete(name);
    }
    for (const name of names) this.partOf(name);
    for (const [name, { element, fill }] of this.parts) {
      const number =
        (view.hidden?.[name]?.length ?? 0) + (view.ranges?.[name] ? 1 : 0) + (view.held?.[name] != null ? 1 : 0);
      element.classList.toggle("sfx-on", number > 0);
      if (element.open) fill();
    }
    for (const update of this.updates.values()) update(view);
  }

  /** @param {string} name */
  partOf(name) {
    if (this.parts.has(name)) return;
    const body = el("div", { class: "sfx-part" });
    const element = el("details", {}, el("summary", {}, name), body);
    /** @type {Column | null} The column whose fields it has. */
    let shown = null;
    const fill = () => {
      const column = this.rows.column(name);
      if (!column) {
        body.textContent = "loading …";
        this.actions.needColumns();
      } else if (column !== shown) {
        shown = column;
        this.updates.delete(name);
        const isRange = column.kind === "number" && column.labels.length > MOST_NUMBERS;
        body.replaceChildren(...(isRange ? this.range(column) : this.boxes(column)));
        this.updates.get(name)?.(this.view);
      }
    };
    element.addEventListener("toggle", () => element.open && fill());
    this.parts.set(name, { element, fill });
    this.list.append(element);
  }

  /**
   * A box for each value, with the number of its rows.
   *
   * @param {Column} column
   */
  boxes(column) {
    const { name, labels } = column;
    const counts = new Uint32Array(labels.length);
    for (let row = 0; row < this.rows.number; row++) counts[column.code(row)]++;
    const list = el("div", { class: "sfx-boxes", role: "group", "aria-label": `Values of ${name}` });
    const more = el("p", { class: "sfx-quiet" });
    /** @type {[string, HTMLInputElement][]} */
    let boxes = [];
    const draw = (/** @type {string} */ part) => {
      const found = labels.filter((label) => label.toLowerCase().includes(part.toLowerCase()));
      boxes = found.slice(0, MOST_BOXES).map((label) => {
        const box = el("input", { type: "checkbox" });
        box.addEventListener("change", () => this.actions.hide(name, label, !box.checked));
        return [label, box];
      });
      list.replaceChildren(
        ...boxes.map(([label, box]) =>
          el(
            "label",
            { title: label },
            box,
            el("span", { class: "sfx-value-name" }, label),
            el("span", { class: "sfx-quiet" }, String(counts[labels.indexOf(label)])),
          ),
        ),
      );
      more.textContent = found.length > MOST_BOXES ? `${found.length - MOST_BOXES} more: type a part of them` : "";
      update(this.view);
    };
    const update = (/** @type {View} */ view) => {
      const hidden = new Set(view.hidden?.[name] ?? []);
      const held = view.held?.[name];
      for (const [label, box] of boxes) box.checked = !hidden.has(label) && (held == null || held === label);
    };
    this.updates.set(name, update);
    draw("");
    if (labels.length <= MOST_BOXES) return [list];
    const part = el("input", {
      type: "search",
      placeholder: "part of a value",
      "aria-label": `Look for a value of ${name}`,
    });
    part.addEventListener("input", () => draw(part.value));
    return [part, list, more];
  }

  /**
   * The lowest and the highest number, below a picture of how many rows have which.
   *
   * @param {Column} column
   */
  range(column) {
    const { name, numbers } = column;
    const known = [...numbers].filter((one) => !Number.isNaN(one));
    const labelOf = (/** @type {number} */ one) => column.labels[numbers.indexOf(one)];
    const [least, most] = known.reduce(
      ([low, high], one) => [Math.min(low, one), Math.max(high, one)],
      [Infinity, -Infinity],
    );
    const field = (/** @type {number} */ place, /** @type {string} */ label, /** @type {number} */ edge) => {
      const input = el("input", {
        type: "number",
        step: "any",
        placeholder: labelOf(edge),
        "aria-label": `${label} of ${name}`,
      });
      input.addEventListener("change", () => {
        const range = [...(this.view.ranges?.[name] ?? [null, null])];
        range[place] = input.value === "" ? null : Number(input.value);
        const ranges = { ...(this.view.ranges ?? {}), [name]: range };
        if (range.every((one) => one == null)) delete ranges[name];
        this.actions.change({ ranges });
      });
      return input;
    };
    const fields = [field(0, "Least", least), field(1, "Most", most)];
    this.updates.set(name, (view) => {
      fields.forEach((input, place) => {
        const value = view.ranges?.[name]?.[place];
        if (document.activeElement !== input) input.value = value == null ? "" : String(value);
      });
    });
    return [this.bars(column, least, most), el("div", { class: "sfx-range" }, fields[0], "to", fields[1])];
  }

  /**
   * @param {Column} column
   * @param {number} least
   * @param {number} most
   */
  bars(column, least, most) {
    const counts = new Array(BARS).fill(0);
    for (let row = 0; row < this.rows.number; row++) {
      const number = column.numbers[column.code(row)];
      if (!Number.isNaN(number))
        counts[Math.min(BARS - 1, Math.floor((BARS * (number - least)) / (most - least || 1)))]++;
    }
    const highest = Math.max(...counts, 1);
    const bars = counts.map((count) =>
      el("i", { style: `height:${count ? Math.max(6, (100 * count) / highest) : 0}%` }),
    );
    return el("div", { class: "sfx-bars", "aria-hidden": "true" }, ...bars);
  }
}
