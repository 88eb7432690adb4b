// The loupe: every tile shows the same place of its picture, several times as large.

const ZOOM = 4; // where no picture's width is known
const MOST_ZOOM = 16;
const STEP = 1.2;

/**
 * Moves the place that pictures show at their own size.
 *
 * @param {HTMLElement} element Whose pictures.
 * @param {[number, number]} move To the right and down: 1 is a twentieth of a picture.
 */
export function nudge(element, move) {
  ["--zx", "--zy"].forEach((name, n) => {
    const now = Number.parseFloat(element.style.getPropertyValue(name) || "50");
    element.style.setProperty(name, `${Math.max(0, Math.min(100, now + 5 * move[n]))}%`);
  });
}

/**
 * Points the loupe at the place under the pointer.
 *
 * @param {HTMLElement} element Below it, all pictures show that place.
 * @param {PointerEvent} event
 * @param {HTMLElement} frame The picture's, in which the place is measured.
 */
export function aim(element, event, frame) {
  const box = frame.getBoundingClientRect();
  element.style.setProperty("--zx", `${(100 * (event.clientX - box.left)) / box.width}%`);
  element.style.setProperty("--zy", `${(100 * (event.clientY - box.top)) / box.height}%`);
}

export class Loupe {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.isOn = false;
  }

  /**
   * Turns it on or off.
   *
   * @param {number | null | undefined} width Of the pictures, in pixels: at first they show at their own size.
   * @param {number} size Of a tile.
   */
  toggle(width, size) {
    this.isOn = !this.isOn;
    this.root.classList.toggle("sfx-zoomed", this.isOn);
    this.set(width ? Math.max(1, width / devicePixelRatio / size) : ZOOM);
  }

  /**
   * The wheel brings the loupe nearer or farther; without the loupe it scrolls.
   *
   * @param {WheelEvent} event
   */
  wheel(event) {
    if (!this.isOn) return;
    event.preventDefault();
    this.closer(event.deltaY < 0);
  }

  /** @param {boolean} isCloser */
  closer(isCloser) {
    const now = Number(this.root.style.getPropertyValue("--zoom")) || ZOOM;
    this.set(Math.min(MOST_ZOOM, Math.max(1, now * (isCloser ? STEP : 1 / STEP))));
  }

  /** @param {number} zoom */
  set(zoom) {
    this.root.style.setProperty("--zoom", String(zoom));
  }
}
