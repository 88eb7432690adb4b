// The gallery: thumbnails on a grid that can be pivoted, looked at closely, compared and rated.
//
// It knows a model with traits (`items`, `columns`, `offsets`, `thumbs`, `later`, `view`, `marks`, `note`) and sends
// {kind: "mark", run, ...}, {kind: "thumbs", at} and {kind: "full", index}. Words from outside go through textContent only.

const NONE = "";
const ZOOM = 4;
const MISSING = "–";

/** A gallery's state and what is drawn of it. */
class Gallery {
  constructor(model, root) {
    this.model = model;
    this.root = root;
    this.pictures = new Pictures(model);
    this.chosen = [];
    this.at = -1; // the item with the focus
    this.zoomed = false;
    this.overlay = null;
    this.listening = new Listening(model);
    root.classList.add("sfx", "sfx-gallery");
    this.listening.to("change:marks", () => this.redrawMarks());
    this.listening.to("msg:custom", (message, buffers) => this.receive(message, buffers));
    ownKeys(root, (key, event) => this.key(key, event));
    this.seen = new IntersectionObserver((entries) => this.show(entries), { rootMargin: "400px" });
    this.draw();
  }

  destroy() {
    this.listening.end();
    this.seen.disconnect();
    clearInterval(this.playing);
    this.pictures.destroy();
  }

  get items() { return this.model.get("items"); }
  get columns() { return this.model.get("columns"); }
  get view() { return this.model.get("view"); }
  mark(index) { return this.model.get("marks")[this.items[index].run] ?? {}; }

  change(view) {
    this.model.set("view", { ...this.view, ...view });
    this.model.save_changes();
    this.draw();
  }

  // ---------------------------------------------------------------- what is shown where

  value(index, name) { return this.items[index].labels[name] ?? MISSING; }

  values(name) { return name ? this.columns.find((column) => column.name === name)?.values ?? [] : [NONE]; }

  isHidden(index) {
    const { hidden, stars, flag } = this.view;
    for (const [name, values] of Object.entries(hidden ?? {})) {
      if (values.includes(this.value(index, name))) return true;
    }
    const mark = this.mark(index);
    if (stars && (mark.stars ?? 0) < stars) return true;
    if (flag === "picked" && mark.pick !== true) return true;
    if (flag === "not rejected" && mark.pick === false) return true;
    if (flag === "unrated" && (mark.stars != null || mark.pick != null)) return true;
    return false;
  }

  shown() {
    const indices = this.items.map((_, index) => index).filter((index) => !this.isHidden(index));
    const sort = this.view.sort;
    if (!sort) return indices;
    const rank = sort === "stars"
      ? (index) => -(this.mark(index).stars ?? -1)
      : (() => { const order = this.values(sort); return (index) => order.indexOf(this.value(index, sort)); })();
    return indices.sort((a, b) => rank(a) - rank(b) || a - b);
  }

  /** Grids of rows of cells of items: by the outer axis, the rows, the columns. */
  pivot() {
    const { cols, rows, by } = this.view;
    const shown = this.shown();
    const groups = [];
    for (const group of this.values(by)) {
      const inGroup = by ? shown.filter((index) => this.value(index, by) === group) : shown;
      if (!inGroup.length) continue;
      const lines = [];
      const across = this.values(cols).filter((value) => !cols || inGroup.some((i) => this.value(i, cols) === value));
      for (const row of this.values(rows)) {
        const inRow = rows ? inGroup.filter((index) => this.value(index, rows) === row) : inGroup;
        if (!inRow.length) continue;
        const cells = cols ? across.map((value) => inRow.filter((index) => this.value(index, cols) === value)) : null;
        lines.push({ label: row, cells: cells ?? inRow.map((index) => [index]) });
      }
      groups.push({ label: group, across: cols ? across : [], lines });
    }
    return groups;
  }

  // ---------------------------------------------------------------- drawing

