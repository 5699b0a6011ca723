import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import path from 'node:path';

const css = readFileSync(path.join('libs', 'web-ui', 'ui', 'styles', 'tokens.css'), 'utf8');
const tokens = new Map(
  [...css.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)].map(([, name = '', light = '', dark = '']) => [
    name,
    { light, dark },
  ]),
);

const TONES = ['info', 'good', 'warn', 'bad', 'odd', 'calm'];
/** Texts on backgrounds: 4.5 to 1 (https://www.w3.org/TR/WCAG22/#contrast-minimum). */
const TEXTS = [
  ...['bg', 'surface', 'raised', 'sunken', 'hover', 'selected'].flatMap((background) => [
    ['ink', background],
    ['ink-2', background],
  ]),
  ...TONES.map((tone) => [`${tone}-ink`, `${tone}-bg`]),
  ...['accent', 'accent-hover'].map((background) => ['on-accent', background]),
  ['on-danger', 'danger'],
  ...['bg', 'surface', 'raised'].flatMap((background) => [
    ['link', background],
    ['danger', background],
  ]),
];
/** Edges of controls and marks: 3 to 1 (https://www.w3.org/TR/WCAG22/#non-text-contrast). */
const EDGES = [
  ['edge', 'surface'],
  ['edge', 'raised'],
  ['focus', 'surface'],
  ['focus', 'bg'],
  ...TONES.map((tone) => [`${tone}-edge`, 'surface']),
];

describe.each(['light', 'dark'] as const)('the %s tokens', (theme) => {
  const colour = (name: string) => {
    const found = tokens.get(name)?.[theme];
    if (found === undefined) throw new Error(`tokens.css has no colour --${name}`);
    return found;
  };

  it.each(TEXTS)('let %s be read on %s', (text = '', background = '') => {
    expect(contrast(colour(text), colour(background))).toBeGreaterThanOrEqual(4.5);
  });

  it.each(EDGES)('let %s be seen on %s', (edge = '', background = '') => {
    expect(contrast(colour(edge), colour(background))).toBeGreaterThanOrEqual(3);
  });
});

/** https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio */
function contrast(one: string, other: string): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
