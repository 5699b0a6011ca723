import { describe, expect, it } from '@jest/globals';
import { compile, environment } from './support/workspace.js';

const head = `sluice: 1
plugins: ['@sluice/plugin-http', '@sluice/plugin-onec-http']
vars: { prefix: shop }
settings: { timezone: Europe/Moscow }
`;
const connections = `connections:
  erp: { use: onec-http, with: { baseUrl: http://erp/hs, user: sluice, password: '\${{ env.ERP_PASSWORD }}' } }
  soap: { use: onec-soap, with: { baseUrl: http://erp/ws, user: sluice, password: '\${{ env.ERP_PASSWORD }}' } }
  pbx: { use: asterisk-ami, with: { host: pbx, user: sluice, secret: '\${{ env.PBX_SECRET }}' } }
  desktops: { use: tcp-gateway }
  site: { use: http, with: { baseUrl: http://site } }
`;

/** Returns each finding as `CODE message → cure`, optionally with its place. */
function print(input: Parameters<typeof compile>[0], places = false): string[] {
  return compile(input).findings.map(({ file, line, column, code, message, write, do: cure }) => {
    const location = places ? `${file}:${line}:${column} ` : '';
    const what = write ?? cure;
    return `${location}${code} ${message}${what === undefined ? '' : ` → ${what}`}`;
  });
}

function lintFlow(text: string): string[] {
  return print({ workspace: head + connections, flows: { 'a.yaml': text } });
}

/** Lints a flow for one event with these steps and these further keys. */
function lintSteps(steps: string, rest = ''): string[] {
  return lintFlow(`sluice: 1\nflow: a\ntrigger: { use: event, with: { types: [order.created] } }\nsteps:\n${steps}\n${rest}`);
}

function lintWorkspace(text: string, env: Record<string, string | undefined> = environment): string[] {
  return print({ workspace: text, env });
}

const CALL = 'use: onec-http.call, connection: erp';

describe('the grammar of a flow', () => {
  it('requires version, trigger and steps', () => {
    expect(lintFlow('flow: a')).toEqual([
      'FLOW_VALUE a flow needs "sluice" → sluice: 1',
      'FLOW_VALUE a flow needs "trigger" → add what starts it, for instance "trigger: { use: event, with: { types: [order.created] } }"',
      'FLOW_VALUE a flow needs "steps" → add "steps:", and below it "- id: save" with what the step does',
    ]);
    expect(lintFlow('# nothing')).toEqual(['FLOW_EMPTY this file contains no flow → write one, or delete the file']);
    expect(lintSteps('  []')).toEqual([
      'FLOW_VALUE a flow has at least one step → write one: "- id: save", and below it what it does',
    ]);
  });

  it.each([
    ['a name with capitals', 'FLOW_NAME "Sync" is not a valid name', 'flow: a', 'flow: Sync'],
    ['another version', 'FLOW_VALUE this version of the language is unknown', 'sluice: 1', 'sluice: 2'],
    ['a reserved word as id', 'FLOW_NAME "item" is a reserved word of the language', 'id: x', 'id: item'],
    [
      'a dash in an id',
      'FLOW_NAME "my-step" cannot be the id of a step: an expression could not read it → myStep',
      'id: x',
      'id: my-step',
    ],
    [
      'an unknown key',
      'FLOW_UNKNOWN_KEY "descripton" is not a key of a flow → description',
      'sluice: 1',
      'sluice: 1\ndescripton: x',
    ],
    [
      'a description that is a number',
      "FLOW_VALUE description is a text → description: '1'",
      'sluice: 1',
      'sluice: 1\ndescription: 1',
    ],
    [
      'a wrong choice',
      'FLOW_VALUE journal is all, changes, off or full → journal: changes',
      'sluice: 1',
      'sluice: 1\njournal: change',
    ],
    [
      'an expression where none can be',
      'FLOW_VALUE description takes no expression',
      'sluice: 1',
      "sluice: 1\ndescription: '${{ 1 }}'",
    ],
    ['an event type with a space', 'FLOW_VALUE "order created" is not a valid event type', '[order.created]', '[order created]'],
  ])('rejects %s', (_, expected, what, instead) => {
    const text = 'sluice: 1\nflow: a\ntrigger: { use: event, with: { types: [order.created] } }\nsteps: [{ id: x, stop: {} }]\n';
    expect(lintFlow(text.replace(what, instead))).toEqual([expect.stringContaining(expected)]);
  });

  it.each([
    [
      'no verb',
      '  - { id: a, onEror: [] }',
      ['FLOW_VERB this step does nothing', 'FLOW_UNKNOWN_KEY "onEror" is not a key of a step → onError'],
    ],
    ['two verbs', '  - { id: a, set: 1, stop: {} }', ['FLOW_VERB a step does one thing: set or stop → make two steps of it']],
    ['no id', '  - { stop: {} }', ['FLOW_VALUE a step needs "id"']],
    [
      'the same id twice',
      '  - { id: a, set: 1 }\n  - { id: a, stop: {} }',
      ['FLOW_DUPLICATE two steps of this flow are called "a"'],
    ],
    [
      'a modifier of another verb',
      '  - { id: a, stop: {}, timeout: 2s }',
      ['FLOW_UNKNOWN_KEY "timeout" goes with use, forEach, try and call, not with stop'],
    ],
    [
      'a switch without otherwise',
      '  - { id: a, switch: { cases: [{ when: "${{ trigger.data.x }}", steps: [] }] } }',
      ['FLOW_VALUE switch needs "otherwise" → otherwise: []'],
    ],
    [
      'a condition in plain words',
      '  - { id: a, if: trigger.data.vip, stop: {} }',
      ["FLOW_VALUE if is one whole expression, true or false → if: '${{ trigger.data.vip }}'"],
    ],
    [
      'a condition with text around',
      "  - { id: a, if: 'not ${{ trigger.data.vip }}', stop: {} }",
      ['FLOW_VALUE a condition is one whole expression'],
    ],
    ['a status out of range', '  - { id: a, reply: { status: 700 } }', ['FLOW_VALUE status is a whole number from 200 to 599']],
    [
      'headers that are no texts',
      '  - { id: a, reply: { headers: { x-a: [1], x-b: null, x-c: 1 } } }',
      ['FLOW_VALUE the header "x-a" is a text', 'FLOW_VALUE the header "x-b" is a text'],
    ],
    [
      'an event type with an empty word',
      "  - { id: a, emit: { type: 'a..b' } }",
      ['FLOW_VALUE "a..b" is not a valid event type'],
    ],
    ['an expression as key', "  - { id: a, stop: {}, '${{ x }}': 1 }", ['EXPR_IN_KEY', 'FLOW_UNKNOWN_KEY']],
  ])('rejects a step with %s', (_, steps, expected) => {
    const findings = lintSteps(steps).filter((finding) => !finding.startsWith('EVENT'));
    expect(findings).toEqual(expected.map((text) => expect.stringContaining(text)));
  });

  it.each([
    ['deliver: { coalesce: { within: 1s } }', '"coalesce" of deliver', 'until then write "dedupe"'],
    ['deliver: { batch: { size: 2, within: 1s } }', '"batch" of deliver', 'until then let a schedule fetch the list'],
    ['deliver: { dedupe: { key: x, within: 1d, onDuplicate: replayReply } }', 'onDuplicate: replayReply', 'onDuplicate: skip'],
  ])('reports %s as a key of a later release, with a substitute', (rest, what, instead) => {
    expect(lintSteps('  - { id: a, stop: {} }', rest)).toEqual([
      expect.stringMatching(`^FLOW_NOT_YET ${what} comes with a later release → .*${instead}`),
    ]);
  });

  it.each([
    ['parallel', '{ id: a, parallel: { branches: { one: [{ id: b, stop: {} }] } } }', 'one after the other'],
    ['cache', `{ id: a, ${CALL}, with: { method: M }, cache: { key: x, for: 1m } }`, 'call it each time'],
    [
      'a concurrent forEach',
      "{ id: a, forEach: { in: '${{ trigger.data.lines }}', concurrency: 4, steps: [{ id: b, stop: {} }] } }",
      'concurrency: 1',
    ],
  ])('reports %s as a feature of a later release, with a substitute', (_, step, instead) => {
    expect(lintSteps(`  - ${step}`)).toEqual([expect.stringMatching(`^FLOW_NOT_YET .* → .*${instead}`)]);
  });

  it.each([
    ['expires: 2', 'FLOW_DURATION expires: 2 has no unit → expires: 2s  (ms, s, m, h or d)'],
    ['expires: 1m30s', 'FLOW_DURATION "1m30s" is not a duration'],
    ['maxBody: 4MB', 'FLOW_VALUE maxBody is a size with a unit'],
    ['retry: { attempts: 0 }', 'FLOW_VALUE attempts is a whole number from 1 to 1000'],
    ['retry: { initial: 10ms }', 'FLOW_VALUE initial is at least 1s'],
    ['retry: { initial: 2m, max: 1m }', 'FLOW_VALUE max is shorter than initial'],
    ['dedupe: { key: x }', 'FLOW_VALUE dedupe needs "within"'],
    ['dedupe: { key: x, within: 99999999999d }', 'FLOW_VALUE within is at most 3650d → within: 3650d'],
    [`expires: ${'9'.repeat(400)}d`, 'FLOW_VALUE expires is at most 3650d → expires: 3650d'],
    ['expires: 0s', 'FLOW_VALUE expires must be longer than 0 → write a longer time, or delete the line'],
    ['retry: { max: 999999999999d }', 'FLOW_VALUE max is at most 3650d'],
    ['maxBody: 999999999GiB', 'FLOW_VALUE maxBody is at most 1024GiB'],
  ])('rejects deliver: { %s }', (deliver, expected) => {
    expect(lintSteps('  - { id: a, stop: {} }', `deliver: { ${deliver} }`)).toEqual([expect.stringContaining(expected)]);
  });

  it('reports all errors of all files at once, in order', () => {
    const text =
      'sluice: 1\nflow: a\ntrigger: { use: event, with: { types: [x] } }\ndeliver: { expires: 1 }\nsteps: [{ id: a, stop: {} }]\n---\nsluice: 1\nflow: A\n';
    const findings = print({ workspace: head, flows: { 'b.yaml': 'a: ~', 'a.yaml': text } }, true);
    expect(findings.map((finding) => finding.split(' ', 2).join(' '))).toEqual([
      'a.yaml:4:21 FLOW_DURATION',
      'a.yaml:7:1 FLOW_VALUE',
      'a.yaml:7:1 FLOW_VALUE',
      'a.yaml:8:7 FLOW_NAME',
      'b.yaml:1:1 FLOW_UNKNOWN_KEY',
      'b.yaml:1:1 FLOW_VALUE',
      'b.yaml:1:1 FLOW_VALUE',
      'b.yaml:1:1 FLOW_VALUE',
      'b.yaml:1:1 FLOW_VALUE',
      'b.yaml:1:4 YAML_SPELLING',
    ]);
  });

  it('rejects two flows of the same name, and names both places', () => {
    const flow = 'sluice: 1\nflow: a\ntrigger: { use: event, with: { types: [x] } }\nsteps: [{ id: a, stop: {} }]\n';
    expect(print({ workspace: head, flows: { 'a.yaml': flow, 'b.yaml': flow } }, true)).toEqual([
      'b.yaml:2:7 FLOW_DUPLICATE a.yaml:2 already defines a flow "a" → rename one of the two',
    ]);
  });
});

