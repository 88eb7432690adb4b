// A running sweep: bar, words, errors, Stop, and its sheet filling in.
//
// It knows a model with traits (`total`, `counts`, `line`, `errors`, `can_stop`, `over`, `grid`, `statuses`,
// `thumbs` and `offsets` of what was there before, `note`),
// gets {kind: "tiles", at} with a thumbnail for each place, and sends {kind: "missing", at} and {kind: "stop"}.

const SEGMENTS = [["completed", ["completed"]], ["failed", ["failed", "refused", "lost", "unknown"]], ["processing", ["processing"]], ["submitted", ["submitted"]]];
const STRIP = 60; // of a sweep that is too large, so many pictures that came last

class Live {
  constructor(model, root) {
    this.model = model;
    this.root = root;
    this.urls = new Map();
    this.tiles = new Map();
    this.listening = new Listening(model);
    root.classList.add("sfx", "sfx-live");
    this.draw();
    for (const name of ["line", "counts", "statuses", "errors", "over"]) this.listening.to(`change:${name}`, () => this.later());
    this.listening.to("msg:custom", (message, buffers) => { if (message.kind === "tiles") this.came(message.at, buffers); });
    this.askForMissing();
  }

  destroy() {
    cancelAnimationFrame(this.frame);
    this.listening.end();
    for (const url of this.urls.values()) URL.revokeObjectURL(url);
  }

  get(name) { return this.model.get(name); }

  /** Several traits change at once; they are drawn once. */
  later() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.redraw());
  }

  draw() {
    this.bar = el("div", { class: "sfx-progress", role: "progressbar", "aria-label": "Pictures", "aria-valuemin": 0, "aria-valuemax": this.get("total") }, ...SEGMENTS.map(([name]) => el("span", { class: `sfx-${name}` })));
    this.words = el("div", { class: "sfx-words" });
    this.button = el("button", { type: "button", title: "Submit nothing more, and collect what is in flight", onclick: () => this.stop() }, "Stop");
    this.hint = el("span", {}, "interrupt the kernel to stop");
    this.mistakes = el("ul", { class: "sfx-errors" });
    this.sheet = el("div", { class: "sfx-sheet", tabindex: 0, role: "group", "aria-label": "Pictures so far" });
    const { groups } = this.get("grid");
    if (groups) this.sheet.append(...groups.flatMap((group) => this.table(group)));
    this.root.replaceChildren(this.bar, el("div", { class: "sfx-head" }, this.words, this.hint, this.button), this.mistakes, this.sheet);
    if (this.get("note")) this.root.append(el("div", { class: "sfx-note" }, this.get("note")));
    const offsets = this.get("offsets"), thumbs = bytesOf(this.get("thumbs"));
    const there = [...this.tiles.keys()].filter((place) => offsets[place + 1] > offsets[place]);
    this.came(there, there.map((place) => thumbs.subarray(offsets[place], offsets[place + 1])));
    this.redraw();
  }

  table(group) {
    const { columns, rows, outer, column_labels: across, row_labels: down } = this.get("grid");
    const widest = Math.max(1, ...group.cells.map((row) => row.length));
    this.root.style.setProperty("--tile", `${Math.min(112, Math.max(28, Math.floor(760 / widest)))}px`);
    const heads = across.length ? [el("thead", {}, el("tr", {}, down.length ? el("td", { class: "sfx-axis" }, `${rows} ↓ ${columns} →`) : null, ...across.map((label) => el("th", { scope: "col", title: label }, label))))] : [];
    const lines = group.cells.map((row, at) => el("tr", {}, down.length ? el("th", { scope: "row", title: down[at] }, down[at]) : null,
      ...row.map(([place, words]) => {
        const tile = el("div", { class: "sfx-cell", role: "img" });
        tile.sfxWords = words;
        if (place >= 0) this.tiles.set(place, tile);
        return el("td", {}, tile);
      })));
    return [outer ? el("h4", {}, `${outer}: ${group.label}`) : null, el("table", {}, ...heads, el("tbody", {}, ...lines))].filter(Boolean);
  }

  redraw() {
    const counts = this.get("counts"), total = Math.max(1, this.get("total")), statuses = this.get("statuses");
    SEGMENTS.forEach(([, names], at) => { this.bar.children[at].style.width = `${(100 * names.reduce((sum, name) => sum + (counts[name] ?? 0), 0)) / total}%`; });
    this.bar.setAttribute("aria-valuenow", counts.completed ?? 0);
    this.bar.setAttribute("aria-valuetext", this.get("line"));
    this.words.textContent = this.get("line");
    this.button.hidden = !this.get("can_stop") || this.get("over");
    this.hint.hidden = this.get("can_stop") || this.get("over");
    this.mistakes.replaceChildren(...this.get("errors").map(({ reason, count }) => el("li", {}, `${count} × ${reason}`)));
    for (const [place, tile] of this.tiles) {
      const status = statuses[place] ?? "completed";
      tile.dataset.status = status;
      tile.setAttribute("aria-label", `${tile.sfxWords}: ${status}`);
      if (!this.urls.has(place)) tile.textContent = { failed: "✘", refused: "✘", lost: "✘", unknown: "?", submitted: "…", processing: "…" }[status] ?? "";
    }
    if (this.get("over")) this.askForMissing();
  }

  stop() {
    this.button.disabled = true;
    this.button.textContent = "Stopping";
    this.model.send({ kind: "stop" });
  }

  came(places, buffers) {
    places.forEach((place, n) => {
      if (this.urls.has(place)) return;
      this.urls.set(place, URL.createObjectURL(new Blob([bytesOf(buffers[n])])));
      const image = el("img", { alt: "", src: this.urls.get(place), draggable: "false" });
      const tile = this.tiles.get(place);
      if (tile) { tile.replaceChildren(image); return; }
      if (this.get("grid").groups) return;
      this.sheet.prepend(el("div", { class: "sfx-cell", role: "img", "aria-label": `picture ${place + 1}`, "data-status": "completed" }, image));
      while (this.sheet.children.length > STRIP) this.sheet.lastChild.remove();
    });
  }

  /** What came before this view was there. */
  askForMissing() {
    const statuses = this.get("statuses");
    const missing = [...this.tiles.keys()].filter((place) => statuses[place] === "completed" && !this.urls.has(place));
    if (missing.length) this.model.send({ kind: "missing", at: missing });
  }
}

export default { render: rendering((model, root) => new Live(model, root)) };
