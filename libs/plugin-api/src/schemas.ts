import { z } from 'zod';

const DURATION_UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const SIZE_UNITS = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

/** A duration in YAML. Groups: the number and the unit. */
export const DURATION_PATTERN = /^(\d+)(ms|s|m|h|d)$/;
/** A size in YAML. Groups: the number and the unit. */
export const SIZE_PATTERN = /^(\d+)(B|KiB|MiB|GiB)$/;

/** The longest duration: ten years. A database cannot store the time at which a much longer one ends. */
export const MAX_DURATION = '3650d';
/** The largest size. */
export const MAX_SIZE = '1024GiB';
const MAX_DURATION_MS = 3650 * DURATION_UNITS.d;
const MAX_SIZE_BYTES = 1024 * SIZE_UNITS.GiB;

/**
 * Returns the milliseconds of a duration such as `500ms`, `2s`, `5m`, `8h`, `30d`; undefined when the text is no duration, or a longer one
 * than {@link MAX_DURATION}.
 */
export function parseDuration(text: string): number | undefined {
  const match = DURATION_PATTERN.exec(text);
  const ms = Number(match?.[1]) * DURATION_UNITS[match?.[2] as keyof typeof DURATION_UNITS];
  return ms <= MAX_DURATION_MS ? ms : undefined;
}

/**
 * Returns the bytes of a size such as `512B`, `256KiB`, `4MiB`, `1GiB`; undefined when the text is no size, or a larger one than
 * {@link MAX_SIZE}.
 */
export function parseSize(text: string): number | undefined {
  const match = SIZE_PATTERN.exec(text);
  const bytes = Number(match?.[1]) * SIZE_UNITS[match?.[2] as keyof typeof SIZE_UNITS];
  return bytes <= MAX_SIZE_BYTES ? bytes : undefined;
}

/**
 * Returns the schema of a secret. Logs, dumps, the console and the output of tests mask its value, and sluice.yaml must take it from
 * `${{ env.… }}`.
 */
export const secret = () => z.string().min(1).meta({ secret: true, writeOnly: true });

/**
 * Returns the schema of a duration with a unit; the plugin receives milliseconds. Write defaults as `.prefault('10s')`, not `.default()`.
 */
export const duration = () =>
  z
    .string()
    .regex(DURATION_PATTERN, 'a duration is a number with one unit: 500ms, 2s, 5m, 8h, 30d')
    .refine((text) => !DURATION_PATTERN.test(text) || parseDuration(text) !== undefined, `a duration is at most ${MAX_DURATION}`)
    .transform((text) => parseDuration(text) as number);

/** Returns the schema of a size with a unit; the plugin receives bytes. Write defaults as `.prefault('4MiB')`, not `.default()`. */
export const size = () =>
  z
    .string()
    .regex(SIZE_PATTERN, 'a size is a number with one unit: 512B, 256KiB, 4MiB, 1GiB')
    .refine((text) => !SIZE_PATTERN.test(text) || parseSize(text) !== undefined, `a size is at most ${MAX_SIZE}`)
    .transform((text) => parseSize(text) as number);
