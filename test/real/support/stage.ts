import type { NewEvent } from '@sluice/plugin-api';
import { plugin } from '@sluice/plugin-asterisk-ami';
import { openPlugin } from '@sluice/testing';
import { until } from '../../support/until.js';
import { Asterisk, callRecords, channelEvents, PORTS, Reader, SECRET, type ChannelEvent, type Fields } from './asterisk.js';
import { callsIn, type Seen } from './judge.js';

/** The data of an event of the trigger `call`. */
export type Phase = ReturnType<(typeof plugin.triggers.call)['output']['parse']>;

/** Timeout for the end of all channels of a call; telephones ring for at most 20 s. */
const CALL_TIMEOUT_MS = 60_000;
const VARIABLES = ['CRM_ID', 'NOTE'];

export interface CallOrder {
  /** Number of the caller; empty: an anonymous call. */
  readonly from: string;
  readonly fromName?: string;
  readonly to: string;
  /** Seconds that the caller talks, and seconds that the caller waits for an answer. */
  readonly talk?: number;
  readonly patience?: number;
  /** Encoding of the name; latin1 sends arbitrary bytes. */
  readonly encoding?: BufferEncoding;
}

/** The connector with an open connection and subscriptions, as the engine runs it. */
export class Product {
  private readonly ending = new AbortController();
  private readonly options = plugin.triggers.call.options.parse({ variables: VARIABLES });
  private readonly closing: (() => Promise<void>)[] = [];

  opened: Awaited<ReturnType<typeof openProduct>> | undefined;

  /** @param phases the phases that a previous instance has reported; a restarted host does not know them. */
  constructor(
    readonly phases: Phase[] = [],
    readonly times = new Map<Phase, number>(),
  ) {}

  /** Connects and subscribes, and subscribes again after a lost session, as the engine does. */
  async open(connection: object = {}): Promise<void> {
    const opened = await openProduct('sluice', connection);
    this.opened = opened;
    this.closing.push(() => opened.close());
    const accept = async (event: NewEvent<Phase>) => {
      this.phases.push(event.data);
      this.times.set(event.data, event.time?.getTime() ?? Number.NaN);
      return { id: event.id ?? '' };
    };
    const { call } = plugin.triggers;
    void call.subscribe(opened.client, this.options, accept, this.ending.signal, 'calls').catch(() => undefined);
    // the answers to these requests prove that the subscription has sent all its requests
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

export const openProduct = (user: string, connection: object = {}) =>
  openPlugin(plugin, { ...connectionOf(user), ...connection });

/** Both Asterisks, a reader for each, and the connector. */
export class Stage {
  private constructor(
    public exchange: Asterisk,
    private readonly world: Asterisk,
    /** Reader of the exchange. */
    public reader: Reader,
    /** Reader of the Asterisk that simulates telephones and outside callers. */
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

  /** Places a call to the exchange, from our own telephone when `from` is its number, otherwise from outside. */
  async call({ from, fromName, to, talk = 3, patience = 30, encoding = 'utf8' }: CallOrder): Promise<void> {
    const order = {
      Action: 'Originate',
      Channel: `PJSIP/${to}@pbx`,
      Application: 'Wait',
      Data: talk,
      CallerID: fromName === undefined ? `<${from}>` : `${fromName} <${from}>`,
      Timeout: patience * 1_000,
      Async: 'true',
    };
    await this.worldReader.must(order, encoding);
  }

  /** Runs a scene and resolves with all its records once its channels have ended. */
  async play(scene: () => Promise<unknown>): Promise<Seen> {
    const before = {
      phases: this.product.phases.length,
      events: this.reader.events.length,
      records: callRecords().length,
      log: channelEvents().length,
    };
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
    // for joined calls Asterisk may write the record of only one call
    await until('the call records', () => roots.every((root) => joined.has(root) || recorded().has(root)));
    const log = () => channelEvents().slice(before.log);
    const logged = () => new Set(channelsWith(log(), 'CHAN_END'));
    await until('the channel event log', () => channelsWith(log(), 'CHAN_START').every((channel) => logged().has(channel)));
    return { phases: phases(), times: this.product.times, events: events(), records: records(), log: log() };
  }

  /** Resolves with the first matching event from now on. */
  async awaitEvent(fits: (event: Fields) => boolean): Promise<Fields> {
    const from = this.reader.events.length;
    return until('an event of the exchange', () => this.reader.events.slice(from).find(fits), CALL_TIMEOUT_MS);
  }

  /** Resolves with the channel whose name has this prefix, once the channel is in a bridge. */
  async talking(prefix: string): Promise<string> {
    const isIt = ({ Event, Channel }: Fields) => Event === 'BridgeEnter' && Channel?.startsWith(prefix) === true;
    return (await this.awaitEvent(isIt))['Channel'] ?? '';
  }
}

function openChannels(events: readonly Fields[]): readonly string[] {
  const open = new Set<string>();
  for (const { Event, Uniqueid = '' } of events) {
    if (Event === 'Newchannel') open.add(Uniqueid);
    if (Event === 'Hangup') open.delete(Uniqueid);
  }
  return [...open];
}

function channelsWith(log: readonly ChannelEvent[], type: string): readonly string[] {
  return log.filter((entry) => entry.type === type).map(({ uniqueid }) => uniqueid);
}
