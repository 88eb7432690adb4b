// A running sweep: bar, words, the time, errors, Stop, and its sheet filling in.
//
// Its model has the traits `total`, `counts`, `line`, `times`, `waits`, `errors`, `can_stop`, `over`, `grid`,
// `statuses`, `more` and `note`, and `thumbs` and `offsets` of the pictures that were there before. It gets
// {kind: "tiles", at} with a thumbnail for each place, and sends {kind: "missing", at} and {kind: "stop"}.

import { Clock, timesInWords } from "./live/clock.js";
import { askToNotify, mayAsk, tellTheEnd } from "./live/ending.js";
import { overviewTable } from "./live/overview.js";
import { el } from "./shared/dom.js";
import { bytesOf } from "./shared/pictures.js";
import { Listening, rendering } from "./shared/widget.js";

const ELSEWHERE = ["by another notebook", "by another sweep"]; // in the hands of somebody else: no doubt about money
const SEGMENTS = [
  { name: "completed", statuses: ["completed"] },
  { name: "failed", statuses: ["failed", "refused", "lost", "unknown"] },
  { name: "processing", statuses: ["processing"] },
  { name: "submitted", statuses: ["submitted"] },
  { name: "elsewhere", statuses: ELSEWHERE },
];
/** @type {Record<string, string>} */
const SYMBOLS = {
  failed: "✘",
  refused: "✘",
  lost: "✘",
  unknown: "?",
  submitted: "…",
  processing: "◐",
  "by another notebook": "⇄",
  "by another sweep": "⇄",
};
const LATEST = 60; // of a sweep that is too large for its sheet, the pictures that arrived last
const TRAITS = ["line", "waits", "counts", "statuses", "more", "errors", "over"];

const LONG = 30; // seconds; the end of a shorter sweep need not be told
const GONE =
  "The kernel was restarted, or does not answer: this view no longer follows the sweep. " +
  "ws.run(sweep) continues it, and pays for nothing twice.";

class Live {
  /**
   * @param {import("./shared/widget.js").Model} model
   * @param {HTMLElement} root
   */
  constructor(model, root) {
    this.model = model;
    this.root = root;
    /** @type {Map<number, string>} */
    this.urls = new Map();
    /** @type {Map<number, { element: HTMLElement, words: string }>} */
    this.cells = new Map();
    this.clock = new Clock(this.get("times"));
    this.isGone = false;
    this.isStopping = false;
    this.isAsked = false;
    this.takeBack = () => {};
    root.classList.add("sfx", "sfx-live");
    this.draw();
    this.listening = new Listening(model);
    for (const name of TRAITS) this.listening.to(`change:${name}`, () => this.hear());
    this.listening.to("change:times", () => this.clock.tell(this.get("times")));
    this.listening.to("change:over", () => this.tellEnd());
    // JupyterLab says so when it loses a kernel; where a front end does not, the silence does.
    this.listening.to("comm_live_update", () => this.lose());
    this.resizing = new ResizeObserver(() => this.fit());
    this.resizing.observe(root);
    this.ticking = setInterval(() => this.tick(), 1000);
    this.listening.to("msg:custom", (message, buffers) => {
      if (message.kind === "tiles") this.receive(message.at, buffers);
    });
    this.askForMissing();
  }

  destroy() {
    clearInterval(this.ticking);
    this.resizing.disconnect();
    cancelAnimationFrame(this.frame);
    this.takeBack();
    this.listening.end();
    for (const url of this.urls.values()) URL.revokeObjectURL(url);
  }

  /** @param {string} name */
  get(name) {
    return this.model.get(name);
  }