  draw() {
    const focused = this.at;
    this.seen.disconnect();
    this.tiles = new Map();
    this.order = [];
    this.root.replaceChildren(this.toolbar(), this.grids(), this.status());
    this.root.style.setProperty("--size", `${this.view.size ?? 160}px`);
    if (focused >= 0 && this.tiles.has(focused)) this.focus(focused, false);
    else if (this.order.length) this.tiles.get(this.order[0]).tabIndex = 0;
    this.say();
  }

  toolbar() {
    const names = this.columns.map((column) => column.name);
    const choose = (label, key, options) => {
      const select = el("select", { onchange: (event) => this.change({ [key]: event.target.value }) });
      for (const [value, text] of options) select.append(el("option", { value, selected: value === String(this.view[key] ?? "") }, text));
      return el("label", {}, `${label} `, select);
    };
    const none = [NONE, "none"];
    const axes = [none, ...names.map((name) => [name, name])];
    const stars = [["", "any"], ...[1, 2, 3, 4, 5].map((n) => [String(n), "★".repeat(n)])];
    const flags = [["", "all"], ["picked", "picked"], ["not rejected", "not rejected"], ["unrated", "unrated"]];
    const bar = el("div", { class: "sfx-bar", role: "toolbar", "aria-label": "Gallery" },
      choose("Columns", "cols", axes), choose("Rows", "rows", axes), choose("Groups", "by", axes),
      choose("Sort", "sort", [[NONE, "as it is"], ["stars", "stars"], ...names.map((name) => [name, name])]),
      choose("Stars from", "stars", stars), choose("Show", "flag", flags),
      el("label", {}, "Size ", el("input", {
        type: "range", min: 64, max: 384, step: 16, value: this.view.size ?? 160,
        oninput: (event) => this.root.style.setProperty("--size", `${event.target.value}px`),
        onchange: (event) => { this.view.size = Number(event.target.value); this.model.set("view", { ...this.view }); this.model.save_changes(); },
      })),
      el("button", { type: "button", "aria-pressed": String(this.zoomed), class: "sfx-zoom", onclick: () => this.zoom() }, "1:1 (z)"),
      el("button", { type: "button", class: "sfx-compare", onclick: () => this.compare() }, "Compare (c)"),
      el("button", { type: "button", onclick: () => this.help() }, "Help (?)"));
    const hidden = Object.entries(this.view.hidden ?? {}).flatMap(([name, values]) => values.map((value) => [name, value]));
    for (const [name, value] of hidden) {
      bar.append(el("button", {
        type: "button", class: "sfx-hidden", "aria-label": `Show ${name} ${value} again`,
        onclick: () => this.hide(name, value, false),
      }, `${name} ${value} hidden ×`));
    }
    return bar;
  }

  hide(name, value, is) {
    const hidden = { ...(this.view.hidden ?? {}) };
    hidden[name] = (hidden[name] ?? []).filter((other) => other !== value);
    if (is) hidden[name].push(value);
    if (!hidden[name].length) delete hidden[name];
    this.change({ hidden });
  }

  head(name, value, scope) {
    return el("th", { scope }, el("span", { title: value }, value), " ",
      el("button", { type: "button", class: "sfx-hide", "aria-label": `Hide ${name} ${value}`, title: `Hide ${name} ${value}`, onclick: () => this.hide(name, value, true) }, "×"));
  }

