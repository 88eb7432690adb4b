// Parts of the toolbar that are folded away where it is narrow: a button shows each of them below the toolbar.

/**
 * A part, and the button that shows it. Where there is room, the style sheet shows the part and hides the button.
 *
 * @typedef {{ button: HTMLButtonElement, part: HTMLElement }} Fold
 */

export class Folds {
  constructor() {
    /** @type {Fold[]} */
    this.all = [];
    /** @type {Fold | null} The one that is open. */
    this.open = null;
    /** @param {Event} event */
    this.outside = (event) => {
      if (!this.holds(event.target)) this.unfold(null);
    };
  }

  /**
   * @param {HTMLButtonElement} button
   * @param {HTMLElement} part
   */
  add(button, part) {
    const fold = { button, part };
    this.all.push(fold);
    button.setAttribute("aria-expanded", "false");
    button.classList.add("sfx-unfold");
    part.classList.add("sfx-folded");
    button.addEventListener("click", () => this.unfold(this.open === fold ? null : fold));
    part.addEventListener("focusout", ({ relatedTarget: next }) => {
      if (this.open === fold && next && !this.holds(next)) this.unfold(null);
    });
    part.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || this.open !== fold) return;
      this.unfold(null);
      event.preventDefault();
      event.stopPropagation();
    });
  }

  /** Whether something is in the open part, or its button. @param {EventTarget | null} target */
  holds(target) {
    const { part, button } = this.open;
    return target instanceof Node && (part.contains(target) || button.contains(target));
  }

  /** Shows one part, or none: what had the focus in it gives it to the button. @param {Fold | null} wanted */
  unfold(wanted) {
    const before = this.open;
    if (before) {
      const hadFocus = before.part.contains(document.activeElement);
      this.mark(before, false);
      if (hadFocus && !wanted) before.button.focus();
      document.removeEventListener("pointerdown", this.outside, true);
    }
    this.open = wanted;
    if (!wanted) return;
    this.mark(wanted, true);
    document.addEventListener("pointerdown", this.outside, true);
    /** @type {HTMLElement | null} */ (wanted.part.querySelector("select, input, button:enabled"))?.focus();
  }

  /** @param {Fold} fold @param {boolean} isOpen */
  mark({ button, part }, isOpen) {
    part.classList.toggle("sfx-open", isOpen);
    button.setAttribute("aria-expanded", String(isOpen));
  }

  /**
   * Folds a part away before something else opens. Gives what that is beside: the element, or the button of its part
   * where the part is folded.
   *
   * @param {HTMLElement} element In one of the parts.
   */
  leave(element) {
    if (this.open?.part.contains(element)) this.unfold(null);
    return element.offsetParent ? element : this.all.find(({ part }) => part.contains(element)).button;
  }
}
