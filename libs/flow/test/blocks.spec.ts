import { describe, expect, it } from '@jest/globals';
import type { Flow, Scope } from '../src/index.js';
import { lint, lintSteps } from './support/lint.js';

const CALL = 'use: onec-http.call, connection: erp, with: { method: M }';
const LINES = "'${{ trigger.data.lines }}'";
const STOP = '{ id: end, stop: {} }';

/** The findings of a flow, each as its code and message without the cure. */
function findingsOf(steps: string, rest = ''): string[] {
  return lintSteps(steps, rest).findings.map((finding) => finding.split(' → ')[0] as string);
}

function compiled(steps: string, rest = ''): Flow {
  const { findings, flow } = lintSteps(steps, rest);
  if (!flow) throw new Error(findings.join('\n'));
  return flow;
}

const scope = (values: object): Scope => ({
  vars: {},
  env: {},
  context: { now: 0, uuid: () => '', country: 'RU' },
  ...values,
});

describe('forEach', () => {
  it('is compiled with its defaults', () => {
    const { steps } = compiled(`  - { id: lines, forEach: { in: ${LINES}, steps: [{ id: save, ${CALL} }] } }`);
    expect(steps).toMatchObject([
      { id: 'lines', verb: 'forEach', as: 'item', onFailure: 'finish', steps: [{ id: 'save', verb: 'use' }] },
    ]);
    expect(steps[0]).not.toHaveProperty('output');
    expect(steps[0]).not.toHaveProperty('timeoutMs');
  });

  it('is compiled with all its keys', () => {
    const [loop] = compiled(`  - id: lines
    timeout: 10m
    forEach:
      in: ${LINES}
      as: line
      concurrency: 1
      onFailure: stop
      steps:
        - { id: save, ${CALL} }
      output: { sku: '\${{ line.sku }}', n: '\${{ loop.index + 1 }}', saved: '\${{ $exists(steps.save) }}' }
`).steps;
    if (loop?.verb !== 'forEach') throw new Error('unexpected verb');
    expect(loop).toMatchObject({ as: 'line', onFailure: 'stop', timeoutMs: 600_000 });
    expect(loop.in.render(scope({ trigger: { data: { lines: [1] } } }))).toEqual([1]);
    const item = scope({ line: { sku: 'A' }, loop: { index: 0, total: 2 }, steps: { save: {} } });
    expect(loop.output?.render(item)).toEqual({ sku: 'A', n: 1, saved: true });
  });

  it.each([
    ['no list', 'steps: [{ id: b, stop: {} }]', 'forEach needs "in" → add the list'],
    [
      'a literal list',
      'in: [1, 2], steps: [{ id: b, stop: {} }]',
      'in is one whole expression → write the list as an expression',
    ],
    [
      'a path without marks',
      'in: trigger.data.lines, steps: [{ id: b, stop: {} }]',
      "in is one whole expression → in: '${{ trigger.data.lines }}'",
    ],
    [
      'text beside the expression',
      "in: 'x ${{ trigger.data.lines }}', steps: [{ id: b, stop: {} }]",
      'in is one whole expression → write nothing before or after ${{ … }}',
    ],
    ['no steps', `in: ${LINES}`, 'forEach needs "steps"'],
    ['an empty list of steps', `in: ${LINES}, steps: []`, 'forEach has at least one step'],
    ['a reserved name', `in: ${LINES}, as: loop, steps: [${STOP}]`, '"loop" is a reserved word'],
    ['a hidden name', `in: ${LINES}, as: context, steps: [${STOP}]`, '"context" cannot be the name of an item'],
    ['the default name', `in: ${LINES}, as: item, steps: [${STOP}]`, '"item" is the name of an item when "as" is absent'],
    ['a name with a dash', `in: ${LINES}, as: my-line, steps: [${STOP}]`, 'an expression could not read it → myLine'],
    ['a wrong policy', `in: ${LINES}, onFailure: ignore, steps: [${STOP}]`, 'onFailure is finish, stop or continue'],
    ['too many at once', `in: ${LINES}, concurrency: 101, steps: [${STOP}]`, 'concurrency is a whole number from 1 to 100'],
    ['a key of another system', `items: ${LINES}, in: ${LINES}, steps: [${STOP}]`, '"items" is not a key of forEach → in'],
    ['its timeout inside', `in: ${LINES}, timeout: 2s, steps: [${STOP}]`, 'write it beside "forEach", in the step'],
  ])('rejects %s', (_, body, expected) => {
    expect(lintSteps(`  - { id: a, forEach: { ${body} } }`).findings).toEqual([expect.stringContaining(expected)]);
  });

  it('rejects an item that hides the item of an outer loop', () => {
    const inner = (as: string) => `{ id: b, forEach: { in: '\${{ item.parts }}', ${as} steps: [{ id: c, stop: {} }] } }`;
    const loop = (as: string) => `  - { id: a, forEach: { in: ${LINES}, steps: [${inner(as)}] } }`;
    expect(findingsOf(loop(''))).toEqual(['FLOW_DUPLICATE the item of a loop around this one is called "item" as well']);
    expect(findingsOf(loop('as: part,'))).toEqual([]);
  });
});

