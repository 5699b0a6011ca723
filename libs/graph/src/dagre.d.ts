/*
 * The parts of @dagrejs/dagre that this package uses. The declarations of the package import files without their extensions, which
 * TypeScript does not resolve for an ECMAScript module.
 */
declare module '@dagrejs/dagre' {
  export interface GraphLabel {
    readonly rankdir: 'LR';
    readonly nodesep: number;
    readonly ranksep: number;
    readonly edgesep: number;
    readonly marginx: number;
    readonly marginy: number;
    /** Set by the layout. */
    readonly width?: number;
    readonly height?: number;
  }

  export interface NodeLabel {
    readonly width: number;
    readonly height: number;
    /** The centre, set by the layout. */
    readonly x?: number;
    readonly y?: number;
  }

  export interface EdgeLabel {
    /** Set by the layout. */
    readonly points?: readonly { readonly x: number; readonly y: number }[];
  }

  export class Graph {
    constructor(options: { readonly multigraph: boolean });
    setGraph(label: GraphLabel): this;
    graph(): GraphLabel;
    setNode(id: string, label: NodeLabel): this;
    node(id: string): NodeLabel;
    setEdge(from: string, to: string, label: EdgeLabel, name: string): this;
    edge(from: string, to: string, name: string): EdgeLabel;
  }

  /** Sets the positions of nodes and the points of edges. */
  export function layout(graph: Graph): void;
}