describe('names that a flow refers to', () => {
  it.each([
    ['a plugin', `{ id: a, use: onec-htp.call, connection: erp }`, 'REF_PLUGIN no plugin is called "onec-htp" → onec-http.call'],
    ['an action', `{ id: a, use: onec-http.cal, connection: erp }`, 'REF_ACTION onec-http has no action "cal" → onec-http.call'],
    [
      'a connection',
      `{ id: a, use: onec-http.call, connection: epr, with: { method: M } }`,
      'REF_CONNECTION no connection is called "epr" → erp',
    ],
    [
      'a connection with a Cyrillic letter',
      `{ id: a, use: onec-http.call, connection: еrp, with: { method: M } }`,
      'REF_CONNECTION no connection is called "еrp" (Cyrillic letters in it look like Latin ones) → erp',
    ],
    [
      'a connection of another plugin',
      `{ id: a, use: onec-http.call, connection: soap, with: { method: M } }`,
      'REF_CONNECTION connection "soap" is of onec-soap, not of onec-http → erp',
    ],
    [
      'a connection that is missing',
      `{ id: a, use: onec-http.call, with: { method: M } }`,
      'REF_CONNECTION onec-http.call needs a connection → connection: erp',
    ],
    [
      'a constant',
      `{ id: a, ${CALL}, with: { method: '\${{ vars.prefx }}' } }`,
      'REF_VAR no constant is called "prefx" → vars.prefix',
    ],
  ])('reports an unknown name: %s', (_, step, expected) => {
    expect(lintSteps(`  - ${step}`)).toEqual([expected]);
  });

  it('reports no unknown plugin when a plugin failed to load', () => {
    const flows = {
      'a.yaml':
        'sluice: 1\nflow: a\ntrigger: { use: event, with: { types: [x] } }\nsteps: [{ id: a, use: sms.send, connection: erp }]\n',
    };
    expect(compile({ workspace: head + connections, flows, failedPlugins: ['@sluice/plugin-sms'] })).toEqual({ findings: [] });
  });

  it('reports steps that have not run yet or have no result', () => {
    expect(lintSteps("  - { id: a, if: '${{ steps.b = 1 }}', stop: {} }\n  - { id: b, set: '${{ steps.b }}' }")).toEqual([
      'REF_STEP_LATER step "b" has not run yet here → move this step behind "b"',
      'REF_STEP_LATER step "b" has not run yet here → move this step behind "b"',
    ]);
    expect(
      lintSteps("  - { id: a, reply: {} }\n  - { id: b, if: '${{ $exists(steps.a) }}', stop: {} }", 'deliver: { expires: 1m }'),
    ).toEqual([
      'REF_STEP step "a" has no result: it is a reply → read a step that has a result: use, call, set, forEach, try or switch',
    ]);
  });

  it.each([
    ['an own if', "  - { id: a, if: '${{ trigger.data.x }}', set: 1 }", true],
    [
      'a branch',
      "  - { id: s, switch: { cases: [{ when: '${{ trigger.data.x }}', steps: [{ id: a, set: 1 }] }], otherwise: [] } }",
      true,
    ],
    ['no condition', '  - { id: a, set: 1 }', false],
  ])('warns about a step that may have been skipped: %s', (_, step, maybe) => {
    const read = "\n  - { id: r, emit: { type: '${{ vars.prefix }}', data: '${{ steps.a }}' } }";
    const guarded = read.replace('steps.a', 'steps.a ?? null');
    const asked = read.replace('id: r', "id: r, if: '${{ $exists(steps.a) }}'");
    expect(lintSteps(step + read)).toEqual(maybe ? ['REF_STEP_MAYBE step "a" may have been skipped → steps.a ?? null'] : []);
    expect(lintSteps(step + guarded)).toEqual([]);
    expect(lintSteps(step + asked)).toEqual([]);
  });

  it('does not warn about a step of the same branch', () => {
    const steps = "[{ id: a, set: 1 }, { id: r, emit: { type: '${{ vars.prefix }}', data: '${{ steps.a }}' } }]";
    expect(
      lintSteps(`  - { id: s, switch: { cases: [{ when: "\${{ trigger.data.x }}", steps: ${steps} }], otherwise: [] } }`),
    ).toEqual([]);
  });
});