describe('an expression inside of a forEach', () => {
  const loop = (inner: string, after = '') => `  - { id: before, set: { sku: 1 } }
  - id: lines
    forEach:
      in: '\${{ [trigger.data.lines[qty > 0]] }}'
      as: line
      onFailure: continue
      steps:
        - { id: first, ${CALL} }
        - { id: second, set: { v: '${inner}' } }
  - { id: after, set: { v: '\${{ [steps.before.sku, steps.lines.failed] }}' } }
  - { id: told, emit: { type: x, data: '\${{ [steps.after, ${after || 'steps.lines.results.v'}] }}' } }
`;
  const errors = (steps: string) => findingsOf(steps).filter((finding) => !finding.startsWith('EVENT_'));

  it.each(['${{ line.sku }}', '${{ loop.index }}', '${{ loop.total }}', '${{ steps.first.x }}', '${{ steps.before.sku }}'])(
    'can read %s',
    (expression) => {
      expect(errors(loop(expression))).toEqual([]);
    },
  );

  it.each([
    ['${{ item.sku }}', 'EXPR_ROOT'],
    ['${{ loop.number }}', 'EXPR_FIELD loop has no "number"'],
    ['${{ error.code }}', 'EXPR_ROOT "error" cannot be read here'],
    ['${{ steps.lines.total }}', 'REF_STEP_LATER step "lines" has not run yet here'],
    ['${{ steps.after }}', 'REF_STEP_LATER'],
  ])('cannot read %s', (expression, finding) => {
    expect(errors(loop(expression))).toEqual([expect.stringContaining(finding)]);
  });

  it.each([
    ['line.sku', 'EXPR_ROOT an expression begins with'],
    ['loop.index', 'EXPR_ROOT "loop" cannot be read here'],
    ['steps.first.x', 'REF_STEP step "first" runs once for each item of "lines"'],
    ['steps.lines.result', 'EXPR_FIELD step "lines" has no "result"'],
    ['steps.lines.results.w', 'EXPR_FIELD step "second" has no "w"'],
    ['steps.lines.errors.line', 'EXPR_FIELD step "lines".errors has no "line"'],
    ['steps.lines.errors.error.reason', 'EXPR_FIELD error has no "reason"'],
  ])('after the loop cannot read %s', (expression, finding) => {
    expect(errors(loop('${{ line.sku }}', expression))).toEqual([expect.stringContaining(finding)]);
  });

  it.each(['steps.lines.total', 'steps.lines.errors.item.sku', 'steps.lines.errors.error.code', 'steps.lines.errors.index'])(
    'after the loop can read %s',
    (expression) => {
      expect(errors(loop('${{ line.sku }}', expression))).toEqual([]);
    },
  );

  it('knows the shape of the item when that of the list is known', () => {
    const steps = `  - { id: list, set: [{ sku: A, parts: [{ code: 1 }] }] }
  - id: lines
    forEach:
      in: \${{ steps.list }}
      as: line
      steps:
        - id: parts
          forEach:
            in: \${{ line.parts }}
            as: part
            steps:
              - { id: told, emit: { type: x, data: { sku: '\${{ line.sku }}', a: '\${{ part.codee }}', b: '\${{ line.skuu }}' } } }
`;
    expect(errors(steps)).toEqual(['EXPR_FIELD step "list" has no "codee"', 'EXPR_FIELD step "list" has no "skuu"']);
  });

  it('sees the item and the inner steps in output, and no step after it', () => {
    const steps = (output: string) =>
      `  - { id: lines, forEach: { in: ${LINES}, as: line, steps: [{ id: save, ${CALL} }], output: '${output}' } }
  - { id: told, emit: { type: x, data: '\${{ steps.lines }}' } }`;
    expect(errors(steps('${{ [line.sku, loop.index, steps.save.x] }}'))).toEqual([]);
    expect(errors(steps('${{ steps.told.id }}'))).toEqual([expect.stringContaining('REF_STEP_LATER')]);
    expect(errors(steps('${{ steps.lines.total }}'))).toEqual([expect.stringContaining('REF_STEP_LATER')]);
  });

  it('counts the last step of a loop as read, because its output is the result', () => {
    const steps = (rest: string) =>
      `  - { id: lines, forEach: { in: ${LINES}, steps: [{ id: one, set: '\${{ item.sku }}' }] ${rest} } }
  - { id: told, emit: { type: x, data: '\${{ steps.lines.results }}' } }`;
    expect(errors(steps(''))).toEqual([]);
    expect(errors(steps(', output: 1'))).toEqual(['STEP_UNUSED nothing reads steps.one']);
  });
});

