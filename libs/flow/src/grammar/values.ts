import { DURATION_PATTERN, MAX_DURATION, MAX_SIZE, parseDuration, parseSize, SIZE_PATTERN } from '@sluice/plugin-api';
import { opensExpression, parseText } from '../expression/index.js';
import type { Rate } from '../model.js';
import { nearest } from '../nearest.js';
import { replacing, type Cure, type Report } from '../report.js';
import type { ScalarNode, YamlNode } from '../yaml/nodes.js';
import { quoted, scalarText, sourceOf } from '../yaml/spell.js';
import { meantDuration } from './almost-duration.js';
import { reportLater } from './fields.js';

/** Reads a literal text. Texts that define the structure of a flow must not contain expressions. */
export function readText(node: YamlNode | undefined, key: string, report: Report): string | undefined {
  if (node === undefined) return undefined;
  if (node.kind !== 'scalar' || typeof node.value !== 'string') {
    return refuse(node, `${key} is a text`, report, textCure(node, key, report));
  }
  if (opensExpression(node.value)) return refuse(node, `${key} takes no expression`, report, { do: 'write the value itself' });
  return node.value;
}

/**
 * Reads one of a few words.
 * @param later the words of a later release, each with the cure that replaces it until then
 */
export function readChoice<Choice extends string>(
  node: YamlNode | undefined,
  key: string,
  choices: readonly Choice[],
  report: Report,
  later: Readonly<Record<string, string>> = {},
): Choice | undefined {
  if (node === undefined) return undefined;
  const value = node.kind === 'scalar' ? node.value : undefined;
  const choice = choices.find((one) => one === value);
  if (choice !== undefined) return choice;
  if (typeof value === 'string' && Object.hasOwn(later, value)) {
    reportLater(node, `${key}: ${value}`, report, later[value]);
    return undefined;
  }
  const near = typeof value === 'string' ? nearest(value, choices) : undefined;
  const cure = near === undefined ? { do: `write one of them: ${key}: ${choices[0]}` } : writing(node, key, near);
  return refuse(node, `${key} is ${oneOf(choices)}`, report, cure);
}

/**
 * Reads a duration and returns it in milliseconds.
 * @param minMs the shortest one: 0 where nothing to wait for is a sensible value
 */
export function readDuration(node: YamlNode | undefined, key: string, report: Report, minMs: 0 | 1 = 1): number | undefined {
  if (node === undefined) return undefined;
  const value = node.kind === 'scalar' ? node.value : undefined;
  const duration = typeof value === 'string' ? parseDuration(value) : undefined;
  if (duration !== undefined && duration < minMs)
    return refuse(node, `${key} must be longer than 0`, report, { do: 'write a longer time, or delete the line' });
  if (duration !== undefined) return duration;
  if (typeof value === 'string' && DURATION_PATTERN.test(value))
    return refuse(node, `${key} is at most ${MAX_DURATION}`, report, writing(node, key, MAX_DURATION));
  if (typeof value === 'number' || (typeof value === 'string' && /^\d+$/.test(value))) {
    const meant = `${Math.ceil(Number(value))}s`;
    const cure = replacing(node, meant, `${key}: ${meant}  (ms, s, m, h or d)`);
    report.error(node, 'FLOW_DURATION', `${key}: ${value} has no unit`, cure);
  } else {
    const written = typeof value === 'string' ? `"${value}"` : 'this';
    const meant = typeof value === 'string' ? meantDuration(value) : undefined;
    report.error(
      node,
      'FLOW_DURATION',
      `${written} is not a duration`,
      meant === undefined ? { do: 'write one whole number and one unit: 500ms, 2s, 5m, 8h, 30d' } : writing(node, key, meant),
    );
  }
  return undefined;
}

/** Reads a size and returns it in bytes. */
export function readSize(node: YamlNode | undefined, key: string, report: Report): number | undefined {
  if (node === undefined) return undefined;
  const text = node.kind === 'scalar' && typeof node.value === 'string' ? node.value : '';
  if (parseSize(text) === undefined && SIZE_PATTERN.test(text))
    return refuse(node, `${key} is at most ${MAX_SIZE}`, report, writing(node, key, MAX_SIZE));
  return (
    parseSize(text) ??
    refuse(node, `${key} is a size with a unit: 512B, 256KiB, 4MiB, 1GiB`, report, {
      do: 'write a whole number and a unit: 4MiB',
    })
  );
}

const RATE = /^([1-9]\d{0,5})\/(s|m|h)$/;
const RATE_UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

export function readRate(node: YamlNode | undefined, key: string, report: Report): Rate | undefined {
  if (node === undefined) return undefined;
  const match = node.kind === 'scalar' && typeof node.value === 'string' ? RATE.exec(node.value) : null;
  if (!match)
    return refuse(node, `${key} is a whole number of at most 999999 per unit of time: 50/s, 30/m, 200/h`, report, {
      do: 'write a number, a slash and s, m or h: 50/s',
    });
  return { count: Number(match[1]), perMs: RATE_UNITS[match[2] as string] as number };
}

export function readInteger(
  node: YamlNode | undefined,
  key: string,
  bounds: { readonly min: number; readonly max?: number },
  report: Report,
): number | undefined {
  if (node === undefined) return undefined;
  const value = node.kind === 'scalar' ? node.value : undefined;
  const { min, max = Number.MAX_SAFE_INTEGER } = bounds;
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
  const range = bounds.max === undefined ? `from ${min}` : `from ${min} to ${max}`;
  const meant = nearestInteger(value, min, max);
  // only a number in quotes is certain to mean this number
  const cure = value === String(meant) ? writing(node, key, String(meant), String(meant)) : { write: `${key}: ${meant}` };
  return refuse(node, `${key} is a whole number ${range}`, report, cure);
}

