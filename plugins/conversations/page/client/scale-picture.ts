import { isScalable, scaledSize } from '../model/pictures.js';

const QUALITY = 0.85;

/** Returns a smaller copy of a large picture, and every other file as it is. A picture that the browser cannot read is sent as it is. */
export async function scalePicture(file: File): Promise<Blob> {
  if (!isScalable(file.type)) return file;
  const bitmap = await createImageBitmap(file).catch(() => undefined);
  if (!bitmap) return file;
  try {
    const size = scaledSize({ type: file.type, bytes: file.size }, bitmap);
    if (!size) return file;
    const canvas = new OffscreenCanvas(size.width, size.height);
    canvas.getContext('2d')?.drawImage(bitmap, 0, 0, size.width, size.height);
    // PNG keeps transparency; photographs become JPEG
    const type = file.type === 'image/png' ? 'image/webp' : file.type;
    const scaled = await canvas.convertToBlob({ type, quality: QUALITY });
    return scaled.size < file.size ? scaled : file;
  } finally {
    bitmap.close();
  }
}
