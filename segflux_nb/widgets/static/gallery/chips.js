// Chips below the toolbar: one for each axis that is not laid out, and one for each other filter that is set.

import { el } from "../shared/dom.js";
import { icon } from "./icons.js";

/** Of more values, the choice is filled when it is used. */
const MOST_AT_ONCE = 200;

/** @import { View } from "./messages.js" */
/** @import { Column, Rows } from "./table.js" */

/**
 * @typedef {object} ChipActions
 * @property {(view: View) => void} change
 * @property {() => void} leaveCell
 * @property {() => void} toBoard
 * @property {(name: string, label: string, isHidden: boolean) => void} hide
 */

export class Chips {
  /** @param {ChipActions} actions */
  constructor(actions) {
    this.actions = actions;
    this.element = el("div", { class: "sfx-chips", role: "group", "aria-label": "Filters that are set" });
    /** The chips of axes, by name. @type {Map<string, AxisChip>} */
    this.axes = new Map();
    /** The axis that `[` and `]` step through. */
    this.current = "";
  }

  /**
   * Shows the present state. A chip of an axis stays the same element: it may have the focus.
   *
   * @param {Rows} rows
   * @param {View} view
   * @param {string} place The cell that one has stepped into, in words.
   */
  update(rows, view, place) {
    this.view = view;
    const further = furtherAxes(rows, view);
    if (!further.some(({ name }) => name === this.current)) this.current = further[0]?.name ?? "";
    for (const [name, chip] of this.axes) {
      if (further.some((column) => column.name === name)) continue;
      chip.element.remove();
      this.axes.delete(name);
    }
    for (const column of further) {
      const chip = this.axes.get(column.name) ?? new AxisChip(column, (label) => this.hold(column.name, label));
      this.axes.set(column.name, chip);
      chip.update(view.held?.[column.name], column.name === this.current, column);
    }
    const old = [...this.element.querySelectorAll(".sfx-set")];
    const focused = old.indexOf(document.activeElement);
    for (const one of old) one.remove();
    this.element.prepend(...(place ? [this.cellChip(place, view.cell.length)] : []));
    this.element.append(...[...this.axes.values()].map(({ element }) => element).filter((one) => !one.isConnected));
    this.element.append(...this.others(view));
    this.element.hidden = !this.element.children.length;
    if (focused < 0) return;
    const now = /** @type {HTMLElement[]} */ ([...this.element.querySelectorAll(".sfx-set")]);
    if (now.length) now[Math.min(focused, now.length - 1)].focus();
    else this.actions.toBoard();
  }

  /**
   * Shows one value of an axis, or all.
   *
   * @param {string} name
   * @param {string | null} label
   */
  hold(name, label) {
    this.current = name;
    const held = { ...(this.view.held ?? {}) };
    if (label == null) delete held[name];
    else held[name] = label;
    this.actions.change({ held });
  }

  /**
   * Steps through the values of the current axis.
   *
   * @param {number} by
   */
  step(by) {
    const chip = this.axes.get(this.current);
    chip?.step(by);
    return chip ? `${this.current}: ${this.view.held?.[this.current] ?? "all"}` : "";
  }

  /**
   * Makes another axis the current one.
   *
   * @param {number} by
   */
  turn(by) {
    const names = [...this.axes.keys()];
    if (!names.length) return "";
    this.current = names[(names.indexOf(this.current) + by + names.length) % names.length];
    for (const [name, chip] of this.axes) chip.element.classList.toggle("sfx-current", name === this.current);
    return `[ and ] step through ${this.current}`;
  }

  /**
   * @param {string} place
   * @param {number} number
   */
  cellChip(place, number) {
    const words = `In one cell: ${place || "all"} · ${number} run${number === 1 ? "" : "s"}`;
    return setChip(words, "Leave the cell", () => this.actions.leaveCell(), "Esc");
  }

