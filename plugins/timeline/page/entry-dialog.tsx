import { Button, DateField, Dialog, Icon, Select, TextArea, TextField, TimeField } from '@sluice/web-ui';
import { useEffect, useRef, useState } from 'react';
import type { Calendar, CalendarState, OpenEntry } from './calendar.js';
import type { Draft } from './model.js';
import { texts } from './texts.js';
import { addMinutes } from './zone.js';

interface EntryDialogProps {
  readonly calendar: Calendar;
  readonly state: CalendarState;
  readonly open: OpenEntry;
}

/** The dialog of an entry, for reading and editing. */
export function EntryDialog({ calendar, state, open }: EntryDialogProps) {
  const { info, today } = state;
  const { entry, problem } = open;
  const [draft, setDraft] = useState<Draft>(open.draft);
  const [isSaving, setSaving] = useState(false);
  /** The error of the last attempt does not apply to new input. */
  const [isEdited, setEdited] = useState(false);
  const [hasEndDay, setEndDay] = useState(draft.end.slice(0, 10) !== draft.start.slice(0, 10));
  const client = useRef<HTMLInputElement>(null);
  const form = useRef<HTMLDivElement>(null);
  // after a conflict: the changes of the other user with those of this one
  useEffect(() => {
    setDraft(open.draft);
    setEdited(false);
  }, [open.draft, open.problem]);

  const isReadOnly = !info.me.canWrite;
  const endsTooEarly = draft.end <= draft.start;
  const edit = (change: Partial<Draft>) => {
    setDraft({ ...draft, ...change });
    setEdited(true);
  };
  /** Keeps the length when the start changes. */
  const setStart = (start: string) => {
    const length = (Date.parse(`${draft.end}Z`) - Date.parse(`${draft.start}Z`)) / 60_000;
    edit({ start, end: addMinutes(start, Math.max(0, length)) });
  };
  const save = async (filled: Draft) => {
    if (isSaving || isReadOnly || endsTooEarly) return;
    setSaving(true);
    setEdited(false);
    await calendar.save({ ...filled, client: filled.client.trim(), phone: filled.phone.trim() });
    setSaving(false);
  };
  const names = info.resources.filter((resource) => !resource.archived || resource.code === draft.resource);
  const [startDay, startTime, endDay, endTime] = [
    draft.start.slice(0, 10),
    draft.start.slice(11, 16),
    draft.end.slice(0, 10),
    draft.end.slice(11, 16),
  ];
  const shownProblem = isEdited ? '' : problem;
  const footer = (
    <>
      {!isReadOnly && entry && entry.status !== 'cancelled' && (
        <>
          <Button kind="danger" onClick={() => void save({ ...draft, status: 'cancelled' })}>
            {texts.cancelEntry}
          </Button>
          <span className="ui-gap" />
        </>
      )}
      {isReadOnly ? (
        <Button onClick={() => calendar.closeEntry()}>{texts.close}</Button>
      ) : (
        <Button kind="primary" type="submit" busy={isSaving}>
          {texts.save}
        </Button>
      )}
    </>
  );
  return (
    <Dialog
      open
      title={entry ? texts.entry : texts.newEntry}
      onClose={() => calendar.closeEntry()}
      onSubmit={() => {
        const invalid = form.current?.querySelector<HTMLElement>('[aria-invalid]');
        if (invalid) invalid.focus();
        else void save(draft);
      }}
      {...(!entry && { onOpenFocus: () => client.current?.focus() })}
      onCloseFocus={() => focusEntry(open.id)}
      footer={footer}
    >
      <div className="form" ref={form}>
        <TextField
          ref={client}
          label={texts.client}
          value={draft.client}
          onChange={(value) => edit({ client: value })}
          maxLength={200}
          disabled={isReadOnly}
          className="form-wide"
        />
        <TextField
          label={texts.phone}
          type="tel"
          value={draft.phone}
          onChange={(phone) => edit({ phone })}
          maxLength={50}
          disabled={isReadOnly}
          className="form-wide"
          after={entry?.phone ? <CallLink phone={entry.phone} /> : undefined}
        />
        <Select
          label={texts.resource}
          value={draft.resource}
          onChange={(resource) => edit({ resource })}
          options={names.map(({ code, name }) => ({ value: code, label: name }))}
          disabled={isReadOnly}
          className="form-wide"
        />
        <DateField
          label={texts.date}
          value={startDay}
          today={today}
          onChange={(value) => setStart(`${value}T${startTime}`)}
          disabled={isReadOnly}
          className="form-wide"
        />
        <TimeField
          label={texts.start}
          value={startTime}
          onChange={(value) => setStart(`${startDay}T${value}`)}
          disabled={isReadOnly}
        />
        <TimeField
          label={texts.end}
          value={endTime}
          onChange={(value) => edit({ end: `${hasEndDay ? endDay : startDay}T${value}` })}
          disabled={isReadOnly}
          problem={endsTooEarly ? texts.endsTooEarly : ''}
        />
        {hasEndDay ? (
          <DateField
            label={texts.endDate}
            value={endDay}
            today={today}
            onChange={(value) => edit({ end: `${value}T${endTime}` })}
            disabled={isReadOnly}
            className="form-wide"
          />
        ) : (
          !isReadOnly && (
            <Button kind="quiet" className="form-link" onClick={() => setEndDay(true)}>
              {texts.endsOnOtherDay}
            </Button>
          )
        )}
        <Select
          label={texts.status}
          value={draft.status}
          onChange={(status) => edit({ status })}
          options={info.statuses.map((status) => ({ value: status, label: texts.statusNames[status] }))}
          disabled={isReadOnly}
          className="form-wide"
        />
        <TextArea
          label={texts.comment}
          value={draft.comment}
          onChange={(comment) => edit({ comment })}
          maxLength={2_000}
          disabled={isReadOnly}
          className="form-wide"
        />
        {entry?.note && <p className="form-wide form-note">{entry.note}</p>}
        <p className="ui-problem form-wide" role="alert">
          {shownProblem}
        </p>
        {entry && (
          <p className="form-wide form-by">
            {texts.changedBy}: {entry.by}
          </p>
        )}
      </div>
    </Dialog>
  );
}

function CallLink({ phone }: { readonly phone: string }) {
  return (
    <a
      className="ui-button ui-button-plain ui-button-icon"
      href={`tel:${phone.replace(/[^\d+]/g, '')}`}
      aria-label={texts.ring}
      title={texts.ring}
    >
      <Icon name="phone" />
    </a>
  );
}

/** Focuses the card of an entry, also when it was moved or created. Returns whether it is on the board. */
function focusEntry(id: string): boolean {
  const card = document.querySelector<HTMLElement>(`[data-entry="${CSS.escape(id)}"]`);
  const target = card?.matches('button') ? card : card?.querySelector<HTMLElement>('button');
  target?.focus();
  return target !== undefined && target !== null;
}
