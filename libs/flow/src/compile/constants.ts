import { isSluiceError, SluiceError } from '@sluice/plugin-api';
import { isFindingCode } from '../codes.js';
import type { Scope, Settings } from '../model.js';
import type { Report } from '../report.js';
import type { Texts } from '../texts.js';
import { scalarsOf, toValue, type YamlNode } from '../yaml/nodes.js';
import { Templates } from './templates.js';

/** A value whose expressions have been evaluated, and the environment variables that they could read. */
export interface EvaluatedValue {
  readonly value: unknown;
  readonly env: Readonly<Record<string, string>>;
}

/** Evaluates the values that cannot change while the host runs (constants, options, connections), once and before the start. */
export class Constants {
  constructor(
    private readonly env: Readonly<Record<string, string>>,
    private readonly settings: Settings,
  ) {}

  /** Evaluates a value. Reports an expression that fails, and then returns undefined. */
  evaluate(
    node: YamlNode | undefined,
    vars: Readonly<Record<string, unknown>>,
    texts: Texts,
    report: Report,
  ): EvaluatedValue | undefined {
    const { env } = this;
    if (node === undefined) return { value: {}, env };
    if (!scalarsOf(node).some((scalar) => texts.hasExpression(scalar))) return { value: toValue(node), env };
    try {
      const value = new Templates(texts).template(node).render(this.scope(vars));
      if (!(value instanceof Promise)) return { value, env };
      value.catch(() => undefined);
      report.error(node, 'FLOW_VALUE', 'this expression is evaluated once, at the start, and is too complex for that', {
        do: 'compute it in a step, with set',
      });
    } catch (error) {
      if (!isSluiceError(error) || !isFindingCode(error.code)) throw error;
      report.error(node, error.code, error.message, { do: error.cure });
    }
    return undefined;
  }

  private scope(vars: Readonly<Record<string, unknown>>): Scope {
    const { timezone, country } = this.settings;
    return {
      vars,
      env: this.env,
      context: {
        get now(): number {
          throw notHere('the time');
        },
        uuid: () => {
          throw notHere('an id');
        },
        ...(timezone !== undefined && { timezone }),
        country,
      },
    };
  }
}

function notHere(what: string): SluiceError {
  return new SluiceError('EXPR_FAILED', 'rejected', `a constant cannot use ${what}`, 'compute it in a step, with set');
}
