/**
 * Draws the graph of a workspace as text of Mermaid and as SVG, without a browser. Begin to read at `svg.ts`; `describeGraph` of
 * `@sluice/flow` makes the graph.
 */
export { toMermaid } from './mermaid.js';
export { MAX_DRAWN_EDGES, MAX_DRAWN_NODES, toSvg } from './svg.js';
