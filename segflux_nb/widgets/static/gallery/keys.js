// The keys of the gallery.

/** @type {Record<string, [number, number]>} Places to the right and below, by key. */
export const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** @type {Record<string, number>} Steps within a cell, by key. */
const STEPS = { ",": -1, ".": 1 };

/** All keys, in the order of the help. */
export const KEYS = [
  ["arrows", "move along the axes"],
  ["Home End", "first, last picture of the line; again: of all"],
  ["PageUp PageDown", "a screen up, down"],
  ["Enter", "open large; where a cell has several (+5), step into it"],
  ["Escape", "close, or leave the cell"],
  [", .", "step through the pictures of one cell (2/3)"],
  ["[ ]", "step through the values of a further axis"],
  ["{ }", "choose which axis that is"],
  ["/", "search in prompts, notes and all columns"],
  ["v", "filters"],
  ["w", "fit to the width"],
  ["z", "1:1, the same place in every tile"],
  ["Shift+arrows", "at 1:1: move to another place of the pictures"],
  ["+ -", "at 1:1: closer, further away"],
  ["0-5", "stars"],
  ["p, x", "pick, reject"],
  ["r, R", "then a star, p or x: the whole row, the whole column"],
  ["n", "note"],
  ["u, U", "undo, redo marks and notes"],
  ["space", "choose for comparing"],
  ["c", "compare: a side by side, s slider, f flicker, d difference; space flips"],
  ["f", "flip through the row"],
  ["m, M", "next, previous picture of an output with several"],
  ["e", "run the picture again with other parameters"],
  ["y", "copy the picture, its parameters, Python or TOML"],
  ["?", "this help"],
];

/**
 * Does what a key stands for, and says whether it stands for anything.
 *
 * @param {import("./gallery.js").Gallery} gallery
 * @param {string} key
 * @param {KeyboardEvent} event
 */
export function act(gallery, key, event) {
  const { board, desk, marker } = gallery;
  const { dialog } = desk;
  const row = dialog ? (dialog.row ?? board.at) : board.at;
  const target = /** @type {Element} */ (event.target);
  if (key === "Escape") return closeOne(gallery);
  if (target.matches("button, summary") && (key === "Enter" || key === " ")) return false;
  if (key === "?") desk.help();
  else if (dialog?.key(key)) return true;
  else if (key === "z") dialog ? dialog.zoom() : gallery.zoom();
  else if (key === "u") marker.undo();
  else if (key === "U") marker.redo();
  else if (event.shiftKey && key in MOVES) dialog ? dialog.pan(MOVES[key]) : gallery.pan(MOVES[key]);
  else if (!dialog && ofView(gallery, key, row)) return true;
  else if (row < 0 && !(key in MOVES)) return false;
  else if (key in MOVES) gallery.move(row, key);
  else if (key in STEPS) gallery.step(row, STEPS[key]);
  else if (key === "Enter" && !dialog && target.matches(".sfx-tile")) gallery.enter(row);
  else if (/^[0-5]$/.test(key)) marker.rate(row, { stars: Number(key) });
  else if (key === "p") marker.rate(row, { pick: true });
  else if (key === "x") marker.rate(row, { pick: false });
  else if (key === "r" || key === "R") marker.ask(key === "r" ? "row" : "column");
  else if (key === "n") desk.large(row)?.writeNote();
  else if (key === "f") desk.large(row)?.play();
  else if (key === "e") desk.edit(row);
  else if (key === "y") desk.large(row)?.openCopy();
  else if (key === " ") gallery.choose(row);
  else if (key === "c") desk.compare();
  else return false;
  return true;
}

/**
 * Keys that change what is shown, while no dialog is open.
 *
 * @param {import("./gallery.js").Gallery} gallery
 * @param {string} key
 * @param {number} row
 */
function ofView(gallery, key, row) {
  const { board, chips, loupe, toolbar } = gallery;
  if (key === "/") toolbar.search.focus();
  else if (key === "v") gallery.views.showFilters(Boolean(gallery.panel.element.hidden));
  else if (loupe.isOn && (key === "+" || key === "-")) loupe.closer(key === "+");
  else if (key === "w") gallery.views.fit();
  else if (key === "[" || key === "]") gallery.say(chips.step(key === "]" ? 1 : -1) || "All axes are laid out");
  else if (key === "{" || key === "}") gallery.say(chips.turn(key === "}" ? 1 : -1) || "All axes are laid out");
  else if (/^(Home|End|Page)/.test(key)) scroll(board, key, row);
  else return false;
  return true;
}

/**
 * Home, End and the pages move the focus, or the area where no picture has it: never the notebook.
 *
 * @param {import("./board.js").Board} board
 * @param {string} key
 * @param {number} row
 */
function scroll(board, key, row) {
  const { geometry, area } = board;
  if (geometry.first == null) return;
  if (row < 0) {
    const by = area.clientHeight * 0.9;
    const tops = { Home: 0, End: area.scrollHeight, PageUp: area.scrollTop - by, PageDown: area.scrollTop + by };
    area.scrollTop = tops[/** @type {keyof typeof tops} */ (key)];
  } else if (key === "Home" || key === "End") board.focus(board.shownIn(geometry.end(row, key === "End")));
  else board.focus(board.shownIn(geometry.further(row, key === "PageDown" ? board.page : -board.page)));
}

/**
 * Closes what is open, one after the other.
 *
 * @param {import("./gallery.js").Gallery} gallery
 */
function closeOne(gallery) {
  const { desk, marker, view, panel } = gallery;
  if (marker.scope) {
    marker.scope = null;
    gallery.say();
  } else if (desk.dialog) desk.dialog.close();
  else if (view.cell) gallery.views.leaveCell();
  else if (!panel.element.hidden) gallery.views.showFilters(false);
  else return false;
  return true;
}
