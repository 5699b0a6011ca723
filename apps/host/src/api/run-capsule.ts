import { CAPSULE, CAPSULE_VERSION, type Capsule, type CapsuleCall } from '@sluice/admin-contract';
import {
  END_KINDS,
  lastState,
  readParkedRun,
  sourceOfParked,
  type JournalEntry,
  type ParkedRun,
  type StepRecord,
} from '@sluice/engine';
import { systemClock } from '@sluice/plugin-api';
import { hostFail } from '../failures.js';
import type { HostServices } from './host-services.js';

/** Maximum records and bytes of one capsule. */
const MAX_MIB = 32;
const LIMITS = { records: 10_000, bytes: MAX_MIB * 1024 ** 2 };
const OUTCOMES: ReadonlySet<string> = new Set(END_KINDS);

type Draft = { -readonly [Key in keyof CapsuleCall]: CapsuleCall[Key] };

/**
 * Returns the records of a run as a capsule. The capsule of a parked run without records has the content of its row.
 *
 * @throws NO_RUN for an unknown run, NOT_RECORDED for one that has neither records nor a parked row
 */
export async function capsuleOf(services: HostServices, run: string): Promise<Capsule> {
  const { store } = services;
  const [{ records: kept, isCut }, parked, entries] = await Promise.all([
    store.records.of(run, LIMITS),
    store.parked.get(run),
    store.journal.find(run),
  ]);
  const journal = entries.filter((entry) => entry.run === run);
  const last = lastState(journal);
  const records = kept.length > 0 ? kept : parked ? recordsOfParked(services, parked) : [];
  const [first] = records;
  if (first === undefined) throw notRecorded(run, last);
  const revision = await store.revisions.get(first.flow, records.at(-1)?.revision ?? first.revision);
  const made = new CapsuleOfRecords(records);
  const outcome = made.end?.outcome ?? outcomeOf(last, made.epoch);
  const missing = [
    ...(kept.length === 0 ? ['the inputs of its calls, earlier errors and replies: the flow has no "journal: full"'] : []),
    ...(isCut
      ? [`everything after the first ${records.length} records: a file has at most ${LIMITS.records} records and ${MAX_MIB} MiB`]
      : []),
    ...(outcome !== undefined && made.end === undefined ? ['the error with which the run has ended'] : []),
    ...(outcome === undefined ? ['the end of the run: it has not ended'] : []),
    ...(made.event === undefined ? ['the event of the run'] : []),
    ...(revision ? [] : ['the text of the flow: its revision is not stored any more']),
    ...made.omitted,
  ];
  const capsule = {
    capsule: CAPSULE_VERSION,
    run,
    epoch: made.epoch,
    recorded: kept.length > 0 ? ('full' as const) : ('parked' as const),
    exportedAt: new Date(systemClock.now()).toISOString(),
    flow: {
      name: first.flow,
      revision: records.at(-1)?.revision ?? first.revision,
      ...(revision && { source: services.mask(revision.source), constants: services.mask(revision.constants) }),
    },
    ...(made.event && { event: made.event, startedAt: made.startedAt }),
    calls: made.calls,
    emitted: made.emitted,
    ...(made.reply !== undefined && { reply: made.reply }),
    steps: made.steps,
    ...(outcome !== undefined && { outcome }),
    ...(made.end?.error !== undefined && { error: made.end.error }),
    missing,
  };
  // fields that are no part of the format, such as the address of the waiting sender, are left out
  return CAPSULE.parse(capsule);
}

function notRecorded(run: string, last: JournalEntry | undefined) {
  if (!last) return hostFail.NO_RUN(`there is no run ${run} in the journal, in the records and among the parked runs`);
  return hostFail.NOT_RECORDED(
    `run ${run} of ${last.flow} (${last.kind}) was not journalled in full: its event, the inputs and the outputs of its steps are missing`,
  );
}

function outcomeOf(last: JournalEntry | undefined, epoch: number): string | undefined {
  return last && OUTCOMES.has(last.kind) && (last.epoch ?? 0) >= epoch ? last.kind : undefined;
}