describe('fields that an expression reads', () => {
  const read = (expression: string) => `  - { id: r, emit: { type: '\${{ vars.prefix }}', data: '\${{ ${expression} }}' } }`;

  it.each([
    ['a set', '  - { id: a, set: { Номер: 1 } }\n', 'steps.a.Номр', 'EXPR_FIELD step "a" has no "Номр" → steps.a.Номер'],
    [
      'an emit',
      '  - { id: a, emit: { type: "${{ vars.prefix }}" } }\n',
      'steps.a.data',
      'EXPR_FIELD step "a" has no "data" → known fields: id, type',
    ],
    [
      'an action',
      `  - { id: a, use: onec-http.request, connection: erp, with: { method: GET, path: / } }\n`,
      'steps.a.staus',
      'EXPR_FIELD onec-http.request has no "staus" → steps.a.status',
    ],
    ['the event', '', 'trigger.subjet', 'EXPR_FIELD trigger has no "subjet" → trigger.subject'],
    ['the run', '', 'run.name', 'EXPR_FIELD run has no "name" → known fields: id, flow, startedAt'],
  ])('reports an unknown field: %s', (_, before, expression, expected) => {
    expect(lintSteps(before + read(expression))).toEqual([expected]);
  });

  it('reports an error for a closed shape, and a warning where the remote system may add fields', () => {
    const severity = (text: string) =>
      compile({ workspace: head + connections, flows: { 'a.yaml': text } }).findings.map((finding) => finding.severity);
    const flow = (steps: string) => `sluice: 1\nflow: a\ntrigger: { use: event, with: { types: [x] } }\nsteps:\n${steps}`;
    expect(severity(flow(`  - { id: a, set: { b: 1 } }\n${read('steps.a.c')}`))).toEqual(['error']);
    expect(
      severity(
        flow(`  - { id: a, use: onec-http.request, connection: erp, with: { method: GET, path: / } }\n${read('steps.a.staus')}`),
      ),
    ).toEqual(['warning']);
  });

  it('derives fields from mocks and fallbacks when the answer has no schema', () => {
    const step = `  - { id: party, ${CALL}, with: { method: Find }, onError: [{ output: { Отказ: да } }] }\n`;
    const tests =
      'tests: [{ name: a, mocks: { party: [{ output: { Наименование: Ромашка } }, { error: rejected }] }, expect: { outcome: done } }]';
    expect(lintSteps(step + read('steps.party.Наименвание'), tests)).toEqual([
      'EXPR_FIELD a mock of step "party" has no "Наименвание" → steps.party.Наименование',
    ]);
    expect(lintSteps(step + read('steps.party.Отказ'), tests)).toEqual([]);
    expect(lintSteps(step + read('steps.party.Наименвание'))).toEqual([]);
  });

  it('warns about a field that may be absent', () => {
    const flow = (expression: string) =>
      `sluice: 1\nflow: a\ntrigger: { use: asterisk-ami.event, connection: pbx, with: { events: [x] } }\nsteps:\n${read(expression)}`;
    expect(lintFlow(flow('trigger.data.DialStatus'))).toEqual([
      'EXPR_MAYBE "DialStatus" may be absent → trigger.data.DialStatus ?? $omit',
    ]);
    expect(lintFlow(flow('trigger.data.DialStatus ?? null'))).toEqual([]);
    expect(lintFlow(flow('trigger.data.DialStatus = "BUSY"'))).toEqual([]);
  });

  it('reports an unknown field of error in onError', () => {
    const step = `  - { id: a, ${CALL}, with: { method: M }, onError: [{ when: '\${{ error.fat = "retry" }}', output: {} }] }`;
    expect(lintSteps(step)).toEqual([expect.stringContaining('EXPR_FIELD error has no "fat" → error.fate')]);
  });
});

describe('the input of an action', () => {
  it.each([
    [
      'an unknown key',
      '{ metod: M }',
      ['FLOW_VALUE with needs "method" → add "method"', 'FLOW_UNKNOWN_KEY "metod" is not a key of with → method'],
    ],
    ['a wrong type', '{ method: 1 }', [expect.stringContaining('FLOW_VALUE method: ')]],
    ['nothing at all', '{}', ['FLOW_VALUE with needs "method" → add "method"']],
    ['an expression for any value', "{ method: '${{ trigger.data.m }}', data: '${{ trigger.data }}' }", []],
  ])('checks an input with %s', (_, input, expected) => {
    expect(lintSteps(`  - { id: a, ${CALL}, with: ${input} }`)).toEqual(expected);
  });

  it('accepts an expression that may choose an alternative of a union', () => {
    const step = (to: string) =>
      `  - { id: a, use: tcp-gateway.send, connection: desktops, with: { to: ${to}, event: e, data: 1 } }`;
    expect(lintSteps(step("{ user: '${{ trigger.subject }}' }"))).toEqual([]);
    expect(lintSteps(step('{ all: 1 }'))).toEqual([expect.stringContaining('FLOW_VALUE to: ')]);
  });
});