  grids() {
    const { cols, rows, by } = this.view;
    this.places = [];
    const area = el("div", { class: "sfx-area" });
    const groups = this.pivot();
    if (!groups.length) area.append(el("p", { class: "sfx-nothing" }, "Nothing to show: loosen the filters."));
    for (const group of groups) {
      if (by) area.append(el("h3", {}, `${by}: ${group.label} `, el("button", { type: "button", class: "sfx-hide", "aria-label": `Hide ${by} ${group.label}`, onclick: () => this.hide(by, group.label, true) }, "×")));
      if (!cols) {
        for (const line of group.lines) {
          if (rows) area.append(el("h4", {}, `${rows}: ${line.label}`));
          const flow = el("div", { class: "sfx-flow", role: "group", "aria-label": `${rows || "all"} ${line.label}` });
          for (const cell of line.cells) flow.append(this.tile(cell));
          this.places.push(line.cells.map((cell) => cell[0]));
          area.append(flow);
        }
        continue;
      }
      const table = el("table", { class: "sfx-table" });
      const heads = group.across.map((value) => this.head(cols, value, "col"));
      table.append(el("thead", {}, el("tr", {}, rows ? el("td", { class: "sfx-corner" }, `${rows} ↓ ${cols} →`) : null, ...heads)));
      const body = el("tbody");
      for (const line of group.lines) {
        body.append(el("tr", {}, rows ? this.head(rows, line.label, "row") : null,
          ...line.cells.map((cell) => el("td", {}, cell.length ? this.tile(cell) : el("div", { class: "sfx-none" }, MISSING)))));
        this.places.push(line.cells.map((cell) => cell[0] ?? -1));
      }
      table.append(body);
      area.append(table);
    }
    return area;
  }

  tile(cell) {
    const index = cell[0];
    const item = this.items[index];
    const unread = (event) => event.target.replaceWith(this.absent(item));
    const picture = this.pictures.has(index) ? el("img", { alt: "", draggable: "false", decoding: "async", onerror: unread }) : this.absent(item);
    const tile = el("div", {
      class: "sfx-tile", role: "button", tabindex: -1, "data-index": index,
      onclick: (event) => { this.focus(index); if (event.shiftKey || event.ctrlKey || event.metaKey) this.choose(index); },
      ondblclick: () => this.open(index),
      onpointermove: (event) => this.aim(event, tile),
      onwheel: (event) => this.closer(event),
    }, el("div", { class: "sfx-frame" }, picture, el("div", { class: "sfx-marks" })));
    if (!this.view.cols) {
      const own = this.columns.filter((column) => column.axis && column.name !== this.view.rows && column.name !== this.view.by);
      const words = own.map((column) => this.value(index, column.name)).join(" · ");
      tile.append(el("div", { class: "sfx-caption", title: words }, words));
    }
    if (cell.length > 1) tile.append(el("div", { class: "sfx-more" }, `+${cell.length - 1}`));
    cell.forEach((one) => this.tiles.set(one, tile));
    this.order.push(index);
    tile.sfxItems = cell;
    this.drawMarks(tile, index);
    this.seen.observe(tile);
    return tile;
  }

  absent({ status, reason }) {
    const unread = status === "completed"; // there is a picture, and it is none
    return el("div", { class: "sfx-absent" }, el("b", {}, unread ? "missing" : status), el("span", {}, unread ? "cannot be read" : reason));
  }

  drawMarks(tile, index) {
    const mark = this.mark(index);
    const parts = [];
    if (mark.pick === true) parts.push("✔");
    if (mark.pick === false) parts.push("✘");
    if (mark.stars != null) parts.push(mark.stars ? "★".repeat(mark.stars) : "☆");
    if (mark.note) parts.push("✎");
    tile.querySelector(".sfx-marks").textContent = parts.join(" ");
    tile.classList.toggle("sfx-rejected", mark.pick === false);
    const chosen = this.chosen.includes(index);
    tile.classList.toggle("sfx-chosen", chosen);
    tile.setAttribute("aria-pressed", String(chosen));
    tile.setAttribute("aria-label", this.words(index));
  }

  words(index) {
    const mark = this.mark(index), item = this.items[index];
    const parts = this.columns.filter((column) => column.axis).map((column) => `${column.name} ${this.value(index, column.name)}`);
    if (mark.stars != null) parts.push(`${mark.stars} of 5 stars`);
    if (mark.pick != null) parts.push(mark.pick ? "picked" : "rejected");
    if (mark.note) parts.push(`note: ${mark.note}`);
    if (item.status !== "completed") parts.push(item.status, item.reason);
    return parts.filter(Boolean).join(", ") || item.run;
  }

