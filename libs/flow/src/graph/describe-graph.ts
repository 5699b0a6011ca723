import { typeMatches } from '@sluice/plugin-api';
import { flowsOf } from '../compile/flow-files.js';
import type { WorkspaceFile } from '../compile/workspace-file.js';
import { opensExpression } from '../expression/index.js';
import type { FlowDraft } from '../grammar/drafts.js';
import type { Finding, SourceFile } from '../model.js';
import { stepsOf, type StepDraft } from '../verbs/index.js';
import { entryOf, type MapNode } from '../yaml/nodes.js';
import type { SourceText } from '../yaml/source-text.js';
import type { GraphEdge, GraphFinding, GraphNode, WorkspaceGraph } from './workspace-graph.js';

/** The parts of a workspace as they are written, with or without errors. */
export interface GraphInput {
  /** Absent when sluice.yaml cannot be read: then the connections are those that flows name. */
  readonly workspace?: WorkspaceFile;
  readonly flows: readonly SourceFile[];
  /** The findings of lint, which are shown at their nodes. */
  readonly findings: readonly Finding[];
  /** Returns whether the flows of a file are part of the graph. Default: all. */
  readonly includes?: (file: string) => boolean;
}

/**
 * Describes the flows of a workspace with their events, calls, schedules and connections. Works on the text as it is written, so a workspace
 * with errors has a graph too.
 */
export function describeGraph({ workspace, flows, findings, includes = () => true }: GraphInput): WorkspaceGraph {
  const graph = new GraphBuilder();
  const files = flows.map(flowsOf);
  const all = files.flatMap((file) => file.flows);
  const isWhole = files.every(({ report }) => includes(report.source.file));
  for (const { plugin, name } of isWhole ? (workspace?.draft.connections ?? []) : []) graph.connection(name, plugin);
  const plugins = new Map(workspace?.draft.connections.map(({ name, plugin }) => [name, plugin]));
  const drafts = all.filter(({ report }) => includes(report.source.file));
  for (const flow of drafts) graph.node({ kind: 'flow', name: flow.name });
  const known: Known = { plugins: workspace ? plugins : undefined, flows: new Set(all.map(({ name }) => name)) };
  for (const flow of drafts) addFlow(graph, flow, known);
  graph.matchPatterns();
  const places = [...placesOfFlows(drafts), ...(workspace ? placesOfConnections(workspace) : [])];
  for (const finding of findings) if (finding.file === 'sluice.yaml' || includes(finding.file)) graph.finding(finding, places);
  return graph.build();
}

/** Names that exist in the whole workspace. */
interface Known {
  /** Plugins by connection; undefined when sluice.yaml cannot be read. */
  readonly plugins: ReadonlyMap<string, string> | undefined;
  readonly flows: ReadonlySet<string>;
}

class GraphBuilder {
  readonly #nodes = new Map<string, GraphNode & { readonly findings: GraphFinding[] }>();
  readonly #edges = new Map<string, GraphEdge & { readonly steps: string[] }>();
  readonly #unplaced: GraphFinding[] = [];