describe('policies that are allowed but seldom intended', () => {
  it('warns about retries of a call that is not idempotent', () => {
    const step = '  - { id: a, use: onec-soap.call, connection: soap, with: { service: s, operation: o, arguments: {} } }';
    expect(lintSteps(step)).toEqual([]);
    expect(lintSteps(step, 'deliver: { retry: { attempts: 3 } }')).toEqual([
      expect.stringContaining('POLICY_RETRY onec-soap.call is not idempotent: deliver.retry does not repeat it'),
    ]);
    expect(lintSteps(step, 'deliver: { retry: { attempts: 1 } }')).toEqual([]);
  });

  it.each([
    ['POST, path: /hook', 1],
    ['POST, path: /hook, idempotent: no', 1],
    ['POST, path: /hook, idempotent: by-key', 0],
    ['PUT, path: /hook', 0],
    ["'${{ trigger.data.method }}', path: /hook", 0],
  ])('checks retries of an http.request with method: %s', (input, warnings) => {
    const step = `  - { id: a, use: http.request, connection: site, with: { method: ${input} } }`;
    const found = lintSteps(step, 'deliver: { retry: { attempts: 10 } }');
    expect(found).toEqual(
      Array.from({ length: warnings }, () =>
        expect.stringMatching(/POLICY_RETRY http\.request is not idempotent.*OUTCOME_UNKNOWN/),
      ),
    );
  });

  it('warns about a timeout above the consumer timeout of RabbitMQ', () => {
    const step = (timeout: string) =>
      `  - { id: a, use: onec-soap.call, connection: soap, timeout: ${timeout}, with: { service: s, operation: o, arguments: {} } }`;
    expect(lintSteps(step('30m'))).toEqual([]);
    expect(lintSteps(step('31m'))).toEqual([
      expect.stringContaining('POLICY_TIMEOUT a may take 1860 s, but RabbitMQ requeues the message of a call after 1800 s'),
    ]);
  });

  it('warns about a reply without expires', () => {
    expect(lintSteps('  - { id: a, reply: {} }')).toEqual([expect.stringContaining('POLICY_EXPIRES')]);
  });

  it.each([
    ['on each path', '[{ id: a, reply: {} }]', false],
    ['under a condition', "[{ id: a, if: '${{ trigger.data.x }}', reply: {} }]", true],
    ['after a stop', "[{ id: s, if: '${{ trigger.data.x }}', stop: {} }, { id: a, reply: {} }]", true],
    [
      'in each case',
      '[{ id: s, switch: { cases: [{ when: "${{ trigger.data.x }}", steps: [{ id: a, reply: {} }] }], otherwise: [{ id: b, reply: {} }] } }]',
      false,
    ],
    [
      'in some cases',
      '[{ id: s, switch: { cases: [{ when: "${{ trigger.data.x }}", steps: [{ id: a, reply: {} }] }], otherwise: [] } }]',
      true,
    ],
  ])('checks that the sender gets a reply: %s', (_, steps, reported) => {
    const text = `sluice: 1\nflow: a\ntrigger: { use: http.endpoint, with: { path: /in/a, respond: reply } }\ndeliver: { expires: 10s }\nsteps: ${steps}`;
    expect(lintFlow(text)).toEqual(reported ? [expect.stringContaining('POLICY_REPLY the sender waits for a reply')] : []);
  });

  it.each([
    ['use: http.endpoint, with: { path: /in/a }', 'http.endpoint'],
    ['use: asterisk-ami.event, connection: pbx, with: { events: [x] }', 'asterisk-ami.event'],
  ])('warns about a reply that no sender waits for: %s', (trigger, use) => {
    const text = `sluice: 1\nflow: a\ntrigger: { ${trigger} }\ndeliver: { expires: 10s }\nsteps: [{ id: a, reply: {} }]`;
    expect(lintFlow(text)).toEqual([
      expect.stringContaining(`POLICY_REPLY the sender does not wait for a reply: the trigger is ${use}`),
    ]);
  });

  it('warns about events that no flow takes, and types that no flow emits', () => {
    expect(lintSteps('  - { id: a, emit: { type: order.creatd } }')).toEqual(
      [
        'EVENT_NOBODY_TAKES no flow takes order.creatd → order.created',
        'EVENT_NOBODY_EMITS no flow emits order.created → order.creatd',
      ].sort(byPlace),
    );
    expect(lintSteps('  - { id: a, emit: { type: order.created } }')).toEqual([]);
    expect(lintSteps('  - { id: a, emit: { type: order.saved } }')).toEqual([
      'EVENT_NOBODY_TAKES no flow takes order.saved → add a flow that takes it; until then its events wait as unrouted',
    ]);
  });

  it('warns about values that no expression reads, and steps after the end', () => {
    expect(lintSteps('  - { id: a, set: 1 }\n  - { id: b, stop: {} }\n  - { id: c, stop: {} }')).toEqual([
      'STEP_UNUSED nothing reads steps.a → delete the step',
      'FLOW_UNREACHABLE step "c" is never reached: "b" always ends the run → delete it, or add an "if" to the step before it',
    ]);
  });
});

/** Orders findings by place: the trigger is before the steps. */
function byPlace(a: string, b: string): number {
  return Number(b.startsWith('EVENT_NOBODY_EMITS')) - Number(a.startsWith('EVENT_NOBODY_EMITS'));
}

describe('expressions in a flow', () => {
  it('explains an expression that a comment cuts off', () => {
    expect(
      print(
        {
          workspace: head,
          flows: {
            'a.yaml':
              'sluice: 1\nflow: a\ntrigger: { use: event, with: { types: [x] } }\nsteps:\n  - id: a\n    stop:\n      reason: ${{ "Заказ #" & trigger.data.n }}\n',
          },
        },
        true,
      ),
    ).toEqual([
      `a.yaml:7:26 YAML_QUOTE " #" begins a comment, so this expression was cut off → reason: '\${{ "Заказ #" & trigger.data.n }}'`,
    ]);
  });

  it('finds the place of a mistake in a folded block', () => {
    const text =
      'sluice: 1\nflow: a\ntrigger: { use: event, with: { types: [x] } }\nsteps:\n  - id: a\n    stop:\n      reason: >-\n        ${{ 1 = 1\n          ? steps.no\n          : "" }}\n';
    expect(print({ workspace: head, flows: { 'a.yaml': text } }, true)).toEqual([
      expect.stringContaining('a.yaml:9:19 REF_STEP no step is called "no"'),
    ]);
  });

  it('requires a time zone for date functions', () => {
    const flows = {
      'a.yaml':
        "sluice: 1\nflow: a\ntrigger: { use: event, with: { types: [x] } }\nsteps: [{ id: a, stop: { reason: '${{ $dateTime1C(trigger.time) }}' } }]",
    };
    const workspace = 'sluice: 1\nplugins: []\n';
    expect(print({ workspace, flows })).toEqual([expect.stringContaining('SETTING_TIMEZONE $dateTime1C needs a time zone')]);
    expect(print({ workspace: `${workspace}settings: { timezone: Europe/Moscow }`, flows })).toEqual([]);
  });

  it('rejects reading a setting of the host', () => {
    expect(lintSteps('  - { id: a, stop: { reason: \'${{ env.SLUICE_TOKEN_SECRET ?? "" }}\' } }')).toEqual([
      expect.stringContaining('EXPR_SECRET SLUICE_TOKEN_SECRET is a setting of the host'),
    ]);
  });

  it('rejects reading a variable that fills a secret field', () => {
    expect(lintSteps("  - { id: a, stop: { reason: '${{ env.ERP_PASSWORD }}' } }")).toEqual([
      expect.stringContaining('EXPR_SECRET ERP_PASSWORD fills a secret field, so a flow cannot read it'),
    ]);
    expect(lintSteps('  - { id: a, stop: {} }', "vars: { p: '${{ env.PBX_SECRET }}' }")).toEqual([
      expect.stringContaining('EXPR_SECRET PBX_SECRET'),
    ]);
    const signed = "with: { path: /in/a, signature: { header: h, algorithm: a, secret: '${{ env.PAYMENT_SECRET }}' } }";
    const flows = {
      'a.yaml': `sluice: 1\nflow: a\ntrigger: { use: http.endpoint, ${signed} }\nsteps: [{ id: a, stop: { reason: '\${{ vars.copy }}' } }]`,
    };
    expect(print({ workspace: "sluice: 1\nplugins: []\nvars: { copy: '${{ env.PAYMENT_SECRET }}' }", flows })).toEqual([
      expect.stringContaining('EXPR_SECRET PAYMENT_SECRET'),
    ]);
  });

  it('rejects reading a missing variable without a default', () => {
    expect(lintSteps("  - { id: a, stop: { reason: '${{ env.NOWHERE }}' } }")).toEqual([
      'ENV_MISSING the environment has no NOWHERE → set NOWHERE before the start, or write env.NOWHERE ?? "…"',
    ]);
    expect(lintSteps('  - { id: a, stop: { reason: \'${{ env.NOWHERE ?? "" }}\' } }')).toEqual([]);
  });
});

