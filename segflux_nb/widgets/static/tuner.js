// The tuner: a slider through the values of one axis, blind votes between pairs, and what the votes say.
//
// It knows a model with traits (`axis`, `labels`, `blocks`, `cells`, `offsets`, `thumbs`, `pair`, `votes`, `rater`,
// `shown_ranking`, `proposal`, `note`) and sends {kind: "vote", pair, outcome}, "undo", "rank", "propose", {kind: "rater",
// name} and {kind: "full", index}. `cells[value][block]` is the number of a picture, or -1.

const CHOICES = [["left", "← left is better", "ArrowLeft"], ["tie", "tie ↓", "ArrowDown"], ["right", "right is better →", "ArrowRight"], ["skip", "skip (s)", "s"]];
const REST = 150; // milliseconds on a value until its pictures come at full size

class Tuner {
  constructor(model, root) {
    this.model = model;
    this.root = root;
    this.pictures = new Pictures(model);
    this.listening = new Listening(model);
    this.mode = "slider";
    this.at = Math.floor((model.get("labels").length - 1) / 2);
    root.classList.add("sfx", "sfx-tuner");
    ownKeys(root, (key, event) => this.key(key, event));
    this.listening.to("change:pair", () => { this.waiting = false; if (this.mode === "vote") this.drawPair(); });
    this.listening.to("change:votes", () => this.say());
    this.listening.to("change:shown_ranking", () => this.drawRanking());
    this.listening.to("change:proposal", () => this.drawRanking());
    this.listening.to("msg:custom", (message, buffers) => this.receive(message, buffers));
    this.draw();
  }

  destroy() {
    clearTimeout(this.resting);
    this.listening.end();
    this.pictures.destroy();
  }

  get(name) { return this.model.get(name); }

  receive(message, buffers) {
    if (message.kind === "full") this.pictures.came(message, buffers);
    else if (message.kind === "error") { this.waiting = false; if (this.mode === "vote") this.drawPair(); this.say(message.text); }
  }

  draw() {
    const tab = (mode, text) => el("button", {
      type: "button", role: "tab", "aria-selected": String(this.mode === mode), tabindex: this.mode === mode ? 0 : -1, onclick: () => this.show(mode),
    }, text);
    this.stage = el("div", { class: "sfx-panel", role: "tabpanel", "aria-label": { slider: "Slider", vote: "Blind votes", ranking: "Ranking" }[this.mode] });
    this.root.replaceChildren(
      el("div", { class: "sfx-bar" },
        el("div", { role: "tablist", "aria-label": `Tuner of ${this.get("axis")}`, class: "sfx-tabs" }, tab("slider", "Slider"), tab("vote", "Blind votes"), tab("ranking", "Ranking")),
        el("label", {}, "Rater ", el("input", { type: "text", size: 12, value: this.get("rater"), onchange: (event) => this.model.send({ kind: "rater", name: event.target.value }) }))),
      this.stage, el("div", { class: "sfx-status", role: "status", "aria-live": "polite" }));
    if (this.mode === "slider") this.drawSlider();
    else if (this.mode === "vote") this.drawPair();
    else { this.drawRanking(); this.model.send({ kind: "rank" }); }
    this.say();
  }

  show(mode) {
    this.mode = mode;
    this.draw();
    this.root.querySelector('[role="tab"][aria-selected="true"]').focus();
  }

  say(text) {
    const votes = this.get("votes"), note = this.get("note");
    const line = this.root.querySelector(".sfx-status");
    if (line) line.textContent = text ?? [`${votes} vote${votes === 1 ? "" : "s"} by ${this.get("rater")}`, note].filter(Boolean).join(" · ");
  }

  // ---------------------------------------------------------------- the slider

  drawSlider() {
    const labels = this.get("labels"), blocks = this.get("blocks");
    const range = el("input", { type: "range", min: 0, max: labels.length - 1, step: 1, value: this.at, "aria-label": this.get("axis"), oninput: (event) => this.go(Number(event.target.value)) });
    const ends = el("div", { class: "sfx-ends", "aria-hidden": "true" }, el("span", {}, labels[0]), el("span", {}, labels[labels.length - 1]));
    this.shown = blocks.map((block) => ({ image: el("img", { draggable: "false" }), absent: el("div", { class: "sfx-absent" }, el("b", {}, "no picture")), block }));
    const figures = this.shown.map(({ image, absent, block }) => el("figure", {}, el("div", { class: "sfx-frame" }, image, absent), el("figcaption", { title: block }, block)));
    this.stage.replaceChildren(el("div", { class: "sfx-value" }), el("div", { class: "sfx-range" }, range, ends), el("div", { class: "sfx-row" }, ...figures));
    this.go(this.at);
  }

