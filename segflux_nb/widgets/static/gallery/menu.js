// A menu beside what opened it: arrow keys move in it, and Escape or a click elsewhere closes it.

import { el } from "../shared/dom.js";

/** @typedef {{ text: string, label?: string, act: () => void, isInline?: boolean }} Entry */

/** The menu that is open, by the widget in which it is. @type {WeakMap<HTMLElement, () => void>} */
const OPEN = new WeakMap();

/**
 * Opens a menu below an element.
 *
 * @param {HTMLElement} root The widget.
 * @param {HTMLElement} anchor What opened it; it gets the focus back.
 * @param {string} label
 * @param {Entry[]} entries Those that are inline stand beside each other.
 */
export function openMenu(root, anchor, label, entries) {
  closeMenu(root);
  const items = entries.map(({ text, label: own, act, isInline }) => {
    const attributes = { type: "button", role: "menuitem", tabindex: -1, "aria-label": own };
    const item = el("button", { ...attributes, class: isInline ? "sfx-inline" : "" }, text);
    item.addEventListener("click", () => {
      close();
      act();
    });
    return item;
  });
  const menu = el("div", { class: "sfx-menu", role: "menu", "aria-label": label }, ...items);
  const close = () => {
    menu.remove();
    anchor.setAttribute("aria-expanded", "false");
    OPEN.delete(root);
    document.removeEventListener("pointerdown", outside, true);
    if (anchor.isConnected) anchor.focus();
  };
  /** @param {Event} event */
  const outside = (event) => {
    if (!menu.contains(/** @type {Node} */ (event.target))) close();
  };
  menu.addEventListener("keydown", (event) => {
    const at = items.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    const moves = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };
    const move = moves[/** @type {keyof typeof moves} */ (event.key)];
    if (move) items[(at + move + items.length) % items.length].focus();
    else if (event.key === "Home") items[0].focus();
    else if (event.key === "End") items[items.length - 1].focus();
    else if (event.key === "Escape" || event.key === "Tab") close();
    else if (event.key !== "Enter" && event.key !== " ") return;
    event.stopPropagation();
    if (event.key !== "Enter" && event.key !== " ") event.preventDefault();
  });
  document.addEventListener("pointerdown", outside, true);
  OPEN.set(root, close);
  root.append(menu);
  place(root, anchor, menu);
  anchor.setAttribute("aria-expanded", "true");
  items[0].focus();
}

/**
 * Closes the menu of a widget, if one is open.
 *
 * @param {HTMLElement} root
 */
export function closeMenu(root) {
  OPEN.get(root)?.();
}

/**
 * @param {HTMLElement} root
 * @param {HTMLElement} anchor
 * @param {HTMLElement} menu
 */
function place(root, anchor, menu) {
  const [outer, box] = [root.getBoundingClientRect(), anchor.getBoundingClientRect()];
  const left = Math.min(box.left - outer.left, outer.width - menu.offsetWidth - 4);
  const below = box.bottom - outer.top + 4;
  const isAbove = below + menu.offsetHeight > outer.height;
  const top = isAbove ? box.top - outer.top - menu.offsetHeight - 4 : below;
  menu.style.left = `${Math.max(4, left)}px`;
  menu.style.top = `${Math.max(4, Math.min(top, outer.height - menu.offsetHeight - 4))}px`;
}