describe('the tests of a flow', () => {
  it.each([
    ['an unknown key', '{ name: a, expct: {} }', 'TEST_SHAPE "expct" is not a key of a test → expect'],
    ['an unknown step', '{ name: a, mocks: { b: { output: {} } } }', 'REF_STEP no step is called "b" → a'],
    [
      'a mock with output and error',
      '{ name: a, mocks: { a: { output: {}, error: retry } } }',
      'TEST_SHAPE a mock has either "output" or "error"',
    ],
    ['an unknown fate', '{ name: a, mocks: { a: { error: refused } } }', 'TEST_SHAPE error is a fate'],
    ['an output that does not fit', '{ name: a, mocks: { a: { output: { status: ok } } } }', 'TEST_SHAPE status: '],
    ['an unknown outcome', '{ name: a, expect: { outcome: ok } }', 'TEST_SHAPE outcome is one of'],
    [
      'an event with an unknown attribute',
      '{ name: a, trigger: { payload: 1 } }',
      'TEST_SHAPE "payload" is not a key of trigger of a test',
    ],
    ['a time of the day', "{ name: a, now: '9:00' }", 'TEST_SHAPE now is a time in ISO 8601'],
    ['a duration without a unit', '{ name: a, expect: { took: 2 } }', 'TEST_SHAPE took is a duration'],
    ['a map in place of conditions', '{ name: a, expect: { that: { a: 1 } } }', 'TEST_SHAPE that is a list of conditions'],
  ])('rejects %s', (_, test, expected) => {
    const step = '  - { id: a, use: onec-http.request, connection: erp, with: { method: GET, path: / } }';
    const findings = lintSteps(step, `tests: [${test}]`).filter((finding) => !finding.startsWith('TEST_EMPTY'));
    expect(findings).toEqual([expect.stringContaining(expected)]);
  });

  it('checks samples of the trigger, which may be incomplete', () => {
    const flow = (data: string) =>
      `sluice: 1\nflow: a\ntrigger: { use: asterisk-ami.event, connection: pbx, with: { events: [x] } }\nsteps: [{ id: a, stop: {} }]\ntests: [{ name: a, trigger: { data: ${data} }, expect: { outcome: stopped } }]`;
    expect(lintFlow(flow("{ Linkedid: '1.1' }"))).toEqual([]);
    expect(lintFlow(flow('{ Linkedid: 1 }'))).toEqual([expect.stringContaining('TEST_SHAPE Linkedid: ')]);
  });
});

describe('sluice.yaml', () => {
  const connection = (text: string) => `${head}connections:\n  erp: ${text}`;
  const sound = "baseUrl: http://erp/hs, user: sluice, password: '${{ env.ERP_PASSWORD }}'";

  it.each([
    [
      'a literal secret',
      connection("{ use: onec-http, with: { baseUrl: http://erp/hs, user: u, password: '123' } }"),
      'SECRET_LITERAL password is a secret and must come from the environment → password: ${{ env.PASSWORD }}',
    ],
    ['an unknown plugin', connection('{ use: onec-htp }'), 'REF_PLUGIN no plugin is called "onec-htp" → onec-http'],
    [
      'an unknown option',
      connection(`{ use: onec-http, with: { ${sound}, timout: 1s } }`),
      'FLOW_UNKNOWN_KEY "timout" is not a key of with → timeout',
    ],
    [
      'an option that does not fit',
      connection("{ use: onec-http, with: { baseUrl: erp, user: u, password: '${{ env.ERP_PASSWORD }}' } }"),
      'FLOW_VALUE baseUrl: ',
    ],
    [
      'an option that does not fit when evaluated',
      connection("{ use: onec-http, with: { baseUrl: '${{ env.ERP_USER }}', user: u, password: '${{ env.ERP_PASSWORD }}' } }"),
      'FLOW_VALUE baseUrl: ',
    ],
    [
      'a name with a capital',
      `${head}connections:\n  Erp: { use: onec-http, with: { ${sound} } }`,
      'FLOW_NAME "Erp" is not a valid name',
    ],
    [
      'a start above the limit',
      connection(`{ use: onec-http, with: { ${sound} }, pace: { concurrency: { start: 5 } } }`),
      'FLOW_VALUE start is above max, which is 4',
    ],
    [
      'shares that do not fit',
      connection(`{ use: onec-http, with: { ${sound} }, pace: { shares: { interactive: 60%, normal: 30%, bulk: 20% } } }`),
      'FLOW_VALUE the sum of the shares is 110%, not 100%',
    ],
    [
      'more calls at once than a database can count',
      connection(`{ use: onec-http, with: { ${sound} }, pace: { concurrency: { max: 9007199254740991 } } }`),
      'FLOW_VALUE max is a whole number from 1 to 10000 → max: 10000',
    ],
    [
      'a grace that is longer than a timer',
      connection(`{ use: onec-http, with: { ${sound} }, pace: { crashGrace: 3650d } }`),
      'FLOW_VALUE crashGrace is at most 1d → crashGrace: 1d',
    ],
    [
      'a rate without end',
      connection(`{ use: onec-http, with: { ${sound} }, pace: { rate: 99999999999999/s } }`),
      'FLOW_VALUE rate is a whole number of at most 999999 per unit of time',
    ],
    [
      'a rate with a fraction',
      connection(`{ use: onec-http, with: { ${sound} }, pace: { rate: 0.5/s } }`),
      'FLOW_VALUE rate is a whole number of at most 999999 per unit of time',
    ],
    [
      'a window without a limit',
      connection(`{ use: onec-http, with: { ${sound} }, pace: { calendar: [{ daily: '02:00-03:00' }] } }`),
      'FLOW_VALUE a window needs a limit',
    ],
    [
      'a time without a zero',
      connection(`{ use: onec-http, with: { ${sound} }, pace: { calendar: [{ daily: '2:00-3:00', concurrency: 0 }] } }`),
      'FLOW_VALUE "2:00-3:00" is not a window of the day',
    ],
    [
      'an unknown day',
      connection(
        `{ use: onec-http, with: { ${sound} }, pace: { calendar: [{ daily: '02:00-03:00', days: [monday], concurrency: 0 }] } }`,
      ),
      'FLOW_VALUE a day is mon, tue',
    ],
    [
      'a date that does not exist',
      connection(
        `{ use: onec-http, with: { ${sound} }, pace: { calendar: [{ daily: '02:00-03:00', dates: [2026-02-30], concurrency: 0 }] } }`,
      ),
      'FLOW_VALUE "2026-02-30" is not a date',
    ],
    [
      'an unknown time zone',
      'sluice: 1\nplugins: []\nsettings: { timezone: Moscow }',
      'SETTING_TIMEZONE "Moscow" is not a time zone',
    ],
    ['a plugin listed twice', 'sluice: 1\nplugins: [./a, ./a]', 'FLOW_DUPLICATE "./a" is listed twice'],
    [
      'a limit that was withdrawn',
      'sluice: 1\nplugins: []\nsettings: { limits: { inline: 1KiB } }',
      'FLOW_UNKNOWN_KEY "inline" is not a key of settings.limits → delete the line: each body travels with its event',
    ],
    [
      'a short secret',
      "sluice: 1\nplugins: []\nissuers: { erp: { secret: '${{ env.ERP_USER }}' } }",
      'FLOW_VALUE the secret of erp is shorter than 32 bytes',
    ],
    [
      'a literal secret of an issuer',
      'sluice: 1\nplugins: []\nissuers: { erp: { secret: 0123456789abcdef0123456789abcdef } }',
      'SECRET_LITERAL secret is a secret',
    ],
    [
      'an issuer without a secret',
      'sluice: 1\nplugins: []\nissuers: { erp: { scopes: [desktop] } }',
      'FLOW_VALUE an issuer has either "secret" or',
    ],
    [
      'an issuer that grants an operator scope',
      "sluice: 1\nplugins: []\nissuers: { erp: { secret: '${{ env.LONG }}', scopes: [admin] } }",
      'FLOW_VALUE only the built-in issuer may grant "admin"',
    ],
    [
      'the built-in issuer',
      "sluice: 1\nplugins: []\nissuers: { operator: { secret: '${{ env.LONG }}' } }",
      'FLOW_DUPLICATE the issuer "operator" is built in',
    ],
  ])('rejects %s', (_, text, expected) => {
    expect(lintWorkspace(text, { ...environment, LONG: 'x'.repeat(32) })).toEqual([expect.stringContaining(expected)]);
  });

  it('names an empty environment variable', () => {
    const text = connection(
      "{ use: onec-http, with: { baseUrl: '${{ env.ERP_USER }}', user: u, password: '${{ env.ERP_PASSWORD }}' } }",
    );
    expect(lintWorkspace(text, { ...environment, ERP_USER: '' })).toEqual([
      'FLOW_VALUE baseUrl: the environment variable ERP_USER is empty → set ERP_USER before the start',
    ]);
  });

  it('names an environment variable with a wrong value, but does not show the value', () => {
    const text = connection(
      "{ use: onec-http, with: { baseUrl: '${{ env.ERP_USER }}', user: u, password: '${{ env.ERP_PASSWORD }}' } }",
    );
    expect(lintWorkspace(text, { ...environment, ERP_USER: 'not-a-url' })).toEqual([
      'FLOW_VALUE baseUrl: must be a whole address (URL) → correct the environment variable ERP_USER',
    ]);
  });

  it('requires a time zone for a calendar', () => {
    const text = `sluice: 1\nplugins: []\nconnections:\n  erp: { use: onec-http, with: { ${sound} }, pace: { calendar: [{ daily: '02:00-03:00', concurrency: 0 }] } }`;
    expect(lintWorkspace(text)).toEqual([expect.stringContaining('SETTING_TIMEZONE a calendar needs a time zone')]);
    expect(lintWorkspace(text.replace('calendar:', 'timezone: Asia/Almaty, calendar:'))).toEqual([]);
  });

  it('evaluates constants once, from the environment only', () => {
    expect(lintWorkspace("sluice: 1\nplugins: []\nvars: { a: '${{ env.ERP_USER }}', b: '${{ $now() }}' }")).toEqual([
      expect.stringContaining('a constant cannot use the time'),
    ]);
    expect(lintSteps('  - { id: a, stop: {} }', 'vars: { prefix: x }')).toEqual([
      'FLOW_DUPLICATE sluice.yaml already has a constant "prefix" → rename one of the two',
    ]);
  });
});

