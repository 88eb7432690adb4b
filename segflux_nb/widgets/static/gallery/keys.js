// The keys of the gallery.

/** @type {Record<string, [number, number]>} Places to the right and below, by key. */
export const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** @type {Record<string, number>} Steps within a cell, by key. */
const STEPS = { ",": -1, ".": 1, PageUp: -1, PageDown: 1 };

/**
 * Does what a key stands for, and says whether it stands for anything.
 *
 * @param {import("./gallery.js").Gallery} gallery
 * @param {string} key
 * @param {KeyboardEvent} event
 */
export function act(gallery, key, event) {
  const { dialog } = gallery;
  const index = dialog?.index ?? gallery.board.at;
  const onTile = /** @type {Element} */ (event.target).matches(".sfx-tile");
  if (key === "Escape" && dialog) dialog.close();
  else if (key === "?") gallery.help();
  else if (key === "z") dialog ? dialog.zoom() : gallery.zoom();
  else if (dialog?.key(key)) return true;
  else if (index < 0 && !(key in MOVES)) return false;
  else if (key in MOVES) gallery.move(index, key);
  else if (key in STEPS) gallery.step(index, STEPS[key]);
  else if (key === "Enter" && !dialog && onTile) gallery.open(index);
  else if (/^[0-5]$/.test(key)) gallery.rate(index, { stars: Number(key) });
  else if (key === "p") gallery.rate(index, { pick: true });
  else if (key === "x") gallery.rate(index, { pick: false });
  else if (key === "n") gallery.large(index)?.writeNote();
  else if (key === "f") gallery.large(index)?.play();
  else if (key === " ") gallery.choose(index);
  else if (key === "c") gallery.compare();
  else return false;
  return true;
}
