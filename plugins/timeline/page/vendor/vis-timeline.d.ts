/** Of vis-timeline, what the page uses: https://visjs.github.io/vis-timeline/docs/timeline/ */
export interface Item {
  readonly id: string;
  readonly group: string;
  readonly start: Date;
  readonly end: Date;
  readonly content: string;
  readonly type: 'range' | 'background';
  readonly className: string;
  readonly subgroup?: string;
}
export interface Group {
  readonly id: string;
  readonly content: HTMLElement;
  readonly order: number;
}
export declare class DataSet<Row extends { readonly id: string }> {
  update(rows: readonly Row[]): void;
  remove(ids: readonly string[]): void;
  get(id: string): Row | null;
}
export interface Clicked {
  readonly item: string | null;
  readonly group: string | null;
  readonly time: Date;
  readonly what: string | null;
  readonly event: Event;
}
export interface Range {
  readonly start: Date;
  readonly end: Date;
}
export declare class Timeline {
  redraw(): void;
  constructor(container: HTMLElement, items: DataSet<Item>, groups: DataSet<Group>, options: object);
  on(event: 'click', handle: (clicked: Clicked) => void): void;
  on(event: 'rangechanged', handle: (range: Range) => void): void;
  setWindow(start: Date, end: Date, options?: { readonly animation: boolean }): void;
  getWindow(): Range;
  zoomIn(part: number): void;
  zoomOut(part: number): void;
  moveTo(time: Date, options?: { readonly animation: boolean }): void;
}
export interface Moment {
  valueOf(): number;
  utcOffset(minutes: number): Moment;
  locale(name: string): Moment;
}
export declare const moment: (time: unknown) => Moment;