  go(at) {
    this.at = at;
    const label = this.get("labels")[at], row = this.get("cells")[at];
    this.stage.querySelector(".sfx-value").textContent = `${this.get("axis")} ${label}`;
    this.stage.querySelector("input").setAttribute("aria-valuetext", label);
    this.shown.forEach(({ image, absent, block }, n) => {
      const has = row[n] >= 0 && this.pictures.has(row[n]);
      image.hidden = !has;
      absent.hidden = has;
      image.alt = `${this.get("axis")} ${label}${block ? `, ${block}` : ""}`;
      if (has) image.src = this.pictures.urls.get(`f${row[n]}`) ?? this.pictures.thumb(row[n]);
    });
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.sharpen(row), REST);
  }

  sharpen(row) {
    this.shown.forEach(async ({ image }, n) => {
      if (row[n] < 0 || !this.pictures.has(row[n])) return;
      const url = await this.pictures.full(row[n]);
      if (url && this.mode === "slider" && this.get("cells")[this.at][n] === row[n]) image.src = url;
    });
  }

  // ---------------------------------------------------------------- blind votes

  drawPair() {
    const pair = this.get("pair");
    if (pair.length < 2) { this.stage.replaceChildren(el("p", {}, "There are no two pictures that differ in this axis alone.")); return; }
    const had = this.stage.contains(document.activeElement);
    // Neither a label nor the same side for the same value tells which is which.
    const sides = ["left", "right"].map((side, n) => {
      const image = el("img", { alt: `The ${side} picture`, draggable: "false", src: this.pictures.thumb(pair[n]) ?? "" });
      this.pictures.full(pair[n]).then((url) => { if (url) image.src = url; });
      return el("figure", {}, el("button", { type: "button", class: "sfx-pick", "aria-label": `The ${side} picture is better`, onclick: () => this.vote(side) }, image));
    });
    const buttons = CHOICES.map(([outcome, text]) => el("button", { type: "button", "data-outcome": outcome, onclick: () => this.vote(outcome) }, text));
    const undo = el("button", { type: "button", "data-outcome": "undo", onclick: () => this.undo() }, "undo (u)");
    this.stage.replaceChildren(el("p", { class: "sfx-question" }, "Which picture is better?"), el("div", { class: "sfx-pair" }, ...sides), el("div", { class: "sfx-bar sfx-choices" }, ...buttons, undo));
    if (had) this.stage.querySelector('[data-outcome="left"]').focus({ preventScroll: true });
  }

  vote(outcome) {
    if (this.waiting || this.get("pair").length < 2) return;
    this.waiting = true; // until the next pair comes: a second press is no second vote
    this.model.send({ kind: "vote", pair: this.get("pair"), outcome });
  }

  undo() {
    if (this.waiting) return;
    this.model.send({ kind: "undo" });
  }

  // ---------------------------------------------------------------- what the votes say

  drawRanking() {
    if (this.mode !== "ranking") return;
    const { sentence, rows } = this.get("shown_ranking");
    if (!sentence) { this.stage.replaceChildren(el("p", {}, "…")); return; }
    const ends = rows.flatMap((row) => [row.low ?? row.score, row.high ?? row.score]);
    const low = Math.min(...ends), wide = Math.max(...ends) - low || 1;
    const place = (value) => `${(100 * (value - low)) / wide}%`;
    const lines = rows.map((row) => {
      const bar = el("div", { class: "sfx-interval", "aria-hidden": "true" });
      if (row.low != null) { const line = el("i"); line.style.left = place(row.low); line.style.width = `${(100 * (row.high - row.low)) / wide}%`; bar.append(line); }
      const dot = el("b");
      dot.style.left = place(row.score);
      bar.append(dot);
      return el("tr", {}, el("th", { scope: "row" }, row.label), el("td", {}, row.score.toFixed(2)), el("td", {}, bar), el("td", {}, row.won), el("td", {}, String(row.judged)));
    });
    const head = el("tr", {}, ...[this.get("axis"), "score", "interval", "won", "judged"].map((word) => el("th", { scope: "col" }, word)));
    const proposal = this.get("proposal");
    const table = rows.length ? el("table", {}, el("thead", {}, head), el("tbody", {}, ...lines)) : null;
    const propose = el("button", { type: "button", class: "sfx-propose", onclick: () => this.model.send({ kind: "propose" }) }, "Propose a finer sweep");
    this.stage.replaceChildren(...[el("p", { class: "sfx-sentence" }, sentence), table, rows.length ? propose : null, proposal ? el("pre", {}, proposal) : null].filter(Boolean));
  }

  // ---------------------------------------------------------------- keys

  key(key, event) {
    if (event.target.matches('[role="tab"]') && (key === "ArrowLeft" || key === "ArrowRight")) {
      const modes = ["slider", "vote", "ranking"];
      this.show(modes[(modes.indexOf(this.mode) + (key === "ArrowRight" ? 1 : 2)) % 3]);
      return true;
    }
    if (this.mode !== "vote") return false;
    const choice = CHOICES.find(([, , its]) => its === key);
    if (choice) this.vote(choice[0]);
    else if (key === "u") this.undo();
    else return false;
    return true;
  }
}

export default { render: rendering((model, root) => new Tuner(model, root)) };