describe('a typing mistake', () => {
  const GOOD = `sluice: 1
flow: hello
trigger:
  use: event
  with: { types: [order.created] }
steps:
  - id: save
    use: onec-http.call
    connection: erp
    with:
      method: SaveOrder
      data: \${{ trigger.data }}
`;
  const STEPS = GOOD.slice(GOOD.indexOf('steps:'));

  it('does not occur in the sample itself', () => {
    expect(lintFlow(GOOD)).toEqual([]);
    expect(lintFlow(`\uFEFF${GOOD.replaceAll('\n', '\r\n')}`)).toEqual([]);
  });

  it.each<[slip: string, right: string, wrong: string, finding: string]>([
    [
      'a brace too few at the end',
      '{ trigger.data }}',
      '{ trigger.data }',
      'EXPR_UNCLOSED this expression has no end: "}}" is missing → ${{ trigger.data }}',
    ],
    [
      'a brace too few at the beginning',
      '${{ trigger',
      '${ trigger',
      'EXPR_MARK ${ trigger.data }} is a text here: an expression is written between "${{" and "}}" → ${{ trigger.data }}',
    ],
    [
      'no dollar',
      '${{ trigger',
      '{{ trigger',
      'YAML_QUOTE an expression begins with "${{", not with "{{" → \'${{ trigger.data }}\'',
    ],
    [
      'no dollar, in quotes',
      '${{ trigger.data }}',
      "'{{ trigger.data }}'",
      'EXPR_MARK {{ trigger.data }} is a text here: an expression is written between "${{" and "}}" → ${{ trigger.data }}',
    ],
    [
      'a space too few',
      '    use: onec',
      '   use: onec',
      'YAML_SYNTAX line 7 begins in column 5 and line 8 in column 4 → begin the keys of one map in the same column',
    ],
    [
      'a space too many',
      '      data:',
      '        data:',
      'YAML_SYNTAX line 11 begins in column 7 and line 12 in column 9 → begin the keys of one map in the same column',
    ],
    ['a tab', '    use: onec', '\tuse: onec', 'YAML_SYNTAX a tab cannot indent → indent with spaces'],
    [
      'a non-breaking space',
      '    connection',
      '\u00a0   connection',
      'YAML_CHARACTER the indentation contains a special space, perhaps a non-breaking one → indent with ordinary spaces',
    ],
    [
      'no space after a colon',
      'connection: erp',
      'connection:erp',
      'YAML_SYNTAX a colon ends a key only if a space follows it → connection: erp',
    ],
    [
      'a quote too few',
      'method: SaveOrder',
      "method: 'SaveOrder",
      "YAML_QUOTE the quote that opens here is not closed in this line → method: 'SaveOrder'",
    ],
    ['both parts misspelt', 'onec-http.call', 'onec-htp.cal', 'REF_PLUGIN no plugin is called "onec-htp" → onec-http.call'],
    [
      'a word for a number',
      'steps:',
      'deliver: { retry: { attempts: many } }\nsteps:',
      'FLOW_VALUE attempts is a whole number from 1 to 1000 → attempts: 10',
    ],
    [
      'a number out of range',
      'steps:',
      'deliver: { retry: { attempts: 5000 } }\nsteps:',
      'FLOW_VALUE attempts is a whole number from 1 to 1000 → attempts: 1000',
    ],
    [
      'a duration with a space',
      'steps:',
      'deliver: { expires: 5 s }\nsteps:',
      'FLOW_DURATION "5 s" is not a duration → expires: 5s',
    ],
    [
      'a duration in two units',
      'steps:',
      'deliver: { expires: 1h30m }\nsteps:',
      'FLOW_DURATION "1h30m" is not a duration → expires: 90m',
    ],
    ['a star in a word', '[order.created]', "['order*']", `FLOW_VALUE "order*" is not a valid event type → 'order.*'`],
    [
      'a space in a type',
      '[order.created]',
      '[order created]',
      'FLOW_VALUE "order created" is not a valid event type → order.created',
    ],
    [
      'a Cyrillic letter in an id',
      'id: save',
      'id: sаve',
      'FLOW_NAME "sаve" cannot be the id of a step: an expression could not read it (Cyrillic letters in it look like Latin ones) → save',
    ],
    [
      'a Cyrillic letter in a trigger',
      'use: event',
      'use: еvent',
      'FLOW_VALUE "еvent" is neither event, schedule, flow nor <plugin>.<trigger> → use: event',
    ],
    ['a name with capitals', 'flow: hello', 'flow: Hello World', 'FLOW_NAME "Hello World" is not a valid name → hello-world'],
    ['no dash before the first step', '  - id: save', '    id: save', 'FLOW_VALUE steps is a list of steps → - id: save'],
    [
      'a step that is named by a key',
      STEPS,
      'steps:\n  - save: { use: onec-http.call, connection: erp, with: { method: SaveOrder } }',
      'FLOW_VALUE a step is not named by a key, but by its id → write "- id: save", and the other keys below it, in the column of "id"',
    ],
    [
      'a condition without a value',
      '    use: onec',
      '    if:\n    use: onec',
      'YAML_EMPTY "if" has no value → write a condition: if: ${{ trigger.data.vip }}, or delete the line',
    ],
    [
      'yes for true',
      '    use: onec',
      '    if: yes\n    use: onec',
      'FLOW_VALUE if is one whole expression, true or false → if: true',
    ],
    [
      'a condition with the marks of another system',
      '    use: onec',
      "    if: '{{ trigger.data.vip }}'\n    use: onec",
      "FLOW_VALUE if is one whole expression, true or false → if: '${{ trigger.data.vip }}'",
    ],
    [
      'an unknown choice',
      '    connection',
      '    priority: high\n    connection',
      'FLOW_VALUE priority is interactive, normal or bulk → write one of them: priority: interactive',
    ],
  ])('is reported with its cure: %s', (_, right, wrong, finding) => {
    expect(GOOD).toContain(right);
    const findings = lintFlow(GOOD.replace(right, () => wrong));
    expect(findings).toEqual([finding]);
  });

  it.each<[slip: string, right: string, wrong: string, finding: string]>([
    [
      'a Cyrillic letter in a key',
      'connection:',
      'cоnnection:',
      'FLOW_UNKNOWN_KEY "cоnnection" is not a key of a step (Cyrillic letters in it look like Latin ones) → connection',
    ],
    [
      'on, as in a workflow of GitHub',
      'trigger:\n  use: event\n  with: { types: [order.created] }',
      'on: order.created',
      'FLOW_UNKNOWN_KEY "on" is not a key of a flow → trigger: { use: event, with: { types: [order.created] } }',
    ],
    [
      'an option of the action beside with',
      '    with:\n      method: SaveOrder',
      '    method: SaveOrder\n    with:',
      'FLOW_UNKNOWN_KEY "method" is not a key of a step → if it is an option of the action, write it under "with"; keys of a step:',
    ],
  ])('is reported beside the keys that it makes missing: %s', (_, right, wrong, finding) => {
    expect(GOOD).toContain(right);
    expect(lintFlow(GOOD.replace(right, () => wrong))).toContainEqual(expect.stringContaining(finding));
  });

  it.each([
    ['a space too few', '    use: onec', '   use: onec', 'a.yaml:8:4 '],
    ['a space too many', '      data:', '        data:', 'a.yaml:12:9 '],
  ])('is reported in the line with the wrong indentation: %s', (_, right, wrong, location) => {
    const found = print({ workspace: head + connections, flows: { 'a.yaml': GOOD.replace(right, () => wrong) } }, true);
    expect(found).toEqual([expect.stringMatching(new RegExp(`^${location}YAML_SYNTAX`))]);
  });

  it('is not confused with UTF-16 without a byte order mark', () => {
    expect(print({ workspace: head + connections, flows: { 'a.yaml': Buffer.from(GOOD, 'utf16le') } })).toEqual([
      'FILE_NOT_UTF8 this is not UTF-8; it looks like UTF-16 → save it as UTF-8',
    ]);
  });
});

