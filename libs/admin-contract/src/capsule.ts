import { z } from 'zod';
import type { DeepReadonly } from './route.js';
import { Count, Time } from './schemas.js';

const FATE = z.enum(['retry', 'overload', 'unavailable', 'rejected', 'fatal']);
const CAUSE = z.object({ code: z.string(), fate: FATE, message: z.string() });
export const ERROR = z.object({
  code: z.string(),
  fate: FATE,
  message: z.string(),
  cure: z.string().exactOptional(),
  step: z.string().exactOptional(),
  connection: z.string().exactOptional(),
  attempt: Count.exactOptional(),
  details: z.unknown().exactOptional(),
  cause: CAUSE.exactOptional(),
});

/** The attributes of a CloudEvent. */
export const EVENT = z.object({
  id: z.string(),
  source: z.string(),
  type: z.string(),
  time: z.string(),
  subject: z.string().exactOptional(),
  datacontenttype: z.string().exactOptional(),
  contentencoding: z.string().exactOptional(),
  correlationid: z.string().exactOptional(),
  partitionkey: z.string().exactOptional(),
  traceparent: z.string().exactOptional(),
  causationid: z.string().exactOptional(),
  authid: z.string().exactOptional(),
  origin: z.string().exactOptional(),
  hops: Count.exactOptional(),
  meta: z.record(z.string(), z.unknown()).exactOptional(),
  acceptedat: z.number().exactOptional().describe('Milliseconds since 1970'),
  replyto: z.string().exactOptional(),
});

/** Version of the format. A program reads the versions up to its own one. */
export const CAPSULE_VERSION = 1;
/** Maximum entries of each list of a capsule. */
const MAX_ENTRIES = 10_000;

const STEP = z.string().max(1_000).describe('Path of the step: its id, and an index for each enclosing `forEach`');
const CALL = z.object({
  step: STEP,
  use: z.string().exactOptional().describe('Plugin and action, or `flow.<name>`'),
  connection: z.string().exactOptional(),
  input: z.unknown().exactOptional().describe('Absent: it was not recorded'),
  output: z.unknown().exactOptional().describe('Present when the call succeeded'),
  error: ERROR.exactOptional().describe('Present when the last attempt failed'),
  earlier: z.array(ERROR).max(MAX_ENTRIES).describe('Errors of the attempts before the last one'),
});

/** One run in one file, without secrets: what happened, and the flow that did it. */
export const CAPSULE = z.object({
  capsule: z.literal(CAPSULE_VERSION).describe('Version of the format'),
  run: z.string().max(300),
  epoch: Count.describe('Number of replays'),
  exportedAt: Time,
  recorded: z
    .enum(['full', 'parked'])
    .describe('`full`: with `journal: full`. `parked`: only what the row of the parked run contains'),
  flow: z.object({
    name: z.string().max(300),
    revision: z.string().max(300),
    source: z.string().exactOptional().describe('The text of its YAML document. Absent: the revision is not stored any more'),
    constants: z.string().exactOptional().describe('`vars` of sluice.yaml as JSON'),
  }),
  startedAt: Time.exactOptional(),
  event: EVENT.extend({ data: z.unknown().exactOptional() }).exactOptional(),
  calls: z.array(CALL).max(MAX_ENTRIES).describe('In the order of their beginnings'),
  emitted: z
    .array(z.object({ step: STEP, event: z.record(z.string(), z.unknown()) }))
    .max(MAX_ENTRIES)
    .describe('Events that steps `emit` sent'),
  reply: z.record(z.string(), z.unknown()).exactOptional().describe('The first reply'),
  steps: z.record(z.string(), z.unknown()).describe('Outputs by path of the step'),
  outcome: z.string().max(100).exactOptional().describe('Absent: the run has not ended'),
  error: ERROR.exactOptional(),
  missing: z.array(z.string()).max(MAX_ENTRIES).describe('What is not recorded, for people; empty: nothing is missing'),
});

export type Capsule = DeepReadonly<z.output<typeof CAPSULE>>;
export type CapsuleCall = Capsule['calls'][number];
