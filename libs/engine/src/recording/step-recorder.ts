import { type AnyPlugin, type Clock, type ErrorView, type EventAttributes, type Log, type Reply } from '@sluice/plugin-api';
import { stepsIn, type Flow, type RunOutcome, type Settings } from '@sluice/flow';
import type { z } from 'zod';
import { messageOf } from '../message-of.js';
import { MAX_RECORDED_BYTES, RECORD_BYTES, type RecordKind, type RecordStore, type StepRecord } from '../ports/records.js';
import { readData } from '../runs/event-data.js';
import type { Frame } from '../runs/frames.js';
import { exceedsJsonBytes } from '../runs/json-size.js';
import type { PendingCall } from '../runs/run-state.js';
import { stepIdOf, type StepPath } from '../runs/step-path.js';
import { maskedJson } from './masked-json.js';
import { MASKED, SecretFields } from './secret-fields.js';

/** Interval of the deletion of old records, in milliseconds. */
export const TRIM_MS = 60 * 60_000;
/** Old records are also deleted when this part of the limit was written since the last time. */
const TRIM_AFTER = 1 / 16;

/** A run, as far as its records need it. */
export interface RecordedRun {
  readonly run: string;
  readonly epoch: number;
  readonly flow: string;
  readonly revision: string;
  readonly event: EventAttributes;
  readonly body: Buffer;
  /** Outputs of the steps outside of loops. */
  readonly steps: Readonly<Record<string, unknown>>;
  readonly frames?: readonly Frame[];
  /** The revision of the flow that runs. Absent: the newest one that this host has. */
  readonly program?: Flow;
}

export interface StepRecorderDeps {
  readonly records: RecordStore;
  readonly plugins: ReadonlyMap<string, AnyPlugin>;
  /** Returns a flow that this host runs. */
  readonly flowOf: (name: string) => Flow | undefined;
  /** Masks the secrets of the host in a text. */
  readonly mask: (text: string) => string;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly log: Log;
}

type Details = Pick<StepRecord, 'use' | 'connection' | 'ms'> & { readonly attempt?: number };

/** Secret fields of the events and outputs that a flow receives. */
interface FlowSecrets {
  readonly data: SecretFields | undefined;
  /** By id of the step. */
  readonly outputs: ReadonlyMap<string, SecretFields>;
}

/**
 * Records the inputs and outputs of the steps of a flow. Secrets are removed before anything is buffered: the secrets of the host, the fields
 * that schemas of plugins mark as secret, and copies of the values of such fields in other parts of the run. Its methods never wait and
 * never throw: a run does not depend on its records.
 */
export class StepRecorder {
  readonly #secrets = new WeakMap<Flow, FlowSecrets>();
  /** Bytes of records since the last deletion of old ones. */
  #written = 0;
  #trimming: Promise<void> | undefined;
  #displaced = 0;
  #unrecorded = 0;

  constructor(private readonly deps: StepRecorderDeps) {}

  /** Number of records that were deleted before their time, because the records were too large together. */
  get displaced(): number {
    return this.#displaced;
  }

  /** Number of records that were not stored. */
  get skipped(): number {
    return this.deps.records.skipped + this.#unrecorded;
  }

