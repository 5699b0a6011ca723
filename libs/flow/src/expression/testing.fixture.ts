import type { Condition, SourceLocation, Scope, TextTemplate } from '../model.js';
import { compileCondition, compileTemplate, compileText, parseText, type TemplateSource } from './index.js';

export const LOCATION: SourceLocation = { file: 'flows/web-order.yaml', line: 31, column: 18 };
const locationOf = (): SourceLocation => LOCATION;

/** Returns a scope with these data. Its time is 2026-02-01T07:00:00Z. */
export function scopeOf(data: unknown, context: Partial<Scope['context']> = {}): Scope {
  return {
    trigger: { id: 'e1', type: 'order.created', data },
    steps: { party: { Наименование: 'ООО Ромашка' } },
    vars: { limit: 5 },
    env: { NAME: 'text' },
    run: { id: 'r1', flow: 'f', startedAt: '2026-02-01T07:00:00.000Z' },
    context: {
      now: Date.UTC(2026, 1, 1, 7),
      uuid: (name) => `uuid of ${name ?? 'the count'}`,
      timezone: 'Europe/Moscow',
      country: 'RU',
      ...context,
    },
  };
}

/** Converts a plain value to the source of a template. */
export function sourceOf(value: unknown): TemplateSource {
  if (typeof value === 'string') return { kind: 'text', text: parseText(value), locationOf };
  if (Array.isArray(value)) return { kind: 'list', items: value.map(sourceOf) };
  if (typeof value !== 'object' || value === null) return { kind: 'value', value };
  return { kind: 'map', entries: Object.entries(value).map(([key, item]) => [key, sourceOf(item)] as const) };
}

export async function render(value: unknown, scope: Scope): Promise<unknown> {
  return compileTemplate(sourceOf(value)).render(scope);
}

/** Returns the value of one whole expression. */
export async function evaluate(source: string, scope: Scope = scopeOf({})): Promise<unknown> {
  return render(`\${{ ${source} }}`, scope);
}

export function text(source: string): TextTemplate {
  return compileText(parseText(source), locationOf);
}

export function condition(source: string): Condition {
  return compileCondition(parseText(source), locationOf);
}
