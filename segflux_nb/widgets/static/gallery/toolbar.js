// The gallery's toolbar: how the runs are arranged, and how they are looked at. It is made once and kept up to date.

import { el } from "../shared/dom.js";
import { filterCount, STARS } from "./filters.js";
import { Folds } from "./folds.js";
import { SIZE } from "./geometry.js";
import { icon } from "./icons.js";

/** @import { View } from "./messages.js" */
/** @import { Rows } from "./table.js" */
/** @import { IconName } from "./icons.js" */

/**
 * What the toolbar does.
 *
 * @typedef {object} Actions
 * @property {(view: View) => void} change Changes the view, and draws it.
 * @property {(size: number, isFinal: boolean) => void} resize
 * @property {(text: string) => void} search
 * @property {() => void} leaveSearch
 * @property {() => void} filters
 * @property {() => void} fit
 * @property {() => void} zoom
 * @property {() => void} compare
 * @property {() => void} undo
 * @property {(button: HTMLElement) => void} save
 * @property {() => void} help
 */

export class Toolbar {
  /** @param {Actions} actions */
  constructor(actions) {
    this.actions = actions;
    /** @type {Map<string, HTMLSelectElement>} */
    this.selects = new Map();
    this.direction = this.button("down", "", "sfx-icon-only", () => actions.change({ down: !this.view.down }));
    this.size = el("input", { type: "range", min: 24, max: 512, step: 8, "aria-label": "Size" });
    this.size.addEventListener("input", () => actions.resize(Number(this.size.value), false));
    this.size.addEventListener("change", () => actions.resize(Number(this.size.value), true));
    this.search = el("input", {
      type: "search",
      class: "sfx-search",
      placeholder: "Search  /",
      "aria-label": "Search",
      title: "Search in prompts, notes and everything else that is known of the runs",
    });
    this.search.addEventListener("input", () => actions.search(this.search.value));
    this.search.addEventListener("keydown", (event) => this.searchKey(event));
    this.filter = this.button("filter", "Filter", "", actions.filters);
    this.filter.setAttribute("aria-expanded", "false");
    this.count = el("span", { class: "sfx-badge" });
    this.filter.append(this.count);
    this.fit = this.button("fit", "Fit (w)", "sfx-fit", actions.fit);
    this.loupe = this.button("loupe", "1:1 (z)", "sfx-zoom", actions.zoom);
    this.undo = this.button("undo", "Undo (u)", "", actions.undo);
    const save = this.button("save", "Save", "", () => actions.save(this.folds.leave(save)));
    save.setAttribute("aria-haspopup", "menu");
    /** @param {IconName} name @param {string} text @param {string} kind @param {() => void} open */
    const opening = (name, text, kind, open) => {
      const button = this.button(name, text, kind, () => {
        this.folds.leave(button).focus();
        open();
      });
      return button;
    };
    const arranging = el(
      "div",
      { class: "sfx-group", role: "group", "aria-label": "Arrange" },
      this.choice("columns", "Columns", "cols"),
      this.choice("rows", "Rows", "rows"),
      this.choice("groups", "Groups", "by"),
      el("div", { class: "sfx-joined" }, this.choice("sort", "Sort", "sort"), this.direction),
    );
    const looking = el(
      "div",
      { class: "sfx-further" },
      el("label", { class: "sfx-size", title: "Size of the pictures" }, icon("size"), this.size),
      this.fit,
      this.loupe,
      opening("compare", "Compare (c)", "sfx-compare", actions.compare),
      this.undo,
      save,
      opening("help", "Help (?)", "", actions.help),
    );
    this.folds = new Folds();
    const arrange = this.button("groups", "Arrange", "", () => {});
    const more = this.button("further", "More", "", () => {});
    this.folds.add(arrange, arranging);
    this.folds.add(more, looking);
    this.element = el(
      "div",
      { class: "sfx-tools", role: "toolbar", "aria-label": "Gallery" },
      arrange,
      arranging,
      el(
        "div",
        { class: "sfx-group sfx-looks", role: "group", "aria-label": "Look" },
        el("span", { class: "sfx-searching" }, icon("search"), this.search),
        this.filter,
        more,
        looking,
      ),
    );
  }

