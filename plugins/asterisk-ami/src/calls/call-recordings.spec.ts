import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { CallPhase } from './call-phase.js';
import { CallTracker } from './call-tracker.js';
import { parsePacket } from '../ami/packet.js';

const FOLDER = path.join(import.meta.dirname, '..', '..', 'test', 'fixtures', 'asterisk-16');

/** Returns the phases that a tracker reports for a recording: events of an Asterisk 16.28 with their times, without unused fields. */
function replay(name: string): readonly CallPhase[] {
  const tracker = new CallTracker({ extensions: /^\d{2,5}$/, recording: 'MIXMONITOR_FILENAME', variables: ['CRM_ID'] });
  const blocks = readFileSync(path.join(FOLDER, `${name}.txt`), 'utf8').split('\n\n');
  const packets = blocks.filter(Boolean).map(parsePacket);
  const phases = packets.flatMap((packet) => tracker.hear(packet, new Date(Number(packet['Timestamp']) * 1_000)));
  return [...phases, ...tracker.conclude('all')].map(({ data }) => data);
}

/** Returns one line for each call: its phases with their extensions, and its end. */
function summary(phases: readonly CallPhase[]): readonly string[] {
  const calls = [...new Set(phases.map(({ call }) => call))];
  return calls.map((id) => {
    const own = phases.filter(({ call }) => call === id);
    const course = own.map(({ phase, extension }) => (phase === 'finished' ? phase : `${phase} ${extension ?? '–'}`)).join(', ');
    const end = own.at(-1);
    const answer = end?.answered ? `${end.answeredBy} ${end.talking} s` : 'not answered';
    const joined = end?.joined == null ? '' : ', joined';
    return `${course}: ${end?.direction} ${end?.from}→${end?.to}, ${end?.extension ?? '–'}, ${answer}, cause ${end?.cause}${joined}`;
  });
}

