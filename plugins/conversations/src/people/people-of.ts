import { statement } from '../database/statement.js';
import type { Tables } from '../database/tables.js';
import type { Actor } from '../discussions/discussions.js';
import { conversationsFail } from '../failures.js';

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

const BY_NAME = statement<{ readonly id: string; readonly name: string }>(
  'people by name',
  `select p.id, a.issuer || '/' || p.sub as name from unnest($2::text[], $3::text[]) as wanted(issuer, sub)
   join application a on a.subscriber = $1 and a.issuer = wanted.issuer
   join person p on p.subscriber = $1 and p.application = a.id and p.sub = wanted.sub and p.erased_at is null`,
);

/** Returns the ids of people. Throws `CONVERSATIONS_MISSING` for a person who has neither logged in nor was imported. */
export async function peopleOf(tables: Tables, { subscriber }: Actor, names: readonly string[]): Promise<string[]> {
  const full = names.filter((name) => !UUID.test(name));
  const parts = full.map((name) => [name.slice(0, Math.max(0, name.indexOf('/'))), name.slice(name.indexOf('/') + 1)] as const);
  const rows =
    full.length === 0
      ? []
      : await tables.of(subscriber).rows(
          BY_NAME,
          parts.map(([issuer]) => issuer),
          parts.map(([, sub]) => sub),
        );
  const known = new Map(rows.map(({ id, name }) => [name, id]));
  return names.map((name) => {
    if (UUID.test(name)) return name;
    const id = known.get(name);
    if (id === undefined)
      throw conversationsFail.CONVERSATIONS_MISSING(`${name} has never logged in, and was not imported`, { sent: 'no' });
    return id;
  });
}
