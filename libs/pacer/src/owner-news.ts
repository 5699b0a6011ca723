import type { PushOwner } from '@sluice/engine';
import type { Admission } from './admission.js';
import type { Instant } from './clock.js';

/** The breaker has been open for so long: held deliveries go back to the queue. */
const HAND_BACK_MS = 60_000;

/** Tells the owner of the pushes what has changed, each thing once: the limit, whether to consume, the breaker. */
export class OwnerNews {
  private consuming: 'open' | 'breaker' | 'calendar' | undefined;
  private toldLimit: number | undefined;
  private breakerOpen = false;

  constructor(
    private readonly owner: PushOwner,
    private readonly admission: Admission,
  ) {}

  /** The limit that the owner goes by; undefined before it was told one. */
  get limit(): number | undefined {
    return this.toldLimit;
  }

  /** The lease is here again: what was said before it was away says nothing. */
  begin(): void {
    this.consuming = undefined;
    this.toldLimit = undefined;
  }

  /** True when the limit has changed. */
  tellLimit(at: Instant): boolean {
    const limit = this.admission.limit(at);
    // that nothing at all may begin is told by `closed`
    if (limit <= 0 || limit === this.toldLimit) return false;
    this.toldLimit = limit;
    this.owner.limitIs(limit);
    return true;
  }

  tellWhetherToConsume(at: Instant): void {
    const calendar = this.admission.closedByCalendar(at);
    const is = calendar ? 'calendar' : this.admission.breakerMs(at) >= HAND_BACK_MS ? 'breaker' : 'open';
    if (is === this.consuming) return;
    this.consuming = is;
    if (is === 'open') this.owner.opened();
    else this.owner.closed(is, calendar?.until);
  }

  tellBreaker(): void {
    const open = this.admission.breakerState !== 'closed';
    if (open === this.breakerOpen) return;
    this.breakerOpen = open;
    this.owner.breakerIs?.(open);
  }

  /** Another host has the connection now, or this one stops. */
  tellLost(): void {
    this.owner.closed('lease');
  }
}