  /** @param {View} view */
  others({ hidden = {}, held = {}, ranges = {}, search, stars, flag }) {
    const alone = Object.entries(held).filter(([name]) => !this.axes.has(name));
    const chips = alone.map(([name, label]) =>
      setChip(`${name}: ${label}`, `Show all of ${name} again`, () => this.hold(name, null)),
    );
    const ofValues = Object.entries(hidden).flatMap(([name, labels]) => {
      if (labels.length > 4) {
        const rest = { ...hidden };
        delete rest[name];
        const all = () => this.actions.change({ hidden: rest });
        return [setChip(`${name}: ${labels.length} hidden`, `Show all of ${name} again`, all)];
      }
      return labels.map((label) =>
        setChip(`${name} ${label} hidden`, `Show ${name} ${label} again`, () => this.actions.hide(name, label, false)),
      );
    });
    chips.push(...ofValues);
    for (const [name, [low, high]] of Object.entries(ranges)) {
      const rest = { ...ranges };
      delete rest[name];
      const words = low == null ? `≤ ${high}` : high == null ? `≥ ${low}` : `${low} to ${high}`;
      chips.push(setChip(`${name} ${words}`, `Show all of ${name} again`, () => this.actions.change({ ranges: rest })));
    }
    if (stars) {
      const words = `${"★".repeat(Number(stars))} or more`;
      chips.push(setChip(words, "Show all stars again", () => this.actions.change({ stars: "" })));
    }
    if (flag) chips.push(setChip(flag, `Show not only ${flag}`, () => this.actions.change({ flag: "" })));
    if (search) chips.push(setChip(`“${search}”`, "End the search", () => this.actions.change({ search: "" })));
    return chips;
  }
}

/** The axes that neither columns, rows nor groups show. @param {Rows} rows @param {View} view */
export function furtherAxes(rows, { cols, rows: down, by, cell }) {
  return cell ? [] : rows.axes.filter(({ name }) => name !== cols && name !== down && name !== by);
}

/** The chip of an axis: all, one value, or one after the other. */
class AxisChip {
  /**
   * @param {Column} column
   * @param {(label: string | null) => void} hold
   */
  constructor(column, hold) {
    this.hold = hold;
    /** @type {Column | null} The column whose values it offers. */
    this.column = null;
    const { name } = column;
    this.select = el("select", { "aria-label": `Show ${name}` });
    this.select.addEventListener("change", () => hold(this.select.value === "" ? null : this.column.labels[this.at]));
    for (const event of ["focus", "pointerdown"]) this.select.addEventListener(event, () => this.fill());
    const button = (/** @type {"left" | "right"} */ way, /** @type {string} */ label, /** @type {number} */ by) => {
      const one = el("button", { type: "button", class: "sfx-step-axis", "aria-label": label, title: label });
      one.append(icon(way));
      one.addEventListener("click", () => this.step(by));
      return one;
    };
    this.element = el(
      "span",
      { class: "sfx-chip sfx-axis" },
      el("span", { class: "sfx-name" }, name),
      this.select,
      button("left", `Previous ${name} ([)`, -1),
      button("right", `Next ${name} (])`, 1),
    );
  }

  /** The place of the chosen value; -1 for all. */
  get at() {
    return this.select.value === "" ? -1 : Number(this.select.value);
  }

  /**
   * @param {string | undefined} held
   * @param {boolean} isCurrent
   * @param {Column} column
   */
  update(held, isCurrent, column) {
    if (this.column !== column) {
      this.column = column;
      this.select.replaceChildren(el("option", { value: "" }, `all ${column.labels.length}`));
      this.isFull = false;
      if (column.labels.length <= MOST_AT_ONCE) this.fill();
    }
    const at = held == null ? -1 : column.labels.indexOf(held);
    if (at >= 0) this.fill();
    this.select.value = at < 0 ? "" : String(at);
    this.element.classList.toggle("sfx-on", at >= 0);
    this.element.classList.toggle("sfx-current", isCurrent);
  }

  /** Gives the select its values: of many, only when it is used. */
  fill() {
    if (this.isFull) return;
    this.isFull = true;
    this.select.append(...this.column.labels.map((label, n) => el("option", { value: n }, label)));
  }

  /** All comes before the first and after the last. @param {number} by */
  step(by) {
    const number = this.column.labels.length + 1;
    const next = (this.at + 1 + by + number) % number;
    this.hold(next ? this.column.labels[next - 1] : null);
  }
}

/**
 * A filter that is set; a click takes it away.
 *
 * @param {string} words
 * @param {string} label
 * @param {() => void} act
 * @param {string} [key]
 */
function setChip(words, label, act, key) {
  const attributes = { type: "button", class: "sfx-chip sfx-set sfx-on", "aria-label": label, title: label };
  const button = el("button", attributes, el("span", { class: "sfx-name" }, words), key ? el("kbd", {}, key) : null);
  button.append(icon("close"));
  button.addEventListener("click", act);
  return button;
}
