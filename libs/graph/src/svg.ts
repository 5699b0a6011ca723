import type { GraphEdge, GraphNode, WorkspaceGraph } from '@sluice/flow';
import { layOut, type Box, type Point } from './layout.js';
import { DETAIL_PX, NAME_PX, STYLE } from './svg-style.js';
import { escapeXml, widthOfText } from './text.js';

/** Maximum nodes of a picture. */
export const MAX_DRAWN_NODES = 5_000;
/** Maximum edges of a picture. */
export const MAX_DRAWN_EDGES = 20_000;

const MAX_NAME_CHARACTERS = 40;
const MAX_SHOWN_FINDINGS = 5;
const LEGEND_PX = 44;
const MIN_WIDTH_PX = 730;

/**
 * Returns the graph as an SVG picture with its own background, readable in light and in dark surroundings.
 *
 * @throws RangeError for a graph beyond {@link MAX_DRAWN_NODES} or {@link MAX_DRAWN_EDGES}
 */
export function toSvg(graph: WorkspaceGraph): string {
  const { nodes, edges } = graph;
  if (nodes.length > MAX_DRAWN_NODES || edges.length > MAX_DRAWN_EDGES)
    throw new RangeError(
      `the graph has ${nodes.length} nodes and ${edges.length} edges, and a picture at most ${MAX_DRAWN_NODES} and ${MAX_DRAWN_EDGES}`,
    );
  const sizes = new Map(nodes.map((node) => [node.id, sizeOf(node)]));
  const { width, height, boxes, lines } = layOut(graph, (id) => sizes.get(id) ?? { width: 0, height: 0 });
  const size = { width: Math.ceil(Math.max(width, MIN_WIDTH_PX)), height: Math.ceil(height + LEGEND_PX) };
  const drawn = [
    ...edges.map((edge) => drawEdge(edge, lines.get(edge) ?? [])),
    ...nodes.map((node) => drawNode(node, boxes.get(node.id) as Box)),
    ...(nodes.length === 0 ? [`<text class="detail" x="24" y="28">no flows</text>`] : []),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}" viewBox="0 0 ${size.width} ${size.height}" role="img">`,
    `<title>${escapeXml(titleOf(graph))}</title>`,
    `<style>${STYLE}</style>`,
    `<defs>${ARROW_KINDS.map(arrowHead).join('')}</defs>`,
    `<rect class="page" width="100%" height="100%" rx="10"/>`,
    ...drawn,
    drawLegend(size.height - LEGEND_PX),
    '</svg>',
    '',
  ].join('\n');
}

function titleOf({ nodes }: WorkspaceGraph): string {
  const count = (kind: GraphNode['kind']) => nodes.filter((node) => node.kind === kind).length;
  return `${count('flow')} flows, ${count('event')} events, ${count('connection')} connections`;
}

function labelOf({ name }: GraphNode): string {
  const characters = Array.from(name);
  return characters.length <= MAX_NAME_CHARACTERS ? name : `${characters.slice(0, MAX_NAME_CHARACTERS - 1).join('')}…`;
}

function sizeOf(node: GraphNode): { readonly width: number; readonly height: number } {
  const text = Math.max(widthOfText(labelOf(node), NAME_PX), node.detail === undefined ? 0 : widthOfText(node.detail, DETAIL_PX));
  return { width: Math.ceil(text) + 36, height: node.detail === undefined ? 36 : 48 };
}

function drawNode(node: GraphNode, box: Box): string {
  const { kind, detail, dynamic, unknown } = node;
  const middle = box.x + box.width / 2;
  const lowered = kind === 'connection' ? 3 : 0;
  const nameAt = box.y + lowered + (detail === undefined ? box.height / 2 + 4.5 : 20);
  const classes = [kind, ...(dynamic ? ['dynamic'] : []), ...(unknown ? ['unknown'] : [])].join(' ');
  return [
    `<g class="${classes}">`,
    `<title>${escapeXml(tooltipOf(node))}</title>`,
    shapeOf(kind, box),
    `<text class="name" x="${px(middle)}" y="${px(nameAt)}">${escapeXml(labelOf(node))}</text>`,
    ...(detail === undefined
      ? []
      : [`<text class="detail" x="${px(middle)}" y="${px(nameAt + 16)}">${escapeXml(detail)}</text>`]),
    ...badgeOf(node, box),
    '</g>',
  ].join('');
}

function tooltipOf({ kind, name, detail, unknown, findings }: GraphNode): string {
  const shown = findings.slice(0, MAX_SHOWN_FINDINGS);
  const more = findings.length - shown.length;
  return [
    `${kind} ${name}${detail === undefined ? '' : ` (${detail})`}${unknown ? ': does not exist' : ''}`,
    ...shown.map(({ file, line, code, message }) => `${file}:${line} ${code} ${message}`),
    ...(more > 0 ? [`and ${more} more`] : []),
  ].join('\n');
}

