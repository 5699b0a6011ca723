import { isEventType, type Call } from '@sluice/plugin-api';
import { z } from 'zod';

/** The key of an action's input that requests {@link emitAnswer}. */
export const emitAs = z
  .string()
  .refine(isEventType, 'words of letters, digits, _ and - joined by dots')
  .optional()
  .describe(
    'publishes the answer as an event of this type: `{ id_request, ok: true, result }`, with `id_request` of the data, else the correlation id of the run, as its `correlationid` and `subject`',
  );

/**
 * Publishes the answer of a call as an event. Subject and `correlationid` are the `id_request` of the question, by which the requesting
 * base recognises the answer, otherwise those of the run.
 */
export function emitAnswer(call: Call, type: string | undefined, question: unknown, result: unknown): void {
  if (type === undefined) return;
  const id = idRequestOf(question) ?? call.correlationid;
  call.emit({ type, subject: id, correlationid: id, data: { id_request: id, ok: true, result } });
}

/** Returns the id that the requesting base assigned to its question. */
function idRequestOf(question: unknown): string | undefined {
  if (typeof question !== 'object' || question === null) return undefined;
  const id = (question as Record<string, unknown>)['id_request'];
  return typeof id === 'string' && id !== '' ? id : undefined;
}
