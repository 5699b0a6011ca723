import type { CallRecord, ChannelEvent, Fields } from './asterisk.js';
import type { Phase } from './stage.js';

/** All records of one call or of several related calls. */
export interface Seen {
  readonly phases: readonly Phase[];
  /** Start of each phase according to the connector, in milliseconds since 1970. */
  readonly times: ReadonlyMap<Phase, number>;
  readonly events: readonly Fields[];
  readonly records: readonly CallRecord[];
  readonly log: readonly ChannelEvent[];
}

/**
 * Origin of a call: a person dials, `originate` rings our own telephone first, or `dial` rings a number. The records of Asterisk do not
 * distinguish the last two.
 */
export type Beginning = 'dialled' | 'clickToCall' | 'campaign';

/** Tolerance for durations, which the connector rounds to whole seconds. */
const ROUNDING_MS = 500;
/** Tolerance for timestamps: Asterisk sets those of the channel event log and of manager events in different threads. */
const STAMPING_MS = 300;

/** Maximum length of the record that a dialplan leaves when it hangs up after Dial or Queue. */
const AT_ONCE_MS = 500;

const NOBODY = /^(Local|CBAnn|CBRec|Announcer|Recorder|Surrogate|Parked|AsyncGoto|Message)\//;
const HALF = /^(Local\/.*);([12])$/;

interface Channel {
  readonly id: string;
  readonly begunAs: string;
  readonly begunAt: number;
  /** Linkedid at that time; Asterisk changes it when it joins two calls. */
  readonly begunIn: string;
  readonly number: string;
  readonly exten: string;
  name: string;
  linkedid: string;
  answeredAt: number | undefined;
  endedAt: number | undefined;
  cause: number | undefined;
  bridge: string | undefined;
  /** Time at which an application that dials has ended. */
  dialEndedAt: number | undefined;
  /** Time at which the channel was first connected to another person, and the call of that moment. */
  talkedAt: number | undefined;
  talkedIn: string | undefined;
}

/** The channels of a scene according to the channel event log of Asterisk. */
class ChannelLog {
  readonly channels = new Map<string, Channel>();
  readonly transfers: { readonly channel: Channel; readonly at: number }[] = [];

  constructor(log: readonly ChannelEvent[]) {
    // threads write entries of different channels in any order
    for (const entry of [...log].sort((one, other) => one.at - other.at)) this.read(entry);
  }

  ofCall(root: string): readonly Channel[] {
    return [...this.channels.values()].filter(({ linkedid, id }) => linkedid === root || id === root);
  }

  private read({ type, at, number, exten, channel: name, uniqueid: id, linkedid, extra }: ChannelEvent): void {
    if (type === 'CHAN_START')
      this.channels.set(id, {
        id,
        begunAs: name,
        begunAt: at,
        begunIn: linkedid,
        number,
        exten,
        name,
        linkedid,
        answeredAt: undefined,
        endedAt: undefined,
        cause: undefined,
        bridge: undefined,
        dialEndedAt: undefined,
        talkedAt: undefined,
        talkedIn: undefined,
      });
    const channel = this.channels.get(id);
    if (!channel) return;
    channel.name = name;
    channel.linkedid = linkedid;
    switch (type) {
      case 'ANSWER':
        channel.answeredAt ??= at;
        return;
      case 'BRIDGE_ENTER':
        channel.bridge = extra['bridge_technology'] === 'holding_bridge' ? undefined : String(extra['bridge_id']);
        return this.connect(channel, at, extra['bridge_technology']);
      case 'BRIDGE_EXIT':
        channel.bridge = undefined;
        return;
      case 'APP_END':
        channel.dialEndedAt = at;
        return;
      case 'HANGUP':
        channel.cause = Number(extra['hangupcause']);
        return;
      case 'CHAN_END':
        channel.endedAt = at;
        channel.bridge = undefined;
        return;
      case 'BLINDTRANSFER':
      case 'ATTENDEDTRANSFER':
        this.transfers.push({ channel, at });
        return;
    }
  }

  /** Marks the people who are connected now, through bridges and both halves of Local channels. */
  private connect(channel: Channel, at: number, technology: unknown): void {
    const up = [...this.channels.values()].filter(({ endedAt }) => endedAt === undefined);
    const connected = new Set([channel]);
    for (const one of connected)
      for (const other of up)
        if ((one.bridge !== undefined && one.bridge === other.bridge) || areHalves(one, other)) connected.add(other);
    const people = [...connected].filter(isPerson);
    if (people.length < 2) return;
    // calls in a conference are not joined
    const isConference = technology === 'softmix';
    // when two calls are joined, Asterisk keeps the Linkedid of the oldest one, but the first entry still has the previous Linkedid
    const begunAt = (link: string) => this.channels.get(link)?.begunAt ?? -Infinity;
    const [oldest] = people.map(({ linkedid }) => linkedid).sort((one, other) => begunAt(one) - begunAt(other));
    for (const person of people) {
      person.talkedAt ??= at;
      person.talkedIn ??= isConference ? person.linkedid : oldest;
    }
  }
}