  /** Records the event of a run that begins, or begins again by a replay. */
  began(run: RecordedRun): void {
    this.#write(run, 'event', '', {}, () => {
      const isLarge = run.body.length > MAX_RECORDED_BYTES;
      const data = isLarge ? undefined : readData(run.event, run.body);
      const fields = this.#fieldsOf(run).data;
      return { input: isLarge ? OMITTED : { ...run.event, data: fields ? fields.masked(data) : data } };
    });
  }

  /** Records one attempt of a call. Its output is recorded by the run, as for all steps. */
  called(run: RecordedRun, step: StepPath, call: PendingCall, ms: number, error?: ErrorView): void {
    const { plugin, action, connection, attempt } = call;
    const details = { use: `${plugin}.${action}`, attempt, ms, ...(connection !== undefined && { connection }) };
    const schema = this.#schemaOf(plugin, action)?.input;
    const fields = schema && SecretFields.of(schema, 'input');
    const read = () => ({ input: fields ? fields.masked(call.input) : call.input, ...(error && { output: error }) });
    // the error of the remote system may repeat the request
    this.#write(run, 'call', step, details, read, (secrets) => fields?.collect(call.input, secrets));
  }

  /** Records the call of another flow. */
  calledFlow(run: RecordedRun, step: StepPath, flow: string, data: unknown): void {
    this.#write(run, 'call', step, { use: `flow.${flow}`, attempt: 1 }, () => ({ input: data }));
  }

  /** Records the output of a step. */
  returned(run: RecordedRun, step: StepPath, output: unknown): void {
    this.#write(run, 'output', step, {}, () => {
      const fields = this.#fieldsOf(run).outputs.get(stepIdOf(step));
      return { output: fields ? fields.masked(output) : output };
    });
  }

  /** Records the error of a call that has no further attempt. */
  failed(run: RecordedRun, step: StepPath, error: ErrorView): void {
    this.#write(run, 'failure', step, {}, () => ({ output: error }));
  }

  /** Records an event that a step emits. */
  emitted(run: RecordedRun, step: StepPath, content: object): void {
    this.#write(run, 'emit', step, {}, () => ({ input: content }));
  }

  /** Records the reply of a step. */
  replied(run: RecordedRun, step: StepPath, reply: Reply): void {
    this.#write(run, 'reply', step, {}, () => ({ input: reply }));
  }

  /** Records the end of a run. */
  ended(run: RecordedRun, outcome: RunOutcome, ms: number, error?: ErrorView): void {
    this.#write(run, 'end', '', { ms }, () => ({ output: { outcome, ...(error && { error }) } }));
  }

  /**
   * Returns the records that the state of an unrecorded run can replace: the event, the outputs of finished steps, and the error.
   *
   * @param step path of the step that failed
   */
  recordsOf(run: RecordedRun, step: StepPath | undefined, error: ErrorView, at: Date): readonly StepRecord[] {
    const found: StepRecord[] = [];
    const records = { ...NO_RECORDS, write: (record: StepRecord) => void found.push({ ...record, at }) };
    const recorder = new StepRecorder({ ...this.deps, records });
    recorder.began(run);
    for (const [id, output] of Object.entries(run.steps)) recorder.returned(run, id, output);
    if (step !== undefined) recorder.failed(run, step, error);
    recorder.ended(run, 'parked', 0, error);
    return found;
  }

  /** Deletes old records. Rejects with `STORE_UNAVAILABLE` while the database is unavailable. */
  trim(): Promise<void> {
    this.#trimming ??= this.#trim().finally(() => (this.#trimming = undefined));
    return this.#trimming;
  }

  async #trim(): Promise<void> {
    const { records, settings, log } = this.deps;
    this.#written = 0;
    const maxBytes = settings.limits.stepsBytes;
    const { displaced } = await records.trim({ keptMs: settings.retention.stepsMs, maxBytes });
    if (displaced === 0) return;
    this.#displaced += displaced;
    log.warn('records of runs were deleted before their time, because together they are too large', {
      records: displaced,
      maxBytes,
      cure: 'raise settings.limits.steps, or use "journal: full" in fewer flows',
    });
  }

  #write(
    run: RecordedRun,
    kind: RecordKind,
    step: StepPath,
    details: Details,
    read: () => Values,
    collect?: (secrets: Set<string>) => void,
  ): void {
    try {
      const { attempt = 0, ...more } = details;
      const { input, output, omitted } = this.#texts(this.#maskOf(run, collect), read);
      const { run: id, epoch, flow, revision } = run;
      const at = new Date(this.deps.clock.now());
      const values = { ...(input !== undefined && { input }), ...(output !== undefined && { output }) };
      const cut = omitted.length > 0 && { omitted };
      this.deps.records.write({ at, run: id, epoch, flow, revision, kind, step, attempt, ...more, ...values, ...cut });
      this.#count((input?.length ?? 0) + (output?.length ?? 0) + RECORD_BYTES);
    } catch (error) {
      this.#unrecorded++;
      this.deps.log.debug(`${run.flow}: a part of run ${run.run} is not recorded`, { step, reason: messageOf(error) });
    }
  }

  #count(bytes: number): void {
    this.#written += bytes;
    if (this.#written < this.deps.settings.limits.stepsBytes * TRIM_AFTER || this.#trimming) return;
    this.trim().catch((error: unknown) => this.deps.log.debug('old records are not deleted yet', { reason: messageOf(error) }));
  }

  #texts(mask: (text: string) => string, read: () => Values) {
    const omitted: ('input' | 'output')[] = [];
    const text = (name: 'input' | 'output', value: unknown): string | undefined => {
      if (value === undefined) return undefined;
      try {
        const json = value === OMITTED || exceedsJsonBytes(value, MAX_RECORDED_BYTES) ? undefined : maskedJson(value, mask);
        if (json !== undefined && Buffer.byteLength(json) <= MAX_RECORDED_BYTES) return json;
      } catch {
        // a cycle, or too many levels
      }
      omitted.push(name);
      return undefined;
    };
    const { input, output } = this.#read(read);
    return { input: text('input', input), output: text('output', output), omitted };
  }

  /** A body that cannot be read is left out, as one that is too large. */
  #read(read: () => Values): Values {
    try {
      return read();
    } catch {
      return { input: OMITTED };
    }
  }

  /** Returns the mask of the host, and of the values of secret fields that the run has received so far. */
  #maskOf(run: RecordedRun, collect?: (secrets: Set<string>) => void): (text: string) => string {
    const { data, outputs } = this.#fieldsOf(run);
    const values = new Set<string>();
    collect?.(values);
    if (data) data.collect(readable(run), values);
    for (const [step, fields] of outputs) for (const output of outputsOf(run, step)) fields.collect(output, values);
    if (values.size === 0) return this.deps.mask;
    const longestFirst = [...values].sort((a, b) => b.length - a.length);
    return (text) => longestFirst.reduce((masked, value) => masked.replaceAll(value, MASKED), this.deps.mask(text));
  }

  #schemaOf(plugin: string, action: string): { readonly input: z.ZodType; readonly output: z.ZodType } | undefined {
    return this.deps.plugins.get(plugin)?.actions[action] as { input: z.ZodType; output: z.ZodType } | undefined;
  }

  #fieldsOf({ flow: name, program }: RecordedRun): FlowSecrets {
    const flow = program ?? this.deps.flowOf(name);
    if (!flow) return { data: undefined, outputs: new Map() };
    let secrets = this.#secrets.get(flow);
    if (!secrets) this.#secrets.set(flow, (secrets = this.#secretsOf(flow)));
    return secrets;
  }

  #secretsOf({ trigger, steps, catch: handler = [] }: Flow): FlowSecrets {
    const source = trigger.kind === 'plugin' ? this.deps.plugins.get(trigger.plugin)?.triggers[trigger.trigger] : undefined;
    const outputs = new Map<string, SecretFields>();
    for (const step of stepsIn([...steps, ...handler])) {
      if (step.verb !== 'use') continue;
      const schema = this.#schemaOf(step.plugin, step.action)?.output;
      const fields = schema && SecretFields.of(schema, 'output');
      if (fields) outputs.set(step.id, fields);
    }
    return { data: source && SecretFields.of(source.output as z.ZodType, 'output'), outputs };
  }
}

const NO_RECORDS: RecordStore = {
  write: () => undefined,
  of: async () => ({ records: [], isCut: false }),
  trim: async () => ({ expired: 0, displaced: 0 }),
  skipped: 0,
  flush: async () => undefined,
};

/** A value that is not recorded. */
const OMITTED = Symbol('omitted');

interface Values {
  readonly input?: unknown;
  readonly output?: unknown;
}

function readable({ event, body }: RecordedRun): unknown {
  try {
    return readData(event, body);
  } catch {
    return undefined;
  }
}

/** Yields the outputs of a step at the top level and in the items around the run. */
function* outputsOf({ steps, frames = [] }: RecordedRun, step: string): Generator<unknown> {
  if (Object.hasOwn(steps, step)) yield steps[step];
  for (const frame of frames) if (frame.block === 'loop' && Object.hasOwn(frame.steps, step)) yield frame.steps[step];
}
