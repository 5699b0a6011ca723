import { describe, expect, it } from '@jest/globals';
import { hoverAt, signatureHelpAt } from '../src/hover.js';
import { definitionsAt, referencesAt, renamedStepAt, renameStep } from '../src/symbols.js';
import { editing, flowOf } from './editor.js';

const FLOW = `sluice: 1
flow: a
trigger: { use: event, with: { types: [order.created] } }
steps:
  - id: save
    use: onec-http.call
    connection: erp
    with: { method: Save, data: '\${{ trigger.data }}' }
    onError:
      - when: \${{ error.step = "save" }}
        output: {}
  - id: told
    if: \${{ $exists(steps.save) and steps.save.ok = true }}
    emit: { type: order.saved, data: '\${{ steps."save".number ?? steps.save.id }}' }
tests:
  - name: t
    mocks: { save: [{ when: '\${{ with.data.a = 1 }}', output: { ok: true, number: 1, id: 2 } }] }
    expect:
      calls: { save: [{ method: Save }] }
      steps: { save: { ok: true } }
      error: { step: save }
      that: ['\${{ $count(calls.save) = 1 and steps.save.ok }}']
`;

/** The text with the cursor at the n-th occurrence of a word. */
function withCursor(text: string, word: string, nth = 1): string {
  let at = -1;
  for (let count = 0; count < nth; count++) at = text.indexOf(word, at + 1);
  return `${text.slice(0, at)}‸${text.slice(at)}`;
}

async function linesOf(
  text: string,
  find: typeof definitionsAt,
  others: Readonly<Record<string, string>> = {},
): Promise<string[]> {
  const { at } = await editing(text, others);
  return find(at.workspace, at.file, at.offset).map(({ file, start }) => {
    const source = Buffer.from(at.workspace.source(file)?.bytes ?? []).toString();
    return `${file}:${source.slice(0, start).split('\n').length}`;
  });
}

describe('definitions and references', () => {
  it('finds the step that an expression, a mock or an expectation names', async () => {
    for (const nth of [2, 3, 4, 6, 7, 8, 9, 10])
      expect(await linesOf(withCursor(FLOW, 'save', nth), definitionsAt)).toEqual(['flows/a.yaml:5']);
  });

  it('finds constants and connections in sluice.yaml', async () => {
    expect(await linesOf(withCursor(FLOW, 'erp'), definitionsAt)).toEqual(['sluice.yaml:6']);
    expect(await linesOf(flowOf('  - id: made\n    set: ${{ vars.pre‸fix }}'), definitionsAt)).toEqual(['sluice.yaml:3']);
    const own = flowOf('  - id: made\n    set: ${{ vars.ci‸ty }}', 'vars:\n  city: Орёл');
    expect(await linesOf(own, definitionsAt)).toEqual(['flows/a.yaml:8']);
  });

  it('leads from the type that a flow takes to the steps that emit it, and back', async () => {
    const others = { 'flows/b.yaml': FLOW.replace('flow: a', 'flow: b').replace('order.created', 'order.*') };
    expect(await linesOf(withCursor(FLOW, 'order.saved'), definitionsAt, others)).toEqual(['flows/b.yaml:3']);
    const all = (workspace: Parameters<typeof referencesAt>[0], file: string, offset: number) =>
      referencesAt(workspace, file, offset, true);
    expect(await linesOf(withCursor(FLOW, 'order.saved'), all, others)).toEqual([
      'flows/a.yaml:14',
      'flows/b.yaml:3',
      'flows/b.yaml:14',
    ]);
  });

  it('does not take the step of another flow for the same', async () => {
    const others = { 'flows/b.yaml': FLOW.replace('flow: a', 'flow: b') };
    const found = await linesOf(withCursor(FLOW, 'save'), (w, f, o) => referencesAt(w, f, o, true), others);
    expect(new Set(found.map((line) => line.split(':')[0]))).toEqual(new Set(['flows/a.yaml']));
  });
});