  redrawMarks() {
    for (const [index, tile] of this.tiles) if (tile.sfxItems[0] === index) this.drawMarks(tile, index);
    this.overlay?.redraw?.();
  }

  status() {
    return el("div", { class: "sfx-status", role: "status", "aria-live": "polite" });
  }

  say(text) {
    const line = this.root.querySelector(".sfx-status");
    const note = this.model.get("note");
    const chosen = this.chosen.length ? ` · ${this.chosen.length} chosen` : "";
    if (line) line.textContent = text ?? `${this.shown().length} of ${this.items.length} runs${chosen}${note ? ` · ${note}` : ""}`;
  }

  // ---------------------------------------------------------------- pictures

  receive(message, buffers) {
    if (message.kind === "error") this.say(message.text);
    else this.pictures.came(message, buffers);
  }

  show(entries) {
    for (const { target, isIntersecting } of entries) {
      target.sfxVisible = isIntersecting;
      const image = target.querySelector("img");
      if (!isIntersecting || !image) continue;
      const index = target.sfxItems[0];
      if (!image.src) this.fill(image, index);
      if (this.zoomed) this.sharpen(target);
    }
  }

  async fill(image, index) {
    const url = await this.pictures.small(index);
    if (!url) image.replaceWith(this.absent(this.items[index]));
    else if (!image.src) image.src = url; // not where it came at full size meanwhile
  }

  async sharpen(tile) {
    const image = tile.querySelector("img");
    const url = image && await this.pictures.full(tile.sfxItems[0]);
    if (url) image.src = url;
  }

  /** The loupe: every tile shows the same place, several times as large. */
  zoom() {
    this.zoomed = !this.zoomed;
    this.root.classList.toggle("sfx-zoomed", this.zoomed);
    const width = this.items[this.at]?.width ?? this.items.find((item) => item.width)?.width;
    this.root.style.setProperty("--zoom", width ? Math.max(1, width / devicePixelRatio / (this.view.size ?? 160)) : ZOOM);
    this.root.querySelector(".sfx-zoom")?.setAttribute("aria-pressed", String(this.zoomed));
    if (this.zoomed) for (const tile of new Set(this.tiles.values())) if (tile.sfxVisible) this.sharpen(tile);
  }

  aim(event, tile) {
    if (!this.zoomed) return;
    const box = tile.querySelector(".sfx-frame").getBoundingClientRect();
    this.root.style.setProperty("--zx", `${(100 * (event.clientX - box.left)) / box.width}%`);
    this.root.style.setProperty("--zy", `${(100 * (event.clientY - box.top)) / box.height}%`);
  }

  /** The wheel brings the loupe nearer or farther; without the loupe it scrolls. */
  closer(event) {
    if (!this.zoomed) return;
    event.preventDefault();
    const now = Number(this.root.style.getPropertyValue("--zoom")) || ZOOM;
    this.root.style.setProperty("--zoom", Math.min(16, Math.max(1, now * (event.deltaY < 0 ? 1.2 : 1 / 1.2))));
  }

  // ---------------------------------------------------------------- focus and keys

  focus(index, really = true) {
    const old = this.tiles.get(this.at), tile = this.tiles.get(index);
    if (old) old.tabIndex = -1;
    for (const other of this.root.querySelectorAll('.sfx-tile[tabindex="0"]')) other.tabIndex = -1;
    this.at = index;
    if (tile) { tile.tabIndex = 0; if (really) tile.focus(); }
  }

  /** The item so many places to the right and below; the same one at the edge. */
  beside(index, across, down) {
    const row = this.places.findIndex((line) => line.includes(index));
    if (row < 0) return index;
    const column = this.places[row].indexOf(index);
    let flat = column + across, line = row;
    if (across && !this.view.cols && (flat < 0 || flat >= this.places[row].length)) return index;
    for (line += down; line >= 0 && line < this.places.length; line += down || 1) {
      const places = this.places[line];
      let at = Math.min(flat, places.length - 1);
      for (; at >= 0 && at < places.length; at += across || places.length) if (places[at] >= 0) return places[at];
      if (!down) return index;
    }
    return index;
  }

