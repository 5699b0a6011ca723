import type { ReplyStep } from '@sluice/flow';
import { engineFail, type Reply } from '@sluice/plugin-api';
import { chain, isPromise, type MaybePromise } from '../../maybe-promise.js';
import type { Verb } from './verb.js';

export const reply: Verb<ReplyStep> = (_context, hop, { step, next }) => {
  const { scope } = hop;
  const values: readonly MaybePromise<unknown>[] = [
    step.status.render(scope),
    step.headers.render(scope),
    step.data?.render(scope),
  ];
  return chain(values.some(isPromise) ? Promise.all(values) : values, ([status, headers, data]: readonly unknown[]) => {
    const made = checkedReply(status, headers, data);
    hop.recorder?.replied(hop.recorded, hop.pathOf(step.id), made);
    hop.reply(made);
    return next;
  });
};

function checkedReply(status: unknown, headers: unknown, data: unknown): Reply {
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 200 || status > 599) {
    throw engineFail.INPUT_INVALID(`the status of a reply is a whole number from 200 to 599, not ${JSON.stringify(status)}`);
  }
  const texts = Object.entries((headers ?? {}) as Record<string, unknown>).map(([name, value]) => {
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
      throw engineFail.INPUT_INVALID(
        `the header "${name}" of a reply is ${value === null ? 'null' : 'a list or a map'}, not a text`,
      );
    return [name.toLowerCase(), String(value)];
  });
  return { status, headers: Object.fromEntries(texts) as Record<string, string>, ...(data !== undefined && { data }) };
}
