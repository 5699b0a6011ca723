import type { CallReport, Observer } from '@sluice/engine';
import type { ErrorView, EventAttributes } from '@sluice/plugin-api';
import type { Colors } from 'picocolors/types.js';
import { clock, inWords } from './words.js';

export interface EventLinesOptions {
  readonly write: (line: string) => void;
  readonly colors: Colors;
  readonly now: () => Date;
}

/** Tells on a terminal what happens to each event: that it was accepted, and each call that follows. */
export function eventLines({ write, colors, now }: EventLinesOptions): Observer {
  const time = () => colors.dim(clock(now()));
  // whole: the beginning of a UUIDv7 is the same for a minute, and `sluice find` wants all of it
  const name = (event: EventAttributes) => `${event.type} ${colors.dim(event.id)}`;
  return {
    accepted: (event, ms) => write(`${time()} ${name(event)} accepted in ${inWords(ms)}`),
    unrouted: (event) => write(`${time()} ${name(event)} ${colors.yellow('is kept: no flow takes it')} (npx sluice unrouted ls)`),
    hop: () => undefined,
    unwanted: () => undefined,
    called: (call) => write(`${time()}  ${called(call, colors)}`),
    parked: (flow, error, event) => write(`${time()}  ${parked(flow, error, event, colors)}`),
  };
}

function called(call: CallReport, colors: Colors): string {
  const where = `${call.flow}/${call.step} → ${[call.connection ?? call.plugin, whatOf(call)].join(' ')}`;
  const room = `(in ${call.plugin.startsWith('onec') ? '1C' : (call.connection ?? call.plugin)} now ${call.inFlight} of ${call.limit})`;
  if (!call.error) return `${where}, ${colors.green('done')} in ${inWords(call.ms)} ${room}`;
  return `${where}, ${colors.red(call.error.code)} in ${inWords(call.ms)} ${room}: ${call.error.message}`;
}

/** What is called: the method, where the connector has one. */
function whatOf({ input, action }: CallReport): string {
  const method = typeof input === 'object' && input !== null ? (input as { method?: unknown }).method : undefined;
  return typeof method === 'string' ? method : action;
}

function parked(flow: string, error: ErrorView, event: EventAttributes, colors: Colors): string {
  const where = error.step === undefined ? flow : `${flow}/${error.step}`;
  return `${where} ${colors.red('parked')} ${event.id}: ${error.code} ${error.message} (npx sluice parked ls)`;
}