  /** Does what a key stands for, and says whether it stands for anything. */
  key(key, event) {
    const index = this.overlay?.index ?? this.at;
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    let used = true;
    if (key === "Escape" && this.overlay) this.overlay.close();
    else if (key === "?") this.help();
    else if (key === "z") this.overlay?.zoom ? this.overlay.zoom() : this.zoom();
    else if (this.overlay?.key?.(key)) used = true;
    else if (index < 0) used = key in moves && this.order.length > 0 && (this.focus(this.order[0]), true);
    else if (key in moves) {
      const next = this.beside(index, ...moves[key]);
      if (this.overlay?.index != null) this.overlay.go(next);
      this.focus(next, !this.overlay);
    } else if (key === "Enter" && !this.overlay && event.target.matches(".sfx-tile")) this.open(index);
    else if (/^[0-5]$/.test(key)) this.rate(index, { stars: Number(key) });
    else if (key === "p") this.rate(index, { pick: true });
    else if (key === "x") this.rate(index, { pick: false });
    else if (key === "n") { if (!this.overlay) this.open(index); this.overlay.note?.focus(); }
    else if (key === " ") this.choose(index);
    else if (key === "c") this.compare();
    else if (key === "f") { if (!this.overlay) this.open(index); this.overlay.play?.(); }
    else used = false;
    return used;
  }

  rate(index, mark) {
    if (index < 0) return;
    const run = this.items[index].run;
    this.model.send({ kind: "mark", run, ...mark });
  }

  choose(index) {
    this.chosen = this.chosen.includes(index) ? this.chosen.filter((one) => one !== index) : [...this.chosen, index];
    this.drawMarks(this.tiles.get(index), index);
    this.say();
  }

  // ---------------------------------------------------------------- dialogs

  dialog(label, ...content) {
    this.overlay?.close();
    const back = document.activeElement;
    const close = () => {
      clearInterval(this.playing);
      dialog.remove();
      this.overlay = null;
      const tile = this.tiles.get(this.at);
      (tile ?? back)?.focus?.();
    };
    const dialog = el("div", { class: "sfx-dialog", role: "dialog", "aria-modal": "true", "aria-label": label, tabindex: -1 },
      el("button", { type: "button", class: "sfx-close", "aria-label": "Close", onclick: close }, "×"), ...content);
    dialog.addEventListener("keydown", (event) => {
      if (event.key !== "Tab") return;
      const stops = [...dialog.querySelectorAll("button, input, select, textarea")].filter((one) => one.offsetParent);
      const edge = event.shiftKey ? stops[0] : stops[stops.length - 1];
      if (document.activeElement === edge) { event.preventDefault(); (event.shiftKey ? stops[stops.length - 1] : stops[0]).focus(); }
    });
    this.root.append(dialog);
    this.overlay = { dialog, close, index: null };
    dialog.focus();
    return this.overlay;
  }

  open(index) {
    const image = el("img", { class: "sfx-large", alt: "" });
    const stage = el("div", { class: "sfx-stage" }, image);
    const facts = el("div", { class: "sfx-facts" });
    const overlay = this.dialog("Picture", stage, facts);
    const go = async (next) => {
      overlay.index = next;
      const small = this.pictures.thumb(next);
      if (small) image.src = small;
      else image.removeAttribute("src");
      image.alt = this.words(next);
      image.hidden = !this.pictures.has(next);
      overlay.redraw();
      const url = this.pictures.has(next) ? await this.pictures.full(next) : null;
      if (overlay.index !== next) return;
      if (url) image.src = url;
      else image.hidden = true;
    };
    overlay.go = go;
    overlay.redraw = () => this.facts(facts, overlay);
    overlay.zoom = () => stage.classList.toggle("sfx-actual");
    overlay.play = () => {
      if (this.playing) { clearInterval(this.playing); this.playing = null; return; }
      const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
      const step = () => {
        const row = this.places.find((line) => line.includes(overlay.index)) ?? [overlay.index];
        const along = row.filter((one) => one >= 0);
        go(along[(along.indexOf(overlay.index) + 1) % along.length]);
      };
      if (still) step();
      else this.playing = setInterval(step, 500);
    };
    go(index);
  }

