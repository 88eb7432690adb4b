// Labels of the gallery's rows, columns and groups. Prompts often begin alike, and a label shows only its beginning.

/** Labels up to this length are shown whole. */
const LONGEST_WHOLE = 40;

/** A shorter common beginning is shown. */
const LEAST_LEFT_OUT = 16;

/**
 * How labels are shown: without the words with which all long ones begin.
 *
 * @param {string[]} labels
 * @returns {(label: string) => string}
 */
export function labelsApart(labels) {
  const long = [...new Set(labels)].filter((label) => label.length > LONGEST_WHOLE);
  const beginning = long.length > 1 ? commonWords(long) : "";
  if (beginning.length < LEAST_LEFT_OUT) return (label) => label;
  return (label) =>
    label.startsWith(beginning) && long.includes(label) ? `… ${label.slice(beginning.length)}` : label;
}

/** @param {string[]} texts */
function commonWords(texts) {
  let length = texts[0].length;
  for (const text of texts) {
    let at = 0;
    while (at < length && text[at] === texts[0][at]) at++;
    length = at;
  }
  return texts[0].slice(0, texts[0].slice(0, length).lastIndexOf(" ") + 1);
}
