import { describe, expect, it } from '@jest/globals';
import { Ledger } from './ledger.js';

const reply = { status: 200, body: '' };

/** Makes one call, from its arrival to its reply. */
function carryOut(ledger: Ledger, id: string): void {
  ledger.see(id);
  ledger.claim(id);
  ledger.done(id, reply);
}

describe('the ledger of the stand-in for 1C', () => {
  it('keeps only the newest ids and counts all of them', () => {
    const ledger = new Ledger(3);
    for (const id of ['a', 'b', 'c', 'd', 'e']) carryOut(ledger, id);
    const seen = (first: number) => ({ count: 1, first, unanswered: 0 });
    expect(ledger.toJSON()).toEqual({ c: seen(3), d: seen(4), e: seen(5) });
    expect(ledger.distinct).toBe(5);
  });

  it('answers a kept id again and repeats the work of a forgotten one', () => {
    const ledger = new Ledger(2);
    for (const id of ['a', 'b', 'c']) carryOut(ledger, id);
    expect(ledger.claim('c')).toEqual({ kind: 'done', reply });
    expect(ledger.claim('a')).toEqual({ kind: 'run' });
  });

  it('never forgets an id whose work is running', () => {
    const ledger = new Ledger(1);
    ledger.see('running');
    ledger.claim('running');
    for (const id of ['a', 'b']) carryOut(ledger, id);
    expect(ledger.claim('running')).toEqual({ kind: 'running' });
  });
});
