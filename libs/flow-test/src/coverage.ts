import type { Flow, SourceLocation, Step } from '@sluice/flow';

/** A part of a flow that a test can reach. */
export interface CoveragePoint {
  /** Unique in the flow. */
  readonly key: string;
  readonly kind: 'step' | 'branch' | 'handler';
  /** Names the part for people: `save`, `route: case 2`. */
  readonly label: string;
  /** Place of the step, or of the flow. */
  readonly location: SourceLocation;
}

/** How often each point of a flow was reached, by its key. */
export type Hits = ReadonlyMap<string, number>;

/** The keys of the points. */
export const KEYS = {
  step: (id: string) => `step ${id}`,
  taken: (id: string) => `if ${id}`,
  skipped: (id: string) => `if not ${id}`,
  case: (id: string, index: number) => `case ${id} ${index}`,
  onError: (id: string, index: number) => `onError ${id} ${index}`,
  handler: (id: string | undefined) => (id === undefined ? 'catch' : `catch ${id}`),
  accepted: 'where',
  filtered: 'where not',
} as const;

/** Returns the points of a flow in the order of the file. */
export function coveragePoints(flow: Flow): readonly CoveragePoint[] {
  const { location, trigger } = flow;
  const branch = (key: string, label: string): CoveragePoint => ({ key, kind: 'branch', label, location });
  return [
    ...(trigger.where ? [branch(KEYS.accepted, 'trigger.where: true'), branch(KEYS.filtered, 'trigger.where: false')] : []),
    ...flow.steps.flatMap(pointsOf),
    ...(flow.catch ? [{ key: KEYS.handler(undefined), kind: 'handler', label: 'catch', location } as const] : []),
    ...(flow.catch ?? []).flatMap(pointsOf),
  ];
}

function pointsOf(step: Step): readonly CoveragePoint[] {
  const { id, location } = step;
  const point = (kind: CoveragePoint['kind'], key: string, label: string): CoveragePoint => ({ key, kind, label, location });
  const own = [
    point('step', KEYS.step(id), id),
    ...(step.if ? [point('branch', KEYS.taken(id), `${id}: if true`), point('branch', KEYS.skipped(id), `${id}: if false`)] : []),
  ];
  switch (step.verb) {
    case 'switch': {
      const arms = [...step.cases.map((one, index) => ({ name: `case ${index + 1}`, steps: one.steps }))];
      arms.push({ name: 'otherwise', steps: step.otherwise });
      return [
        ...own,
        ...arms.map(({ name }, index) => point('branch', KEYS.case(id, index), `${id}: ${name}`)),
        ...arms.flatMap(({ steps }) => steps.flatMap(pointsOf)),
      ];
    }
    case 'forEach':
      return [...own, ...step.steps.flatMap(pointsOf)];
    case 'try':
      return [
        ...own,
        ...step.steps.flatMap(pointsOf),
        point('handler', KEYS.handler(id), `${id}: catch`),
        ...step.catch.flatMap(pointsOf),
      ];
    case 'use':
    case 'call':
      return [...own, ...step.onError.map((_, index) => point('branch', KEYS.onError(id, index), `${id}: onError ${index + 1}`))];
    default:
      return own;
  }
}

/** How often the tests of a workspace have reached the points of its flows. */
export class Coverage {
  readonly #hits = new Map<string, Map<string, number>>();

  /** Adds the hits of a test, by flow. */
  add(hits: ReadonlyMap<string, Hits>): void {
    for (const [flow, points] of hits) {
      const sums = this.#hits.get(flow) ?? new Map<string, number>();
      this.#hits.set(flow, sums);
      for (const [key, count] of points) sums.set(key, (sums.get(key) ?? 0) + count);
    }
  }

  /** Returns the points of a flow with the number of times that each was reached. */
  of(flow: Flow): readonly (CoveragePoint & { readonly hits: number })[] {
    const hits = this.#hits.get(flow.name);
    return coveragePoints(flow).map((point) => ({ ...point, hits: hits?.get(point.key) ?? 0 }));
  }
}

/**
 * Returns the coverage in the format of lcov, over the lines of the flow files. A line is that of a step; branches and handlers stand at
 * the line of their step. https://manpages.debian.org/bookworm/lcov/geninfo.1.en.html#FILES
 */
export function lcovOf(flows: readonly Flow[], coverage: Coverage): string {
  const byFile = new Map<string, ReturnType<Coverage['of']>[number][]>();
  for (const flow of flows) {
    const points = byFile.get(flow.location.file) ?? [];
    byFile.set(flow.location.file, points);
    points.push(...coverage.of(flow).map((point) => ({ ...point, label: `${flow.name} ${point.label}` })));
  }
  return [...byFile].map(([file, points]) => recordOf(file, points)).join('');
}

function recordOf(file: string, points: readonly ReturnType<Coverage['of']>[number][]): string {
  const handlers = points.filter(({ kind }) => kind === 'handler');
  const steps = points.filter(({ kind }) => kind === 'step');
  const branches = points.filter(({ kind }) => kind === 'branch');
  const reached = (of: readonly { readonly hits: number }[]) => of.filter(({ hits }) => hits > 0).length;
  const perLine = new Map<number, number>();
  return [
    'TN:',
    `SF:${file}`,
    ...handlers.map(({ location, label }) => `FN:${location.line},${label}`),
    ...handlers.map(({ hits, label }) => `FNDA:${hits},${label}`),
    `FNF:${handlers.length}`,
    `FNH:${reached(handlers)}`,
    ...branches.map(({ location: { line }, hits }) => {
      const index = perLine.get(line) ?? 0;
      perLine.set(line, index + 1);
      return `BRDA:${line},0,${index},${hits}`;
    }),
    `BRF:${branches.length}`,
    `BRH:${reached(branches)}`,
    ...steps.map(({ location, hits }) => `DA:${location.line},${hits}`),
    `LF:${steps.length}`,
    `LH:${reached(steps)}`,
    'end_of_record',
    '',
  ].join('\n');
}