describe('input that cannot be checked', () => {
  const codes = (text: string) =>
    compile({ workspace: 'sluice: 1\nplugins: []\n', flows: { 'a.yaml': text } }).findings.map(({ code }) => code);

  it.each([
    ['brackets', `a: ${'['.repeat(10_000)}`],
    ['maps', `a: ${'{'.repeat(10_000)}`],
    ['dashes', '- '.repeat(500_000)],
    ['indentation', Array.from({ length: 2_000 }, (_, level) => `${'  '.repeat(level)}a:`).join('\n')],
    ['indentation by one space', Array.from({ length: 300 }, (_, level) => `${' '.repeat(level)}a:`).join('\n')],
    ['a bracket in each line', `a: ${'[\n '.repeat(500)}${']'.repeat(500)}`],
    ['more brackets than the parser can read', `a: ${'[\n '.repeat(9_000)}${']'.repeat(9_000)}`],
  ])('is rejected when it nests too deep: %s', (_, text) => {
    expect(codes(text)).toEqual(['YAML_DEPTH']);
  });

  it.each([
    ['a control character', 'sluice: 1\nflow: "a\u001b[31m"\n'],
    ['a carriage return alone', 'sluice: 1\rflow: a\r'],
    ['a byte order mark within the file', 'sluice: 1\nflow: a\n---\n\ufeffsluice: 1\nflow: b\n'],
    ['a zero-width space in a name', 'sluice: 1\nflow: a\u200bb\n'],
    ['a character that reorders the line', 'sluice: 1\nflow: a\ndescription: "a\u202e b"\n'],
  ])('is rejected for characters that editors do not show: %s', (_, text) => {
    expect(codes(text)).toContain('YAML_CHARACTER');
  });

  it('is rejected when it is too large', () => {
    expect(codes(`# ${'x'.repeat(4 * 1024 ** 2)}`)).toEqual(['FILE_SIZE']);
  });

  it('is limited to fifty reports of unknown keys per map', () => {
    const keys = Array.from({ length: 1_000 }, (_, index) => `key${index}: 1`).join('\n');
    const text = `sluice: 1\nflow: a\ntrigger: { use: event, with: { types: [x] } }\nsteps: [{ id: a, stop: {} }]\n${keys}\n`;
    expect(codes(text).filter((code) => code === 'FLOW_UNKNOWN_KEY')).toHaveLength(50);
  });

  it('is limited to 500 errors per file, and one more error about the others', () => {
    const found = codes('a: b: c\n'.repeat(4_000));
    expect(found).toHaveLength(501);
    expect(new Set(found.slice(0, 500))).toEqual(new Set(['YAML_QUOTE']));
    expect(found).toContain('FLOW_ERRORS');
  });

  it('is not compiled when a file has more errors than are reported', () => {
    const vars = Array.from({ length: 600 }, (_, index) => `  v${index}: \${{ nothing${index} }}`).join('\n');
    const text = `sluice: 1\nflow: a\ntrigger: { use: event, with: { types: [x] } }\nvars:\n${vars}\nsteps: [{ id: a, stop: {} }]\n`;
    const { workspace, findings } = compile({ workspace: 'sluice: 1\nplugins: []\n', flows: { 'a.yaml': text } });
    expect(workspace).toBeUndefined();
    expect(findings.filter(({ severity }) => severity === 'error')).toHaveLength(501);
  });

  it('is limited to thirty names in a cure', () => {
    const steps = Array.from({ length: 40 }, (_, index) => `  - { id: step${index}, set: 1 }`).join('\n');
    const found = lintSteps(`${steps}\n  - { id: last, set: '\${{ steps.other }}' }`);
    expect(found.find((line) => line.startsWith('REF_STEP '))).toMatch(/step29 and 10 more$/);
  });
});

