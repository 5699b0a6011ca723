import type { CallReport, Observer } from '@sluice/engine';
import { nearest } from '@sluice/flow';
import type { ErrorView, EventAttributes } from '@sluice/plugin-api';
import type { Paint } from './paint.js';
import { clock, inWords } from './words.js';

export interface EventLinesOptions {
  readonly write: (line: string) => void;
  readonly colors: Paint;
  readonly now: () => Date;
  /** Types that the flows take, to suggest the most similar one. */
  readonly types: readonly string[];
}

/** Returns an observer that prints accepted events and the calls that follow. */
export function eventLines({ write, colors, now, types }: EventLinesOptions): Observer {
  const time = () => colors.dim(clock(now()));
  // the complete id, because prefixes of UUIDv7 are not unique and `sluice find` needs all of it
  const name = (event: EventAttributes) => `${event.type} ${colors.dim(event.id)}`;
  return {
    accepted: (event, ms) => write(`${time()} ${name(event)} accepted in ${inWords(ms)}`),
    unrouted: (event) => {
      const meant = nearest(event.type, types);
      const hint = meant === undefined ? '' : `did you mean ${meant}? `;
      write(`${time()} ${name(event)} ${colors.yellow('is kept: no flow takes it')} (${hint}npx sluice unrouted ls)`);
    },
    hop: () => undefined,
    unwanted: () => undefined,
    filtered: () => undefined,
    called: (call) => write(`${time()}  ${called(call, colors)}`),
    parked: (flow, error, event) => write(`${time()}  ${parked(flow, error, event, colors)}`),
  };
}

function called(call: CallReport, colors: Paint): string {
  const where = `${call.flow}/${call.step} → ${[call.connection ?? call.plugin, whatOf(call)].join(' ')}`;
  const room = roomOf(call);
  if (!call.error) return `${where}, ${colors.green('done')} in ${inWords(call.ms)}${room}`;
  return `${where}, ${colors.red(call.error.code)} in ${inWords(call.ms)}${room}: ${call.error.message}`;
}

/** Returns the number of calls in flight and the limit; empty without a limit. */
function roomOf({ plugin, connection, inFlight, limit }: CallReport): string {
  if (!Number.isFinite(limit)) return '';
  return ` (in ${plugin.startsWith('onec') ? '1C' : (connection ?? plugin)} now ${inFlight} of ${limit})`;
}

/** Returns the called method or operation, or else the action. */
function whatOf({ input, action }: CallReport): string {
  const { method, operation } = (typeof input === 'object' && input !== null ? input : {}) as Record<string, unknown>;
  return [method, operation].find((one) => typeof one === 'string') ?? action;
}

function parked(flow: string, error: ErrorView, event: EventAttributes, colors: Paint): string {
  const where = error.step === undefined ? flow : `${flow}/${error.step}`;
  return `${where} ${colors.red('parked')} ${event.id}: ${error.code} ${error.message} (npx sluice parked ls)`;
}
