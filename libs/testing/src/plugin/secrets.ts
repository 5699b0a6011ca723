import { viewError } from '@sluice/plugin-api';
import { z } from 'zod';
import type { LogLine } from './fake-host.js';

/** Returns the values of a connection's secret fields. */
export function secretsIn(schema: z.ZodType, connection: unknown): string[] {
  return collect(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }), connection);
}

/** Returns everything that a person can see of failures and of a log, as one text. */
export function visibleText(errors: readonly unknown[], lines: readonly LogLine[]): string {
  const shown = errors.map((error) => [viewError(error), String((error as Error).stack), String((error as Error).cause)]);
  return JSON.stringify([shown, lines]);
}

function collect(schema: unknown, value: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const { secret, properties } = schema as { secret?: unknown; properties?: Record<string, unknown> };
  if (secret === true) return typeof value === 'string' ? [value] : [];
  if (!properties || typeof value !== 'object' || value === null) return [];
  return Object.entries(properties).flatMap(([key, part]) => collect(part, (value as Record<string, unknown>)[key]));
}
