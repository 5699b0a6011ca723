const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Common spellings of the units, in English and in Russian. */
const UNITS: readonly (readonly [words: RegExp, ms: number])[] = [
  [/^(ms|msec|milliseconds?|мс|миллисекунд[аы]?)$/i, 1],
  [/^(s|secs?|seconds?|с|сек|секунд[аы]?)$/i, SECOND],
  [/^(m|mins?|minutes?|м|мин|минут[аы]?)$/i, MINUTE],
  [/^(h|hrs?|hours?|ч|час|часа|часов)$/i, HOUR],
  [/^(d|days?|д|дн|день|дня|дней)$/i, DAY],
];
const SPELLINGS = [
  ['d', DAY],
  ['h', HOUR],
  ['m', MINUTE],
  ['s', SECOND],
  ['ms', 1],
] as const;

/**
 * Returns the duration that the author of `5 s`, `5sec`, `1h30m`, `0.5s` or `5 минут` probably meant, in the notation of the language
 * (such as `90m`); undefined when the text does not look like a duration.
 */
export function meantDuration(text: string): string | undefined {
  const parts = [...text.matchAll(/(\d+(?:[.,]\d+)?)\s*(\p{Letter}+)\s*/gu)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text.trim()) return undefined;
  let ms = 0;
  for (const [, count, word] of parts) {
    const unit = UNITS.find(([words]) => words.test(word as string));
    if (!unit) return undefined;
    ms += Number((count as string).replace(',', '.')) * unit[1];
  }
  const spelling = SPELLINGS.find(([, unit]) => ms > 0 && Number.isInteger(ms / unit));
  return spelling && `${ms / spelling[1]}${spelling[0]}`;
}
