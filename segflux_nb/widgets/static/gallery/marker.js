// Rating: one picture, or all that a row or a column shows; undo and redo; and who rates.

import { el } from "../shared/dom.js";
import { History, MarkBook } from "./marks.js";

/** @import { Change, Mark, TellMarks } from "./messages.js" */

export class Marker {
  /** @param {import("./gallery.js").Gallery} gallery */
  constructor(gallery) {
    this.gallery = gallery;
    this.history = new History();
    /** What the next digit rates: the line of the picture with the focus. @type {"row" | "column" | null} */
    this.scope = null;
    this.read();
    const input = el("input", { type: "text", size: 10, value: this.marks.rater });
    input.addEventListener("change", () => this.model.send({ kind: "rater", name: input.value }));
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== "Escape") return;
      input.blur();
      this.gallery.toBoard();
    });
    this.input = input;
    this.field = el("label", { class: "sfx-rater", title: "The name under which marks are kept" }, "Rater ", input);
  }

  get model() {
    return this.gallery.model;
  }

  read() {
    this.marks = new MarkBook(this.model.get("marks"), this.model.get("rater"));
  }

  /** Python has other marks, or somebody else rates. */
  reload() {
    this.read();
    this.input.value = this.marks.rater;
    this.gallery.draw();
    this.gallery.desk.redraw();
  }

  /**
   * Marks rows, in one step.
   *
   * @param {number[]} at
   * @param {Mark} mark
   */
  mark(at, mark) {
    const { rater } = this.marks;
    const forth = [{ at, mark }];
    const back = this.marks.inverse(forth, rater, this.history.pending);
    this.send({ rater, forth, back }, "new", forth);
  }

  /**
   * @param {import("./marks.js").Step} step
   * @param {"new" | "back" | "forth"} way
   * @param {Change[]} changes
   */
  send(step, way, changes) {
    this.model.send({ kind: "mark", id: this.history.ask(step, way), changes });
  }

  undo() {
    this.again(this.history.done, "back", "There is nothing to undo");
  }

  redo() {
    this.again(this.history.undone, "forth", "There is nothing to redo");
  }

  /**
   * @param {import("./marks.js").Step[]} steps
   * @param {"back" | "forth"} way
   * @param {string} nothing
   */
  again(steps, way, nothing) {
    const step = steps.at(-1);
    if (!step) this.gallery.say(nothing);
    else if (step.rater !== this.marks.rater)
      this.gallery.say(`The last mark is ${step.rater}'s: it is theirs to undo`);
    else this.send(step, way, step[way]);
  }

  /**
   * Marks were kept.
   *
   * @param {TellMarks} message
   */
  kept({ id, rater, changes }) {
    const answered = this.history.answer(id, true);
    this.marks.put(rater, changes);
    const rows = changes.flatMap(({ at }) => at);
    this.gallery.board.redraw(rows);
    this.gallery.desk.redraw();
    this.gallery.update();
    const way = answered?.way;
    if (way === "back" || way === "forth") this.say(way === "back" ? "Undone" : "Done again", rows);
    else if (rows.length > 1) this.gallery.say(`${rows.length} pictures marked · u takes it back`);
  }

  /**
   * @param {string} what
   * @param {number[]} rows
   */
  say(what, rows) {
    const words = rows.length === 1 ? this.gallery.words(rows[0]) : `${rows.length} pictures`;
    this.gallery.say(`${what}: ${words}`);
  }

  /**
   * The next digit rates a whole row or column.
   *
   * @param {"row" | "column"} scope
   */
  ask(scope) {
    this.scope = scope;
    this.gallery.say(`0 to 5, p or x for all pictures that this ${scope} shows · Escape: none`);
  }

  /**
   * Marks a row, or what it stands for.
   *
   * @param {number} row
   * @param {Mark} mark
   */
  rate(row, mark) {
    const { scope } = this;
    this.scope = null;
    this.mark(scope ? this.gallery.board.fellows(row, scope === "column") : [row], mark);
  }
}
