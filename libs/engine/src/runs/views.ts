import type { EvaluationContext, Flow, Scope } from '@sluice/flow';
import type { EventAttributes } from '@sluice/plugin-api';
import { readData } from './event-data.js';

/*
 * The parts of a hop that expressions read. Each value is an own property of its object, because expressions read only own properties.
 * Values that are computed at the first read have one property descriptor per class: an object literal with a getter costs every hop as
 * much as parsing a small body.
 */

/** `trigger` in expressions: the attributes of the event, and `data`, which is parsed at the first read. */
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

  /** Returns the body when this value is the data that was parsed from it; otherwise undefined. */
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

/** `run` in expressions. Its id is derived at the first read. */
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

/** The roots of the expressions of one hop. Within loops and handlers it also has `loop`, `error` and the items. */
export class HopScope implements Scope {
  declare error?: unknown;
  declare loop?: { readonly index: number; readonly total: number };
  readonly vars: Flow['vars'];
  /** Inherited, so that no expression reads it as a root. */
  readonly #context: EvaluationContext;

  constructor(
    readonly trigger: TriggerView,
    public steps: Record<string, unknown>,
    readonly run: RunView,
    { vars }: Flow,
    readonly env: Readonly<Record<string, string>>,
    context: EvaluationContext,
  ) {
    this.vars = vars;
    this.#context = context;
  }

  get context(): EvaluationContext {
    return this.#context;
  }

  /** Sets the item of a loop as a root of this name. */
  setItem(name: string, item: unknown): void {
    (this as unknown as Record<string, unknown>)[name] = item;
  }
}
