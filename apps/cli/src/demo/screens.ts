import type { ServerFrame } from '@sluice/emulator';

export interface Popup {
  readonly title: string;
  readonly phone: string;
}

/** Records the pop-ups and changes that desktops have received. */
export class Screens {
  readonly #popups = new Map<string, Popup[]>();
  readonly #changes = new Map<string, Set<string>>();

  hear(user: string, { headers, body }: ServerFrame): void {
    const event = headers.get('event');
    if (event === 'call.popup') this.#popups.set(user, [...(this.#popups.get(user) ?? []), JSON.parse(body.toString()) as Popup]);
    if (event !== 'timeline.changed') return;
    const { id } = JSON.parse(body.toString()) as { id: string };
    this.#changes.set(id, new Set(this.#changes.get(id)).add(user));
  }

  /** Returns whether the user has received this pop-up. */
  showed(user: string, { title, phone }: Popup): boolean {
    return this.#popups.get(user)?.some((popup) => popup.title === title && popup.phone === phone) ?? false;
  }

  /** Returns the number of users that were notified of a change of this timeline entry. */
  toldOf(entry: string): number {
    return this.#changes.get(entry)?.size ?? 0;
  }
}
