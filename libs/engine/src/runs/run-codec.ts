import type { EventMessage } from '@sluice/plugin-api';
import { z } from 'zod';
import { metaOfLane } from '../lanes/lane-messages.js';
import { messageOf } from '../message-of.js';
import type { Caller, RunMessage, RunState } from './run-state.js';

/**
 * The newest version of the state that this release reads. A state without a version is of version 1. A change that a host of the previous
 * release would misread raises it: that host then returns such states to the queue for a host of the newer release. Version 2 adds blocks,
 * called runs, lanes and long hops; a state without them is written as version 1. Version 3 has the states of the callers behind its JSON part;
 * version 2 has them in it, one within another, in base64.
 */
export const RUN_STATE_VERSION = 3;

/** Content type of a message that contains a run. */
export const RUN_TYPE = 'application/vnd.sluice.run';
/** Bytes of the length in front of the JSON part. */
const LENGTH_BYTES = 4;

/** The result of reading the bytes of a run. */
export type RunReading =
  | { readonly kind: 'run'; readonly run: RunMessage }
  /** A newer release has written the state: this host must neither park nor lose it. `version` is above {@link RUN_STATE_VERSION}. */
  | { readonly kind: 'newer'; readonly version: number }
  /** The bytes are not the state of a run. `reason` names the wrong field. */
  | { readonly kind: 'unreadable'; readonly reason: string };

const text = z.string();
const count = z.int().min(0);
const record = z.looseObject({});
const error = z.looseObject({ code: text, message: text });
const version = z.int().min(1);

const FAILURE = z.looseObject({ error, at: text, frames: z.array(record) });
/** Blocks that are nested deeper, in a failure, are read when a replay enters them. */
const FRAME = z.discriminatedUnion('block', [
  z.looseObject({
    block: z.literal('loop'),
    step: text,
    items: z.array(z.unknown()),
    index: count,
    next: count,
    steps: record,
    results: z.array(z.tuple([count, z.unknown()])),
    errors: z.array(z.looseObject({ index: count, error, at: text, steps: record, frames: z.array(record) })),
    rows: z.looseObject({ path: text, epoch: count, total: count }).optional(),
    pinned: z.looseObject({ path: text, epoch: count }).optional(),
  }),
  z.looseObject({ block: z.literal('try'), step: text }),
  z.looseObject({ block: z.literal('catch'), step: text.nullable(), failure: FAILURE }),
]);

const CALLER = { run: text, flow: text, at: text, deadline: z.number().optional() };

/** The fields that the engine needs. All others are passed on unchecked. */
const STATE = z.looseObject({
  run: text.min(1),
  epoch: count,
  flow: text,
  revision: text,
  event: z.looseObject({ id: text, source: text, type: text }),
  startedAt: z.number(),
  steps: record,
  kind: z.enum(['push', 'result', 'retry', 'timer', 'begin', 'continue', 'replay', 'parked'] satisfies RunState['kind'][]),
  frames: z.array(FRAME).optional(),
  caller: z.looseObject({ ...CALLER, state: text }).optional(),
  callers: z.array(z.looseObject({ ...CALLER, bytes: count })).optional(),
  at: text.optional(),
  claim: text.optional(),
  lane: z.looseObject({ key: text, hold: z.literal(true).optional() }).optional(),
  holds: z.array(z.looseObject({ flow: text, key: text })).optional(),
  note: text.optional(),
  call: z
    .looseObject({ plugin: text, action: text, attempt: count, waits: count, policy: z.looseObject({ attempts: count }) })
    .optional(),
  result: z
    .discriminatedUnion('ok', [z.looseObject({ ok: z.literal(true) }), z.looseObject({ ok: z.literal(false), error })])
    .optional(),
  parked: z.looseObject({ error }).optional(),
});

/**
 * Encodes a run: the length of the JSON part (4 bytes, big-endian), the JSON part, the encoded states of its callers, the direct one first,
 * and the unchanged body of the trigger. A document of 2 MB is neither escaped nor parsed on its way through a push, and a caller costs as many
 * bytes at each depth of calls.
 */
export function encodeRun({ state, body }: RunMessage): Buffer {
  const callers = callersOf(state.caller);
  const listed = callers.map(({ state: { length: bytes }, caller: _above, ...caller }) => ({ ...caller, bytes }));
  const fields = { v: versionOf(state), ...state, caller: undefined, ...(listed.length > 0 && { callers: listed }) };
  const json = Buffer.from(JSON.stringify(fields));
  const length = Buffer.allocUnsafe(LENGTH_BYTES);
  length.writeUInt32BE(json.length);
  return Buffer.concat([length, json, ...callers.map((caller) => caller.state), body]);
}

