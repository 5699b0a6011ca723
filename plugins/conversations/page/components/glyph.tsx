import { Button, classes, Tooltip, type ButtonProps } from '@sluice/web-ui';

/** Outlines on the grid of the icons of the design system, 20 × 20, that only conversations need. */
const PATHS = {
  archive: 'M3.5 5h13v3h-13zM4.5 8v7.5h11V8M8 11h4',
  at: 'M10 7a3 3 0 1 1 0 6 3 3 0 0 1 0-6ZM13 7.2v3.6c0 2.4 3.5 2.2 3.5-.8a6.5 6.5 0 1 0-2.6 5.2',
  bold: 'M6.5 4.5h4a2.6 2.6 0 0 1 0 5.3h-4zM6.5 9.8h4.8a2.8 2.8 0 0 1 0 5.7H6.5z',
  clip: 'm15.5 9.5-5.6 5.6a3.4 3.4 0 0 1-4.8-4.8l6-6a2.3 2.3 0 0 1 3.2 3.2l-5.9 5.9a1.1 1.1 0 0 1-1.6-1.6l5.2-5.2',
  code: 'm7 6.5-4 3.5 4 3.5M13 6.5l4 3.5-4 3.5',
  copy: 'M7 7h9v9H7zM13 7V4H4v9h3',
  download: 'M10 3.5V12M6.5 8.8 10 12.3l3.5-3.5M4 16h12',
  history: 'M4.5 8A6 6 0 1 1 4 11M4 4.5V8h3.5M10 7v3.3l2.3 1.5',
  italic: 'M8.5 4.5h5M6.5 15.5h5M11.3 4.5l-2.6 11',
  leave: 'M11.5 4H4.5v12h7M8.5 10h8M13.5 7l3 3-3 3',
  link: 'M8.5 11.5a3 3 0 0 0 4.3 0l2.6-2.6a3 3 0 0 0-4.3-4.3l-.8.8M11.5 8.5a3 3 0 0 0-4.3 0l-2.6 2.6a3 3 0 0 0 4.3 4.3l.8-.8',
  mute: 'M5 14h10l-1.2-2V9a3.8 3.8 0 0 0-5.6-3.3M6.2 8.6V12L5 14M8.4 16.2a1.8 1.8 0 0 0 3.2 0M4 4l12 12',
  reply: 'M8 5 3.5 9.5 8 14M4 9.5h6.5c3.5 0 5.5 2 6 5.5',
  smile: 'M10 3.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13ZM7 11.5c.6 1.2 1.7 1.8 3 1.8s2.4-.6 3-1.8M7.8 8v.1M12.2 8v.1',
  strike:
    'M4 10h12M13.5 6.8c-.3-1.4-1.6-2.3-3.5-2.3-2.1 0-3.5 1-3.5 2.6 0 .7.2 1.2.6 1.6M6.3 13c.3 1.6 1.7 2.5 3.8 2.5s3.6-1 3.6-2.7c0-.5-.1-.9-.3-1.2',
  ticks: 'm2 10.5 3 3 6.5-7.5M9.5 12.7l1 .9L17 6',
  tick: 'm5 10.5 3.2 3L15 6',
} as const;

export type GlyphName = keyof typeof PATHS;

export function Glyph({ name, small = false }: { readonly name: GlyphName; readonly small?: boolean }) {
  return (
    <svg className={classes('ui-icon', small && 'ui-icon-small')} viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}

interface GlyphButtonProps extends Omit<ButtonProps, 'children' | 'icon'> {
  readonly glyph: GlyphName;
  /** Accessible name, shown as a tooltip. */
  readonly label: string;
}

export function GlyphButton({ glyph, label, kind = 'quiet', className, ...rest }: GlyphButtonProps) {
  return (
    <Tooltip text={label} side="top">
      <Button {...rest} kind={kind} className={classes('ui-button-icon', className)} aria-label={label}>
        <Glyph name={glyph} />
      </Button>
    </Tooltip>
  );
}
