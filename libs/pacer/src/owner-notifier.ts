import type { PushOwner } from '@sluice/engine';
import type { Admission } from './admission.js';
import type { Instant } from './instant.js';

/** When the breaker has been open for this long, held deliveries return to the queue. */
const HAND_BACK_MS = 60_000;

/** Notifies the owner of the pushes of each change once: the limit, whether to consume, the state of the breaker. */
export class OwnerNotifier {
  private consuming: 'open' | 'breaker' | 'calendar' | undefined;
  private lastLimit: number | undefined;
  private breakerOpen = false;

  constructor(
    private readonly owner: PushOwner,
    private readonly admission: Admission,
  ) {}

  /** The limit that the owner was last notified of; undefined before the first notification. */
  get limit(): number | undefined {
    return this.lastLimit;
  }

  /** Forgets earlier notifications, because the host has regained the lease and the owner starts afresh. */
  begin(): void {
    this.consuming = undefined;
    this.lastLimit = undefined;
  }

  /** Notifies the owner of the limit. Returns true if the limit has changed. */
  notifyLimit(at: Instant): boolean {
    const limit = this.admission.limit(at);
    // a limit of 0 is reported by `closed`
    if (limit <= 0 || limit === this.lastLimit) return false;
    this.lastLimit = limit;
    this.owner.onLimitChanged(limit);
    return true;
  }

  notifyConsumption(at: Instant): void {
    const calendar = this.admission.closedByCalendar(at);
    const is = calendar ? 'calendar' : this.admission.breakerMs(at) >= HAND_BACK_MS ? 'breaker' : 'open';
    if (is === this.consuming) return;
    this.consuming = is;
    if (is === 'open') this.owner.onOpened();
    else this.owner.onClosed(is, calendar?.until);
  }

  notifyBreaker(): void {
    const open = this.admission.breakerState !== 'closed';
    if (open === this.breakerOpen) return;
    this.breakerOpen = open;
    this.owner.onBreakerChanged?.(open);
  }

  /** Notifies the owner that another host owns the connection, or that this host stops. */
  notifyLost(): void {
    this.owner.onClosed('lease');
  }
}
