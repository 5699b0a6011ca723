import { parseJson } from '@sluice/plugin-api';
import type { Field, Types } from '../schema/types.js';
import { xs, type Name } from '../xml/names.js';

/** Converts arguments that are not strings to JSON where the type of the parameter is a string. */
export function toJsonTexts(
  values: Readonly<Record<string, unknown>>,
  fields: readonly Field[],
  types: Types,
): Record<string, unknown> {
  const texts = new Set(fields.filter(({ type }) => isText(type, types)).map(({ key }) => key));
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, texts.has(key) && needsJson(value) ? JSON.stringify(value) : value]),
  );
}

/** Parses the string results that are JSON. */
export function fromJsonTexts(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, typeof value === 'string' ? parsed(value) : value]),
  );
}

function needsJson(value: unknown): boolean {
  return typeof value !== 'string' && value !== undefined && value !== null;
}

function isText(type: Name, types: Types): boolean {
  if (type === xs('string')) return true;
  const definition = types.get(type);
  return definition?.kind === 'simple' && isText(definition.base, types);
}

function parsed(text: string): unknown {
  try {
    return parseJson(text, 'text');
  } catch {
    return text; // such as a plain "OK"
  }
}
