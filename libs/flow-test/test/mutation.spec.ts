import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { compareSurvivors, mutantsOf, OPERATORS, type Mutant } from '../src/mutation/index.js';

const FLOW = `sluice: 1
flow: orders
description: text for people
trigger:
  use: event
  with: { types: [order.created] }
  where: \${{ trigger.data.kind = "order" }}
deliver:
  key: \${{ trigger.subject }}
  dedupe: { key: '\${{ trigger.data.id }}', within: 1d }
steps:
  - id: small
    if: \${{ trigger.data.total < 100 }}
    stop: { reason: too small }
  - id: save
    use: erp.save
    connection: erp
    with:
      method: Save # the name in 1C
      data: { a: '\${{ trigger.data.a }}', b: '\${{ $decimal(trigger.data.b, 2) }}' }
      title: >-
        Order
        \${{ trigger.data.id }}
      wait: 30s
    onError:
      - when: \${{ error.fate != "rejected" }}
        output: { name: Unknown }
  - { id: lines, forEach: { in: '\${{ [trigger.data.lines] }}', onFailure: continue, steps: [{ id: one, set: 1 }] } }
catch:
  - id: failed
    raise: { code: BAD, message: bad, fate: fatal }
tests:
  - name: the tests are never changed
    expect: { outcome: done }
`;

const mutants = mutantsOf(FLOW);
const named = (name: string): Mutant => {
  const found = mutants.find((one) => one.name === `orders/${name}`);
  if (!found) throw new Error(`no mutant "${name}" among:\n${mutants.map((one) => one.name).join('\n')}`);
  return found;
};
/** The flow of a mutant as data. */
const data = (name: string): Record<string, unknown> =>
  parseAllDocuments(named(name).source)[0]?.toJS() as Record<string, unknown>;

describe('the mutants of a flow', () => {
  it('apply every operator, each to one place, under different names', () => {
    expect([...new Set(mutants.map(({ operator }) => operator))].sort()).toEqual(Object.keys(OPERATORS).sort());
    expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
    expect(mutants.filter(({ source }) => source === FLOW)).toEqual([]);
  });

  it('are readable YAML, whose tests and texts for people are those of the flow', () => {
    for (const { source } of mutants) {
      const [document] = parseAllDocuments(source);
      expect(document?.errors).toEqual([]);
      expect(document?.toJS()).toMatchObject({
        description: 'text for people',
        trigger: { with: { types: ['order.created'] } },
        tests: [{ name: 'the tests are never changed', expect: { outcome: 'done' } }],
      });
      expect(source).toContain('stop: { reason: too small }');
    }
  });

  it('negate, drop and shift conditions', () => {
    expect(named('small.if condition-negate').source).toContain('if: "${{ $not(trigger.data.total < 100) }}"');
    expect(data('small.if condition-drop')['steps']).toMatchObject([{ id: 'small', stop: {} }, {}, {}]);
    expect(named('small.if condition-drop').source).not.toContain('total < 100');
    expect(named('small.if condition-boundary < → <=').source).toContain('trigger.data.total <= 100');
    expect(named('trigger.where condition-drop').source).not.toContain('where');
  });

  it('drop, change and swap fields of a mapping, in both styles of YAML', () => {
    expect(named('save.with.method mapping-drop').source).toContain('with:\n       # the name in 1C\n      data:');
    expect(named('save.with.data.a mapping-drop').source).toContain("data: { b: '");
    expect(named('save.with.data.b mapping-drop').source).toContain("data: { a: '${{ trigger.data.a }}' }");
    expect(named('save.with.title mapping-drop').source).toContain('wait: 30s');
    expect(named('save.with.method mapping-constant "Save" → "Save~"').source).toContain('method: "Save~" # the name in 1C');
    expect(named('save.with.data.b mapping-constant 2 → 3').source).toContain('b: "${{ $decimal(trigger.data.b, 3) }}"');
    expect(named('save.with.wait mapping-constant "30s" → "31s"').source).toContain('wait: "31s"');
    expect(data('save.with.data mapping-swap a ↔ b')['steps']).toMatchObject([
      {},
      { with: { data: { a: '${{ $decimal(trigger.data.b, 2) }}', b: '${{ trigger.data.a }}' } } },
      {},
    ]);
    expect(named('save.onError.0.output.name mapping-drop').source).toContain('output: {}');
  });

  it('drop handlers and change fates', () => {
    expect(data('save.onError handler-drop')['steps']).toMatchObject([
      {},
      expect.not.objectContaining({ onError: expect.anything() }),
      {},
    ]);
    expect(data('catch handler-drop')['catch']).toBeUndefined();
    expect(named('save.onError.0.when handler-fate "rejected" → "fatal"').source).toContain('error.fate != \\"fatal\\"');
    expect(named('failed.raise.fate handler-fate fatal → rejected').source).toContain('fate: rejected }');
    expect(named('lines.forEach.onFailure handler-fate continue → finish').source).toContain('onFailure: finish');
  });

  it('leave a handler alone that only raises the error again', () => {
    const handlers = (handler: string) =>
      mutantsOf(`flow: t\nsteps:\n  - { id: a, try: { steps: [{ id: b, set: {} }], catch: ${handler} } }\n`).map(
        ({ name }) => name,
      );
    expect(handlers('[{ id: c, raise: {} }]')).toEqual([]);
    expect(handlers('[]')).toEqual(['t/a.try.catch handler-drop']);
  });

  it('drop the key and the deduplication', () => {
    expect(data('deliver.key key-drop')['deliver']).toEqual({ dedupe: { key: '${{ trigger.data.id }}', within: '1d' } });
    expect(data('deliver.dedupe dedupe-drop')['deliver']).toEqual({ key: '${{ trigger.subject }}' });
  });

  it('name the line of their mistake', () => {
    expect(named('small.if condition-negate').line).toBe(13);
    expect(named('save.with.method mapping-constant "Save" → "Save~"').line).toBe(19);
  });
});

describe('the list of survivors', () => {
  const results = [
    { operator: 'mapping-drop', name: 'a', verdict: 'survived' },
    { operator: 'mapping-drop', name: 'b', verdict: 'caught' },
    { operator: 'mapping-drop', name: 'c', verdict: 'refused' },
  ] as const;

  it('agrees when it names exactly the survivors, each with a reason', () => {
    expect(compareSurvivors(results, [{ mutant: 'a', reason: 'equal to the default' }])).toEqual([]);
  });

  it('reports a survivor without an entry, and an entry that is caught, refused, gone or without a reason', () => {
    const known = ['b', 'c', 'd'].map((mutant) => ({ mutant, reason: 'because' }));
    expect(compareSurvivors(results, known).map((problem) => problem.slice(0, 30))).toEqual([
      'a: no test notices it: strengt',
      'b: is listed as a survivor and',
      'c: is listed as a survivor and',
      'd: is listed as a survivor and',
    ]);
    expect(compareSurvivors(results, [{ mutant: 'a', reason: ' ' }])).toEqual([expect.stringContaining('without a reason')]);
  });
});

it('the page about mutants describes every operator as the code does', () => {
  const page = readFileSync(path.resolve(import.meta.dirname, '../../../docs/reference/mutation.md'), 'utf8');
  for (const [name, about] of Object.entries(OPERATORS)) expect(page).toContain(`| \`${name}\` | ${about} |`);
});
