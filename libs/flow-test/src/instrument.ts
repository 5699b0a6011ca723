import { chain } from '@sluice/engine';
import type { Condition, Flow, Scope, Step, Template } from '@sluice/flow';
import { KEYS } from './coverage.js';

/** Receives what an instrumented flow does. */
export interface FlowObserver {
  /** A point of the flow was reached. */
  hit(flow: string, key: string): void;
  /** A step begins in a run. */
  began(flow: string, run: string): void;
  /** A `use` step has rendered its input. */
  rendered(run: string, step: string, input: unknown): void;
  /** A `call` step calls its flow with this data. */
  called(flow: string, step: string, data: unknown): void;
  /** The flow does not take an event. */
  filtered(flow: string, source: string, id: string): void;
}

/** Returns the queue name of the mock of a `call` step, in place of the name of the called flow. */
export function mockedCallee(step: string): string {
  return `mock.${step}`;
}

/**
 * Returns the same flow with conditions that report to an observer. The engine runs it as any other flow: it evaluates the condition `if` of
 * a step exactly once, before the step begins.
 *
 * @param mocked ids of the `call` steps whose flows are replaced by mocks
 */
export function instrumented(flow: Flow, observer: FlowObserver, mocked: (step: string) => boolean): Flow {
  return new Instrument(flow, observer, mocked).run();
}

class Instrument {
  constructor(
    private readonly flow: Flow,
    private readonly observer: FlowObserver,
    private readonly mocked: (step: string) => boolean,
  ) {}

  run(): Flow {
    const { flow } = this;
    const { where } = flow.trigger;
    return {
      ...flow,
      trigger: { ...flow.trigger, ...(where && { where: this.filter(where) }) },
      steps: this.steps(flow.steps),
      ...(flow.catch && { catch: this.steps(flow.catch, KEYS.handler(undefined)) }),
    };
  }

  private hit(key: string): void {
    this.observer.hit(this.flow.name, key);
  }

  private filter(where: Condition): Condition {
    return {
      test: (scope) =>
        chain(where.test(scope), (yes) => {
          this.hit(yes ? KEYS.accepted : KEYS.filtered);
          const { source, id } = scope.trigger ?? {};
          if (!yes) this.observer.filtered(this.flow.name, String(source), String(id));
          return yes;
        }),
    };
  }

  /** @param handler the key of the handler that the steps are */
  private steps(steps: readonly Step[], handler?: string): readonly Step[] {
    return steps.map((step, index) => this.step(step, index === 0 ? handler : undefined));
  }

  private step(step: Step, handler: string | undefined): Step {
    const { id } = step;
    const { flow, observer } = this;
    const begins: Condition = {
      test: (scope) => {
        if (handler !== undefined) this.hit(handler);
        if (scope.run) observer.began(flow.name, scope.run.id);
        return chain(step.if?.test(scope) ?? true, (yes) => {
          if (yes) this.hit(KEYS.step(id));
          if (step.if) this.hit(yes ? KEYS.taken(id) : KEYS.skipped(id));
          return yes;
        });
      },
    };
    return { ...this.inside(step), if: begins };
  }

  private inside(step: Step): Step {
    const { id } = step;
    switch (step.verb) {
      case 'switch':
        return {
          ...step,
          cases: step.cases.map(({ when, steps }, index) => ({
            when: this.arm(when, id, index, step.cases.length),
            steps: this.steps(steps),
          })),
          otherwise: this.steps(step.otherwise),
        };
      case 'forEach':
        return { ...step, steps: this.steps(step.steps) };
      case 'try':
        return { ...step, steps: this.steps(step.steps), catch: this.steps(step.catch, KEYS.handler(id)) };
      case 'use': {
        const input = this.template(step.with, (value, { run }) => run && this.observer.rendered(run.id, id, value));
        return { ...step, with: input, onError: this.onError(step) };
      }
      case 'call': {
        const data = this.template(step.data, (value) => this.observer.called(this.flow.name, id, value));
        return { ...step, data, onError: this.onError(step), ...(this.mocked(id) && { flow: mockedCallee(id) }) };
      }
      default:
        return step;
    }
  }

  /** The cases are tested in order, so `otherwise` is taken when the last one is false. */
  private arm(when: Condition, id: string, index: number, cases: number): Condition {
    return {
      test: (scope) =>
        chain(when.test(scope), (yes) => {
          if (yes) this.hit(KEYS.case(id, index));
          else if (index === cases - 1) this.hit(KEYS.case(id, cases));
          return yes;
        }),
    };
  }

  private onError({ id, onError }: Extract<Step, { readonly verb: 'use' | 'call' }>) {
    return onError.map((entry, index) => ({
      ...entry,
      output: this.template(entry.output, () => this.hit(KEYS.onError(id, index))),
    }));
  }

  /** Returns the template with a report of each value. A template that is absent renders to no value. */
  private template(template: Template | undefined, rendered: (value: unknown, scope: Scope) => void): Template {
    return {
      constant: false,
      render: (scope: Scope) =>
        chain(template?.render(scope), (value) => {
          rendered(value, scope);
          return value;
        }),
    };
  }
}
