import type { PaceConfig } from '@sluice/flow';
import type { PaceState } from '@sluice/engine';

/** Circuit breaker: stops calls to a remote system that cannot be reached, and probes it regularly. Times are monotonic milliseconds. */
export class Breaker {
  private failures: number[] = [];
  private phase: PaceState['breaker'] = 'closed';
  private openedAt = 0;
  private probeAt = 0;

  constructor(private readonly config: PaceConfig['breaker']) {}

  get state(): PaceState['breaker'] {
    return this.phase;
  }

  /** Registers an ordinary call that did not reach the remote system. */
  unreachable(now: number): void {
    if (this.phase !== 'closed') return;
    this.failures = [...this.failures.filter((at) => now - at < this.config.withinMs), now];
    if (this.failures.length < this.config.failures) return;
    this.phase = 'open';
    this.openedAt = now;
    this.probeAt = now + this.config.probeMs;
  }

  /** Registers an ordinary call that was answered: only failures in a row count. */
  answered(): void {
    this.failures = [];
  }

  probeDue(now: number): boolean {
    return this.phase === 'open' && now >= this.probeAt;
  }

  /** Returns the milliseconds until the next probe, at least 0; undefined unless the breaker is open. */
  probeInMs(now: number): number | undefined {
    return this.phase === 'open' ? Math.max(0, this.probeAt - now) : undefined;
  }

  beginProbe(): void {
    this.phase = 'probing';
  }

  endProbe(now: number, back: boolean): void {
    if (!back) {
      this.phase = 'open';
      this.probeAt = now + this.config.probeMs;
      return;
    }
    this.phase = 'closed';
    this.failures = [];
  }

  /** Returns for how long the remote system has been unavailable; 0 while the breaker is closed. */
  awayMs(now: number): number {
    return this.phase === 'closed' ? 0 : now - this.openedAt;
  }
}