  /** Adds a node unless it is there. Returns its id. */
  node(node: Omit<GraphNode, 'id' | 'findings'>): string {
    const id = idOf(node);
    if (!this.#nodes.has(id)) this.#nodes.set(id, { id, ...node, findings: [] });
    return id;
  }

  named(kind: GraphNode['kind'], name: string, more: Pick<GraphNode, 'detail' | 'unknown'> = {}): string {
    const dynamic = opensExpression(name);
    const { unknown, ...rest } = more;
    return this.node({ kind, name, ...rest, ...(dynamic && { dynamic }), ...(unknown && !dynamic && { unknown }) });
  }

  connection(name: string, plugin: string | undefined, unknown?: true): string {
    return this.named('connection', name, { ...(plugin !== undefined && { detail: plugin }), ...(unknown && { unknown }) });
  }

  /** Adds an edge, or the step to an edge that is there. */
  edge(kind: GraphEdge['kind'], from: string, to: string, step?: string): void {
    const key = JSON.stringify([kind, from, to]);
    const edge = this.#edges.get(key) ?? { from, to, kind, steps: [] };
    if (step !== undefined) edge.steps.push(step);
    this.#edges.set(key, edge);
  }

  /** Leads each event to the patterns that its type fits. */
  matchPatterns(): void {
    const events = [...this.#nodes.values()].filter(({ kind, dynamic }) => kind === 'event' && !dynamic);
    const patterns = events.filter(({ name }) => /[*#]/.test(name));
    for (const pattern of patterns) {
      for (const event of events) {
        if (!/[*#]/.test(event.name) && typeMatches(pattern.name, event.name)) this.edge('matches', event.id, pattern.id);
      }
    }
  }

  finding({ severity, code, message, file, line }: Finding, places: readonly Place[]): void {
    const place = places.find((one) => one.file === file && one.from <= line && line <= one.to);
    const found = { severity, code, message, file, line };
    (this.#nodes.get(place?.node ?? '')?.findings ?? this.#unplaced).push(found);
  }

  build(): WorkspaceGraph {
    return { nodes: [...this.#nodes.values()], edges: [...this.#edges.values()], findings: this.#unplaced };
  }
}

/** A schedule in two time zones is two nodes, and so is a path that two triggers serve: each has its own detail. */
function idOf({ kind, name, detail }: Omit<GraphNode, 'id' | 'findings'>): string {
  const hasOwnDetail = (kind === 'schedule' || kind === 'source') && detail !== undefined && detail !== name;
  return `${kind}:${name}${hasOwnDetail ? ` ${detail}` : ''}`;
}

function addFlow(graph: GraphBuilder, flow: FlowDraft, known: Known): void {
  const self = graph.node({ kind: 'flow', name: flow.name });
  addTrigger(graph, flow, self, known);
  for (const step of stepsOf(flow)) addStep(graph, step, self, known);
}

function addTrigger(graph: GraphBuilder, { trigger }: FlowDraft, flow: string, known: Known): void {
  if (trigger.kind === 'event') {
    for (const type of trigger.types) graph.edge('takes', graph.named('event', String(type.value)), flow);
  } else if (trigger.kind === 'schedule') {
    const detail = trigger.timezone;
    graph.edge('starts', graph.node({ kind: 'schedule', name: trigger.cron, ...(detail !== undefined && { detail }) }), flow);
  } else if (trigger.kind === 'plugin') {
    const name = `${trigger.plugin}.${trigger.trigger}`;
    const from = trigger.connection
      ? connectionOf(graph, String(trigger.connection.value), trigger.plugin, known)
      : graph.named('source', routeOf(trigger.with) ?? name, { detail: name });
    graph.edge('starts', from, flow);
  }
}

function addStep(graph: GraphBuilder, step: StepDraft, flow: string, known: Known): void {
  if (step.verb === 'use') {
    const to = step.connection
      ? connectionOf(graph, String(step.connection.value), step.plugin, known)
      : graph.connection(step.plugin, step.plugin);
    graph.edge('uses', flow, to, step.id);
  } else if (step.verb === 'emit') graph.edge('emits', flow, graph.named('event', String(step.type.value)), step.id);
  else if (step.verb === 'call') {
    const name = String(step.flow.value);
    graph.edge('calls', flow, graph.named('flow', name, known.flows.has(name) ? {} : { unknown: true }), step.id);
  }
}

function connectionOf(graph: GraphBuilder, name: string, plugin: string, { plugins }: Known): string {
  return graph.connection(name, plugins?.get(name) ?? plugin, plugins && !plugins.has(name) ? true : undefined);
}

/** Returns the method and the path of an endpoint; undefined for another trigger. Options can be secret, so no others are shown. */
function routeOf(options: MapNode | undefined): string | undefined {
  if (!options) return undefined;
  const [path, method] = ['path', 'method'].map((name) => entryOf(options, name)?.value);
  if (path?.kind !== 'scalar') return undefined;
  return [method?.kind === 'scalar' ? String(method.value) : undefined, String(path.value)].filter((one) => one).join(' ');
}

/** The lines of a file that belong to a node. */
interface Place {
  readonly node: string;
  readonly file: string;
  readonly from: number;
  readonly to: number;
}

/** A flow has its YAML document. */
function placesOfFlows(drafts: readonly FlowDraft[]): readonly Place[] {
  return drafts.map(({ name, nameNode, report: { source } }) => {
    const lines = linesOf(source);
    const at = source.location(nameNode.start).line;
    const isMark = (line: string) => /^---(\s|$)/.test(line);
    const from = lines.slice(0, at).findLastIndex(isMark) + 1;
    const end = lines.findIndex((line, index) => index >= at && isMark(line));
    return { node: `flow:${name}`, file: source.file, from, to: end < 0 ? lines.length : end };
  });
}

/** A connection has the line of its name and the lines below that are indented further. */
function placesOfConnections({ draft, source }: WorkspaceFile): readonly Place[] {
  const lines = linesOf(source);
  return draft.connections.map(({ name, nameNode }) => {
    const { line, column } = source.location(nameNode.start);
    const end = lines.findIndex((text, index) => index >= line && /\S/.test(text) && text.search(/\S/) < column);
    return { node: `connection:${name}`, file: source.file, from: line, to: end < 0 ? lines.length : end };
  });
}

function linesOf({ text }: SourceText): readonly string[] {
  return text.split(/\r?\n/);
}
