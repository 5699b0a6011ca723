import type { GraphEdge, GraphNode, WorkspaceGraph } from '@sluice/flow';

/** The brackets of the shape of each kind. */
const SHAPES: Readonly<Record<GraphNode['kind'], readonly [string, string]>> = {
  flow: ['["', '"]'],
  event: ['(["', '"])'],
  connection: ['[("', '")]'],
  schedule: ['{{"', '"}}'],
  source: ['[/"', '"/]'],
};

const ARROWS: Readonly<Record<GraphEdge['kind'], string>> = {
  starts: '-->',
  takes: '-->',
  emits: '-->',
  calls: '==>|calls|',
  uses: '-->',
  matches: '-.->|matches|',
};

/** Colours that are readable on a light and on a dark page. */
const CLASSES = [
  'classDef flow fill:#2563eb,stroke:#1d4ed8,color:#ffffff',
  'classDef event fill:#fef3c7,stroke:#b45309,color:#1c1917',
  'classDef connection fill:#dcfce7,stroke:#15803d,color:#14210f',
  'classDef schedule fill:#f3e8ff,stroke:#7e22ce,color:#1e1b2e',
  'classDef source fill:#f3e8ff,stroke:#7e22ce,color:#1e1b2e',
  'classDef warning stroke:#d97706,stroke-width:3px',
  'classDef error stroke:#dc2626,stroke-width:3px',
];

/** Returns the graph as a flowchart of Mermaid, which GitHub and GitLab draw inside of Markdown. */
export function toMermaid({ nodes, edges }: WorkspaceGraph): string {
  const names = new Map(nodes.map(({ id }, index) => [id, `n${index}`]));
  const lines = [
    ...nodes.map((node) => `${names.get(node.id)}${shaped(node)}${classesOf(node)}`),
    ...edges.map(({ from, to, kind }) => `${names.get(from)} ${ARROWS[kind]} ${names.get(to)}`),
    ...CLASSES,
  ];
  return ['flowchart LR', ...lines.map((line) => `  ${line}`), ''].join('\n');
}

function shaped({ kind, name, detail, findings }: GraphNode): string {
  const [open, close] = SHAPES[kind];
  const counts = findings.length === 0 ? [] : [`${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}`];
  return open + [name, ...(detail === undefined ? [] : [detail]), ...counts].map(escaped).join('<br/>') + close;
}

function classesOf({ kind, findings }: GraphNode): string {
  const worst = findings.some(({ severity }) => severity === 'error') ? 'error' : findings.length > 0 ? 'warning' : undefined;
  return `:::${kind}${worst === undefined ? '' : `:::${worst}`}`;
}

/** Writes each character that Mermaid, Markdown or HTML could read as syntax as an entity of Mermaid, such as `#60;`. */
function escaped(text: string): string {
  return Array.from(text.toWellFormed(), (character) =>
    /[\p{Letter}\p{Number} .,:/_-]/u.test(character) ? character : `#${character.codePointAt(0)};`,
  ).join('');
}