/** Returns the outline: a cylinder for a connection, a pill for an event, a box for a flow, and a pointed box for a schedule or a source. */
function shapeOf(kind: GraphNode['kind'], { x, y, width, height }: Box): string {
  switch (kind) {
    case 'flow':
      return `<rect class="shape" x="${px(x)}" y="${px(y)}" width="${width}" height="${height}" rx="6"/>`;
    case 'event':
      return `<rect class="shape" x="${px(x)}" y="${px(y)}" width="${width}" height="${height}" rx="${height / 2}"/>`;
    case 'connection': {
      const [left, right, top, bottom] = [px(x), px(x + width), px(y + 5), px(y + height - 5)];
      const half = px(width / 2);
      return (
        `<path class="shape" d="M${left} ${top}A${half} 5 0 0 1 ${right} ${top}V${bottom}A${half} 5 0 0 1 ${left} ${bottom}Z"/>` +
        `<path class="rim" d="M${left} ${top}A${half} 5 0 0 0 ${right} ${top}"/>`
      );
    }
    case 'schedule':
    case 'source': {
      const points = [
        [x, y],
        [x + width - 12, y],
        [x + width, y + height / 2],
        [x + width - 12, y + height],
        [x, y + height],
      ];
      return `<polygon class="shape" points="${points.map((point) => point.map(px).join(',')).join(' ')}"/>`;
    }
  }
}

function badgeOf({ findings }: GraphNode, { x, y, width }: Box): string[] {
  if (findings.length === 0) return [];
  const worst = findings.some(({ severity }) => severity === 'error') ? 'error' : 'warning';
  const at = { x: px(x + width - 4), y: px(y + 2) };
  const count = findings.length > 99 ? '99+' : String(findings.length);
  return [
    `<circle class="badge ${worst}" cx="${at.x}" cy="${at.y}" r="9"/>`,
    `<text class="count" x="${at.x}" y="${px(y + 6)}">${count}</text>`,
  ];
}

function drawEdge({ kind, from, to, steps }: GraphEdge, points: readonly Point[]): string {
  const title = `${nameOf(from)} ${kind} ${nameOf(to)}${steps.length === 0 ? '' : `: ${steps.join(', ')}`}`;
  return `<path class="edge ${kind}" marker-end="url(#${kind})" d="${curveThrough(points)}"><title>${escapeXml(title)}</title></path>`;
}

function nameOf(id: string): string {
  return id.slice(id.indexOf(':') + 1);
}

/** Returns a path that leaves and enters each point in the direction of the columns. */
function curveThrough([first, ...rest]: readonly Point[]): string {
  if (!first) return '';
  let path = `M${px(first.x)} ${px(first.y)}`;
  let before = first;
  for (const point of rest) {
    const middle = px((before.x + point.x) / 2);
    path += `C${middle} ${px(before.y)} ${middle} ${px(point.y)} ${px(point.x)} ${px(point.y)}`;
    before = point;
  }
  return path;
}

const ARROW_KINDS = ['starts', 'takes', 'emits', 'calls', 'uses', 'matches'] as const satisfies readonly GraphEdge['kind'][];

function arrowHead(kind: GraphEdge['kind']): string {
  return (
    `<marker id="${kind}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto">` +
    `<path class="head ${kind}" d="M0 0L8 4L0 8Z"/></marker>`
  );
}

function drawLegend(y: number): string {
  const entries: readonly (readonly [string, string])[] = [
    ['source', 'starts a flow'],
    ['event', 'event'],
    ['flow', 'flow'],
    ['connection', 'connection'],
  ];
  let x = 24;
  const drawn = entries.map(([kind, label]) => {
    const box = { x, y: y + 12, width: 26, height: 16 };
    const text = `<text class="detail" x="${px(x + 32)}" y="${px(y + 24)}">${label}</text>`;
    x += 32 + widthOfText(label, DETAIL_PX) + 22;
    return `<g class="${kind}">${shapeOf(kind as GraphNode['kind'], box)}${text}</g>`;
  });
  const line = (kind: GraphEdge['kind'], label: string) => {
    const path = `<path class="edge ${kind}" marker-end="url(#${kind})" d="M${px(x)} ${px(y + 20)}H${px(x + 28)}"/>`;
    const text = `<text class="detail" x="${px(x + 34)}" y="${px(y + 24)}">${label}</text>`;
    x += 34 + widthOfText(label, DETAIL_PX) + 22;
    return `<g>${path}${text}</g>`;
  };
  return `<g class="legend">${drawn.join('')}${line('takes', 'events')}${line('calls', 'calls')}${line('uses', 'uses')}</g>`;
}

/** Returns a coordinate with one decimal. */
function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}