/** Returns the caller, its caller, and so on. */
function callersOf(direct: Caller | undefined): readonly Caller[] {
  const callers: Caller[] = [];
  for (let caller = direct; caller; caller = caller.caller) callers.push(caller);
  return callers;
}

/** Returns the oldest version that can express the state: hosts of the previous release read it while hosts are upgraded. */
function versionOf({ frames, caller, lane, kind, call }: RunState): number {
  if (caller) return 3;
  const isNew = frames !== undefined || lane !== undefined || kind === 'begin' || kind === 'continue';
  return isNew || call?.deadlineOf !== undefined ? 2 : 1;
}

/** Reads and checks the bytes of a run. Never throws. The body is a view of `bytes`, not a copy. */
export function readRun(bytes: Buffer): RunReading {
  const split = splitRun(bytes);
  if (typeof split === 'string') return unreadable(split);
  const { json, tail } = split;
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return unreadable('it is not an object');
  const { v = 1, ...fields } = json as Readonly<Record<string, unknown>>;
  const written = version.safeParse(v);
  if (!written.success) return unreadable('its version, "v", is not a whole number from 1');
  if (written.data > RUN_STATE_VERSION) return { kind: 'newer', version: written.data };
  const read = STATE.safeParse(fields);
  if (!read.success) {
    const [issue] = read.error.issues;
    return unreadable(`"${issue?.path.map(String).join('.')}": ${issue?.message}`);
  }
  const { caller: nested, callers: listed = [], ...fieldsOfRun } = read.data;
  // callers of version 2
  let caller = nested && ({ ...nested, state: Buffer.from(nested.state, 'base64') } as Caller);
  const end = listed.reduce((sum, { bytes: size }) => sum + size, 0);
  if (end > tail.length) return unreadable('"callers": the states of its callers are cut off');
  let start = end;
  for (const { bytes: size, ...fieldsOfCaller } of listed.toReversed()) {
    start -= size;
    caller = { ...fieldsOfCaller, state: tail.subarray(start, start + size), ...(caller && { caller }) } as Caller;
  }
  const state = { ...fieldsOfRun, ...(caller && { caller }) } as unknown as RunState;
  return { kind: 'run', run: { state, body: tail.subarray(end) } };
}

/**
 * Reads a run that was checked before, such as a stored one.
 *
 * @throws Error when this release cannot read the bytes
 */
export function decodeRun(bytes: Buffer): RunMessage {
  const read = readRun(bytes);
  switch (read.kind) {
    case 'run':
      return read.run;
    case 'newer':
      throw new Error(
        `the state of the run has version ${read.version}, and this release reads versions up to ${RUN_STATE_VERSION}`,
      );
    case 'unreadable':
      throw new Error(read.reason);
  }
}

/**
 * Returns the state as a message for the bus.
 *
 * @param now milliseconds since 1970
 */
export function runMessage(run: RunMessage, now: number): EventMessage {
  const { lane } = run.state;
  return {
    attributes: {
      id: `${run.state.run}/${run.state.at ?? ''}/${run.state.kind}`,
      source: `/flows/${run.state.flow}`,
      type: 'sluice.run',
      time: new Date(now).toISOString(),
      datacontenttype: RUN_TYPE,
      // when the state cannot be read, its lane is released all the same
      ...(lane && { meta: metaOfLane({ key: lane.key, run: run.state.run, epoch: run.state.epoch }) }),
    },
    body: encodeRun(run),
  };
}

/** Returns whether the message contains a run. All other messages are events. */
export function isRun(message: EventMessage): boolean {
  return message.attributes.datacontenttype === RUN_TYPE;
}

/** Returns the JSON part, parsed, and the bytes behind it; the reason as a text when the bytes have no such parts. */
function splitRun(bytes: Buffer): { readonly json: unknown; readonly tail: Buffer } | string {
  if (bytes.length < LENGTH_BYTES) return 'it is too short';
  const end = LENGTH_BYTES + bytes.readUInt32BE(0);
  if (end > bytes.length) return 'it is cut off';
  try {
    return { json: JSON.parse(bytes.toString('utf8', LENGTH_BYTES, end)) as unknown, tail: bytes.subarray(end) };
  } catch (thrown) {
    return messageOf(thrown);
  }
}

function unreadable(reason: string): RunReading {
  return { kind: 'unreadable', reason: `the state of the run cannot be read: ${reason}` };
}
