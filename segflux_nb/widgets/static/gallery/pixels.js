// The pixels of pictures, and where two differ.

import { el } from "../shared/dom.js";
import { labThumbnail, meanDifference } from "./differences.js";

const GAIN = 3; // differences are drawn this many times brighter than they are

/**
 * The mean difference of two pictures.
 *
 * @param {ImageData} one
 * @param {ImageData} other
 */
export function thumbnailDifference(one, other) {
  const [a, b] = [one, other].map(({ data, width, height }) => labThumbnail(data, width, height));
  return meanDifference(a, b);
}

/**
 * The pixels of a picture.
 *
 * @param {string | undefined} url
 */
export async function pixelsOf(url) {
  const image = new Image();
  image.src = url;
  await image.decode();
  return drawn(image, image.naturalWidth, image.naturalHeight);
}

/**
 * @param {CanvasImageSource} image
 * @param {number} width
 * @param {number} height
 */
function drawn(image, width, height) {
  const canvas = el("canvas", { width, height });
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.drawImage(image, 0, 0, width, height);
  return pen.getImageData(0, 0, width, height);
}

/**
 * Draws where two pictures differ.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {ImageData} one Its size is the canvas's.
 * @param {ImageData} other
 */
export function drawDifference(canvas, one, other) {
  canvas.width = one.width;
  canvas.height = one.height;
  const a = new ImageData(new Uint8ClampedArray(one.data), one.width, one.height);
  const b = other.width === one.width && other.height === one.height ? other : resized(other, one.width, one.height);
  for (let at = 0; at < a.data.length; at += 4) {
    let apart = 0;
    for (let channel = at; channel < at + 3; channel++) apart += Math.abs(a.data[channel] - b.data[channel]);
    a.data[at] = a.data[at + 1] = a.data[at + 2] = (GAIN * apart) / 3;
  }
  canvas.getContext("2d").putImageData(a, 0, 0);
}

/**
 * @param {ImageData} picture
 * @param {number} width
 * @param {number} height
 */
function resized(picture, width, height) {
  const canvas = el("canvas", { width: picture.width, height: picture.height });
  canvas.getContext("2d").putImageData(picture, 0, 0);
  return drawn(canvas, width, height);
}
