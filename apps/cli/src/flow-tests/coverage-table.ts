import type { Flow } from '@sluice/flow';
import type { Coverage, CoveragePoint } from '@sluice/flow-test';
import { headedTable } from '../terminal/table.js';

const KINDS = ['step', 'branch', 'handler'] as const;
/** Maximum points of a flow that the table names. */
const MAX_NAMED = 5;

/** Returns a table of the reached steps, branches and handlers of each flow, with a line for their sum. */
export function coverageTable(flows: readonly Flow[], coverage: Coverage): string {
  const byFlow = flows.map((flow) => ({ name: flow.name, points: coverage.of(flow) }));
  const all = { name: 'all flows', points: byFlow.flatMap(({ points }) => points) };
  const rows = byFlow.map(({ name, points }) => [name, ...counts(points), missed(points)]);
  return headedTable(['flow', 'steps', 'branches', 'handlers', 'not reached'], [...rows, [all.name, ...counts(all.points), '']]);
}

type Point = CoveragePoint & { readonly hits: number };

function counts(points: readonly Point[]): string[] {
  return KINDS.map((kind) => {
    const ofKind = points.filter((point) => point.kind === kind);
    const reached = ofKind.filter(({ hits }) => hits > 0).length;
    return ofKind.length === 0 ? '–' : `${reached}/${ofKind.length}`;
  });
}

function missed(points: readonly Point[]): string {
  const labels = points.filter(({ hits }) => hits === 0).map(({ label }) => label);
  const more = labels.length > MAX_NAMED ? ` and ${labels.length - MAX_NAMED} more` : '';
  return labels.slice(0, MAX_NAMED).join(', ') + more;
}
