import { describe, expect, it } from '@jest/globals';
import type { EventAttributes } from '@sluice/plugin-api';
import { createColors } from 'picocolors';
import { eventLines } from './event-lines.js';

const event = { id: '0198a1f2-0000-7000-8000-000000000000', type: 'order.created' } as EventAttributes;
const call = {
  flow: 'hello',
  step: 'save',
  plugin: 'onec-http',
  action: 'call',
  connection: 'erp',
  input: { method: 'SaveOrder' },
  attempt: 1,
  ms: 53,
  waitedMs: 0,
  inFlight: 1,
  limit: 4,
};

function told() {
  const lines: string[] = [];
  const observer = eventLines({
    write: (line) => lines.push(line),
    colors: createColors(false),
    now: () => new Date(2026, 2, 14, 12, 3, 41),
    types: ['order.created', 'visit.planned'],
  });
  return { lines, observer };
}

describe('event lines', () => {
  it('show the event and its call', () => {
    const { lines, observer } = told();
    observer.accepted(event, 7);
    observer.called(call);
    expect(lines).toEqual([
      '12:03:41 order.created 0198a1f2-0000-7000-8000-000000000000 accepted in 7 ms',
      '12:03:41  hello/save → erp SaveOrder, done in 53 ms (in 1C now 1 of 4)',
    ]);
  });

  it('suggest the most similar type when no flow takes an event', () => {
    const { lines, observer } = told();
    observer.unrouted({ ...event, type: 'order.craeted' });
    observer.unrouted({ ...event, type: 'stock.counted' });
    expect(lines).toEqual([
      `12:03:41 order.craeted ${event.id} is kept: no flow takes it (did you mean order.created? npx sluice unrouted ls)`,
      `12:03:41 stock.counted ${event.id} is kept: no flow takes it (npx sluice unrouted ls)`,
    ]);
  });

  it('show the operation, and no limit where the connection has none', () => {
    const { lines, observer } = told();
    observer.called({ ...call, plugin: 'onec-soap', input: { service: 'ОбменССайтом', operation: 'ЗагрузитьЗаказ' } });
    observer.called({ ...call, plugin: 'tcp-gateway', connection: 'desktops', action: 'send', input: {}, limit: Infinity });
    expect(lines).toEqual([
      '12:03:41  hello/save → erp ЗагрузитьЗаказ, done in 53 ms (in 1C now 1 of 4)',
      '12:03:41  hello/save → desktops send, done in 53 ms',
    ]);
  });

  it('show why a call failed and how to list parked runs', () => {
    const { lines, observer } = told();
    const error = { code: 'REJECTED', fate: 'rejected' as const, message: 'Контрагент заблокирован', step: 'save' };
    observer.called({ ...call, error });
    observer.parked('hello', error, event);
    expect(lines).toEqual([
      '12:03:41  hello/save → erp SaveOrder, REJECTED in 53 ms (in 1C now 1 of 4): Контрагент заблокирован',
      '12:03:41  hello/save parked 0198a1f2-0000-7000-8000-000000000000: REJECTED Контрагент заблокирован (npx sluice parked ls)',
    ]);
  });
});