describe('try', () => {
  const block = (handler: string, after = "'${{ steps.save.x }}'") => `  - id: attempt
    timeout: 30s
    try:
      steps:
        - { id: save, ${CALL} }
      catch: ${handler}
  - { id: told, emit: { type: x, data: { v: ${after} } } }`;
  const errors = (steps: string) => findingsOf(steps).filter((finding) => !finding.startsWith('EVENT_'));

  it('is compiled', () => {
    const [step] = compiled(
      block("[{ id: note, emit: { type: y, data: '${{ error.code }}' } }, { id: again, raise: {} }]"),
    ).steps;
    expect(step).toMatchObject({
      verb: 'try',
      timeoutMs: 30_000,
      steps: [{ id: 'save' }],
      catch: [{ id: 'note' }, { id: 'again', verb: 'raise' }],
    });
    expect(step).not.toHaveProperty('catch.1.error');
  });

  it('makes its steps uncertain after it, unless its catch never goes on', () => {
    const maybe = ['REF_STEP_MAYBE step "save" may have been skipped'];
    expect(errors(block('[]'))).toEqual(maybe);
    expect(errors(block("[{ id: note, set: 1 }, { id: x, emit: { type: y, data: '${{ steps.note }}' } }]"))).toEqual(maybe);
    expect(errors(block('[{ id: again, raise: {} }]'))).toEqual([]);
    expect(errors(block('[{ id: end, stop: {} }]'))).toEqual([]);
    expect(errors(block("[{ id: again, if: '${{ trigger.data.x }}', raise: {} }]"))).toEqual(maybe);
  });

  it('makes its steps uncertain in its catch', () => {
    const handler = "[{ id: x, emit: { type: y, data: '${{ steps.save.x }}' } }, { id: again, raise: {} }]";
    expect(errors(block(handler))).toEqual(['REF_STEP_MAYBE step "save" may have been skipped']);
  });

  it('shows the error in its catch only', () => {
    expect(errors(block('[{ id: again, raise: {} }]', "'${{ error.code }}'"))).toEqual([
      'EXPR_ROOT "error" cannot be read here, only trigger, vars, env, steps and run',
    ]);
    const nested = `[{ id: each, forEach: { in: '\${{ error.details.lines }}', steps: [{ id: x, raise: {} }] } }, { id: end, stop: {} }]`;
    expect(errors(block(nested))).toEqual([]);
  });

  it.each([
    ['no catch', 'steps: [{ id: b, stop: {} }]', 'try needs "catch" → catch: []'],
    ['no steps', 'catch: []', 'try needs "steps"'],
    ['an empty list of steps', 'steps: [], catch: []', 'try has at least one step'],
    ['finally', 'steps: [{ id: b, stop: {} }], catch: [], finally: []', 'write its steps after the try'],
    ['except', 'steps: [{ id: b, stop: {} }], catch: [], except: []', '"except" is not a key of try → catch'],
  ])('rejects %s', (_, body, expected) => {
    expect(lintSteps(`  - { id: a, try: { ${body} } }`).findings).toEqual([expect.stringContaining(expected)]);
  });
});

