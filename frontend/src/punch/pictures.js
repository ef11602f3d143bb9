// The camera: a photo of the scene, made small before it is sent.

import { hex, sha256 } from "./bytes.js";

const LONGEST = 1_280;
const QUALITY = 0.82;

/** Show the camera at the back in a <video>; return a function that ends it. Throws without one. */
export async function openCamera(video) {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: false,
    video: { facingMode: { ideal: "environment" }, width: { ideal: 1_280 }, height: { ideal: 960 } },
  });
  video.srcObject = stream;
  await video.play();
  return () => {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  };
}

/**
 * Draw a picture small into `canvas` and return { bytes, type, sha256 }.
 *
 * It is drawn anew, so that nothing that the camera wrote into the file goes along.
 */
export async function takePhoto(source, width, height, canvas) {
  const scale = Math.min(1, LONGEST / Math.max(width, height));
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.getContext("2d").drawImage(source, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((take) => {
    canvas.toBlob(take, "image/jpeg", QUALITY);
  });
  // Some browsers keep no Blob across a restart; bytes are kept everywhere.
  const bytes = await blob.arrayBuffer();
  return { bytes, type: blob.type, sha256: hex(await sha256(bytes)) };
}

/** Read a photo that another program took. Throws if it is none. */
export async function photoOfFile(file, canvas) {
  const picture = await createImageBitmap(file);
  try {
    return await takePhoto(picture, picture.width, picture.height, canvas);
  } finally {
    picture.close();
  }
}
