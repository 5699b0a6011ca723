/** The longer side of a picture after scaling, in pixels: sharp on a full screen, small to send. */
export const MAX_SIDE_PX = 1_920;
/** Smaller files are sent as they are. */
export const MIN_SCALED_BYTES = 400_000;

/** Types that a canvas can draw and encode without a loss that people notice. An animated GIF would stop. */
const SCALABLE = new Set(['image/jpeg', 'image/png', 'image/webp']);
/** Types that the page shows in place. SVG may contain scripts and is offered for download only. */
const SHOWN = new Set([...SCALABLE, 'image/gif', 'image/avif']);

/** Returns the size in pixels after scaling, or `undefined` if the file is sent as it is. */
export function scaledSize(
  { type, bytes }: { type: string; bytes: number },
  { width, height }: { width: number; height: number },
): { width: number; height: number } | undefined {
  if (!SCALABLE.has(type)) return undefined;
  const factor = Math.min(1, MAX_SIDE_PX / Math.max(width, height));
  if (factor === 1 && bytes < MIN_SCALED_BYTES) return undefined;
  return { width: Math.max(1, Math.round(width * factor)), height: Math.max(1, Math.round(height * factor)) };
}

export function isScalable(type: string): boolean {
  return SCALABLE.has(type);
}

export function isShownPicture(type: string): boolean {
  return SHOWN.has(type);
}