describe('raise', () => {
  it('is compiled', () => {
    const [step] = compiled(
      "  - { id: a, raise: { code: NOTHING_LEFT, fate: fatal, message: 'Заказ ${{ trigger.subject }}', details: { a: 1 } } }",
    ).steps;
    if (step?.verb !== 'raise') throw new Error('unexpected verb');
    expect(step.error).toMatchObject({ code: 'NOTHING_LEFT', fate: 'fatal' });
    expect(step.error?.message.text(scope({ trigger: { subject: '7' } }))).toBe('Заказ 7');
    expect(step.error?.details?.render(scope({}))).toEqual({ a: 1 });
  });

  it('is rejected by default', () => {
    expect(compiled('  - { id: a, raise: { code: A, message: x } }').steps).toMatchObject([{ error: { fate: 'rejected' } }]);
  });

  it.each([
    ['{} outside of a catch', '{}', 'there is none here → name the error'],
    ['no message', '{ code: A }', 'raise needs "message"'],
    ['no code', '{ message: x }', 'raise needs "code"'],
    ['small letters', '{ code: nothingLeft, message: x }', '"nothingLeft" is not a valid code of an error → code: NOTHING_LEFT'],
    ['a code of the engine', '{ code: STEP_TIMEOUT, message: x }', 'STEP_TIMEOUT is a code of the engine'],
    ['a code of expressions', '{ code: EXPR_MINE, message: x }', 'EXPR_MINE is a code of the engine'],
    ['the fate retry', '{ code: A, message: x, fate: retry }', 'a flow cannot raise an error with the fate retry'],
    ['an expression as code', "{ code: '${{ trigger.type }}', message: x }", 'code takes no expression'],
  ])('rejects %s', (_, value, expected) => {
    expect(lintSteps(`  - { id: a, raise: ${value} }`).findings).toEqual([expect.stringContaining(expected)]);
  });

  it('makes the steps after it unreachable', () => {
    expect(findingsOf('  - { id: a, raise: { code: A, message: x } }\n  - { id: b, stop: {} }')).toEqual([
      'FLOW_UNREACHABLE step "b" is never reached: "a" always raises an error',
    ]);
  });
});

describe('call', () => {
  it('is compiled', () => {
    const { flow } = lint(`sluice: 1
flow: a
trigger: { use: flow }
steps:
  - id: ask
    timeout: 5s
    call: { flow: b, data: { n: '\${{ trigger.data.n }}' } }
    onError: [{ output: '\${{ error.code }}' }]
---
sluice: 1
flow: b
trigger: { use: flow }
steps: [{ id: end, stop: {} }]
`);
    const [step] = flow?.steps ?? [];
    if (step?.verb !== 'call') throw new Error('unexpected verb');
    expect(step).toMatchObject({ flow: 'b', timeoutMs: 5_000 });
    expect(step.data?.render(scope({ trigger: { data: { n: 1 } } }))).toEqual({ n: 1 });
    expect(step.onError[0]?.output.render(scope({ error: { code: 'CALL_FAILED' } }))).toBe('CALL_FAILED');
  });

  it.each([
    ['a bare name', 'call: b', 'call is a map → call: { flow: b }'],
    ['no flow', 'call: { data: 1 }', 'call needs "flow"'],
    ['a name with capitals', 'call: { flow: B }', '"B" is not a valid name → b'],
    ['an expression as name', "call: { flow: '${{ vars.prefix }}' }", 'flow takes no expression'],
    ['a priority', 'call: { flow: b }, priority: bulk', '"priority" goes with use, not with call'],
  ])('rejects %s', (_, step, expected) => {
    const { findings } = lintSteps(`  - { id: a, ${step} }`);
    expect(findings.filter((finding) => !finding.startsWith('REF_FLOW'))).toEqual([expect.stringContaining(expected)]);
  });
});

