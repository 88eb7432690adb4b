// What lies open over the gallery: one dialog at a time; and what leaves it: files and copies.

import { pythonOfAll } from "./code.js";
import { Comparison } from "./comparison.js";
import { copyText } from "./copying.js";
import { helpDialog } from "./dialog.js";
import { pairName } from "./differences.js";
import { MOVES } from "./keys.js";
import { PictureDialog } from "./picture_dialog.js";
import { RunForm } from "./run_form.js";

/** @import { TellFile, TellPrice, TellRun } from "./messages.js" */

export class Desk {
  /** @param {import("./gallery.js").Gallery} gallery */
  constructor(gallery) {
    this.gallery = gallery;
    /** @type {import("./dialog.js").Dialog | null} */
    this.dialog = null;
  }

  get model() {
    return this.gallery.model;
  }

  stop() {
    this.dialog?.stop();
  }

  redraw() {
    this.dialog?.redraw();
  }

  /** @param {number} row */
  open(row) {
    this.dialog?.close();
    this.dialog = new PictureDialog(this.gallery, row);
  }

  /**
   * The dialog with the large picture, opened if no dialog is open; null if another one is.
   *
   * @param {number} row
   */
  large(row) {
    if (!this.dialog) this.open(row);
    return this.dialog instanceof PictureDialog ? this.dialog : null;
  }

  compare() {
    const { board, chosen, pictures } = this.gallery;
    const { at } = board;
    const beside = at < 0 ? -1 : board.beside(at, MOVES.ArrowRight);
    const asked = chosen.length > 1 ? chosen : [...chosen, at, beside];
    const found = [...new Set(asked)].filter((row) => row >= 0 && pictures.has(row));
    if (found.length < 2) {
      this.gallery.say("Choose two pictures or more with the space key, then compare");
      return;
    }
    this.dialog?.close();
    this.dialog = new Comparison(this.gallery, found);
  }

  /** @param {number} row */
  edit(row) {
    if (!this.model.get("form")?.length) {
      this.gallery.say(
        "Pictures are run from here only with a workspace and its service, not in a saved page or a bundle",
      );
      return;
    }
    this.dialog?.close();
    this.dialog = new RunForm(this.gallery, row);
  }

  help() {
    this.dialog?.close();
    this.dialog = helpDialog(this.gallery);
  }

  /** @param {Element | null} before What had the focus before the dialog. */
  closed(before) {
    this.dialog = null;
    if (!this.gallery.board.focusAgain() && before instanceof HTMLElement) before.focus();
  }

  /** @param {TellPrice | TellRun} message */
  answer(message) {
    if (this.dialog instanceof RunForm) this.dialog.answer(message);
    else if (message.kind === "run") this.gallery.say(message.text);
  }

  // ---------------------------------------------------------------- differences

  /** The mean difference of two rows' pictures, as Python has it. @param {number} one @param {number} other */
  difference(one, other) {
    return /** @type {number | undefined} */ (this.model.get("differences")[pairName(one, other)]);
  }

  /** @param {number} one @param {number} other */
  askDifference(one, other) {
    if (this.difference(one, other) == null) this.model.send({ kind: "difference", pair: [one, other] });
  }

  // ---------------------------------------------------------------- files and copies

  /**
   * Asks for a file of what is shown; without a kernel, the page makes it. It can give itself too, with all rows.
   *
   * @param {"sheet" | "html" | "page"} form
   */
  save(form) {
    this.gallery.say("The file is being made …");
    this.model.send({ kind: "save", form, rows: this.gallery.shownNow });
  }

  /**
   * Keeps a file, as the browser does with downloads.
   *
   * @param {TellFile} message
   * @param {any} data
   */
  keep({ name, mime }, data) {
    download(name, new Blob([data], { type: mime }));
    this.gallery.say(`Saved as ${name}, where your browser keeps downloads`);
  }

  async copyShown() {
    const { rows, shownNow } = this.gallery;
    const isCopied = await copyText(pythonOfAll(rows, shownNow));
    const runs = `${shownNow.length} run${shownNow.length === 1 ? "" : "s"}`;
    this.gallery.say(isCopied ? `Copied: Python of ${runs}` : "The browser does not permit copying");
  }
}

/**
 * @param {string} name
 * @param {Blob} blob
 */
export function download(name, blob) {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