// texts, so that each line can be compared with the recording
const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  atxfer: [
    'ringing 101, answered 101, ringing 102, answered 102, transferred 101, finished: incoming 79161234567→74951234567, 102, person 9 s, cause 16',
  ],
  atxfer_back: [
    'ringing 101, answered 101, ringing 102, answered 102, finished: incoming 79161234567→74951234567, 101, person 9 s, cause 16',
  ],
  blind_ami: [
    'ringing 101, answered 101, transferred 101, ringing 102, answered 102, finished: incoming 79161234567→74951234567, 102, person 6 s, cause 0',
  ],
  blind_refer: [
    'ringing 106, answered 106, transferred 106, ringing 102, answered 102, finished: incoming 79161234567→74951234506, 102, person 7 s, cause 16',
  ],
  bridge_two: [
    'ringing 101, answered 101, finished: incoming 79161234567→74951234567, 102, person 5 s, cause 16',
    'ringing 102, answered 102, finished: incoming 79167654321→74951234502, 102, person 2 s, cause 16',
  ],
  ctc_answered: ['ringing 101, ringing 101, answered 101, finished: outgoing 101→79161110000, 101, person 3 s, cause 16'],
  ctc_client_silent: ['ringing 101, ringing 101, finished: outgoing 101→79161110002, 101, not answered, cause 0'],
  ctc_internal: ['ringing 101, ringing 102, answered 102, finished: internal 101→102, 102, person 3 s, cause 16'],
  ctc_local: ['ringing 101, ringing 101, answered 101, finished: outgoing 101→79161110000, 101, person 4 s, cause 16'],
  ctc_nowhere: [
    'finished: outgoing 999→79161110000, 999, not answered, cause null',
    'finished: outgoing null→1, –, not answered, cause null',
  ],
  ctc_own_silent: ['ringing 103, finished: outgoing 103→79161110000, 103, not answered, cause 0'],
  dial_busy_local: ['ringing –, finished: outgoing 74950000000→79161110001, –, not answered, cause 17'],
  dial_cong_local: ['ringing –, finished: outgoing 74950000000→79161110003, –, not answered, cause 34'],
  dial_ok_local: ['ringing –, answered –, finished: outgoing 74950000000→79161110000, –, person 2 s, cause 16'],
  dial_person_local: [
    'ringing –, answered –, ringing 102, answered 102, finished: outgoing 74950000000→79161110000, 102, person 6 s, cause 16',
  ],
  dial_person_pjsip: [
    'ringing –, answered –, ringing 102, answered 102, finished: outgoing 74950000000→79161110000, 102, person 6 s, cause 16',
  ],
  dial_silent_local: ['ringing –, finished: outgoing 74950000000→79161110002, –, not answered, cause 16'],
  dial_unalloc_local: ['ringing –, finished: outgoing 74950000000→79161110004, –, not answered, cause 1'],
  first_then: ['ringing 103, ringing 102, answered 102, finished: incoming 79161234567→74951234553, 102, person 3 s, cause 16'],
  followme_careless: ['ringing 102, answered –, finished: incoming 79161234567→74951234569, 102, dialplan 9 s, cause 16'],
  group: ['ringing 101, ringing 103, answered 101, finished: incoming 79161234567→74951234560, 101, person 3 s, cause 16'],
  group_local: ['ringing 103, ringing 102, answered 102, finished: incoming 79161234567→74951234561, 102, person 3 s, cause 16'],
  in_abandoned: ['ringing 103, finished: incoming 79161234567→74951234503, 103, not answered, cause 0'],
  in_anonymous: ['ringing 102, answered 102, finished: incoming anonymous→74951234502, 102, person 2 s, cause 16'],
  in_answered: ['ringing 101, answered 101, finished: incoming 79161234567→74951234567, 101, person 3 s, cause 16'],
  in_busy: ['ringing 104, finished: incoming 79161234567→74951234504, 104, not answered, cause 17'],
  in_declined: ['ringing 105, finished: incoming 79161234567→74951234505, 105, not answered, cause 21'],
  in_refused: ['finished: incoming 79161234567→74951234598, –, not answered, cause 21'],
  in_unanswered: ['ringing 103, finished: incoming 79161234567→74951234503, 103, not answered, cause 16'],
  internal: ['ringing 102, answered 102, finished: internal 101→102, 102, person 3 s, cause 16'],
  ivr: ['answered –, finished: incoming 79161234567→74951234551, –, dialplan 3 s, cause 16'],
  ivr_person: ['ringing 101, answered 101, finished: incoming 79161234567→74951234552, 101, person 3 s, cause 16'],
  out_answered: ['ringing 101, answered 101, finished: outgoing 101→79161110000, 101, person 3 s, cause 16'],
  out_busy: ['ringing 101, finished: outgoing 101→79161110001, 101, not answered, cause 17'],
  park: [
    'answered –, finished: internal 102→701, –, dialplan 1 s, cause null, joined',
    'answered 102, finished: incoming 79161234567→74951234590, 102, person 3 s, cause 16',
  ],
  park_from_talk: [
    'ringing 101, answered 101, answered 102, finished: incoming 79161234567→74951234567, 102, person 7 s, cause 16',
    'answered –, finished: internal 102→701, –, dialplan 1 s, cause null, joined',
  ],
  park_two: [
    'answered –, finished: internal 102→701, –, dialplan 1 s, cause null, joined',
    'answered 102, finished: incoming 79161234567→74951234590, 102, person 3 s, cause 16',
    'answered –, finished: incoming 79167654321→74951234590, –, dialplan 7 s, cause 16',
  ],
  pickup: [
    'ringing 103, answered 102, finished: incoming 79161234567→74951234508, 102, person 4 s, cause 16',
    'answered –, finished: internal 102→180, –, dialplan 1 s, cause null, joined',
  ],
  queue: ['ringing 101, ringing 103, answered 101, finished: incoming 79161234567→74951234565, 101, person 3 s, cause 16'],
  queue_empty: ['ringing 103, finished: incoming 79161234567→74951234591, 103, not answered, cause 16'],
  queue_local: ['ringing 102, answered 102, finished: incoming 79161234567→74951234566, 102, person 3 s, cause 16'],
  redirect: [
    'ringing 101, answered 101, ringing 102, answered 102, finished: incoming 79161234567→74951234567, 102, person 6 s, cause 16',
  ],
};

describe('a tracker that receives a recording of a real Asterisk', () => {
  it('is tested with every recording', () => {
    expect(readdirSync(FOLDER).map((file) => file.replace('.txt', ''))).toEqual(Object.keys(EXPECTED).sort());
  });

  it.each(Object.entries(EXPECTED))('reports its calls: %s', (name, lines) => {
    expect(summary(replay(name))).toEqual(lines);
  });

  it.each(Object.keys(EXPECTED))('reports each phase once, and the same direction and numbers in all of them: %s', (name) => {
    const phases = replay(name);
    for (const id of new Set(phases.map(({ call }) => call))) {
      const own = phases.filter(({ call }) => call === id);
      expect(own.filter(({ phase }) => phase === 'finished')).toHaveLength(1);
      expect(new Set(own.map(({ direction, from, to }) => `${direction} ${from}→${to}`)).size).toBe(1);
    }
  });
});