describe('calls between flows', () => {
  const flow = (name: string, trigger: string, calls: string, rest = '') =>
    `sluice: 1\nflow: ${name}\ntrigger: ${trigger}\n${rest}\nsteps: [{ id: a, call: { flow: ${calls} } }]\n---\n`;
  const end = (name: string) => `sluice: 1\nflow: ${name}\ntrigger: { use: flow }\nsteps: [{ id: a, stop: {} }]\n---\n`;
  const FLOW = '{ use: flow }';
  const EVENT = '{ use: event, with: { types: [order.created] } }';

  it('need a flow that exists and has the trigger flow', () => {
    expect(lint(flow('one', EVENT, 'tow') + end('two')).findings).toEqual(['REF_FLOW no flow is called "tow" → flow: two']);
    expect(lint(flow('one', EVENT, 'three') + end('two')).findings).toEqual([
      'REF_FLOW no flow is called "three" → flows that can be called: two',
    ]);
    expect(lint(flow('one', EVENT, 'two') + flow('two', EVENT, 'three') + end('three')).findings).toEqual([
      expect.stringContaining('REF_FLOW flow "two" cannot be called: its trigger is event'),
    ]);
    expect(lint(flow('one', EVENT, 'two') + end('two')).findings).toEqual([]);
  });

  it('report no unknown flow when a flow could not be read', () => {
    expect(lint(`${flow('one', EVENT, 'two')}flow: Two\n`).findings).not.toContainEqual(expect.stringContaining('REF_FLOW'));
  });

  it('send data that fits the input of the called flow, as far as it is literal', () => {
    const input =
      '{ type: object, properties: { n: { type: number }, sku: { type: string } }, required: [n], additionalProperties: false }';
    const callee = end('two').replace(FLOW, `{ use: flow, with: { input: ${input} } }`);
    const findings = (data: string) => lint(flow('one', EVENT, `two${data}`) + callee).findings.map((one) => one.split(' → ')[0]);
    expect(findings(", data: { n: 1, sku: '${{ trigger.subject }}' }")).toEqual([]);
    expect(findings(", data: { n: '${{ trigger.subject }}' }")).toEqual([]);
    expect(findings(", data: '${{ trigger.data }}'")).toEqual([]);
    expect(findings(', data: { n: one }')).toEqual([expect.stringContaining('FLOW_VALUE n: ')]);
    expect(findings(', data: { n: 1, skuu: A }')).toEqual(['FLOW_UNKNOWN_KEY "skuu" is not a key of data']);
    expect(findings('')).toEqual(['FLOW_VALUE data needs "n"']);
  });

  it('must not form a circle through a flow with a key or a limit', () => {
    const circle = (rest: string) => flow('one', FLOW, 'two') + flow('two', FLOW, 'three', rest) + flow('three', FLOW, 'one');
    expect(lint(circle('')).findings).toEqual([expect.stringMatching(/^POLICY_CIRCLE "one" calls "two", which calls it again/)]);
    expect(lint(circle("deliver: { key: '${{ trigger.data.id }}' }")).findings).toEqual([
      'REF_FLOW "two" has deliver.key and calls "one" in a circle: a run could wait for its own turn → delete deliver.key of "two", or this call',
    ]);
    expect(lint(flow('one', FLOW, 'one', 'deliver: { concurrency: 1 }')).findings).toEqual([
      expect.stringContaining('"one" has deliver.concurrency and calls itself'),
    ]);
    const chain =
      flow('one', FLOW, 'two', 'deliver: { concurrency: 1 }') + flow('two', FLOW, 'three', 'deliver: { concurrency: 1 }');
    expect(lint(chain + end('three')).findings).toEqual([]);
  });
});

