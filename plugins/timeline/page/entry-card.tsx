import { classes, Icon, initials } from '@sluice/web-ui';
import { memo, type CSSProperties, type KeyboardEvent, type PointerEvent } from 'react';
import { spanOf } from './api.js';
import type { DragKind } from './geometry.js';
import type { Entry } from './model.js';
import { STATUS_ICONS } from './status-mark.js';
import { texts } from './texts.js';

/** Events of cards, shared by all of them. They do not change between renders. */
export interface CardEvents {
  readonly open: (id: string) => void;
  readonly press: (event: PointerEvent, entry: Entry, kind: DragKind) => void;
  readonly arrow: (event: KeyboardEvent, id: string) => void;
}

interface EntryCardProps {
  readonly entry: Entry;
  readonly events: CardEvents;
  readonly canWrite: boolean;
  readonly isChanged: boolean;
  /** Lines of text that fit. */
  readonly lines: number;
  readonly style?: CSSProperties;
  readonly beganBefore?: boolean;
  readonly endsAfter?: boolean;
  /** The edges can be dragged. */
  readonly canResize?: boolean;
}

/** An entry on the board. Narrow cards show the time, or initials; all details are in the panel that appears beside a card. */
export const EntryCard = memo(function EntryCard(props: EntryCardProps) {
  const { entry, events, canWrite, isChanged, lines, style, beganBefore, endsAfter, canResize } = props;
  const name = entry.client || entry.phone || texts.entry;
  const label = [entry.resource.name, spanOf(entry), entry.client, entry.phone, texts.statusNames[entry.status]].filter(Boolean);
  const canDrag = canWrite && canResize === true;
  return (
    <button
      type="button"
      className={classes('card', `status-${entry.status}`, `card-${Math.min(3, lines)}`, isChanged && 'card-changed')}
      style={style}
      data-entry={entry.id}
      aria-label={label.join(', ')}
      onClick={() => events.open(entry.id)}
      onPointerDown={(event) => events.press(event, entry, 'move')}
      onKeyDown={(event) => events.arrow(event, entry.id)}
    >
      <span className="card-line">
        <Icon name={STATUS_ICONS[entry.status]} small />
        <span className="card-time">
          {beganBefore && '…'}
          {entry.start.slice(11, 16)}
          <span className="card-end">–{entry.end.slice(11, 16)}</span>
          {endsAfter && '…'}
        </span>
        {lines < 2 && <b className="card-name">{name}</b>}
      </span>
      {lines >= 2 && (
        <b className="card-name">
          <span className="card-full">{name}</span>
          <span className="card-initials">{initials(name)}</span>
        </b>
      )}
      {lines >= 3 && <span className="card-more">{[entry.phone, entry.comment].filter(Boolean).join(' · ')}</span>}
      {canDrag && !beganBefore && <Edge kind="start" entry={entry} events={events} />}
      {canDrag && !endsAfter && <Edge kind="end" entry={entry} events={events} />}
    </button>
  );
});

function Edge({ kind, entry, events }: { readonly kind: 'start' | 'end'; readonly entry: Entry; readonly events: CardEvents }) {
  return (
    <span
      className={`card-edge card-edge-${kind}`}
      onPointerDown={(event) => {
        event.stopPropagation();
        events.press(event, entry, kind);
      }}
    />
  );
}
