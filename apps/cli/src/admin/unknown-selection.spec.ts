import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { noteUnknownNames } from './unknown-selection.js';

const status = async () =>
  ({
    hosts: [
      { live: true, flows: { orders: {}, 'print-order': {} } },
      { live: false, flows: { removed: {} } },
    ],
    connections: [{ connection: 'erp' }, { connection: 'site' }],
  }) as never;
const parked = async () => ({ items: [{ step: 'save' }, { step: 'print' }] }) as never;

describe('names that select no runs', () => {
  const written = jest.spyOn(process.stderr, 'write').mockReturnValue(true);

  afterEach(() => {
    written.mockClear();
  });

  it.each([
    [{ flow: 'oders' }, ['the host has no flow "oders": did you mean orders?']],
    [{ flow: 'removed' }, ['the host has no flow "removed": the flows are: orders, print-order']],
    [{ connection: 'epr' }, ['the host has no connection "epr": did you mean erp?']],
    [{ step: 'svae' }, ['no parked run has failed at a step "svae": did you mean save?']],
    [
      { flow: 'a\u001b[31m', connection: 'x' },
      [
        'the host has no flow "a\\u001b[31m": the flows are: orders, print-order',
        'the host has no connection "x": the connections are: erp, site',
      ],
    ],
    [{ flow: 'orders', connection: 'erp', step: 'save' }, []],
    [{}, []],
  ])('are named with the nearest ones: %j', async (selected, expected) => {
    await noteUnknownNames({ status, parked }, selected);
    expect(written.mock.calls.map(([line]) => String(line).trimEnd())).toEqual(expected);
  });
});
