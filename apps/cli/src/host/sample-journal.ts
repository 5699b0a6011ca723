import { signOperatorToken } from '@sluice/host';
import { HostApi } from '../admin/host-api.js';

const JOURNAL = '/api/timeline/journal';
const TOKEN_TTL_MS = 60_000;
const TIMEZONE = 'Europe/Moscow';
const WORKDAYS = [1, 2, 3, 4, 5, 6, 7].map((weekday) => ({ weekday, opens: '09:00', closes: '20:00' }));

const PEOPLE = [
  { code: 'sample-1', name: 'Иванова А. П.' },
  { code: 'sample-2', name: 'Петров С. К.' },
  { code: 'sample-3', name: 'Кабинет 1' },
];
/** Visits with the last digit of a fixed id, so that a second start on the same day adds no entries. */
const VISITS = [
  ['1', 'sample-1', '10:00', '11:00', 'Ольга Смирнова', 'confirmed'],
  ['2', 'sample-1', '12:30', '13:30', 'Виктор Ли', 'waiting'],
  ['3', 'sample-2', '09:30', '11:00', 'Анна Котова', 'arrived'],
  ['4', 'sample-2', '15:00', '16:00', 'АО «Василёк»', 'confirmed'],
  ['5', 'sample-3', '14:00', '15:30', 'Планёрка', 'confirmed'],
] as const;

/**
 * Fills the booking journal of the sample workspace with people and visits of today, if it has nobody yet.
 *
 * @param filling is called before an empty journal is filled
 */
export async function fillSampleJournal(url: string, secret: string, filling: () => void): Promise<void> {
  const api = new HostApi(url, await signOperatorToken(secret, { sub: 'sample', scope: 'timeline:write', ttlMs: TOKEN_TTL_MS }));
  const { resources } = await api.get<{ resources: readonly unknown[] }>(JOURNAL);
  if (resources.length > 0) return;
  filling();
  // the Swedish date format is that of ISO 8601
  const today = new Intl.DateTimeFormat('sv-SE', { timeZone: TIMEZONE }).format(new Date());
  const entries = VISITS.map(([digit, resource, start, end, client, status]) => ({
    id: `5d1c0a3e-6f6b-4d55-9c3c-00000000000${digit}`,
    resource,
    start: `${today}T${start}`,
    end: `${today}T${end}`,
    client,
    status,
  }));
  await api.post(`${JOURNAL}/import`, {
    resources: PEOPLE.map((one) => ({ ...one, hours: WORKDAYS })),
    entries,
    origin: 'sample',
  });
}
