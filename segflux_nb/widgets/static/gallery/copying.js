// Copies: texts, and pictures as PNG, which is what clipboards take.

/**
 * Copies a text; says whether the browser permitted it.
 *
 * @param {string} text
 */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Copies a picture; says whether the browser permitted it.
 *
 * @param {string | undefined} url
 */
export async function copyPicture(url) {
  try {
    await navigator.clipboard.write([new ClipboardItem({ "image/png": png(url) })]);
    return true;
  } catch {
    return false;
  }
}

/** @param {string | undefined} url */
async function png(url) {
  const image = new Image();
  image.src = url;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  canvas.getContext("2d").drawImage(image, 0, 0);
  return await new Promise((done) => canvas.toBlob(done, "image/png"));
}