describe('catch of a flow', () => {
  const HANDLER = "catch: [{ id: told, emit: { type: x, data: { code: '${{ error.code }}', v: '${{ steps.a.x ?? null }}' } } }]";

  it('is compiled, and sees the error and the steps', () => {
    const { catch: handler } = compiled(`  - { id: a, ${CALL} }`, HANDLER);
    expect(handler).toMatchObject([{ id: 'told', verb: 'emit' }]);
  });

  it('sees each step as one that may not have run', () => {
    expect(findingsOf(`  - { id: a, ${CALL} }`, HANDLER.replace(' ?? null', ''))).toContain(
      'REF_STEP_MAYBE step "a" may have been skipped',
    );
  });

  it('shares the ids of the steps, and its steps cannot be read by them', () => {
    expect(
      findingsOf(`  - { id: told, ${CALL} }`, HANDLER.replace('v: ', 'w: 1, v: ').replace('steps.a', 'steps.told')),
    ).toContain('FLOW_DUPLICATE two steps of this flow are called "told"');
    expect(findingsOf("  - { id: a, emit: { type: x, data: '${{ steps.told.id }}' } }", HANDLER)).toContain(
      'REF_STEP_LATER step "told" has not run yet here',
    );
  });

  it('can end with raise: {}', () => {
    expect(compiled('  - { id: a, stop: {} }', 'catch: [{ id: again, raise: {} }]').catch).toMatchObject([{ verb: 'raise' }]);
  });

  it('has at least one step', () => {
    expect(findingsOf('  - { id: a, stop: {} }', 'catch: []')).toEqual(['FLOW_VALUE catch has at least one step']);
  });
});

describe('keys of a step', () => {
  it('are compiled: retry, and an expression as connection', async () => {
    const retry = 'retry: { attempts: 3, backoff: fixed }';
    const connection = "connection: '${{ trigger.data.base }}'";
    const [step] = compiled(`  - { id: a, use: onec-http.call, ${connection}, with: { method: M }, ${retry} }`).steps;
    if (step?.verb !== 'use') throw new Error('unexpected verb');
    expect(step.retry).toEqual({ attempts: 3, backoff: 'fixed', initialMs: 1_000, maxMs: 300_000 });
    expect(await step.connection?.text(scope({ trigger: { data: { base: 'erp' } } }))).toBe('erp');
  });

  it('rejects text beside the expression of a connection', () => {
    expect(
      lintSteps("  - { id: a, use: onec-http.call, connection: 'erp-${{ vars.prefix }}', with: { method: M } }").findings,
    ).toEqual(['FLOW_VALUE connection is one whole expression → write nothing before or after ${{ … }}']);
  });

  it('compiles the delay of an event', () => {
    expect(compiled('  - { id: a, emit: { type: x, after: 30m } }').steps).toMatchObject([{ afterMs: 1_800_000 }]);
    expect(findingsOf('  - { id: a, emit: { type: x, after: 30 } }')).toContain('FLOW_DURATION after: 30 has no unit');
    for (const after of ['999ms', '366d', '0s'])
      expect(findingsOf(`  - { id: a, emit: { type: x, after: ${after} } }`)).toContain(
        'FLOW_VALUE after is at least 1s and at most 365d',
      );
  });

  it.each([
    ['foreach', 'forEach'],
    ['for_each', 'forEach'],
    ['loop', 'forEach'],
    ['throw', 'raise'],
    ['subflow', 'call'],
    ['catch', 'try: { steps: […], catch: […] }'],
    ['return', 'stop'],
    ['finally', 'write the steps after the "try"'],
  ])('replaces %s of other systems', (word, instead) => {
    expect(lintSteps(`  - { id: a, ${word}: {} }`).findings).toContainEqual(
      expect.stringMatching(`^FLOW_UNKNOWN_KEY "${word}" is not a key of a step → .*${instead.replace(/[{}[\]]/g, '\\$&')}`),
    );
  });

  it('limits the depth of blocks', () => {
    const nested = (depth: number): string =>
      depth === 0 ? '{ id: end, stop: {} }' : `{ id: t${depth}, try: { catch: [], steps: [${nested(depth - 1)}] } }`;
    expect(findingsOf(`  - ${nested(32)}`)).toEqual([]);
    expect(lintSteps(`  - ${nested(33)}`).findings).toEqual([
      'FLOW_VALUE blocks nest at most 32 deep → write the inner steps as a flow of their own, and call it',
    ]);
  });
});