  /**
   * @param {IconName} name
   * @param {string} text
   * @param {string} kind
   * @param {() => void} act
   */
  button(name, text, kind, act) {
    const [word, hint] = text.split(" (");
    const key = hint ? el("span", { class: "sfx-hint" }, ` (${hint}`) : null;
    const button = el("button", { type: "button", class: `sfx-tool ${kind}` }, icon(name), el("span", {}, word, key));
    button.addEventListener("click", act);
    return button;
  }

  /**
   * A choice of a column.
   *
   * @param {IconName} name
   * @param {string} label
   * @param {"cols" | "rows" | "by" | "sort"} key
   */
  choice(name, label, key) {
    const select = el("select", {});
    select.addEventListener("change", () => this.actions.change({ [key]: select.value }));
    this.selects.set(key, select);
    return el("label", { class: "sfx-choice" }, icon(name), el("span", {}, label), select);
  }

  /** @param {KeyboardEvent} event */
  searchKey(event) {
    if (event.key !== "Escape" && event.key !== "Enter" && event.key !== "ArrowDown") return;
    if (event.key === "Escape" && this.search.value) {
      this.search.value = "";
      this.actions.search("");
    }
    this.actions.leaveSearch();
    event.preventDefault();
    event.stopPropagation();
  }

  /**
   * Shows the present state.
   *
   * @param {Rows} rows
   * @param {View} view
   * @param {{ isZoomed: boolean, canUndo: boolean, hasFilters: boolean, size: number }} more
   */
  update(rows, view, { isZoomed, canUndo, hasFilters, size }) {
    this.view = view;
    const names = rows.layable.map(({ name }) => name);
    const all = [...rows.all.filter(({ varies }) => varies).map(({ name }) => name), ...rows.later];
    for (const key of /** @type {const} */ (["cols", "rows", "by"])) {
      options(this.selects.get(key), [["", "none"], ...names.map(pair)], view[key] ?? "");
    }
    const sorts = [["", "as it is"], [STARS, "stars (mean)"], ...all.map(pair)];
    options(this.selects.get("sort"), sorts, view.sort ?? "");
    const isDown = view.sort === STARS ? !view.down : Boolean(view.down);
    this.direction.replaceChildren(icon(isDown ? "down" : "up"));
    this.direction.setAttribute("aria-label", isDown ? "Largest first" : "Smallest first");
    this.direction.title = isDown ? "Largest first; a click turns it" : "Smallest first; a click turns it";
    this.direction.disabled = !view.sort;
    if (document.activeElement !== this.search) this.search.value = view.search ?? "";
    if (document.activeElement !== this.size) this.size.value = String(size ?? SIZE);
    const filters = filterCount(view);
    this.count.textContent = filters ? String(filters) : "";
    this.count.hidden = !filters;
    this.filter.setAttribute("aria-expanded", String(hasFilters));
    this.fit.setAttribute("aria-pressed", String(Boolean(view.fit)));
    this.loupe.setAttribute("aria-pressed", String(isZoomed));
    this.undo.setAttribute("aria-disabled", String(!canUndo)); // not disabled: it would lose the keyboard
  }
}

/** @param {string} name */
function pair(name) {
  return [name, name];
}

/**
 * Gives a select its options, if they changed, and chooses one.
 *
 * @param {HTMLSelectElement} select
 * @param {string[][]} wanted
 * @param {string} chosen
 */
function options(select, wanted, chosen) {
  const key = JSON.stringify(wanted);
  if (select.dataset.options !== key) {
    select.dataset.options = key;
    select.replaceChildren(...wanted.map(([value, text]) => el("option", { value }, text)));
  }
  select.value = chosen;
}