const isPerson = ({ begunAs }: Channel) => !NOBODY.test(begunAs);

function areHalves({ begunAs: one }: Channel, { begunAs: other }: Channel): boolean {
  return one !== other && HALF.exec(one)?.[1] !== undefined && HALF.exec(one)?.[1] === HALF.exec(other)?.[1];
}

/** Returns 101 for `PJSIP/101-00000001`, and undefined for a trunk. */
const extensionOf = ({ begunAs }: Channel) => /^\w+\/(\d{2,5})-/.exec(begunAs)?.[1];

/** Returns the Linkedids that channels began with. */
export function callsIn(events: readonly Fields[]): readonly string[] {
  const begun = events.filter(({ Event, Uniqueid, Linkedid }) => Event === 'Newchannel' && Uniqueid === Linkedid);
  return begun.map(({ Linkedid }) => Linkedid ?? '');
}

export interface JudgeOptions {
  readonly beginning?: Beginning;
  /**
   * False where the records of the caller's channel do not cover the whole call: those of a follow-me omit the seconds in which a
   * telephone is asked to accept. The channel event log contains them.
   */
  readonly recordsTellTalk?: boolean;
  /** True when the connector did not observe the whole call: it may report unknown seconds then, but no wrong ones. */
  readonly isPartlySeen?: boolean;
  /** Tolerance for timestamps in milliseconds. In a burst the threads of Asterisk wait for each other. */
  readonly stampingMs?: number;
}

/**
 * Compares the phases of the connector with the channel event log of Asterisk (parties, times, durations and cause) and with its call
 * records (answered or not, total duration), and returns the differences. Durations may differ only by rounding.
 */
export function differences(seen: Seen, options: JudgeOptions = {}): readonly string[] {
  const log = new ChannelLog(seen.log);
  return callsIn(seen.events).flatMap((call) => new CallJudge(seen, log, call, options).differences());
}

class CallJudge {
  private readonly found: string[] = [];
  private readonly phases: readonly Phase[];
  private readonly channels: readonly Channel[];
  private readonly root: Channel | undefined;
  private readonly beginning: Beginning;
  private readonly recordsTellTalk: boolean;
  private readonly isPartlySeen: boolean;
  private readonly stampingMs: number;

  constructor(
    private readonly seen: Seen,
    private readonly log: ChannelLog,
    private readonly call: string,
    { beginning = 'dialled', recordsTellTalk = true, isPartlySeen = false, stampingMs = STAMPING_MS }: JudgeOptions,
  ) {
    this.beginning = beginning;
    this.recordsTellTalk = recordsTellTalk;
    this.isPartlySeen = isPartlySeen;
    this.stampingMs = stampingMs;
    this.phases = seen.phases.filter((phase) => phase.call === call);
    this.channels = log.ofCall(call);
    this.root = log.channels.get(call);
  }

  differences(): readonly string[] {
    const { root } = this;
    const [end, second] = this.phases.filter(({ phase }) => phase === 'finished');
    if (!root || !end || second) return [`${this.call}: not exactly one finished, or no channel that began it`];
    if (root.linkedid !== this.call) this.compareJoined(end, root);
    else this.compareCall(end, root);
    return this.found.map((text) => `${this.call}: ${text}`);
  }

  /** Compares a call whose channels continued in another call. */
  private compareJoined(end: Phase, root: Channel): void {
    this.same('joined', end.joined, root.linkedid);
    this.same('answered', end.answered, root.answeredAt !== undefined);
    this.compareRinging(root);
  }

  private compareCall(end: Phase, root: Channel): void {
    const first = this.channels.find((channel) => isPerson(channel));
    const caller = this.beginning === 'dialled' ? root : this.beginning === 'clickToCall' ? first : undefined;
    const called = this.beginning === 'campaign' ? first : undefined;
    const answers = [...this.log.channels.values()]
      .filter((channel) => isPerson(channel) && channel !== caller && (channel === called || channel.talkedIn === this.call))
      .map((channel) => ({ channel, at: channel === called ? channel.answeredAt : channel.talkedAt }))
      .filter((answer): answer is { channel: Channel; at: number } => answer.at !== undefined)
      .sort((one, other) => one.at - other.at);
    const endedAt = Math.max(...this.channels.map(({ endedAt: at }) => at ?? Infinity));
    const answeredAt = answers[0]?.at;

    if (this.beginning === 'dialled') {
      this.same('from', end.from, extensionOf(root) ?? root.number);
      this.same('to', end.to, root.exten);
    }
    this.same('joined', end.joined, null);
    this.compareRinging(root);
    this.compareAnswers(answers, caller);
    this.compareTransfers();
    this.near('time of finished', this.seen.times.get(end), endedAt, this.stampingMs);
    this.span('duration', end.duration, endedAt - root.begunAt);
    this.same('cause', end.cause, (caller ?? called ?? root).cause);
    if (answeredAt !== undefined) {
      this.same('answeredBy', end.answeredBy, 'person');
      this.span('ringing', end.ringing, answeredAt - root.begunAt);
      this.span('talking', end.talking, endedAt - answeredAt);
    } else if (end.answered === true && root.answeredAt !== undefined) {
      const wentOnAt = root.dialEndedAt !== undefined && root.dialEndedAt < endedAt - AT_ONCE_MS ? root.dialEndedAt : 0;
      const since = Math.max(root.answeredAt, wentOnAt);
      this.span('ringing', end.ringing, since - root.begunAt);
      this.span('talking', end.talking, endedAt - since);
    }
    this.compareRecords(end, answeredAt);
  }

