/** Outlines on a grid of 20 × 20, drawn for this design system. */
const PATHS = {
  add: 'M10 4v12M4 10h12',
  back: 'M12 4.5 6.5 10l5.5 5.5',
  bell: 'M5 14h10l-1.2-2V9a3.8 3.8 0 0 0-7.6 0v3L5 14ZM8.4 16.2a1.8 1.8 0 0 0 3.2 0',
  calendar: 'M4 5.5h12v11H4zM4 8.5h12M7 3.5v3M13 3.5v3',
  checks: 'm2.5 10.8 3 3 6-7M9 13l1 .8 6.5-7.3',
  check: 'm4.5 10.5 3.5 3.5 7.5-8',
  clock: 'M10 3.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13ZM10 6.5V10l2.5 2',
  close: 'm5.5 5.5 9 9M14.5 5.5l-9 9',
  cross: 'm5.5 5.5 9 9M14.5 5.5l-9 9',
  down: 'm5 7.5 5 5 5-5',
  edit: 'M4 16l.8-3.2L13 4.6l2.4 2.4-8.2 8.2L4 16Z',
  file: 'M5.5 3.5h6l3 3v10h-9zM11.5 3.5v3h3',
  filter: 'M3.5 5.5h13M6 10h8M8.5 14.5h3',
  forward: 'M8 4.5 13.5 10 8 15.5',
  help: 'M10 3.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13ZM8 8.2a2 2 0 1 1 2.8 1.9c-.6.3-.8.6-.8 1.2M10 13.4v.1',
  image: 'M4 4.5h12v11H4zM4 13l3.5-3.5 3 3 2-2L16 14M12.8 7.6v.1',
  info: 'M10 3.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13ZM10 9.2v4M10 6.6v.1',
  inbox: 'M3.5 11.5 5.5 5h9l2 6.5V15h-13v-3.5ZM3.5 11.5h4l1 1.8h3l1-1.8h4',
  menu: 'M3.5 6h13M3.5 10h13M3.5 14h13',
  more: 'M5 10v.1M10 10v.1M15 10v.1',
  offline:
    'M3 7.5a10 10 0 0 1 4-2.2M17 7.5A10 10 0 0 0 10 4.7M5.8 10.5a6 6 0 0 1 2.4-1.6M14.2 10.5a6 6 0 0 0-1.6-1.2M10 14.5v.1M4 3.5l12 13',
  people:
    'M7.5 9.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM2.8 16c.3-2.6 2-4.2 4.7-4.2s4.4 1.6 4.7 4.2M13 9.3a2.3 2.3 0 1 0-.8-4.4M14.2 11.9c1.8.4 2.8 1.8 3 3.9',
  phone:
    'M5 3.8 7.3 3.5l1.3 3.3-1.5 1.4c.8 1.9 2 3.1 4 4l1.4-1.4 3.3 1.3-.3 2.4c-.2 1-1 1.6-2 1.5C8 15.5 4.3 11.5 3.5 5.8c-.1-1 .5-1.8 1.5-2Z',
  pin: 'M7 3.5h6M8 3.5v5L5.5 12h9L12 8.5v-5M10 12v5',
  refresh: 'M15.5 7.5A6 6 0 1 0 16 11M16 4v3.8h-3.8',
  search: 'M9 4a5 5 0 1 1 0 10A5 5 0 0 1 9 4ZM12.7 12.7 16.5 16.5',
  send: 'M3.5 9.8 16.5 4l-4 12.5-3-5.5-6-1.2ZM9.5 11l7-7',
  settings: 'M3.5 6h7M14.5 6h2M3.5 14h2M9.5 14h7M12.5 4v4M7.5 12v4',
  stop: 'M10 3.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13ZM5.5 5.5l9 9',
  trash: 'M4 6h12M8 6V4h4v2M5.5 6l.8 10.5h7.4L14.5 6M8.5 9v5M11.5 9v5',
  user: 'M10 10a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM4.5 16.5c.4-3 2.4-4.7 5.5-4.7s5.1 1.7 5.5 4.7',
  warning: 'M10 3.8 17 16H3L10 3.8ZM10 8.5v3.5M10 13.9v.1',
  zoomIn: 'M9 4a5 5 0 1 1 0 10A5 5 0 0 1 9 4ZM12.7 12.7 16.5 16.5M9 7v4M7 9h4',
  zoomOut: 'M9 4a5 5 0 1 1 0 10A5 5 0 0 1 9 4ZM12.7 12.7 16.5 16.5M7 9h4',
} as const;

export type IconName = keyof typeof PATHS;

export interface IconProps {
  readonly name: IconName;
  /** For the line of a text. */
  readonly small?: boolean;
}

/** Draws an icon. It is hidden from screen readers: the control or the text beside it has the name. */
export function Icon({ name, small = false }: IconProps) {
  return (
    <svg className={`ui-icon${small ? ' ui-icon-small' : ''}`} viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
