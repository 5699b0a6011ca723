import { signOperatorToken } from '@sluice/host';
import { HostApi } from '../admin/host-api.js';
import { sendEvents, type SenderOptions } from './sender.js';

/** Path of the REST API of the timeline in sluice.yaml. */
export const JOURNAL = '/api/timeline/journal';
const MINUTE_MS = 60_000;
const LASTS_MS = 30 * MINUTE_MS;
/** Each demo moves the same entry, so that entries do not accumulate. */
const ID = '5d1c0a3e-6f6b-4d55-9c3c-0e6a4c1d7b20';
const RESOURCE = 'demo';

export interface Visit {
  readonly id: string;
  readonly start: Date;
}

type BookingPart = SenderOptions & { readonly secret: string };

/** Sends the event with which 1C reports a visit that begins now. */
export async function book(options: BookingPart): Promise<Visit> {
  const api = await apiOf(options);
  await api.post(`${JOURNAL}/import`, { resources: [{ code: RESOURCE, name: 'Demo' }] });
  const start = new Date(Math.floor(Date.now() / 1_000) * 1_000);
  const data = {
    Ссылка: ID,
    Сотрудник: RESOURCE,
    Начало: start.toISOString(),
    Окончание: new Date(start.getTime() + LASTS_MS).toISOString(),
    Клиент: 'Ольга',
  };
  await sendEvents({ type: 'erp.visit.saved', data: () => data }, 1, options, () => undefined);
  return { id: ID, start };
}

/** Returns whether the timeline contains the visit at its time. */
export async function inTimeline({ id, start }: Visit, options: BookingPart): Promise<boolean> {
  const api = await apiOf(options);
  const [from, to] = [start, new Date(start.getTime() + MINUTE_MS)].map((time) => time.toISOString());
  const { entries } = await api.get<{ entries: readonly { id: string; start: string }[] }>(
    `${JOURNAL}/entries?from=${from}&to=${to}`,
  );
  return entries.some((entry) => entry.id === id && Date.parse(entry.start) === start.getTime());
}

async function apiOf({ url, secret }: BookingPart): Promise<HostApi> {
  const token = await signOperatorToken(secret, { sub: 'demo', scope: 'timeline:write', ttlMs: LASTS_MS });
  return new HostApi(url() ?? '', token);
}