  private compareRinging(root: Channel): void {
    const rung = [...this.log.channels.values()].filter(
      (channel) => channel.begunIn === this.call && isPerson(channel) && (channel !== root || this.beginning !== 'dialled'),
    );
    this.compareList(
      'ringing',
      rung.map((channel) => ({ channel, at: channel.begunAt })),
    );
  }

  private compareAnswers(
    answers: readonly { readonly channel: Channel; readonly at: number }[],
    caller: Channel | undefined,
  ): void {
    const people = this.phases.filter(({ phase, answeredBy }) => phase === 'answered' && answeredBy === 'person');
    this.same('number of answers', people.length, answers.length);
    answers.forEach(({ channel, at }, index) => {
      const phase = people[index];
      if (!phase) return;
      this.same('who answered', phase.extension, extensionOf(channel) ?? (caller && extensionOf(caller)) ?? null);
      this.near('time of answered', this.seen.times.get(phase), at, this.stampingMs);
    });
  }

  private compareTransfers(): void {
    const transfers = this.log.transfers.filter(({ channel }) => this.channels.includes(channel));
    const told = this.phases.filter(({ phase }) => phase === 'transferred');
    this.same('number of transfers', told.length, transfers.length);
    transfers.forEach(({ channel, at }, index) => {
      const phase = told[index];
      if (!phase) return;
      this.same('who transferred', phase.extension, extensionOf(channel));
      this.near('time of transferred', this.seen.times.get(phase), at, this.stampingMs);
    });
  }

  private compareList(what: string, expected: readonly { readonly channel: Channel; readonly at: number }[]): void {
    const told = this.phases.filter(({ phase }) => phase === what);
    this.same(
      what,
      told
        .map(({ channel }) => channel)
        .sort()
        .join(' '),
      expected
        .map(({ channel }) => channel.begunAs)
        .sort()
        .join(' '),
    );
    for (const { channel, at } of expected) {
      const phase = told.find((one) => one.channel === channel.begunAs);
      if (phase) this.near(`time of ${what}`, this.seen.times.get(phase), at, this.stampingMs);
    }
  }

  /** Compares with the call records, which count from the answer of the dialplan and include the wait in a queue or a menu. */
  private compareRecords(end: Phase, answeredAt: number | undefined): void {
    const records = this.seen.records.filter(({ uniqueid }) => uniqueid === this.call);
    const isAnswer = ({ disposition, dstChannel, duration }: CallRecord) =>
      disposition === 'ANSWERED' && (dstChannel !== '' || records.length === 1 || duration * 1_000 > AT_ONCE_MS);
    const answered = records.filter(isAnswer);
    this.same('answered', end.answered, answered.length > 0);
    if (answeredAt === undefined) this.same('answeredBy', end.answeredBy, answered.length > 0 ? 'dialplan' : null);
    if (!this.recordsTellTalk) return;
    const billed = answered.reduce((sum, { billsec }) => sum + billsec * 1_000, 0);
    const waited = answeredAt === undefined ? 0 : answeredAt - (this.root?.answeredAt ?? answeredAt);
    this.span('talking by the call records', end.talking, billed - waited);
  }

  private same(what: string, told: unknown, recorded: unknown): void {
    if (told !== recorded) this.found.push(`${what} is ${String(told)}, recorded ${String(recorded)}`);
  }

  private near(what: string, told: number | null | undefined, recorded: number, tolerance: number): void {
    if (told == null || !(Math.abs(told - recorded) <= tolerance))
      this.found.push(`${what} is ${told}, recorded ${recorded} (${told == null ? '' : told - recorded} ms)`);
  }

  private span(what: string, toldSeconds: number | null, recordedMs: number): void {
    if (toldSeconds === null && this.isPartlySeen) return;
    this.near(what, toldSeconds === null ? null : toldSeconds * 1_000, recordedMs, ROUNDING_MS + this.stampingMs);
  }
}
