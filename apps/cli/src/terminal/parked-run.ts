import type { ShownRun } from '@sluice/admin-contract';
import { paint } from './paint.js';
import { table } from './table.js';
import { ago } from './words.js';

/** Returns a parked run as text: the error, its cure and the data. */
export function shownRun(
  { run, flow, step, state, event, error, parkedAt, epoch, note, data, steps }: ShownRun,
  now: Date,
): string {
  const attempt = error.attempt === undefined ? '' : `, attempt ${error.attempt}`;
  const rows = [
    ['run', run],
    ...(note === undefined ? [] : [['note', note]]),
    ['flow', step === undefined ? flow : `${flow}, step ${step}${attempt}`],
    ['state', `${state}, since ${ago(new Date(parkedAt), now)}${epoch > 0 ? ', after a replay' : ''}`],
    ['event', `${event.type}  ${event.id}`],
    ...(event.subject === undefined ? [] : [['subject', event.subject]]),
    ['source', event.source],
    ['error', `${paint.red(error.code)} ${error.message}`],
    ...(error.cause === undefined ? [] : [['caused by', `${error.cause.code} ${error.cause.message}`]]),
    ...(error.cure === undefined ? [] : [['do', error.cure]]),
    ...(state === 'parked' ? [['replay', `sluice parked replay ${run}   (with other data: --data FILE)`]] : []),
  ];
  const outputs = Object.entries(steps).map(([id, output]) => `${paint.dim(`steps.${id}`)}\n${json(output)}`);
  return [
    table(rows.map(([name = '', value = '']) => [paint.dim(name), value])),
    `${paint.dim('data')}\n${json(data)}`,
    ...outputs,
  ].join('\n\n');
}

function json(value: unknown): string {
  return JSON.stringify(value, undefined, 2);
}
