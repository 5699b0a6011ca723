import { BODY_CODES, failures } from '@sluice/plugin-api';
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import { z } from 'zod';

const body = failures(BODY_CODES);

/** Longest text that a `pattern` is tried on: a pattern can be slow, and the text is a stranger's. */
const LONGEST_MATCHED = 10_240;

function boundedPattern(pattern: string, flags: string): { test(text: string): boolean; toString(): string } {
  const regExp = new RegExp(pattern, flags);
  return {
    test: (text) => text.length <= LONGEST_MATCHED && regExp.test(text),
    toString: () => String(regExp), // ajv tells patterns apart by it
  };
}

// formats are annotations, as JSON Schema has them by default (2020-12 validation, 7.2.1)
const newAjv = () =>
  new Ajv2020({
    strict: false,
    validateFormats: false,
    code: { regExp: Object.assign(boundedPattern, { code: 'boundedPattern' }) },
  });

/** A JSON Schema (2020-12) for the data of an event. */
export const bodySchema = z.record(z.string(), z.unknown()).superRefine((schema, context) => {
  try {
    newAjv().compile(schema);
  } catch (error) {
    context.addIssue({ code: 'custom', message: `not a JSON Schema: ${error instanceof Error ? error.message : String(error)}` });
  }
});

/** A check that throws `BODY_INVALID` with a JSON Pointer to what does not fit. */
export function checkerOf(schema: Readonly<Record<string, unknown>>): (data: unknown) => void {
  const validate = newAjv().compile(schema);
  return (data) => {
    if (validate(data)) return;
    const [error] = validate.errors ?? [];
    const pointer = pointerOf(error);
    throw body.BODY_INVALID(`the body at ${pointer || 'its top'} ${error?.message ?? 'does not fit'}`, {
      details: { pointer },
      sent: 'no',
    });
  };
}

/** To the unknown property itself, not to the object that holds it. */
function pointerOf(error: ErrorObject | undefined): string {
  const extra: unknown = error?.params['additionalProperty'];
  const path = error?.instancePath ?? '';
  return typeof extra === 'string' ? `${path}/${extra.replaceAll('~', '~0').replaceAll('/', '~1')}` : path;
}
