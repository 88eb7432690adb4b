// The widgets below the form: the progress of a started sweep, and its gallery. They are models of their own.

import { el } from "../shared/dom.js";

/**
 * What front ends give a widget that shows others. JupyterLab and marimo do; where one does not, a sentence says so.
 *
 * @typedef {{ render(options: { el: HTMLElement, signal?: AbortSignal }): Promise<void> }} Shown
 * @typedef {{ getWidget(ref: string): Promise<Shown> }} Host
 */

const NO_HOST = "This front end shows no widgets in others. The runs are in the log: ws.runs(builder.sweep).gallery()";

export class Below {
  /** @param {Host | undefined} host */
  constructor(host) {
    this.host = host;
    this.element = el("div", { class: "sfx-below" });
    /** @type {Map<string, { place: HTMLElement, end: AbortController }>} */
    this.there = new Map();
  }

  /** @param {string[]} refs What is shown, in order: models, each with a number. What was there stays as it is. */
  show(refs) {
    for (const [ref, { place, end }] of this.there) {
      if (refs.includes(ref)) continue;
      end.abort();
      place.remove();
      this.there.delete(ref);
    }
    for (const ref of refs) if (!this.there.has(ref)) this.add(ref);
  }

  /** @param {string} ref */
  async add(ref) {
    const place = el("div", {});
    const end = new AbortController();
    this.there.set(ref, { place, end });
    this.element.append(place);
    if (!this.host) {
      place.textContent = NO_HOST;
      return;
    }
    const widget = await this.host.getWidget(ref.split("#")[0]);
    if (!end.signal.aborted) await widget.render({ el: place, signal: end.signal });
  }

  destroy() {
    this.show([]);
  }
}
