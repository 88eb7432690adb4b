// How a widget lives in a front end: it listens to its model, it is rendered, and it leaves nothing behind.

/**
 * What anywidget gives a widget: the values that Python and the browser share, and messages between them.
 *
 * @typedef {object} Model
 * @property {(name: string) => any} get
 * @property {(name: string, value: any) => void} set
 * @property {() => void} save_changes
 * @property {(name: string, action: (...args: any[]) => void) => void} on
 * @property {(name: string, action: (...args: any[]) => void) => void} off
 * @property {(message: object) => void} send
 */

/** The actions that a widget registers at a model; `end` removes all of them. */
export class Listening {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    /** @type {[string, (...args: any[]) => void][]} */
    this.all = [];
  }

  /**
   * @param {string} name The event, such as `change:marks`.
   * @param {(...args: any[]) => void} action
   */
  to(name, action) {
    this.model.on(name, action);
    this.all.push([name, action]);
  }

  end() {
    for (const [name, action] of this.all) this.model.off(name, action);
  }
}

/**
 * Hides the static sheet above a live widget in a notebook.
 *
 * @param {HTMLElement} root
 * @returns {() => void} Shows it again.
 */
function hideStaticSheet(root) {
  const output = root.closest(".jp-OutputArea-child")?.previousElementSibling;
  if (!(output instanceof HTMLElement) || !output.querySelector(".jp-RenderedImage")) return () => {};
  output.style.display = "none";
  return () => {
    output.style.display = "";
  };
}

/**
 * The function that anywidget calls to show a widget.
 *
 * @param {(model: Model, root: HTMLElement) => { destroy(): void }} make Makes the widget.
 * @returns {(context: { model: Model, el: HTMLElement }) => () => void}
 */
export function rendering(make) {
  return ({ model, el: root }) => {
    const widget = make(model, root);
    let showStaticSheet = () => {};
    const frame = requestAnimationFrame(() => {
      showStaticSheet = hideStaticSheet(root);
    });
    return () => {
      cancelAnimationFrame(frame);
      showStaticSheet();
      widget.destroy();
    };
  };
}
