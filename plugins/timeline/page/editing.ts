import { RefusedError, type Api } from './api.js';
import { openCard } from './card.js';
import { difference, draftOf, takenBack } from './drafts.js';
import { nextOpen } from './hours.js';
import type { Draft, Entry, JournalInfo } from './model.js';
import { inWords } from './refusal.js';
import type { Store } from './store.js';
import { texts } from './texts.js';
import { toast } from './toasts.js';
import type { Zone } from './zone.js';

const MINUTE = 60_000;
const NEW_ENTRY_MS = 30 * MINUTE;

export interface EditingEvents {
  /** Called with the current version of an entry from the host. */
  readonly known: (entry: Entry) => void;
  /** Called when an entry was not moved and must be drawn at its old place. */
  readonly stays: (id: string) => void;
  readonly closed: (id: string) => void;
}

/** Changes of entries by the user. The page sends a change to the host, and shows it after the host has accepted it. */
export class Editing {
  constructor(
    private readonly api: Api,
    private readonly store: Store,
    private readonly zone: Zone,
    private readonly info: () => JournalInfo,
    private readonly events: EditingEvents,
  ) {}

  open(id: string): void {
    const entry = this.store.get(id);
    if (entry) this.#openCard(entry, {}, '');
  }

  create(resource?: string, time?: Date, known: Partial<Draft> = {}): void {
    const info = this.info();
    if (!info.me.canWrite) return toast(texts.forbidden, 'problem');
    const first = info.resources.find((one) => (resource === undefined ? !one.archived : one.code === resource));
    if (!first) return toast(texts.noResources, 'problem');
    const soon = new Date(Math.ceil(Date.now() / NEW_ENTRY_MS) * NEW_ENTRY_MS);
    const start = time ?? this.zone.time(nextOpen(first, this.zone.local(soon)));
    const id = newId();
    const draft: Draft = {
      resource: resource ?? first.code,
      start: this.zone.local(start),
      end: this.zone.local(new Date(start.getTime() + NEW_ENTRY_MS)),
      status: 'waiting',
      client: '',
      phone: '',
      comment: '',
      ...known,
    };
    const save = async (filled: Draft) => {
      const { entry } = await this.api.create(id, filled).catch(rethrowInWords);
      this.events.known(entry);
    };
    openCard({ info, draft, save, closed: () => this.events.closed(id) });
  }

  async move(id: string, resource: string, start: Date, end: Date): Promise<void> {
    const entry = this.store.get(id);
    if (!entry) return;
    try {
      await this.#change(entry, { resource, start: start.toISOString(), end: end.toISOString() }, texts.moved);
    } catch (error) {
      // the old place, or the place from the change of another user
      this.events.stays(id);
      toast((error as Error).message, 'problem');
    }
  }

  #openCard(entry: Entry, edited: Partial<Draft>, problem: string): void {
    const shown = draftOf(entry);
    const save = async (filled: Draft) => {
      const changed = difference(shown, filled);
      try {
        await this.#change(entry, changed, changed.status === 'cancelled' ? texts.cancelled : texts.saved);
      } catch (error) {
        const now = this.store.get(entry.id);
        // shows the input of the user together with the saved changes of the other user
        if (now && now.version !== entry.version) this.#openCard(now, changed, (error as Error).message);
        throw error;
      }
    };
    const closed = () => this.events.closed(entry.id);
    openCard({ info: this.info(), draft: { ...shown, ...edited }, entry, problem, save, closed });
  }

  /** Sends a change. Rejects with an error text in the language of the user. */
  async #change(before: Entry, draft: Partial<Draft>, done: string): Promise<void> {
    if (Object.keys(draft).length === 0) return;
    const { entry } = await this.api.change(before.id, before.version, draft).catch((error: unknown) => {
      if (error instanceof RefusedError && error.code === 'TIMELINE_VERSION' && error.entry) this.events.known(error.entry);
      return rethrowInWords(error);
    });
    this.events.known(entry);
    toast(done, 'info', () => {
      this.#change(entry, takenBack(draft, before), texts.saved).catch((error: Error) => toast(error.message, 'problem'));
    });
  }
}

function rethrowInWords(error: unknown): never {
  throw new Error(inWords(error), { cause: error });
}

/** Returns a UUID of version 4. `crypto.randomUUID` exists only with HTTPS, and the page may be served without it inside a company. */
function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
