import { derivedId, runId, viewError, type Clock, type EventAttributes, type Log } from '@sluice/plugin-api';
import type { Condition, Flow, Workspace } from '@sluice/flow';
import { chain, isPromise, type MaybePromise } from '../maybe-promise.js';
import type { Observer } from '../observer.js';
import { TriggerView } from '../runs/views.js';

export interface TriggerFilterDeps {
  readonly workspace: Pick<Workspace, 'settings'>;
  readonly observer: Pick<Observer, 'filtered'>;
  readonly log: Log;
  readonly clock: Clock;
}

/**
 * Whether a flow takes an event. `unknown`: `trigger.where` cannot be evaluated. Such an event is accepted, and the flow evaluates the
 * condition again when the event reaches it, so that an error parks the run and is never mistaken for "false".
 */
export type FilterDecision = 'yes' | 'no' | 'unknown';

/** Evaluates `trigger.where` of a flow for events that no flow but this one receives: before they are stored anywhere. */
export class TriggerFilter {
  private constructor(
    private readonly flow: Flow,
    private readonly where: Condition,
    private readonly deps: TriggerFilterDeps,
  ) {}

  /** Returns the filter of a flow; undefined for a flow without `where`. */
  static of(flow: Flow, deps: TriggerFilterDeps): TriggerFilter | undefined {
    const { where } = flow.trigger;
    return where && new TriggerFilter(flow, where, deps);
  }

  /** Evaluates the condition, and counts an event that the flow does not take. Never throws and never rejects. */
  check(attributes: EventAttributes, body: Buffer): MaybePromise<FilterDecision> {
    try {
      const taken = chain(this.where.test(this.#scope(attributes, body)), (yes) => this.#counted(yes));
      return isPromise(taken) ? taken.catch((error: unknown) => this.#unknown(error)) : taken;
    } catch (error) {
      return this.#unknown(error);
    }
  }

  #counted(yes: boolean): FilterDecision {
    if (yes) return 'yes';
    this.deps.observer.filtered(this.flow.name);
    return 'no';
  }

  #unknown(error: unknown): FilterDecision {
    this.deps.log.debug(`${this.flow.name}: its trigger.where cannot be evaluated`, { error: viewError(error).message });
    return 'unknown';
  }

  #scope(attributes: EventAttributes, body: Buffer) {
    const { settings } = this.deps.workspace;
    let uuids = 0;
    const { source, id } = attributes;
    return {
      trigger: new TriggerView(attributes, body),
      vars: this.flow.vars,
      env: this.flow.env,
      context: {
        now: this.deps.clock.now(),
        uuid: (name?: string) => derivedId(runId(source, id, this.flow.name), 'where', 'uuid', name ?? uuids++),
        country: settings.country,
        ...(settings.timezone !== undefined && { timezone: settings.timezone }),
      },
    };
  }
}