  facts(box, overlay) {
    const index = overlay.index, item = this.items[index], mark = this.mark(index);
    const note = el("input", { type: "text", "aria-label": "Note", placeholder: "note (n)", value: mark.note ?? "",
      onchange: (event) => this.rate(index, { note: event.target.value }) });
    note.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === "Escape") { note.blur(); overlay.dialog.focus(); event.stopPropagation(); } });
    overlay.note = note;
    const stars = el("div", { role: "radiogroup", "aria-label": "Stars", class: "sfx-stars" }, ...[0, 1, 2, 3, 4, 5].map((n) =>
      el("button", { type: "button", role: "radio", "aria-checked": String(mark.stars === n), "aria-label": `${n} stars`, onclick: () => this.rate(index, { stars: n }) }, n ? (n <= (mark.stars ?? 0) ? "★" : "☆") : "0")));
    const flag = (text, pick) => el("button", { type: "button", "aria-pressed": String(mark.pick === pick), onclick: () => this.rate(index, { pick }) }, text);
    const rows = Object.entries(item.labels).map(([name, value]) => el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, value)));
    const copy = (text, label) => el("button", { type: "button", onclick: async (event) => {
      try { await navigator.clipboard.writeText(text); event.target.textContent = "copied"; } catch { this.say("The browser does not permit copying"); }
    } }, label);
    const status = item.status === "completed" ? null : el("p", { class: "sfx-reason" }, `${item.status}: ${item.reason}`);
    box.replaceChildren(...[status, stars, el("div", { class: "sfx-flags" }, flag("✔ pick (p)", true), flag("✘ reject (x)", false)), note,
      el("table", {}, el("tbody", {}, ...rows)), el("pre", {}, item.code),
      el("div", { class: "sfx-flags" }, copy(item.code, "copy code"), copy(JSON.stringify(item.parameters, null, 1), "copy parameters"))].filter(Boolean));
  }

  compare() {
    const chosen = (this.chosen.length > 1 ? this.chosen : [...this.chosen, this.at, this.beside(this.at, 1, 0)])
      .filter((index, at, all) => index >= 0 && this.pictures.has(index) && all.indexOf(index) === at);
    if (chosen.length < 2) { this.say("Choose two pictures or more with the space key, then compare"); return; }
    const stage = el("div", { class: "sfx-comparison" });
    const modes = ["side by side", "slider", "flicker", "difference"];
    const buttons = modes.map((mode, n) => el("button", { type: "button", "aria-pressed": "false", onclick: () => draw(mode) }, `${mode} (${"asfd"[n]})`));
    const overlay = this.dialog("Comparison", el("div", { class: "sfx-bar" }, ...buttons), stage);
    const picture = (index) => {
      const image = el("img", { alt: this.words(index), draggable: "false", src: this.pictures.thumb(index) });
      this.pictures.full(index).then((url) => { if (url) image.src = url; });
      return image;
    };
    const caption = (index) => el("figcaption", {}, this.words(index));
    let mode = modes[0], turn = 0;
    const aim = (event) => {
      const box = event.currentTarget.getBoundingClientRect();
      stage.style.setProperty("--zx", `${(100 * (event.clientX - box.left)) / box.width}%`);
      stage.style.setProperty("--zy", `${(100 * (event.clientY - box.top)) / box.height}%`);
    };
    const draw = (next) => {
      mode = next;
      clearInterval(this.playing);
      buttons.forEach((button, n) => button.setAttribute("aria-pressed", String(modes[n] === mode)));
      stage.className = `sfx-comparison sfx-${mode.replaceAll(" ", "-")}`;
      const [first, second] = chosen;
      if (mode === "side by side") {
        stage.replaceChildren(...chosen.map((index) => el("figure", {}, el("div", { class: "sfx-frame", onpointermove: aim }, picture(index)), caption(index))));
      } else if (mode === "slider") {
        const top = picture(second);
        const move = (share) => { top.style.clipPath = `inset(0 0 0 ${share}%)`; line.style.left = `${share}%`; };
        const line = el("div", { class: "sfx-line" });
        const range = el("input", { type: "range", min: 0, max: 100, value: 50, "aria-label": "Where the pictures meet", oninput: (event) => move(Number(event.target.value)) });
        stage.replaceChildren(el("div", { class: "sfx-over" }, picture(first), top, line), range, el("div", { class: "sfx-names" }, caption(first), caption(second)));
        move(50);
      } else if (mode === "flicker") {
        const images = chosen.map(picture), name = el("figcaption", { "aria-live": "off" });
        const flip = () => { turn = (turn + 1) % chosen.length; images.forEach((image, n) => { image.style.visibility = n === turn ? "visible" : "hidden"; }); name.textContent = this.words(chosen[turn]); };
        overlay.flip = flip;
        stage.replaceChildren(el("div", { class: "sfx-over" }, ...images), el("button", { type: "button", onclick: flip }, "flip (space)"), name);
        flip();
      } else {
        const canvas = el("canvas", { role: "img", "aria-label": `Difference of ${this.words(first)} and ${this.words(second)}` });
        const name = el("figcaption");
        stage.replaceChildren(canvas, name);
        difference(canvas, this.pictures.full(first), this.pictures.full(second))
          .catch(() => "One of them cannot be read").then((text) => { name.textContent = text; });
      }
      // What had the focus may be gone with the old mode.
      if (!overlay.dialog.contains(document.activeElement)) overlay.dialog.focus();
    };
    overlay.zoom = () => stage.classList.toggle("sfx-actual");
    overlay.key = (key) => {
      const at = "asfd".indexOf(key);
      if (at >= 0) draw(modes[at]);
      else if (key === " " && mode === "flicker") overlay.flip();
      else return key === "c" || key === " ";
      return true;
    };
    draw(modes[0]);
  }

  help() {
    const keys = [["arrows", "walk along the axes"], ["Enter", "open large"], ["0-5", "stars"], ["p, x", "pick, reject"], ["n", "note"],
      ["space", "choose for comparing"], ["c", "compare: a side by side, s slider, f flicker, d difference"], ["z", "1:1, the same place in every tile"],
      ["f", "flip through the row"], ["Escape", "close"], ["?", "this help"]];
    this.dialog("Help", el("h3", {}, "Keys"), el("table", {}, el("tbody", {}, ...keys.map(([key, what]) => el("tr", {}, el("th", { scope: "row" }, el("kbd", {}, key)), el("td", {}, what))))));
  }
}

/** Draws where two pictures differ, three times as bright as they do; says the mean. */
async function difference(canvas, ...urls) {
  const [first, second] = await Promise.all(urls.map(async (url) => { const image = new Image(); image.src = await url; await image.decode(); return image; }));
  canvas.width = first.naturalWidth;
  canvas.height = first.naturalHeight;
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const read = (image) => { pen.drawImage(image, 0, 0, canvas.width, canvas.height); return pen.getImageData(0, 0, canvas.width, canvas.height); };
  const a = read(first), b = read(second);
  let sum = 0;
  for (let at = 0; at < a.data.length; at += 4) {
    const apart = (Math.abs(a.data[at] - b.data[at]) + Math.abs(a.data[at + 1] - b.data[at + 1]) + Math.abs(a.data[at + 2] - b.data[at + 2])) / 3;
    sum += apart;
    a.data[at] = a.data[at + 1] = a.data[at + 2] = Math.min(255, 3 * apart);
  }
  pen.putImageData(a, 0, 0);
  return `mean difference ${((100 * sum) / (a.data.length / 4) / 255).toFixed(1)} %`;
}

export default { render: rendering((model, root) => new Gallery(model, root)) };
