import { z } from 'zod';

const DURATION_UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const SIZE_UNITS = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

export const DURATION_PATTERN = /^(\d+)(ms|s|m|h|d)$/;
export const SIZE_PATTERN = /^(\d+)(B|KiB|MiB|GiB)$/;

/** Milliseconds of `500ms`, `2s`, `5m`, `8h`, `30d`; undefined when the text is none of them. */
export function parseDuration(text: string): number | undefined {
  const match = DURATION_PATTERN.exec(text);
  return match ? Number(match[1]) * DURATION_UNITS[match[2] as keyof typeof DURATION_UNITS] : undefined;
}

/** Bytes of `512B`, `256KiB`, `4MiB`, `1GiB`; undefined when the text is none of them. */
export function parseSize(text: string): number | undefined {
  const match = SIZE_PATTERN.exec(text);
  return match ? Number(match[1]) * SIZE_UNITS[match[2] as keyof typeof SIZE_UNITS] : undefined;
}

/** A text that is masked in logs, dumps, the console and test output, and that must come from `${{ env.… }}` in sluice.yaml. */
export const secret = () => z.string().min(1).meta({ secret: true, writeOnly: true });

/** A duration with a unit, as everywhere in YAML; the plugin gets milliseconds. Give defaults with `.prefault('10s')`, not `.default()`. */
export const duration = () =>
  z
    .string()
    .regex(DURATION_PATTERN, 'a duration carries one unit: 500ms, 2s, 5m, 8h, 30d')
    .transform((text) => parseDuration(text) as number);

/** A size with a unit; the plugin gets bytes. Give defaults with `.prefault('4MiB')`. */
export const size = () =>
  z
    .string()
    .regex(SIZE_PATTERN, 'a size carries one unit: 512B, 256KiB, 4MiB, 1GiB')
    .transform((text) => parseSize(text) as number);
