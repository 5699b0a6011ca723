import { trigger, type Accept } from '@sluice/plugin-api';
import { z } from 'zod';
import { CallListener } from '../calls/call-listener.js';
import { ANSWERERS, DIRECTIONS, PHASES, type CallPhase, type PhaseEvent } from '../calls/call-phase.js';
import { CallTracker, DIAL_RESULTS, TRACKED } from '../calls/call-tracker.js';
import type { AmiClient } from '../client.js';
import { untilStopped } from './listening.js';
import { DIALLED_NUMBER, TARGET_EXTENSION } from '../actions/outgoing.js';

/** Maximum time for which calls of a lost session stay known. Later another host may have continued them. */
const REMEMBERED_MS = 10 * 60_000;

/** Channel variables that the tracker itself needs. */
const OWN_VARIABLES = [DIALLED_NUMBER, TARGET_EXTENSION, ...DIAL_RESULTS];

const name = z.string().regex(/^[\w().-]+$/, 'the name of a channel variable');

const options = z.strictObject({
  phases: z
    .array(z.enum(PHASES))
    .min(1)
    .default([...PHASES])
    .describe('phases of a call to report'),
  extensions: z
    .string()
    .refine(isExpression, 'a regular expression')
    .default('^\\d{2,5}$')
    .describe('regular expression of your own numbers. Any other number is outside'),
  recording: name.default('MIXMONITOR_FILENAME').describe('channel variable that names the recording'),
  variables: z.array(name).default([]).describe('other channel variables to report, without `_` before the name'),
});

type Options = z.output<typeof options>;

/** Trackers of lost sessions: the engine subscribes again with the same options, and calls that ended meanwhile are finished. */
const remembered = new WeakMap<Options, { readonly tracker: CallTracker; readonly until: number }>();

/** Reports calls, one object for each phase. */
export const call = trigger({
  title: 'A phase of a call: it rings, is answered, transferred, finished',
  source: 'live',
  exclusive: true,
  options,
  output: z.object({
    phase: z.enum(PHASES),
    call: z.string().describe('Linkedid: the same in all phases'),
    direction: z.enum(DIRECTIONS).nullable().describe('null: not known, or not yet'),
    from: z.string().nullable().describe('number of the caller'),
    fromName: z.string().nullable(),
    to: z.string().nullable().describe('number that was dialled'),
    extension: z.string().nullable().describe('your own extension that rings, has answered or speaks'),
    channel: z
      .string()
      .nullable()
      .describe('channel that rings or has answered, for hangup, redirect and setVariable; null in other phases'),
    answered: z
      .boolean()
      .nullable()
      .describe('true also when only the dialplan has answered, see `answeredBy`; null: not observed'),
    answeredBy: z.enum(ANSWERERS).nullable().describe('a person, or the dialplan alone, such as a menu'),
    ringing: z.number().nullable().describe('seconds until the answer'),
    talking: z.number().nullable().describe('seconds since the answer'),
    duration: z.number().nullable().describe('seconds of the whole call'),
    cause: z.number().nullable().describe("hang-up cause of the caller's leg by Q.850; null: not observed"),
    causeText: z.string().nullable(),
    recording: z.string().nullable(),
    transferredTo: z.string().nullable(),
    joined: z.string().nullable().describe('Linkedid of the call in which this one continued, for example after a pickup'),
    recovered: z.boolean().describe('true: a part of the call was not observed; unknown values are null'),
    variables: z.record(z.string(), z.string()),
  }),
  async subscribe(client: AmiClient, wanted, accept, signal) {
    const { host } = client;
    await client.requireEvents(TRACKED);
    await client.requireEvents([...TRACKED, 'VarSet']);
    const tracker = recall(wanted, host.now()) ?? newTracker(wanted);
    const listener = new CallListener(client, tracker, (phase, at) => {
      if (wanted.phases.includes(phase.data.phase)) report(client, accept, phase, at);
    });
    let lost = false;
    const events = [...TRACKED, 'VarSet'];
    const end = await client.listen({ events, variables: [wanted.recording, ...wanted.variables, ...OWN_VARIABLES] }, listener);
    const removeEndListener = client.onEnd(() => (lost = true));
    try {
      await listener.catchUp();
      await untilStopped(client, signal);
    } finally {
      end();
      listener.stop(lost);
      removeEndListener();
      if (lost) remembered.set(wanted, { tracker, until: host.now().getTime() + REMEMBERED_MS });
    }
  },
});

function report(client: AmiClient, accept: Accept<CallPhase>, { id, data }: PhaseEvent, time: Date): void {
  accept({ id, data, time, subject: data.call, partitionkey: data.call, correlationid: data.call }).catch((error: unknown) =>
    client.host.log.error(`the phase ${data.phase} of a call was lost: it could not be stored`, {
      call: data.call,
      error: String(error),
    }),
  );
}

function recall(wanted: Options, now: Date): CallTracker | undefined {
  const known = remembered.get(wanted);
  remembered.delete(wanted);
  return known && now.getTime() < known.until ? known.tracker : undefined;
}

function newTracker({ extensions, recording, variables }: Options): CallTracker {
  return new CallTracker({ extensions: new RegExp(extensions), recording, variables });
}

function isExpression(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}
