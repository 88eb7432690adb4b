// What the pointer does on the board. It listens once, whatever tiles there are.

import { aim } from "./loupe.js";
import { stepped } from "./words.js";

/** @param {import("./board.js").Board} board */
export function followPointer(board) {
  const { area, owner } = board;
  /** @param {Event} event */
  const tileOf = (event) => {
    const element = /** @type {Element} */ (event.target).closest(".sfx-tile");
    return element instanceof HTMLElement ? board.tiles.get(Number(element.dataset.index)) : undefined;
  };
  area.addEventListener("click", (event) => {
    const tile = tileOf(event);
    if (!tile) return;
    const target = /** @type {HTMLElement} */ (event.target);
    const by = Number(target.dataset.step ?? 0);
    const { row, cell } = tile;
    board.focus(by ? stepped(cell, row, by) : row);
    if (target.matches(".sfx-enter")) owner.enter(row);
    else if (event.shiftKey || event.ctrlKey || event.metaKey) owner.choose(row);
  });
  area.addEventListener("focusin", (event) => {
    const tile = tileOf(event);
    if (tile) board.at = tile.row;
  });
  area.addEventListener("dblclick", (event) => {
    const tile = tileOf(event);
    if (tile && !(/** @type {Element} */ (event.target).closest(".sfx-more"))) owner.enter(tile.row);
  });
  area.addEventListener("pointermove", (event) => {
    if (!owner.loupe.isOn) return;
    const tile = tileOf(event);
    if (tile) aim(owner.loupe.root, event, tile.frame);
  });
  area.addEventListener("wheel", (event) => owner.loupe.wheel(event), { passive: false });
}
