import type { ServerFrame } from '@sluice/emulator';

export interface Popup {
  readonly title: string;
  readonly phone: string;
}

/** What the screens of desktops showed. */
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

  /** Did it pop up on the screen of this user? */
  showed(user: string, { title, phone }: Popup): boolean {
    return this.#popups.get(user)?.some((popup) => popup.title === title && popup.phone === phone) ?? false;
  }

  /** How many users heard that this entry of the timeline has changed. */
  toldOf(entry: string): number {
    return this.#changes.get(entry)?.size ?? 0;
  }
}
