import { button, byId, el } from './dom.js';
import type { Draft, Entry, JournalInfo, Status } from './model.js';
import { texts } from './texts.js';

export interface CardOptions {
  readonly info: JournalInfo;
  readonly draft: Draft;
  /** The existing entry; absent for a new one. */
  readonly entry?: Entry;
  /** Error to show when the card opens. */
  readonly problem?: string;
  /** Resolves when the entry is saved. The card shows the message of a rejection and stays open. */
  readonly save: (draft: Draft) => Promise<void>;
  readonly closed: () => void;
}

/** Opens the card of an entry, for reading and editing. */
export function openCard({ info, draft, entry, problem: known = '', save, closed }: CardOptions): void {
  const dialog = byId('card', HTMLDialogElement);
  const names = info.resources.filter((resource) => !resource.archived || resource.code === draft.resource);
  const client = el('input', { value: draft.client, maxLength: 200, autocomplete: 'off' });
  const phone = el('input', { type: 'tel', value: draft.phone, maxLength: 50, autocomplete: 'off' });
  const resource = select(
    names.map(({ code, name }) => [code, name]),
    draft.resource,
  );
  const start = el('input', { type: 'datetime-local', value: draft.start, required: true });
  const end = el('input', { type: 'datetime-local', value: draft.end, required: true });
  const status = select(
    info.statuses.map((one) => [one, texts.statusNames[one]]),
    draft.status,
  );
  const comment = el('textarea', { value: draft.comment, maxLength: 2_000, rows: 3 });
  const problem = el('p', { className: 'problem', role: 'alert' }, known);
  const read = (): Draft => ({
    resource: resource.value,
    start: start.value,
    end: end.value,
    status: status.value as Status,
    client: client.value.trim(),
    phone: phone.value.trim(),
    comment: comment.value,
  });
  const submit = async (changed: Draft) => {
    if (form.ariaBusy === 'true') return;
    form.ariaBusy = 'true';
    problem.textContent = '';
    try {
      await save(changed);
      dialog.close();
    } catch (error) {
      problem.textContent = (error as Error).message;
    } finally {
      form.ariaBusy = 'false';
    }
  };
  const keepLength = lengthKeeper(start, end);
  const checkEnd = () => end.setCustomValidity(end.value > start.value ? '' : texts.endsTooEarly);
  start.oninput = () => (keepLength(), checkEnd());
  end.oninput = checkEnd;
  const heading = el('h2', { tabIndex: -1 }, entry ? texts.entry : texts.newEntry);
  const form: HTMLFormElement = el(
    'form',
    { onsubmit: (event) => (event.preventDefault(), void submit(read())) },
    heading,
    field(texts.client, client),
    field(texts.phone, phone, entry?.phone ? ringLink(entry.phone) : undefined),
    field(texts.resource, resource),
    field(texts.start, start),
    field(texts.end, end),
    field(texts.status, status),
    field(texts.comment, comment),
    ...(entry?.note ? [el('p', { className: 'note' }, entry.note)] : []),
    problem,
    ...(entry ? [el('p', { className: 'by' }, `${texts.changedBy}: ${entry.by}`)] : []),
    buttons(
      info.me.canWrite,
      dialog,
      entry && entry.status !== 'cancelled' ? () => void submit({ ...read(), status: 'cancelled' }) : undefined,
    ),
  );
  // the error of the last attempt does not apply to the new input
  const forget = () => (problem.textContent = '');
  form.addEventListener('input', forget);
  form.addEventListener('invalid', forget, { capture: true });
  for (const input of form.querySelectorAll('input, select, textarea')) if (!info.me.canWrite) input.setAttribute('disabled', '');
  dialog.replaceChildren(form);
  dialog.onclose = closed;
  if (!dialog.open) dialog.showModal();
  // on a telephone the focus would open the keyboard, which hides the entry
  (entry ? heading : client).focus();
}

function ringLink(phone: string): HTMLElement {
  return el('a', { href: `tel:${phone.replace(/[^\d+]/g, '')}`, ariaLabel: texts.ring, title: texts.ring }, '☎');
}

/** Keeps the duration when the start changes. */
function lengthKeeper(start: HTMLInputElement, end: HTMLInputElement): () => void {
  const length = Date.parse(`${end.value}Z`) - Date.parse(`${start.value}Z`);
  return () => {
    const time = Date.parse(`${start.value}Z`);
    if (!Number.isNaN(time)) end.value = new Date(time + length).toISOString().slice(0, 16);
  };
}

function buttons(canWrite: boolean, dialog: HTMLDialogElement, cancel: (() => void) | undefined): HTMLElement {
  const row = el('div', { className: 'buttons' });
  if (canWrite && cancel) row.append(button(texts.cancelEntry, cancel, { className: 'danger' }));
  row.append(
    el('span', { className: 'gap' }),
    button(texts.close, () => dialog.close()),
  );
  if (canWrite) row.append(el('button', { className: 'primary' }, texts.save));
  return row;
}

function field(name: string, input: HTMLElement, beside?: HTMLElement): HTMLElement {
  // otherwise the options of a list would be part of its accessible name
  input.ariaLabel = name;
  const row = el('label', { className: 'field' }, el('span', {}, name), input);
  return beside ? el('div', { className: 'with-link' }, row, beside) : row;
}

function select(options: readonly (readonly [string, string])[], value: string): HTMLSelectElement {
  const made = el('select', {}, ...options.map(([key, name]) => el('option', { value: key }, name)));
  made.value = value;
  return made;
}