/** Returns the integer within the bounds that is nearest to the value, or to 10 when the value is not a number. */
function nearestInteger(value: unknown, min: number, max: number): number {
  const given = Math.round(Number(value));
  return Number.isNaN(given) ? Math.min(max, Math.max(min, 10)) : Math.min(max, Math.max(min, given));
}

export function readBoolean(node: YamlNode | undefined, key: string, report: Report): boolean | undefined {
  if (node === undefined) return undefined;
  if (node.kind === 'scalar' && typeof node.value === 'boolean') return node.value;
  const meant = node.kind === 'scalar' ? meantBoolean(node.value) : undefined;
  const cure = meant === undefined ? { do: `write ${key}: true, or ${key}: false` } : writing(node, key, meant, meant);
  return refuse(node, `${key} is true or false`, report, cure);
}

export function readTexts(node: YamlNode | undefined, key: string, report: Report): string[] | undefined {
  if (node === undefined) return undefined;
  if (node.kind !== 'list') {
    const list = node.kind === 'scalar' ? `[${scalarText(String(node.value))}]` : '[one]';
    const cure = node.kind === 'scalar' ? writing(node, key, list, list) : { write: `${key}: ${list}` };
    return refuse(node, `${key} is a list of texts`, report, cure);
  }
  return node.items.map((item) => readText(item, `an item of ${key}`, report)).filter((text) => text !== undefined);
}

/** Reads a text that may contain expressions. */
export function readTemplateText(node: YamlNode | undefined, key: string, report: Report): ScalarNode | undefined {
  if (node === undefined) return undefined;
  if (node.kind === 'scalar' && typeof node.value === 'string') return node;
  return refuse(node, `${key} is a text`, report, textCure(node, key, report));
}

/** Reads `true`, `false` or one whole expression. The expression check verifies later that there is no text beside it. */
export function readCondition(node: YamlNode | undefined, key: string, report: Report): ScalarNode | undefined {
  if (node === undefined) return undefined;
  if (node.kind === 'scalar' && (typeof node.value === 'boolean' || opensExpression(node.value))) return node;
  return refuse(node, `${key} is one whole expression, true or false`, report, conditionCure(node, key));
}

/**
 * Reads one whole expression. The expression check verifies later that there is no text beside it.
 * @param cureOf returns the cure for any other value
 */
export function readExpression(
  node: YamlNode | undefined,
  key: string,
  report: Report,
  cureOf: (node: YamlNode) => Cure,
): ScalarNode | undefined {
  if (node === undefined) return undefined;
  if (node.kind === 'scalar' && opensExpression(node.value)) return node;
  return refuse(node, `${key} is one whole expression`, report, cureOf(node));
}

/** YAML 1.1 reads these words as true and false; YAML 1.2, and so this language, reads them as texts. */
const YES = /^(true|yes|on|да)$/i;
const NO = /^(false|no|off|нет)$/i;

function meantBoolean(value: unknown): 'true' | 'false' | undefined {
  if (YES.test(String(value))) return 'true';
  return NO.test(String(value)) ? 'false' : undefined;
}

function conditionCure(node: YamlNode, key: string): Cure {
  const meant = node.kind === 'scalar' ? meantBoolean(node.value) : undefined;
  if (meant !== undefined) return writing(node, key, meant, meant);
  if (node.kind === 'scalar' && typeof node.value === 'string') return expressionCure(node, key, barePart(node.value));
  return { do: `write for instance ${key}: \${{ trigger.data.vip }}` };
}

/** Returns the cure of a text that should be the source of one expression. It has a fix when the text is an expression. */
export function expressionCure(node: YamlNode, key: string, source: string): Cure {
  const text = quoted(`\${{ ${source} }}`);
  const parsed = parseText(`\${{ ${source} }}`);
  const isExpression = parsed.whole && parsed.problems.length === 0 && EXPRESSION.test(source) && !source.includes('\n');
  return isExpression ? writing(node, key, text, text) : { write: `${key}: ${text}` };
}

/** The beginning of a text that is an expression rather than words. */
const EXPRESSION = /^(?:[($]|(?:trigger|steps|vars|env|error|run|loop|item)\b|\w+\.\w|\w+ ?(?:[=<>]|!=))/;

/** Removes the expression marks of other languages: `{{ x }}`, `${x}`. */
function barePart(text: string): string {
  return /^\$?\{{1,2}\s*(.*?)\s*\}{1,2}$/s.exec(text.trim())?.[1] ?? text;
}

/** Returns the cure of a number or another value in place of a text: the value as it stands in the file, in quotes. */
function textCure(node: YamlNode, key: string, report: Report): Cure {
  const written = node.kind === 'scalar' && node.value !== null ? sourceOf(node, report.source) : undefined;
  return written === undefined ? { do: `write a text: ${key}: '…'` } : writing(node, key, quoted(written), quoted(written));
}

/**
 * Returns the cure that replaces the value of a key.
 * @param spelling the value in YAML; that of the text when absent
 */
export function writing(node: YamlNode, key: string, value: string, spelling = scalarText(value)): Cure {
  return replacing(node, spelling, `${key}: ${value}`);
}

function refuse(node: YamlNode, message: string, report: Report, cure: Cure): undefined {
  if (!(node.kind === 'scalar' && node.empty)) report.error(node, 'FLOW_VALUE', message, cure);
  return undefined;
}

function oneOf(choices: readonly string[]): string {
  return choices.length === 1 ? String(choices[0]) : `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`;
}