describe('a key that is the same for all events', () => {
  it.each([
    ["key: ''", 'otherwise each run waits for the one before it'],
    ['key: \'${{ "a" }}\'', 'otherwise each run waits for the one before it'],
    ['dedupe: { key: x, within: 1d }', 'otherwise only one event runs within the time of "within"'],
  ])('is reported with its consequence: %s', (deliver, consequence) => {
    expect(lintSteps('  - { id: a, stop: {} }', `deliver: { ${deliver} }`)).toEqual([
      expect.stringMatching(`^FLOW_CONSTANT this "key" is the same for all events → .*${consequence}`),
    ]);
  });

  it('may contain a constant part', () => {
    expect(lintSteps('  - { id: a, stop: {} }', "deliver: { key: 'order ${{ trigger.subject }}' }")).toEqual([]);
  });
});

describe('names of the prototype of objects', () => {
  it.each(['constructor', '__proto__', 'toString'])('are not taken for words of the language: %s', (name) => {
    expect(lintFlow(`sluice: 1\nflow: a\ntrigger: { use: ${name} }\nsteps: [{ id: a, stop: {} }]\n`)).toEqual([
      `FLOW_VALUE "${name}" is neither event, schedule, flow nor <plugin>.<trigger> → write use: event, or for instance use: http.endpoint`,
    ]);
  });
});

describe('the number of warnings', () => {
  it('is limited to 500 per file, and one more warning about the others', () => {
    const steps = Array.from({ length: 700 }, (_, index) => `  - { id: s${index}, set: 1 }`).join('\n');
    const found = lintSteps(steps);
    expect(found).toHaveLength(501);
    expect(found.at(-1)).toMatch(/^FLOW_WARNINGS this file has more than 500 warnings/);
  });
});

describe('the work of checking', () => {
  const HEAD = 'sluice: 1\nflow: a\ntrigger: { use: event, with: { types: [x] } }\n';
  const lines = (count: number, line: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => line(index)).join('\n');

  const cpuMsOf = (text: string): number => {
    const before = process.cpuUsage();
    compile({ workspace: 'sluice: 1\nplugins: []\n', flows: { 'a.yaml': text } });
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  };

  // Sixteen times the input takes 16 times the processor time, or 256 times if the work is quadratic. Times below 20 ms count as 20 ms,
  // because they vary with compilation and garbage collection.
  it.each<[string, (count: number) => string]>([
    ['lines cut in two', (count) => lines(count, () => 'a: b: c')],
    [
      'steps that read the one before',
      (count) => `${HEAD}steps:\n${lines(count, (i) => `  - { id: s${i}, set: '\${{ steps.s${i - 1} }}' }`)}\n`,
    ],
    [
      'flows',
      (count) => lines(count, (i) => `---\n${HEAD.replace('flow: a', `flow: a${i}`)}steps: [{ id: s, emit: { type: t${i} } }]`),
    ],
    [
      'broken expressions in one text',
      (count) => `${HEAD}steps:\n  - id: s\n    set: >-\n${lines(count, (i) => `      \${{ a == ${i} }}`)}\n`,
    ],
    [
      'types that flows emit and take',
      (count) =>
        lines(
          count,
          (i) =>
            `---\n${HEAD.replace('flow: a', `flow: a${i}`).replace('[x]', `[ordre.t${i}, 'p${i}.*']`)}steps: [{ id: s, emit: { type: order.t${i} } }]`,
        ),
    ],
    [
      'spaces after a mark of another system',
      (count) => `${HEAD}steps: [{ id: s, set: '{{ trigger.${' '.repeat(count * 40)}' }]\n`,
    ],
    [
      'constants and their readers',
      (count) =>
        `${HEAD}vars:\n${lines(count, (i) => `  v${i}: 1`)}\nsteps:\n${lines(count, (i) => `  - { id: s${i}, set: '\${{ vars.v${i} }}' }`)}\n`,
    ],
    [
      'items and handlers of loops',
      (count) =>
        `${HEAD}steps:\n${lines(count, (i) => `  - { id: s${i}, forEach: { in: '\${{ trigger.data.x }}', onFailure: continue, steps: [{ id: t${i}, set: '\${{ item.a }}' }] } }`)}\n`,
    ],
    ['repeated keys', (count) => `${HEAD}steps:\n  - id: s\n    set:\n${lines(count, () => '      k: 1')}\n`],
  ])(
    'grows in proportion to %s',
    (_, make) => {
      const [small, large] = [make(50), make(800)];
      const best = (text: string): number => Math.min(cpuMsOf(text), cpuMsOf(text));
      best(small);
      expect(best(large) / Math.max(20, best(small))).toBeLessThan(64);
    },
    60_000,
  );
});

describe('cures of common mistakes', () => {
  it('puts the first key of a map into braces', () => {
    const text = 'sluice: 1\nflow: a\ntrigger:\n  use: http.endpoint\n  with: path: /in/orders\nsteps: []\n';
    const findings = compile({ workspace: 'sluice: 1\nplugins: []\n', flows: { 'a.yaml': text } }).findings;
    expect(findings).toMatchObject([{ code: 'YAML_SYNTAX', write: 'with: { path: /in/orders }' }]);
  });

  it('does not offer null for an empty section', () => {
    const text = 'sluice: 1\nflow: a\ntrigger: { use: event, with: { types: [x] } }\ndeliver:\nsteps: [{ id: a, stop: {} }]\n';
    const findings = compile({ workspace: 'sluice: 1\nplugins: []\n', flows: { 'a.yaml': text } }).findings;
    expect(findings).toMatchObject([{ code: 'YAML_EMPTY', do: expect.stringContaining('delete the line') }]);
  });
});

describe('routes of flows', () => {
  const flow = (name: string, options: string) =>
    `sluice: 1\nflow: ${name}\ntrigger: { use: http.endpoint, with: { ${options} } }\nsteps:\n  - { id: end, stop: {} }\n`;
  const lintRoutes = (...options: readonly string[]) =>
    print({ workspace: head, flows: { 'a.yaml': options.map((given, n) => flow(`f${n}`, given)).join('---\n') } }, true);

  it.each([
    ['the same path', "path: '/in/x'", "path: '/in/x'"],
    ['parameters of other names', "path: '/in/{a}/{b}'", "path: '/in/{c}/{d}'"],
  ])('are reported at both flows with %s', (_, first, second) => {
    const path = (options: string) => /'(.*)'/.exec(options)?.[1] ?? '';
    const cure = (options: string) => `→ write another path or method than POST ${path(options)}, or join the two flows`;
    expect(lintRoutes(first, second)).toEqual([
      `a.yaml:3:46 FLOW_ROUTE the flow "f1" (a.yaml:9) receives the same requests: POST ${path(second)} ${cure(first)}`,
      `a.yaml:9:46 FLOW_ROUTE the flow "f0" (a.yaml:3) receives the same requests: POST ${path(first)} ${cure(second)}`,
    ]);
  });

  it('may differ in the method, or in one literal segment', () => {
    expect(lintRoutes("path: '/in/{a}/b'", "path: '/in/a/{b}'", "path: '/in/{a}/b', method: PUT", "path: '/in/{a}'")).toEqual([]);
  });
});