  /** A word from the kernel: it is there. Several traits change at once, and are drawn once. */
  hear() {
    this.isGone = false;
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.redraw());
  }

  draw() {
    const range = { "aria-valuemin": 0, "aria-valuemax": this.get("total") };
    const segments = SEGMENTS.map(({ name }) => el("span", { class: `sfx-${name}` }));
    this.bar = el(
      "div",
      { class: "sfx-progress", role: "progressbar", "aria-label": "Pictures", ...range },
      ...segments,
    );
    this.words = el("div", { class: "sfx-words" });
    const title = "Submit nothing more, and collect what is in flight";
    this.button = el("button", { type: "button", title, onclick: () => this.stop() }, "Stop");
    this.hint = el("span", {}, "interrupt the kernel to stop");
    this.spinner = el("span", { class: "sfx-spinner", "aria-hidden": "true" });
    this.times = el("span", { class: "sfx-times" });
    this.bell = el("button", { type: "button", class: "sfx-bell", onclick: () => this.ask() }, "Tell me at the end");
    this.gone = el("div", { class: "sfx-gone", role: "alert" });
    this.waits = el("div", { class: "sfx-waits", role: "status", "aria-live": "polite" });
    this.errors = el("ul", { class: "sfx-errors" });
    this.legend = el("div", { class: "sfx-legend", hidden: true });
    this.sheet = el("div", { class: "sfx-sheet", tabindex: 0, role: "group", "aria-label": "Pictures so far" });
    if (this.get("grid").cells) this.sheet.append(this.table(this.get("grid")));
    this.time = el("div", { class: "sfx-head" }, this.spinner, this.times, this.bell);
    const head = el("div", { class: "sfx-head" }, this.words, this.hint, this.button);
    this.root.replaceChildren(this.bar, head, this.time, this.gone, this.waits, this.errors, this.sheet, this.legend);
    if (this.get("note")) this.root.append(el("div", { class: "sfx-note" }, this.get("note")));
    const offsets = this.get("offsets");
    const thumbs = bytesOf(this.get("thumbs"));
    const there = [...this.cells.keys()].filter((place) => offsets[place + 1] > offsets[place]);
    this.receive(
      there,
      there.map((place) => thumbs.subarray(offsets[place], offsets[place + 1])),
    );
    this.redraw();
  }

  /** @param {import("./live/overview.js").Overview} overview */
  table(overview) {
    return overviewTable(overview, (place, words) => this.cell(place, words));
  }

  /** Tiles are as large as the width and the height of the view allow, and large enough to see something. */
  fit() {
    const cells = this.get("grid").cells;
    if (!cells) return;
    const free = (this.root.clientWidth || 900) - 170; // beside the labels of the rows
    const width = free / Math.max(1, cells[0].length) - 2;
    const tile = Math.max(28, Math.min(112, width, Math.max(48, 340 / cells.length)));
    this.root.style.setProperty("--tile", `${Math.floor(tile)}px`);
  }

  /**
   * @param {number} place
   * @param {string} words
   */
  cell(place, words) {
    const element = el("div", { class: "sfx-cell", role: "img" });
    if (place >= 0) this.cells.set(place, { element, words });
    return element;
  }

  redraw() {
    const counts = this.get("counts");
    const statuses = this.get("statuses");
    const total = Math.max(1, this.get("total"));
    SEGMENTS.forEach((segment, at) => {
      const number = segment.statuses.reduce((sum, status) => sum + (counts[status] ?? 0), 0);
      /** @type {HTMLElement} */ (this.bar.children[at]).style.width = `${(100 * number) / total}%`;
    });
    this.bar.setAttribute("aria-valuenow", counts.completed ?? 0);
    this.bar.setAttribute("aria-valuetext", this.get("line"));
    const [count, ...rest] = this.get("line").split(" · ");
    this.words.replaceChildren(el("b", {}, count), ...rest.map((/** @type {string} */ one) => ` · ${one}`));
    if (this.waits.textContent !== this.get("waits")) this.waits.textContent = this.get("waits");
    this.tick();
    /** @type {{ reason: string, count: number }[]} */
    const errors = this.get("errors");
    this.errors.replaceChildren(...errors.map(({ reason, count }) => el("li", {}, `${count} × ${reason}`)));
    /** @type {Record<string, string>} What stands beside the pictures of outputs that have several. */
    const more = this.get("more");
    for (const [place, { element, words }] of this.cells) {
      const status = statuses[place] ?? "completed";
      element.dataset.status = status;
      if (more[place]) element.dataset.more = more[place];
      element.setAttribute("aria-label", [`${words}: ${status}`, more[place]].filter(Boolean).join(", "));
      if (!this.urls.has(place)) element.textContent = SYMBOLS[status] ?? "";
    }
    this.explain(statuses);
    if (this.get("over")) this.askForMissing();
  }

  get isRunning() {
    return !this.get("over") && !this.isGone;
  }

  /** What changes with the time alone. */
  tick() {
    if (!this.get("over") && this.clock.isSilent) this.isGone = true;
    const { elapsed, left, first } = this.clock.now;
    const isLong = elapsed > LONG || (left ?? 0) > LONG;
    const had = [this.button, this.bell].find((one) => one === document.activeElement);
    this.button.hidden = !this.get("can_stop") || !this.isRunning;
    this.hint.hidden = this.get("can_stop") || !this.isRunning;
    this.spinner.hidden = !this.isRunning || (first === null && this.urls.size > 0);
    this.time.hidden = !this.isRunning;
    this.bell.hidden = !this.isRunning || !isLong || !(mayAsk() || this.isAsked);
    if (had && (had.hidden || (this.time.contains(had) && this.time.hidden))) this.sheet.focus({ preventScroll: true });
    this.times.textContent = timesInWords({ elapsed, left, first });
    const gone = this.isGone ? GONE : "";
    if (this.gone.textContent !== gone) this.gone.textContent = gone;
  }

  /** The kernel may be gone: after a restart no word comes any more. */
  lose() {
    if (this.get("over")) return;
    this.isGone = true;
    this.tick();
  }

  async ask() {
    if (this.isAsked) return;
    this.isAsked = true;
    this.bell.setAttribute("aria-disabled", "true");
    const isAllowed = await askToNotify();
    this.bell.textContent = isAllowed ? "You will be told" : "The browser does not allow it";
    this.tick();
  }

  /** Somebody who looked elsewhere meanwhile is told. */
  tellEnd() {
    if (this.get("over") && this.clock.now.elapsed > LONG) this.takeBack = tellTheEnd(this.get("line"));
  }

  /**
   * Says what the signs in the cells mean, those that are there: each sign once, with all that it stands for.
   *
   * @param {string[]} statuses
   */
  explain(statuses) {
    const there = new Set([...this.cells.keys()].filter((at) => !this.urls.has(at)).map((at) => statuses[at]));
    /** @type {Map<string, string[]>} */
    const signs = new Map();
    for (const [status, sign] of Object.entries(SYMBOLS)) {
      if (there.has(status)) signs.set(sign, [...(signs.get(sign) ?? []), status]);
    }
    this.legend.hidden = !signs.size;
    this.legend.textContent = [...signs].map(([sign, names]) => `${sign} ${names.join(", ")}`).join(" · ");
  }

  stop() {
    if (this.isStopping) return;
    this.isStopping = true;
    this.button.setAttribute("aria-disabled", "true"); // not disabled: it would lose the keyboard
    this.button.textContent = "Stopping";
    this.model.send({ kind: "stop" });
  }

  /**
   * @param {number[]} places
   * @param {any[]} buffers A thumbnail for each place.
   */
  receive(places, buffers) {
    places.forEach((place, n) => {
      if (this.urls.has(place)) return;
      const url = URL.createObjectURL(new Blob([bytesOf(buffers[n])]));
      this.urls.set(place, url);
      const image = el("img", { alt: "", src: url, draggable: "false" });
      const cell = this.cells.get(place);
      if (cell) cell.element.replaceChildren(image);
      else if (!this.get("grid").cells) this.prepend(place, image);
    });
  }

  /**
   * Shows a picture before the others, of which the oldest goes.
   *
   * @param {number} place
   * @param {HTMLImageElement} image
   */
  prepend(place, image) {
    const more = this.get("more")[place];
    const label = [`picture ${place + 1}`, more].filter(Boolean).join(", ");
    const attributes = { class: "sfx-cell", role: "img", "aria-label": label, "data-status": "completed" };
    this.sheet.prepend(el("div", { ...attributes, "data-more": more }, image));
    while (this.sheet.children.length > LATEST) this.sheet.lastChild.remove();
  }

  /** Asks for the pictures that arrived before this view was there. */
  askForMissing() {
    const statuses = this.get("statuses");
    const missing = [...this.cells.keys()].filter((at) => statuses[at] === "completed" && !this.urls.has(at));
    if (missing.length) this.model.send({ kind: "missing", at: missing });
  }
}

export default { render: rendering((model, root) => new Live(model, root)) };
