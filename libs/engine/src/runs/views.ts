import type { EventAttributes } from '@sluice/plugin-api';
import { readData } from './event-data.js';

/*
 * What an expression sees of a hop. Everything is a property of the object itself, since expressions see nothing else. What is computed
 * when it is first read is described once for all objects of a kind: an object literal with a getter costs every hop as much as parsing
 * a small body.
 */

/** `trigger`: the attributes of the event, and `data`, which is parsed when it is first read. */
export class TriggerView {
  readonly [attribute: string]: unknown;

  static readonly #lazyData = {
    enumerable: true,
    get(this: TriggerView) {
      return this.#read();
    },
  };

  readonly #attributes: EventAttributes;
  readonly #body: Buffer;
  #data: unknown;
  #isRead = false;

  constructor(attributes: EventAttributes, body: Buffer) {
    this.#attributes = attributes;
    this.#body = body;
    Object.defineProperty(Object.assign(this, attributes), 'data', TriggerView.#lazyData);
  }

  /** The body, when this value is what was read from it. */
  bodyOf(value: object): Buffer | undefined {
    return this.#isRead && value === this.#data ? this.#body : undefined;
  }

  #read(): unknown {
    if (!this.#isRead) {
      this.#data = readData(this.#attributes, this.#body);
      this.#isRead = true;
    }
    return this.#data;
  }
}

/** `run`: its id is derived when it is first read. */
export class RunView {
  declare readonly id: string;
  declare readonly startedAt: string;

  static readonly #lazyId = {
    enumerable: true,
    get(this: RunView) {
      return this.#of.run;
    },
  };
  static readonly #lazyStart = {
    enumerable: true,
    get(this: RunView) {
      return new Date(this.#of.startedAt).toISOString();
    },
  };

  readonly flow: string;
  readonly #of: { readonly run: string; readonly startedAt: number };

  constructor(of: { readonly run: string; readonly startedAt: number }, flow: string) {
    this.#of = of;
    this.flow = flow;
    Object.defineProperty(this, 'id', RunView.#lazyId);
    Object.defineProperty(this, 'startedAt', RunView.#lazyStart);
  }
}
