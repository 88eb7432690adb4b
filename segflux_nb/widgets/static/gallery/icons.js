// Icons of the gallery: lines on a ground of 16 by 16. They stand beside words, and say nothing by themselves.

const PATHS = {
  columns: "M2.5 2.5h11v11h-11zM6.2 2.5v11M9.8 2.5v11",
  rows: "M2.5 2.5h11v11h-11zM2.5 6.2h11M2.5 9.8h11",
  groups: "M2.5 2.5h4.5v4.5H2.5zM9 2.5h4.5v4.5H9zM2.5 9h4.5v4.5H2.5zM9 9h4.5v4.5H9z",
  sort: "M4.5 3v10M2.3 10.8 4.5 13l2.2-2.2M9 4h5M9 8h3.6M9 12h2",
  up: "M8 13V3M4.5 6.5 8 3l3.5 3.5",
  down: "M8 3v10M4.5 9.5 8 13l3.5-3.5",
  search: "M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9M10.3 10.3 14 14",
  filter: "M2 3h12L9.5 8.5V13l-3 1.2V8.5z",
  size: "M2.5 2.5h11v11h-11zM5.5 10.5l5-5M7.5 5.5h3v3M5.5 7.5v3h3",
  fit: "M2 3v10M14 3v10M4.5 8h7M6.5 6l-2 2 2 2M9.5 6l2 2-2 2",
  loupe: "M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9M10.3 10.3 14 14M7 5v4M5 7h4",
  compare: "M2.5 3.5h4.5v9H2.5zM9 3.5h4.5v9H9z",
  undo: "M3 6.5h6.5a3.5 3.5 0 0 1 0 7H6M5.8 3.7 3 6.5l2.8 2.8",
  save: "M8 2.5v7.5M4.8 7 8 10.2 11.2 7M2.8 11v2.5h10.4V11",
  help: "M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8M6 6.2c.2-2.6 4.2-2.4 4 .1-.1 1.4-2 1.5-2 3M8 11.4v.4",
  further: "M3 8h.8M7.6 8h.8M12.2 8h.8",
  run: "M4.5 3v10l8-5z",
  close: "M4 4l8 8M12 4l-8 8",
  left: "M10 3.5 5.5 8l4.5 4.5",
  right: "M6 3.5 10.5 8 6 12.5",
};

/** @typedef {keyof typeof PATHS} IconName */

/**
 * An icon.
 *
 * @param {IconName} name
 */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", PATHS[name]);
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "sfx-icon");
  svg.setAttribute("aria-hidden", "true");
  svg.append(path);
  return svg;
}
