import { describe, expect, it } from '@jest/globals';
import { describeGraph, parseWorkspaceFile, type Finding, type WorkspaceGraph } from '@sluice/flow';
import { toMermaid, toSvg } from '../src/index.js';

const source = (file: string, text: string) => ({ file, bytes: Buffer.from(text) });

const SETTINGS = `sluice: 1
plugins: ['@sluice/plugin-onec-http']
connections:
  erp:
    use: onec-http
    with: { baseUrl: 'http://1c/base' }
`;

const ORDER = `sluice: 1
flow: order
trigger: { use: event, with: { types: [order.created] } }
steps:
  - id: save
    use: onec-http.call
    connection: erp
    with: { method: Save }
  - id: again
    use: onec-http.call
    connection: erp
    with: { method: Save }
  - id: check
    call: { flow: verify }
  - id: tell
    emit: { type: order.saved }
---
sluice: 1
flow: verify
trigger: { use: flow }
steps:
  - id: answer
    reply: { data: 1 }
`;

const NIGHT = `sluice: 1
flow: night
trigger: { use: schedule, with: { cron: '0 3 * * *', timezone: Europe/Moscow } }
steps:
  - id: each
    forEach: { in: '\${{ [1] }}', as: one, steps: [{ id: send, emit: { type: order.created } }] }
  - id: other
    use: onec-http.call
    connection: \${{ vars.base }}
---
sluice: 1
flow: watch
trigger: { use: event, with: { types: ['order.*'] } }
steps:
  - id: lost
    call: { flow: nowhere }
`;

function graphOf(flows: Readonly<Record<string, string>>, findings: readonly Finding[] = []): WorkspaceGraph {
  const { file } = parseWorkspaceFile(source('sluice.yaml', SETTINGS));
  return describeGraph({
    flows: Object.entries(flows).map(([name, text]) => source(name, text)),
    findings,
    ...(file && { workspace: file }),
  });
}

const finding = (file: string, line: number, message = 'wrong'): Finding => ({
  file,
  line,
  column: 1,
  endColumn: 2,
  code: 'EXPR_FIELD',
  severity: 'warning',
  message,
});

/** A workspace with this number of flows, each of which takes the event of the one before. */
function many(count: number): WorkspaceGraph {
  const flows = Array.from({ length: count }, (_, index) => [
    `f${index}.yaml`,
    `sluice: 1
flow: flow-${index}
trigger: { use: event, with: { types: [event.n${index}] } }
steps:
  - { id: save, use: onec-http.call, connection: erp, with: { method: Save } }
  - { id: tell, emit: { type: event.n${index + 1} } }
`,
  ]);
  return graphOf(Object.fromEntries(flows) as Record<string, string>);
}

describe('describeGraph', () => {
  it('leads from events through flows to calls, events and connections, and joins the steps of an edge', () => {
    expect(graphOf({ 'flows/order.yaml': ORDER })).toEqual({
      nodes: [
        { id: 'connection:erp', kind: 'connection', name: 'erp', detail: 'onec-http', findings: [] },
        { id: 'flow:order', kind: 'flow', name: 'order', findings: [] },
        { id: 'flow:verify', kind: 'flow', name: 'verify', findings: [] },
        { id: 'event:order.created', kind: 'event', name: 'order.created', findings: [] },
        { id: 'event:order.saved', kind: 'event', name: 'order.saved', findings: [] },
      ],
      edges: [
        { from: 'event:order.created', to: 'flow:order', kind: 'takes', steps: [] },
        { from: 'flow:order', to: 'connection:erp', kind: 'uses', steps: ['save', 'again'] },
        { from: 'flow:order', to: 'flow:verify', kind: 'calls', steps: ['check'] },
        { from: 'flow:order', to: 'event:order.saved', kind: 'emits', steps: ['tell'] },
      ],
      findings: [],
    });
  });

  it('shows schedules, steps within blocks, expressions as names, patterns and flows that do not exist', () => {
    const { nodes, edges } = graphOf({ 'flows/night.yaml': NIGHT });
    expect(nodes).toContainEqual({
      id: 'schedule:0 3 * * * Europe/Moscow',
      kind: 'schedule',
      name: '0 3 * * *',
      detail: 'Europe/Moscow',
      findings: [],
    });
    expect(nodes).toContainEqual(expect.objectContaining({ name: '${{ vars.base }}', dynamic: true }));
    expect(nodes).toContainEqual(expect.objectContaining({ id: 'flow:nowhere', unknown: true }));
    expect(edges).toContainEqual({ from: 'flow:night', to: 'event:order.created', kind: 'emits', steps: ['send'] });
    expect(edges).toContainEqual({ from: 'event:order.created', to: 'event:order.*', kind: 'matches', steps: [] });
  });

  it('shows a schedule once for each time zone', () => {
    const flow = (name: string, zone: string) => `sluice: 1
flow: ${name}
trigger: { use: schedule, with: { cron: '0 3 * * *'${zone} } }
steps: []
`;
    const { nodes, edges } = graphOf({
      'flows/a.yaml': flow('a', ', timezone: Asia/Tokyo'),
      'flows/b.yaml': flow('b', ', timezone: Europe/Moscow'),
      'flows/c.yaml': flow('c', ''),
    });
    const details = new Map(nodes.map(({ id, detail }) => [id, detail]));
    expect(edges.map(({ from, to }) => [details.get(from), to])).toEqual([
      ['Asia/Tokyo', 'flow:a'],
      ['Europe/Moscow', 'flow:b'],
      [undefined, 'flow:c'],
    ]);
  });

  it('shows each finding at the flow of its document or at its connection', () => {
    const findings = [
      finding('flows/order.yaml', 5),
      finding('flows/order.yaml', 20),
      finding('sluice.yaml', 6),
      finding('sluice.yaml', 1, 'unplaced'),
    ];
    const graph = graphOf({ 'flows/order.yaml': ORDER }, findings);
    const found = graph.nodes.filter((node) => node.findings.length > 0).map(({ id, findings: [one] }) => [id, one?.line]);
    expect(found).toEqual([
      ['connection:erp', 6],
      ['flow:order', 5],
      ['flow:verify', 20],
    ]);
    expect(graph.findings.map(({ message }) => message)).toEqual(['unplaced']);
  });

  it('describes a workspace whose files have errors', () => {
    const { nodes } = graphOf({
      'a.yaml': 'sluice: 1\nflow: a\ntrigger: { use: event, with: { types: [x] } }\nsteps: [{ id: b, emitt: c }]\n',
      'b.yaml': '{',
    });
    expect(nodes.map(({ id }) => id)).toContain('flow:a');
  });
});

