import type { NewEvent } from '@sluice/plugin-api';
import { plugin } from '@sluice/plugin-asterisk-ami';
import { openPlugin } from '@sluice/testing';
import { until } from '../../support/until.js';
import { Asterisk, callRecords, PORTS, Reader, SECRET, type CallRecord, type Fields } from './asterisk.js';

/** What the trigger `call` reports. */
export type Phase = ReturnType<(typeof plugin.triggers.call)['output']['parse']>;

/** Of an ordinary call until nothing of it is left; telephones ring for 20 s at most. */
const CALL_TIMEOUT_MS = 60_000;
const VARIABLES = ['CRM_ID', 'NOTE'];

export interface CallOrder {
  /** Number of who calls; empty: it is not shown. */
  readonly from: string;
  readonly fromName?: string;
  readonly to: string;
  /** Seconds that the caller talks, and how long the caller waits for an answer. */
  readonly talk?: number;
  readonly patience?: number;
}

/** One call, or several that belong together, from all sides. */
export interface Seen {
  readonly phases: readonly Phase[];
  readonly events: readonly Fields[];
  readonly records: readonly CallRecord[];
}

/** The product as the engine runs it: an open connection with subscriptions. */
export class Product {
  private readonly ending = new AbortController();
  private readonly options = plugin.triggers.call.options.parse({ variables: VARIABLES });
  private readonly closing: (() => Promise<void>)[] = [];

  opened: Awaited<ReturnType<typeof openProduct>> | undefined;

  /** `phases` are those that another one has reported before: a host that is started anew knows nothing of them. */
  constructor(readonly phases: Phase[] = []) {}

  /** Connects and subscribes; again with the same options after a session was lost, as the engine does. */
  async open(user = 'sluice'): Promise<void> {
    const opened = await openProduct(user);
    this.opened = opened;
    this.closing.push(() => opened.close());
    const accept = async (event: NewEvent<Phase>) => {
      this.phases.push(event.data);
      return { id: event.id ?? '' };
    };
    const { call } = plugin.triggers;
    void call.subscribe(opened.client, this.options, accept, this.ending.signal, 'calls').catch(() => undefined);
    // the subscription has asked for all that it needs when these are answered
    await opened.client.listen({ events: ['Newchannel'] }, { hear: () => undefined });
    await opened.client.list({ Action: 'CoreShowChannels' });
    for (let at = 0; at < 5; at++) await opened.client.ask({ Action: 'Ping' });
  }

  async close(): Promise<void> {
    this.ending.abort();
    for (const close of this.closing.splice(0)) await close();
  }
}

export const connectionOf = (user: string) => ({ host: '127.0.0.1', port: PORTS.exchange, user, secret: SECRET });

export const openProduct = (user: string) => openPlugin(plugin, connectionOf(user));

/** Both Asterisks, a reader at each, and the product. */
export class Stage {
  private constructor(
    public exchange: Asterisk,
    private readonly world: Asterisk,
    /** Of the exchange. */
    public reader: Reader,
    /** Of the telephones and of the people outside. */
    readonly worldReader: Reader,
    public product: Product,
  ) {}

  static async open(): Promise<Stage> {
    const world = await Asterisk.start('world');
    const exchange = await Asterisk.start('exchange');
    const product = new Product();
    await product.open();
    return new Stage(exchange, world, await Reader.open(PORTS.exchange), await Reader.open(PORTS.world), product);
  }

  async close(): Promise<void> {
    await this.product.close();
    this.reader.close();
    this.worldReader.close();
    await this.exchange.end();
    await this.world.end();
  }

  /** Lets somebody call the exchange: our own telephone when `from` is its number, else somebody outside. */
  async call({ from, fromName, to, talk = 3, patience = 30 }: CallOrder): Promise<void> {
    await this.worldReader.must({
      Action: 'Originate',
      Channel: `PJSIP/${to}@pbx`,
      Application: 'Wait',
      Data: talk,
      CallerID: fromName === undefined ? `<${from}>` : `${fromName} <${from}>`,
      Timeout: patience * 1_000,
      Async: 'true',
    });
  }

  /** Runs a scene and resolves with all that was seen of it, once no channel of it is left. */
  async play(scene: () => Promise<unknown>): Promise<Seen> {
    const before = { phases: this.product.phases.length, events: this.reader.events.length, records: callRecords().length };
    await scene();
    const events = () => this.reader.events.slice(before.events);
    await until(
      'the end of all channels',
      () => events().some(({ Event }) => Event === 'Hangup') && openChannels(events()).length === 0,
      CALL_TIMEOUT_MS,
    );
    const phases = () => this.product.phases.slice(before.phases);
    const ended = () =>
      new Set(
        phases()
          .filter(({ phase }) => phase === 'finished')
          .map(({ call }) => call),
      );
    await until('the end of all calls', () => callsIn(events()).every((call) => ended().has(call)));
    const records = () => callRecords().slice(before.records);
    const roots = callsIn(events());
    const joined = new Set(phases().flatMap((one) => (one.joined === null ? [] : one.call)));
    const recorded = () => new Set(records().map(({ uniqueid }) => uniqueid));
    // of a call that went on in another one Asterisk may keep the record of the other only
    await until('the call records', () => roots.every((root) => joined.has(root) || recorded().has(root)));
    return { phases: phases(), events: events(), records: records() };
  }

  /** Resolves with the first event that fits, of those that come from now on. */
  async awaitEvent(fits: (event: Fields) => boolean): Promise<Fields> {
    const from = this.reader.events.length;
    return until('an event of the exchange', () => this.reader.events.slice(from).find(fits), CALL_TIMEOUT_MS);
  }

  /** Resolves with the channel whose name begins so, once it is in a bridge. */
  async talking(prefix: string): Promise<string> {
    const isIt = ({ Event, Channel }: Fields) => Event === 'BridgeEnter' && Channel?.startsWith(prefix) === true;
    return (await this.awaitEvent(isIt))['Channel'] ?? '';
  }
}

/** Linkedids that channels began with. */
export function callsIn(events: readonly Fields[]): readonly string[] {
  const begun = events.filter(({ Event, Uniqueid, Linkedid }) => Event === 'Newchannel' && Uniqueid === Linkedid);
  return begun.map(({ Linkedid }) => Linkedid ?? '');
}

function openChannels(events: readonly Fields[]): readonly string[] {
  const open = new Set<string>();
  for (const { Event, Uniqueid = '' } of events) {
    if (Event === 'Newchannel') open.add(Uniqueid);
    if (Event === 'Hangup') open.delete(Uniqueid);
  }
  return [...open];
}

/** Returns where the phases and the call records disagree; each call of its own, by the channel that began it. */
export function differences({ phases, events, records }: Seen, { talk = true } = {}): readonly string[] {
  return callsIn(events).flatMap((call) => {
    const found = phases.filter((one) => one.phase === 'finished' && one.call === call);
    const own = records.filter(({ uniqueid }) => uniqueid === call);
    const [end] = found;
    if (!end || found.length > 1) return [`${call}: ${found.length} × finished`];
    const answered = own.filter(({ disposition }) => disposition === 'ANSWERED');
    // a transfer ends a record and begins another
    const billed = answered.reduce((sum, { billsec }) => sum + billsec, 0);
    const tolerance = Math.max(1, answered.length);
    return [
      ...(end.answered === answered.length > 0 ? [] : [`${call}: answered ${end.answered}, recorded ${answered.length}`]),
      ...(!talk || Math.abs((end.talking ?? -9) - billed) <= tolerance
        ? []
        : [`${call}: talking ${end.talking}, recorded ${billed}`]),
    ];
  });
}