describe('the keys of a flow', () => {
  const flow = (trigger: string, rest = '') => `sluice: 1\nflow: a\ntrigger: ${trigger}\nsteps: [{ id: end, stop: {} }]\n${rest}`;
  const EVENT = '{ use: event, with: { types: [order.created] } }';

  it('are compiled: where, key, onPark and note', async () => {
    const { flow: one } = lint(
      flow(
        "{ use: event, with: { types: [order.created] }, where: '${{ trigger.data.total > 0 }}' }",
        "deliver: { key: '${{ trigger.subject }}', onPark: hold }\nnote: 'Заказ ${{ trigger.data.number }}'\n",
      ),
    );
    const event = scope({ trigger: { subject: 's', data: { total: 5, number: 7 } } });
    expect(await one?.trigger.where?.test(event)).toBe(true);
    expect(await one?.deliver.key?.text(event)).toBe('s');
    expect(one?.deliver.onPark).toBe('hold');
    expect(await one?.note?.text(event)).toBe('Заказ 7');
  });

  it('compiles the triggers schedule and flow', () => {
    const schedule = "{ use: schedule, with: { cron: '30 3 * * 1-6', missed: run } }";
    expect(lint(flow(schedule)).flow?.trigger).toEqual({
      kind: 'schedule',
      cron: '30 3 * * 1-6',
      timezone: 'Europe/Moscow',
      missed: 'run',
    });
    expect(lint(flow("{ use: schedule, with: { cron: '0 * * * *', timezone: Asia/Omsk } }")).flow?.trigger).toMatchObject({
      timezone: 'Asia/Omsk',
      missed: 'skip',
    });
    const input = '{ type: object, properties: { n: { type: number } }, required: [n], additionalProperties: false }';
    expect(lint(flow(`{ use: flow, with: { input: ${input} } }`)).flow?.trigger).toMatchObject({
      kind: 'flow',
      input: { properties: { n: { type: 'number' } } },
    });
    expect(lint(flow('{ use: flow }')).flow?.trigger).toEqual({ kind: 'flow' });
  });

  it('knows the data of a schedule and of a call', () => {
    const reading = (trigger: string, field: string) =>
      lint(
        `sluice: 1\nflow: a\ntrigger: ${trigger}\nsteps: [{ id: a, emit: { type: x, data: '\${{ trigger.data.${field} }}' } }]\n`,
      )
        .findings.filter((finding) => finding.startsWith('EXPR'))
        .map((finding) => finding.split(' → ')[0]);
    const schedule = "{ use: schedule, with: { cron: '0 * * * *' } }";
    expect(reading(schedule, 'scheduled')).toEqual([]);
    expect(reading(schedule, 'time')).toEqual(['EXPR_FIELD the trigger schedule has no "time"']);
    const call = '{ use: flow, with: { input: { type: object, properties: { number: {} }, additionalProperties: false } } }';
    expect(reading(call, 'numbr')).toEqual(['EXPR_FIELD input of this flow has no "numbr"']);
  });

  it.each([
    ['a schedule without options', '{ use: schedule }', 'trigger needs "with"'],
    ['a schedule without cron', '{ use: schedule, with: {} }', 'needs "cron" → cron: '],
    ['seconds in a schedule', "{ use: schedule, with: { cron: '0 30 3 * * *' } }", "→ cron: '30 3 * * *'"],
    ['a word for a schedule', "{ use: schedule, with: { cron: '@daily' } }", "→ cron: '0 0 * * *'"],
    ['a question mark in a schedule', "{ use: schedule, with: { cron: '0 3 ? * 1' } }", "→ cron: '0 3 * * 1'"],
    ['a schedule that never fires', "{ use: schedule, with: { cron: '0 3 30 2 *' } }", 'so it never fires'],
    ['an hour that does not exist', "{ use: schedule, with: { cron: '0 24 * * *' } }", '24 is not valid for the hour'],
    ['a zone that does not exist', "{ use: schedule, with: { cron: '0 3 * * *', timezone: MSK } }", 'SETTING_TIMEZONE "MSK"'],
    ['a wrong choice for missed firings', "{ use: schedule, with: { cron: '0 3 * * *', missed: all } }", 'missed is skip or run'],
    [
      'a connection of a schedule',
      "{ use: schedule, connection: erp, with: { cron: '0 3 * * *' } }",
      'the trigger schedule has no connection',
    ],
    ['an option of a schedule that does not exist', "{ use: schedule, with: { cron: '0 3 * * *', tz: UTC } }", '→ timezone'],
    ['the name of another system', '{ use: cron }', '→ use: schedule'],
    ['an input that is no schema', '{ use: flow, with: { input: [a] } }', 'input is a JSON Schema'],
    ['an input with a type that does not exist', '{ use: flow, with: { input: { type: txt } } }', 'input is not a JSON Schema'],
    ['a pattern in the input', "{ use: flow, with: { input: { type: string, pattern: '^(a+)+$' } } }", 'input takes no pattern'],
    ['an expression in the input', "{ use: flow, with: { input: { type: '${{ vars.prefix }}' } } }", 'input takes no expression'],
    ['a where without marks', '{ use: flow, where: trigger.data.vip }', 'where is one whole expression, true or false'],
    ['a where that reads steps', "{ use: flow, where: '${{ $exists(steps.end) }}' }", '"steps" cannot be read here'],
    ['an if in the trigger', "{ use: flow, if: '${{ true }}' }", '"if" is not a key of trigger → where'],
    [
      'an expression as connection',
      "{ use: asterisk-ami.event, connection: '${{ vars.prefix }}', with: { events: [a] } }",
      'takes no expression',
    ],
  ])('rejects %s', (_, trigger, expected) => {
    expect(lint(flow(trigger)).findings).toEqual([expect.stringContaining(expected)]);
  });

  it('needs a time zone for a schedule', () => {
    const workspace = 'sluice: 1\nplugins: []\n';
    expect(lint(flow("{ use: schedule, with: { cron: '0 3 * * *' } }"), workspace).findings).toEqual([
      expect.stringContaining('SETTING_TIMEZONE a schedule needs a time zone'),
    ]);
  });

  it.each([
    [
      'key and concurrency',
      "deliver: { key: '${{ trigger.subject }}', concurrency: 2 }",
      'concurrency does not go together with key',
    ],
    ['onPark without key', 'deliver: { onPark: hold }', 'onPark needs "key"'],
    ['a concurrency of zero', 'deliver: { concurrency: 0 }', 'concurrency is a whole number from 1'],
    ['a key that reads steps', "deliver: { key: '${{ steps.end }}' }", '"steps" cannot be read here'],
    ['a note that reads steps', "note: '${{ steps.end }}'", '"steps" cannot be read here'],
    ['a note that is too long', `note: ${'x'.repeat(201)}`, 'note has at most 200 characters'],
    ['a schedule beside the trigger', "schedule: '0 3 * * *'", "→ trigger: { use: schedule, with: { cron: '0 3 * * *' } }"],
    ['onError of a flow', 'onError: []', '"onError" is not a key of a flow → catch'],
  ])('rejects %s', (_, rest, expected) => {
    expect(lint(flow(EVENT, rest)).findings).toEqual([expect.stringContaining(expected)]);
  });

  it('compiles the maximum of concurrent runs', () => {
    expect(lint(flow(EVENT, 'deliver: { concurrency: 2 }')).flow?.deliver).toMatchObject({ concurrency: 2, onPark: 'continue' });
  });
});
