// The time of a running sweep: it counts on between two words of the kernel, and notices when no word comes any more.

/**
 * @typedef {object} Times In seconds: since the start, until the end and until the first picture, as expected.
 * @property {number} [elapsed]
 * @property {number | null} [left]
 * @property {number | null} [first]
 */

const SILENCE = 45; // seconds; the kernel tells the time every five

/** @param {number} seconds A time that has passed. */
export function passed(seconds) {
  const whole = Math.floor(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** @param {number} seconds A time that is expected. */
export function expected(seconds) {
  if (seconds < 1) return "less than 1 s";
  if (seconds < 90) return `about ${Math.round(seconds)} s`;
  return seconds < 5400 ? `about ${Math.round(seconds / 60)} min` : `about ${(seconds / 3600).toFixed(1)} h`;
}

/**
 * The times in words, as the terminal has them.
 *
 * @param {Times} times
 */
export function timesInWords({ elapsed = 0, left = null, first = null }) {
  const so_far = passed(elapsed);
  if (first !== null) {
    const isLate = elapsed > Math.max(1, 1.2 * first);
    const usual = expected(first);
    return isLate
      ? `${so_far}, longer than the usual ${usual.replace("about ", "")}`
      : `${so_far}, first picture after ${usual}`;
  }
  return left ? `${so_far} · ${expected(left)} left` : so_far;
}

export class Clock {
  /** @param {Times} times */
  constructor(times) {
    this.times = times;
    this.toldAt = performance.now();
  }

  /** @param {Times} times */
  tell(times) {
    this.times = times;
    this.toldAt = performance.now();
  }

  /** Seconds since the kernel told the time. */
  get silence() {
    return (performance.now() - this.toldAt) / 1000;
  }

  get isSilent() {
    return this.silence > SILENCE;
  }

  /** The time now. */
  get now() {
    const { elapsed = 0, left = null, first = null } = this.times;
    return { elapsed: elapsed + this.silence, left: left === null ? null : Math.max(0, left - this.silence), first };
  }
}
