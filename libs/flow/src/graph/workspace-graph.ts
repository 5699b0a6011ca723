import type { FindingCode } from '../codes.js';

/** A part of a workspace: what starts flows, what they exchange and what they use. */
export interface GraphNode {
  /** Unique in the graph, and the same after each run: `<kind>:<name>`, followed by the detail of a schedule or a source. */
  readonly id: string;
  /** `source`: a trigger without a connection, such as an HTTP endpoint. */
  readonly kind: 'flow' | 'event' | 'connection' | 'schedule' | 'source';
  readonly name: string;
  /** The plugin of a connection, the trigger of a source, the time zone of a schedule. */
  readonly detail?: string;
  /** True when the name is an expression, so that only a run knows it. */
  readonly dynamic?: true;
  /** True when sluice.yaml or the flows do not have it. */
  readonly unknown?: true;
  readonly findings: readonly GraphFinding[];
}

export interface GraphFinding {
  readonly severity: 'error' | 'warning';
  readonly code: FindingCode;
  readonly message: string;
  readonly file: string;
  readonly line: number;
}

/** How one part leads to another one, in the direction in which data flows. */
export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  /** `matches`: an event has the type of a pattern. `starts`: a source, a schedule or a connection begins runs. */
  readonly kind: 'starts' | 'takes' | 'emits' | 'calls' | 'uses' | 'matches';
  /** The steps that cause the edge, in the order of the file. */
  readonly steps: readonly string[];
}

/** The parts of a workspace and how they lead to each other. The order of nodes and edges is that of the files. */
export interface WorkspaceGraph {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  /** Findings that belong to no node. */
  readonly findings: readonly GraphFinding[];
}