/** Returns the records that a parked row can replace: the event, the outputs of finished steps, and the error. */
function recordsOfParked({ engine }: HostServices, parked: ParkedRun): readonly StepRecord[] {
  if (sourceOfParked(parked).kind !== 'flow') return [];
  const { state, body } = readParkedRun(parked);
  return engine.recorder.recordsOf({ ...state, body }, parked.step, parked.error, parked.parkedAt);
}

/** Reads the records of a run. A replay continues the story: of each step the newest records count. */
class CapsuleOfRecords {
  readonly calls: Draft[] = [];
  readonly emitted: { readonly step: string; readonly event: Record<string, unknown> }[] = [];
  readonly steps: Record<string, unknown> = {};
  readonly omitted: string[] = [];
  epoch = 0;
  event: object | undefined;
  startedAt: string | undefined;
  reply: unknown;
  end: { readonly outcome: string; readonly error?: unknown } | undefined;

  constructor(records: readonly StepRecord[]) {
    const newest = new Map<string, number>();
    for (const { kind, step, epoch } of records) {
      const key = stepKey(kind, step);
      newest.set(key, Math.max(newest.get(key) ?? 0, epoch));
      this.epoch = Math.max(this.epoch, epoch);
    }
    const byStep = new Map<string, Draft>();
    for (const record of records) {
      if (record.epoch < (newest.get(stepKey(record.kind, record.step)) ?? 0)) continue;
      for (const what of record.omitted ?? [])
        this.omitted.push(
          `the ${what} of ${record.step === '' ? `the ${record.kind}` : record.step}: it is larger than 4 MiB, or no value of JSON`,
        );
      this.#add(record, byStep);
    }
    // after an error, the output of the step is the substitute of "onError"
    for (const call of this.calls)
      if (call.error === undefined && Object.hasOwn(this.steps, call.step)) call.output = this.steps[call.step];
  }

  #add(record: StepRecord, byStep: Map<string, Draft>): void {
    const input = valueOf(record.input);
    const output = valueOf(record.output);
    switch (record.kind) {
      case 'event':
        if (typeof input === 'object' && input !== null) this.event = input;
        this.startedAt = record.at.toISOString();
        return;
      case 'call': {
        const call = this.#call(record.step, byStep);
        if (record.use !== undefined) call.use = record.use;
        if (record.connection !== undefined) call.connection = record.connection;
        if (input !== undefined) call.input = input;
        if (call.error !== undefined) call.earlier = [...call.earlier, call.error];
        delete call.error;
        if (output !== undefined) call.error = output as NonNullable<Draft['error']>;
        return;
      }
      case 'failure': {
        const call = this.#call(record.step, byStep);
        if (output !== undefined) call.error = output as NonNullable<Draft['error']>;
        return;
      }
      case 'output': {
        if (!record.omitted?.includes('output')) this.steps[record.step] = output ?? null;
        return;
      }
      case 'emit':
        if (input !== undefined) this.emitted.push({ step: record.step, event: input as Record<string, unknown> });
        return;
      case 'reply':
        this.reply ??= input;
        return;
      case 'end':
        if (record.epoch === this.epoch) this.end = output as NonNullable<CapsuleOfRecords['end']>;
    }
  }

  #call(step: string, byStep: Map<string, Draft>): Draft {
    let call = byStep.get(step);
    if (!call) {
      call = { step, earlier: [] };
      byStep.set(step, call);
      this.calls.push(call);
    }
    return call;
  }
}

/** Calls, their outputs and their failures belong together: a replay that makes the call again replaces all of them. */
function stepKey(kind: StepRecord['kind'], step: string): string {
  return kind === 'call' || kind === 'output' || kind === 'failure' ? `step ${step}` : `${kind} ${step}`;
}

function valueOf(json: string | undefined): unknown {
  return json === undefined ? undefined : (JSON.parse(json) as unknown);
}