describe('toMermaid', () => {
  it('writes a flowchart', () => {
    const text = toMermaid(graphOf({ 'flows/order.yaml': ORDER }, [finding('flows/order.yaml', 5)]));
    expect(text.split('\n').slice(0, 10)).toEqual([
      'flowchart LR',
      '  n0[("erp<br/>onec-http")]:::connection',
      '  n1["order<br/>1 finding"]:::flow:::warning',
      '  n2["verify"]:::flow',
      '  n3(["order.created"]):::event',
      '  n4(["order.saved"]):::event',
      '  n3 --> n1',
      '  n1 --> n0',
      '  n1 ==>|calls| n2',
      '  n1 --> n4',
    ]);
  });

  it('escapes all that Mermaid or HTML could read as syntax', () => {
    const name = `a"]; click n0 "javascript:x" <img src=x onerror=y> & #quot; end \n%%`;
    const graph: WorkspaceGraph = { nodes: [{ id: 'flow:x', kind: 'flow', name, findings: [] }], edges: [], findings: [] };
    const [, line = ''] = toMermaid(graph).split('\n');
    const label = /^ {2}n0\["(.*)"\]:::flow$/.exec(line)?.[1];
    expect(label).toBeDefined();
    expect(label).not.toMatch(/["<>\][()%&\n]/);
    expect(label).toContain('#60;img src#61;x');
  });
});

/** Throws unless the text is one well-formed element of XML with balanced tags. */
function checkXml(text: string): void {
  const open: string[] = [];
  const rest = text.replaceAll(
    /<(\/?)([a-zA-Z]+)((?:\s+[a-zA-Z:-]+="[^"<]*")*)\s*(\/?)>/g,
    (_all, close: string, name: string, _attributes, empty: string) => {
      if (close === '/') {
        if (open.pop() !== name) throw new Error(`</${name}> closes another element`);
      } else if (empty === '') open.push(name);
      return '';
    },
  );
  if (open.length > 0) throw new Error(`not closed: ${open.join(', ')}`);
  if (/[<]/.test(rest)) throw new Error(`not escaped: ${rest.slice(rest.indexOf('<'), rest.indexOf('<') + 60)}`);
  if (/&(?!amp;|lt;|gt;|quot;|#39;)/.test(rest)) throw new Error('an ampersand is not escaped');
}

describe('toSvg', () => {
  it('draws each node and each edge as well-formed XML with its own background', () => {
    const svg = toSvg(graphOf({ 'flows/order.yaml': ORDER, 'flows/night.yaml': NIGHT }, [finding('flows/order.yaml', 5)]));
    checkXml(svg);
    for (const name of ['order', 'verify', 'night', '0 3 * * *', '${{ vars.base }}']) expect(svg).toContain(`>${name}</text>`);
    expect(svg).toContain('class="page"');
    expect(svg).toContain('prefers-color-scheme:dark');
    expect(svg).toContain('flows/order.yaml:5 EXPR_FIELD wrong');
    expect(svg.match(/<path class="edge calls" /g)).toHaveLength(2 + 1);
    expect(svg).not.toContain('NaN');
  });

  it('escapes names, and replaces characters that XML does not allow', () => {
    const name = `Заказ <script>"'&\u0000\uD800\uFFFE`;
    const node = { id: 'flow:x', kind: 'flow', name, detail: '<b>', findings: [finding('<i>', 1, '"</title>')] } as const;
    const svg = toSvg({ nodes: [node], edges: [{ from: 'flow:x', to: 'flow:x', kind: 'calls', steps: ['<s>'] }], findings: [] });
    checkXml(svg);
    expect(svg).toContain('Заказ &lt;script&gt;&quot;&#39;&amp;\uFFFD\uFFFD\uFFFD');
    expect(svg).not.toMatch(/<script|<b>|<i>|<s>/);
  });

  it('draws the same picture each time, and a picture without flows', () => {
    expect(toSvg(many(5))).toBe(toSvg(many(5)));
    checkXml(toSvg({ nodes: [], edges: [], findings: [] }));
  });

  it('draws a chain of 500 flows in one column for each kind, in less than ten seconds', () => {
    const graph = many(500);
    const began = performance.now();
    const svg = toSvg(graph);
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(svg).toContain('flow-499');
    checkXml(svg);
  });

  it('rejects a graph that is too large to draw', () => {
    const nodes = Array.from(
      { length: 5_001 },
      (_, index) => ({ id: `flow:${index}`, kind: 'flow', name: String(index), findings: [] }) as const,
    );
    expect(() => toSvg({ nodes, edges: [], findings: [] })).toThrow(/5001 nodes/);
  });
});
