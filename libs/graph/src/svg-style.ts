import type { GraphEdge } from '@sluice/flow';

export const NAME_PX = 13;
export const DETAIL_PX = 11;

interface Colours {
  readonly page: string;
  readonly text: string;
  readonly muted: string;
  readonly flow: readonly [fill: string, stroke: string];
  readonly event: readonly [fill: string, stroke: string];
  readonly connection: readonly [fill: string, stroke: string];
  readonly start: readonly [fill: string, stroke: string];
  readonly line: string;
  readonly call: string;
  readonly use: string;
}

const LIGHT: Colours = {
  page: '#ffffff',
  text: '#1f2937',
  muted: '#5b6472',
  flow: ['#dbeafe', '#2563eb'],
  event: ['#fef3c7', '#b45309'],
  connection: ['#dcfce7', '#15803d'],
  start: ['#f3e8ff', '#7e22ce'],
  line: '#8a5a13',
  call: '#2563eb',
  use: '#4d8a5f',
};

const DARK: Colours = {
  page: '#0f172a',
  text: '#e5e7eb',
  muted: '#a3adbd',
  flow: ['#1e3a6e', '#60a5fa'],
  event: ['#4a3410', '#fbbf24'],
  connection: ['#14432a', '#4ade80'],
  start: ['#3b1d5c', '#c084fc'],
  line: '#d6a24a',
  call: '#60a5fa',
  use: '#6fb98a',
};

const SHARED_STYLE = [
  `text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;text-anchor:middle}`,
  `.name{font-size:${NAME_PX}px}.flow .name{font-weight:600}.detail{font-size:${DETAIL_PX}px}.legend text{text-anchor:start;font-weight:400}`,
  `.shape,.rim{stroke-width:1.4}.rim{fill:none}.dynamic .shape,.unknown .shape{stroke-dasharray:4 3}.dynamic .name{font-style:italic}`,
  `.edge{fill:none;stroke-width:1.4}.edge.calls{stroke-width:2.2}.edge.matches{stroke-dasharray:4 3}`,
  `.badge.error{fill:#dc2626}.badge.warning{fill:#d97706}.count{font-size:10px;font-weight:700;fill:#ffffff}`,
].join('');

/** The style sheet of a picture, for light and for dark surroundings. */
export const STYLE = `${SHARED_STYLE}${coloured(LIGHT)}@media (prefers-color-scheme:dark){${coloured(DARK)}}`;

function coloured(colours: Colours): string {
  const shape = (selector: string, [fill, stroke]: readonly [string, string]) =>
    `${selector} .shape{fill:${fill};stroke:${stroke}}${selector} .rim{stroke:${stroke}}`;
  const line = (kinds: readonly GraphEdge['kind'][], colour: string) =>
    kinds.map((kind) => `.edge.${kind}{stroke:${colour}}.head.${kind}{fill:${colour}}`).join('');
  return [
    `.page{fill:${colours.page}}.name{fill:${colours.text}}.detail{fill:${colours.muted}}`,
    shape('.flow', colours.flow),
    shape('.event', colours.event),
    shape('.connection', colours.connection),
    shape('.schedule', colours.start),
    shape('.source', colours.start),
    `.unknown .shape{stroke:#dc2626}`,
    line(['starts', 'takes', 'emits', 'matches'], colours.line),
    line(['calls'], colours.call),
    line(['uses'], colours.use),
  ].join('');
}
