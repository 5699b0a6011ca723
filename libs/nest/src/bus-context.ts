import { BaseRpcContext } from '@nestjs/microservices';
import type { Delivery } from '@sluice/engine';
import { derivedId, runId, type EventAttributes } from '@sluice/plugin-api';
import { attemptOf } from './attempts.js';

/** What a handler gets as `@Ctx()`: the event's attributes and the delivery that brought it. */
export class BusContext extends BaseRpcContext<[Delivery]> {
  /** Settled by the server when the handler has ended: a handler must not settle or release it. */
  get delivery(): Delivery {
    return this.args[0];
  }

  get attributes(): EventAttributes {
    return this.delivery.message.attributes;
  }

  /** 1 for the first. */
  get attempt(): number {
    return attemptOf(this.attributes);
  }

  /**
   * An id for what this handler makes out of this event, such as an event that it emits: the same in every attempt and redelivery, so
   * that receivers recognise a repetition.
   */
  idFor(...path: readonly (string | number)[]): string {
    return derivedId(runId(this.attributes.source, this.attributes.id, this.delivery.queue), ...path);
  }
}
