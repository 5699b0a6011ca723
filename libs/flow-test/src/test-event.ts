import { readData } from '@sluice/engine';
import type { Flow, TestEvent } from '@sluice/flow';
import { writeBody, type EventAttributes, type EventMessage } from '@sluice/plugin-api';
import { CALLER } from './recording-broker.js';

/**
 * Returns an event of a test as its source would send it; what the test leaves out is filled in.
 *
 * @param index of the event in the test, from 0
 * @param now milliseconds since 1970
 */
export function messageOf(flow: Flow, { event }: TestEvent, index: number, now: number): EventMessage {
  const { data, ...given } = event;
  const contentType = typeof given['datacontenttype'] === 'string' ? given['datacontenttype'] : contentTypeOf(data);
  const attributes: EventAttributes = {
    id: `e${index + 1}`,
    source: '/test',
    type: typeOf(flow),
    time: new Date(now).toISOString(),
    acceptedat: now,
    datacontenttype: contentType,
    replyto: CALLER,
    ...given,
  };
  return { attributes, body: data === undefined ? Buffer.alloc(0) : Buffer.from(writeBody(contentType, data)) };
}

function contentTypeOf(data: unknown): string {
  return typeof data === 'string' ? 'text/plain; charset=utf-8' : 'application/json';
}

/** Returns a type that the flow takes. */
function typeOf({ trigger }: Flow): string {
  if (trigger.kind === 'event') return (trigger.types[0] ?? 'test').replaceAll(/[*#]/g, 'any');
  return trigger.kind === 'plugin' ? `${trigger.plugin}.${trigger.trigger}` : `sluice.${trigger.kind}`;
}

/** Returns an emitted event in the shape that expectations have. */
export function viewOf({ attributes, body }: EventMessage): Readonly<Record<string, unknown>> {
  const data = body.length === 0 ? undefined : readData(attributes, body);
  return { ...attributes, ...(data !== undefined && { data }) };
}
