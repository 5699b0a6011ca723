import { BaseRpcContext } from '@nestjs/microservices';
import type { Delivery } from '@sluice/engine';
import { derivedId, runId, type EventAttributes } from '@sluice/plugin-api';
import { attemptOf } from './attempts.js';

/** The context of a handler (`@Ctx()`): the attributes of the event and its delivery. */
export class BusContext extends BaseRpcContext<[Delivery]> {
  /** The server settles it when the handler has ended: a handler must not settle or release it. */
  get delivery(): Delivery {
    return this.args[0];
  }

  get attributes(): EventAttributes {
    return this.delivery.message.attributes;
  }

  /** Number of this attempt, from 1. */
  get attempt(): number {
    return attemptOf(this.attributes);
  }

  /**
   * Returns an id for something that this handler creates from this event, such as an event that it emits. The id is the same in every
   * attempt and redelivery, so that receivers recognise a repetition.
   */
  idFor(...path: readonly (string | number)[]): string {
    return derivedId(runId(this.attributes.source, this.attributes.id, this.delivery.queue), ...path);
  }
}
