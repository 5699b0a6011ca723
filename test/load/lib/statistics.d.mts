export class Histogram {
  readonly count: number;
  readonly max: number;
  add(ms: number): void;
  merge(other: Histogram): this;
  percentile(share: number): number | undefined;
}
export class Trend {
  readonly count: number;
  readonly mean: number;
  readonly slope: number | undefined;
  add(x: number, y: number): void;
}
