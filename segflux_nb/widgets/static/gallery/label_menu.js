// The menus of labels and of Save.

import { openMenu } from "./menu.js";
import { symbolsOfStars } from "./words.js";

/**
 * The menu of the label of a row, a column or a group.
 *
 * @param {import("./gallery.js").Gallery} gallery
 * @param {string} name
 * @param {string} label
 * @param {HTMLElement} element
 */
export function openLabelMenu(gallery, name, label, element) {
  const { rows, board, marker } = gallery;
  const column = rows.column(name);
  // Of each cell the picture that it shows, as with a single one.
  const seen = [...new Set(gallery.shownNow.map((row) => board.shownIn(board.cell(row)[0])))];
  const at = seen.filter((row) => column.label(row) === label);
  const pictures = `${at.length} picture${at.length === 1 ? "" : "s"}`;
  openMenu(gallery.root, element, `${name} ${label}`, [
    {
      text: `Show only ${label}`,
      act: () => gallery.views.change({ held: { ...(gallery.view.held ?? {}), [name]: label } }),
    },
    { text: `Hide ${label}`, act: () => gallery.views.hide(name, label, true) },
    ...[0, 1, 2, 3, 4, 5].map((stars) => ({
      text: symbolsOfStars(stars),
      label: `Rate ${pictures} with ${stars} stars`,
      isInline: true,
      act: () => marker.mark(at, { stars }),
    })),
    { text: `Pick ${pictures}`, act: () => marker.mark(at, { pick: true }) },
    { text: `Reject ${pictures}`, act: () => marker.mark(at, { pick: false }) },
  ]);
}

/**
 * The menu of Save: what is shown as a sheet, or as a page.
 *
 * @param {import("./gallery.js").Gallery} gallery
 * @param {HTMLElement} button
 */
export function openSaveMenu(gallery, button) {
  const { desk, model } = gallery;
  const number = gallery.shownNow.length;
  const runs = `${number} run${number === 1 ? "" : "s"}`;
  const save = (/** @type {"sheet" | "html"} */ form) => ({
    text: form === "sheet" ? `Contact sheet of ${runs}` : `One HTML file of ${runs}`,
    act: () => desk.save(form),
  });
  const own = { text: "This page with its marks", act: () => desk.save("page") };
  const code = { text: `Copy Python of ${runs}`, act: () => desk.copyShown() };
  const pages = model.get("can_save") ? [] : [own];
  openMenu(gallery.root, button, "Save", [save("sheet"), save("html"), ...pages, code]);
}
