import { Graph, layout as layOutLayers } from '@dagrejs/dagre';
import type { GraphEdge, WorkspaceGraph } from '@sluice/flow';

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Box extends Point {
  readonly width: number;
  readonly height: number;
}

/** Positions in pixels, from the top left corner. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  /** By the id of the node; `x` and `y` are its top left corner. */
  readonly boxes: ReadonlyMap<string, Box>;
  /** The points of each edge, from the border of one node to that of the other. */
  readonly lines: ReadonlyMap<GraphEdge, readonly Point[]>;
}

/**
 * Maximum nodes plus columns that edges pass, for the layout by dagre: it places a node of its own where an edge passes a column, and its time
 * grows with the square of all of them. 600 take about two seconds.
 */
const MAX_LAYERED = 600;
const MARGIN = 24;
const GAP = 14;
const COLUMN_GAP = 160;

type SizeOf = (id: string) => { readonly width: number; readonly height: number };

/** Places the nodes in columns from left to right, in the direction of the edges. A very large graph has one column for each kind of node. */
export function layOut(graph: WorkspaceGraph, sizeOf: SizeOf): Layout {
  return workOf(graph) <= MAX_LAYERED ? inLayers(graph, sizeOf) : inKinds(graph, sizeOf);
}

/** Returns the number of nodes plus the number of columns that edges pass. Edges that lead back do not count. */
function workOf({ nodes, edges }: WorkspaceGraph): number {
  if (nodes.length + edges.length > MAX_LAYERED) return Infinity;
  const next = new Map<string, string[]>(nodes.map(({ id }) => [id, []]));
  for (const { from, to } of edges) next.get(from)?.push(to);
  const depth = new Map<string, number>();
  const open = new Set<string>();
  // at most MAX_LAYERED nodes, so the recursion has a bound
  const depthOf = (id: string): number => {
    const known = depth.get(id);
    if (known !== undefined || open.has(id)) return known ?? 0;
    open.add(id);
    const below = (next.get(id) ?? []).map((one) => depthOf(one) + 1);
    open.delete(id);
    const found = Math.max(0, ...below);
    depth.set(id, found);
    return found;
  };
  return edges.reduce((sum, { from, to }) => sum + Math.max(1, depthOf(from) - depthOf(to)), nodes.length);
}

const KINDS = [['schedule', 'source'], ['event'], ['flow'], ['connection']] as const;

/** Places each kind of node in a column of its own. Takes time in proportion to the size of the graph. */
function inKinds({ nodes, edges }: WorkspaceGraph, sizeOf: SizeOf): Layout {
  const boxes = new Map<string, Box>();
  let [x, height] = [MARGIN, 0];
  for (const kinds of KINDS) {
    let [y, widest] = [MARGIN, 0];
    for (const { id, kind } of nodes) {
      if (!kinds.some((one) => one === kind)) continue;
      const size = sizeOf(id);
      boxes.set(id, { x, y, ...size });
      y += size.height + GAP;
      widest = Math.max(widest, size.width);
    }
    if (widest > 0) x += widest + COLUMN_GAP;
    height = Math.max(height, y);
  }
  const lines = edges.map((edge) => [edge, lineBetween(boxes.get(edge.from), boxes.get(edge.to))] as const);
  return { width: x, height: height + MARGIN, boxes, lines: new Map(lines) };
}

/** Returns a line from the right side of a box to the left side of another one, or between the right sides of boxes of one column. */
function lineBetween(from: Box | undefined, to: Box | undefined): readonly Point[] {
  if (!from || !to) return [];
  const middle = (box: Box) => box.y + box.height / 2;
  const right = (box: Box) => ({ x: box.x + box.width, y: middle(box) });
  if (from.x < to.x) return [right(from), { x: to.x, y: middle(to) }];
  if (from.x > to.x) return [{ x: from.x, y: middle(from) }, right(to)];
  const bend = { x: from.x + Math.max(from.width, to.width) + COLUMN_GAP / 4, y: (middle(from) + middle(to)) / 2 };
  return [right(from), bend, right(to)];
}

function inLayers({ nodes, edges }: WorkspaceGraph, sizeOf: SizeOf): Layout {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: 'LR', nodesep: 22, ranksep: 64, edgesep: 14, marginx: MARGIN, marginy: MARGIN });
  for (const { id } of nodes) graph.setNode(id, { ...sizeOf(id) });
  for (const { from, to, kind } of edges) graph.setEdge(from, to, {}, kind);
  layOutLayers(graph);
  const boxes = nodes.map(({ id }): [string, Box] => {
    const { x = 0, y = 0, width, height } = graph.node(id);
    return [id, { x: x - width / 2, y: y - height / 2, width, height }];
  });
  const { width = 0, height = 0 } = graph.graph();
  const placed = new Map(boxes);
  const lines = edges.map((edge): [GraphEdge, readonly Point[]] => {
    const points = graph.edge(edge.from, edge.to, edge.kind).points ?? [];
    return [edge, atSides(points, placed.get(edge.from), placed.get(edge.to))];
  });
  return { width, height, boxes: placed, lines: new Map(lines) };
}

/** Moves the ends of a line to the sides of the boxes: a line that leaves through the top crosses the neighbour of its box. */
function atSides(points: readonly Point[], from: Box | undefined, to: Box | undefined): readonly Point[] {
  const ends = lineBetween(from, to);
  const [first, last] = [ends[0], ends.at(-1)];
  if (!first || !last || from === to || points.length < 3) return points;
  // a point between neighbouring columns only bends the line
  return points.length === 3 ? [first, last] : [first, ...points.slice(1, -1), last];
}
