import { isEventType, type DesktopDeliveryOptions, type DesktopEvent, type Recipients } from '@sluice/plugin-api';
import { gatewayFail } from '../../failures.js';
import { isName, MAX_NAME_LENGTH } from '../../names.js';
import type { EventContent } from '../mailbox/mailbox-event.js';

/** Maximum bytes of the JSON of an event, which is also the limit of one statement of the mailbox. */
export const MAX_EVENT_BYTES = 8 * 1024 * 1024;
/** Maximum entries in the list of recipients of one delivery. */
export const MAX_RECIPIENTS = 1_000;

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/**
 * Returns an event of a flow or a plugin as clients receive it.
 *
 * @param headers further headers of the MESSAGE.
 * @throws `GATEWAY_EVENT` when the event is not valid.
 */
export function contentOf(event: DesktopEvent, headers: Readonly<Record<string, string>> = {}): EventContent {
  const { id, event: type, data, correlationid } = event;
  if (!UUID.test(id)) throw invalid(`the id ${shown(id)} is not a UUID`);
  if (!isEventType(type)) throw invalid(`${shown(type)} is not an event type`);
  const body = data === undefined ? Buffer.alloc(0) : Buffer.from(jsonOf(data));
  if (body.length > MAX_EVENT_BYTES) throw invalid(`the data has ${body.length} bytes, and the limit is ${MAX_EVENT_BYTES}`);
  return {
    id,
    headers: { event: type, ...(correlationid !== undefined && { 'correlation-id': correlationid }), ...headers },
    body,
  };
}

/** Throws `GATEWAY_EVENT` when an option of a delivery is outside of its bounds. */
export function checkDelivery(to: readonly Recipients[], options: DesktopDeliveryOptions): void {
  if (to.length === 0 || to.length > MAX_RECIPIENTS)
    throw invalid(`the delivery has ${to.length} recipients, and the limits are 1 and ${MAX_RECIPIENTS}`);
  for (const recipients of to) {
    const [name] = Object.values(recipients) as unknown[];
    if (name !== true && !(typeof name === 'string' && isName(name))) throw invalid(`the recipient ${shown(name)} is not a name`);
  }
  const { offline, expiresInMs, spreadMs, wait } = options;
  if (offline === 'drop' && wait)
    throw gatewayFail.GATEWAY_WAIT('a step cannot wait for an event that is not kept', { sent: 'no' });
  const { keepForMs, collapseKey } = offline === 'drop' ? {} : (offline ?? {});
  checkTime('keepForMs', keepForMs);
  checkTime('expiresInMs', expiresInMs);
  checkTime('spreadMs', spreadMs);
  if (collapseKey !== undefined && !isName(collapseKey)) throw invalid(`the collapse key ${shown(collapseKey)} is not valid`);
}

function checkTime(name: string, value: number | undefined): void {
  if (value === undefined || (Number.isFinite(value) && value >= 0)) return;
  throw invalid(`${name} is ${value}, and must be a number of milliseconds that is not negative`);
}

function jsonOf(data: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(data);
  } catch (cause) {
    throw gatewayFail.GATEWAY_EVENT('the data cannot be written as JSON', { sent: 'no', cause });
  }
  if (text === undefined) throw invalid('the data cannot be written as JSON');
  return text;
}

function invalid(message: string) {
  return gatewayFail.GATEWAY_EVENT(message, { sent: 'no' });
}

function shown(value: unknown): string {
  return JSON.stringify(String(value).slice(0, MAX_NAME_LENGTH));
}