describe('rename of a step', () => {
  async function renamed(text: string, newId: string): Promise<string> {
    const { at } = await editing(text);
    const places = renameStep(at.workspace, at.file, at.offset, newId).toSorted((a, b) => b.start - a.start);
    return places.reduce((all, { start, end }) => `${all.slice(0, start)}${newId}${all.slice(end)}`, at.text);
  }

  it('changes every use in expressions, mocks and expectations', async () => {
    const expected = FLOW.replace('id: save', 'id: store')
      .replaceAll('steps.save', 'steps.store')
      .replace('steps."save"', 'steps.store')
      .replaceAll('{ save:', '{ store:')
      .replace('calls.save', 'calls.store')
      .replace('step: save', 'step: store')
      .replace('error.step = "save"', 'error.step = "store"');
    expect(await renamed(withCursor(FLOW, 'save'), 'store')).toBe(expected);
    expect(await renamed(withCursor(FLOW, 'save', 6), 'store')).toBe(expected);
  });

  it('changes the tests of the flow in other files, and refuses while one of them cannot be read', async () => {
    const file = 'flows/a.test.yaml';
    const tests = `sluice: 1\nflow: a\ntests:\n  - triggers: [{ at: 1s }]\n    mocks: { save: { output: {} } }\n    expect: { calls: { save: [] } }\n`;
    const { at } = await editing(withCursor(FLOW, 'save'), { [file]: tests });
    const places = renameStep(at.workspace, at.file, at.offset, 'store').filter((one) => one.file === file);
    expect(places.map(({ start }) => tests.slice(start, start + 5))).toEqual(['save:', 'save:']);
    const broken = await editing(withCursor(FLOW, 'save'), { [file]: `${tests}  - "` });
    const rename = () => renameStep(broken.at.workspace, broken.at.file, broken.at.offset, 'store');
    expect(rename).toThrow('flows/a.test.yaml: the test file has errors');
  });

  it.each([
    ['told', 'the flow "a" already has a step "told"'],
    ['trigger', '"trigger" is a reserved word of the language'],
    ['сохранить', '"сохранить" cannot be the id of a step'],
    ['my-step', '"my-step" cannot be the id of a step'],
    ['', '"" cannot be the id of a step'],
  ])('refuses the id %s with the reason', async (newId, reason) => {
    await expect(renamed(withCursor(FLOW, 'save'), newId)).rejects.toThrow(reason);
  });

  it('refuses to rename while a use may be hidden by an error', async () => {
    const broken = withCursor(FLOW.replace('steps.save.ok = true', 'steps.save.ok == true'), 'save');
    await expect(renamed(broken, 'store')).rejects.toThrow('the expression in line 13 has errors');
    const unknown = withCursor(FLOW.replace('    emit: { type', '    emti: { type'), 'save');
    await expect(renamed(unknown, 'store')).rejects.toThrow('so not every use of "save" is known');
  });

  it('refuses to rename anything else than a step', async () => {
    const { at } = await editing(withCursor(FLOW, 'erp'));
    expect(() => renamedStepAt(at.workspace, at.file, at.offset)).toThrow('only steps can be renamed');
  });
});

describe('hover', () => {
  async function hovered(text: string, file?: string): Promise<string> {
    const { at, rangeOf } = await editing(text, {}, file);
    const contents = hoverAt(at, [], rangeOf)?.contents;
    return typeof contents === 'object' && 'value' in contents ? contents.value : '';
  }

  it('explains keys, actions and connections', async () => {
    expect(await hovered(withCursor(FLOW, 'onError'))).toContain('Outputs in place of a failure');
    expect(await hovered(withCursor(FLOW, 'onec-http.call'))).toMatch(/Call a method[^]*`method` \(required\)/);
    expect(await hovered(withCursor(FLOW, 'erp'))).toContain('a connection of onec-http');
    expect(await hovered('sluice: 1\nplu‸gins: []\n', 'sluice.yaml')).toContain('loaded in this order');
  });

  it('explains the names and the functions of expressions', async () => {
    expect(await hovered(withCursor(FLOW, 'steps.save'))).toContain('the outputs of the steps that have run');
    expect(await hovered(withCursor(FLOW, 'save) and'))).toContain('its fields: ok, number, id');
    expect(await hovered(withCursor(FLOW, '$exists'))).toContain('$exists(value)');
  });

  it('explains a finding with the cause and the cure of its code', async () => {
    const { at, rangeOf } = await editing(withCursor(FLOW, 'order.saved'));
    const finding = at.workspace.lastLint?.findings.filter(({ code }) => code === 'EVENT_NOBODY_TAKES') ?? [];
    expect(JSON.stringify(hoverAt(at, finding, rangeOf))).toMatch(/EVENT_NOBODY_TAKES.*no flow takes order.saved.*Cause:.*Cure:/);
  });
});

describe('signature help', () => {
  it('shows the parameters of the function around the cursor, and which one is written', async () => {
    const { at } = await editing(flowOf('  - id: made\n    set: ${{ $decimal($sum([1, 2]), ‸'));
    expect(signatureHelpAt(at)).toMatchObject({
      signatures: [{ label: '$decimal(value, places?)', parameters: [{ label: 'value' }, { label: 'places?' }] }],
      activeParameter: 1,
    });
    const inner = await editing(flowOf('  - id: made\n    set: ${{ $decimal($sum(‸'));
    expect(signatureHelpAt(inner.at)?.signatures[0]?.label).toBe('$sum(numbers)');
  });
});
