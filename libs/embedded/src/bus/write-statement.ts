import { queues as names, type Outgoing } from '@sluice/engine';

/** Outputs that are published all or none. With `input` that delivery is removed with them, provided that this host still holds it. */
export interface Write {
  /** Id of the row of a held delivery. */
  readonly input?: string;
  readonly outgoing: readonly Outgoing[];
}

/** Indexes of the writes of a batch that were done or refused. Writes in neither list had lost their delivery. */
export interface WriteResult {
  readonly done: readonly number[];
  /** A queue is missing, or `unrouted` is full. */
  readonly refused: readonly number[];
}

/**
 * One statement, and so one transaction and one round trip, for any number of publishers and hops. Headers and bodies are bytes in one
 * parameter, because an array of bytea would be sent as hexadecimal text.
 *
 * A pattern is matched once per type and not once per event, because PostgreSQL caches only 32 compiled regular expressions.
 */
export const WRITE = `
with call as (
  select n::integer as call, input from unnest($2::bigint[]) with ordinality as call (input, n)
), output as (
  select * from unnest($3::integer[], $4::text[], $5::text[], $6::double precision[], $7::boolean[], $8::integer[], $9::integer[], $10::integer[])
    with ordinality as output (call, queue, type, not_before, droppable, start, head, size, n)
), route as materialized (
  select distinct wanted.type, binding.queue
  from (select distinct type from output where queue is null) as wanted join binding on '.' || wanted.type ~ binding.regex
), target as materialized (
  select output.*, queue.queue as goes_to, queue.queue is null and not droppable as refused
  from output left join queue on queue.queue = output.queue where output.queue is not null and output.queue <> '${names.peers}'
  union all
  select output.*, queue.queue, false from output join queue on queue.peers where output.queue = '${names.peers}'
  union all
  select output.*, coalesce(route.queue, 'unrouted'), route.queue is null and $12
  from output left join route on route.type = output.type where output.queue is null
), refused as materialized (
  select distinct call from target where refused
), gone as (
  delete from message where taken_by = $11 and id = any (array(select input from call where call not in (select call from refused))) returning id
), done as materialized (
  select call from call where call not in (select call from refused) and (input is null or input in (select id from gone))
), inserted as (
  insert into message (queue, type, at, headers, body)
  select goes_to, type, greatest(now(), coalesce(to_timestamp(not_before / 1000), now())),
         convert_from(substring($1::bytea from start + 1 for head), 'UTF8'), substring($1::bytea from start + head + 1 for size)
  from target where goes_to is not null and call in (select call from done) order by n
  returning queue, at
)
select array(select call from done) as done, array(select call from refused) as refused,
       (select count(pg_notify(current_schema(), queue)) from (select distinct queue from inserted where at <= now()) as filled)`;

/** Returns the parameters of {@link WRITE}. */
export function writeParams(writes: readonly Write[], session: string, unroutedIsFull: boolean): unknown[] {
  const bytes: Buffer[] = [];
  const calls: number[] = [];
  const queues: (string | null)[] = [];
  const types: string[] = [];
  const notBefore: (number | null)[] = [];
  const droppable: boolean[] = [];
  const starts: number[] = [];
  const heads: number[] = [];
  const sizes: number[] = [];
  let start = 0;
  writes.forEach(({ outgoing }, n) => {
    for (const { message, queue, notBefore: at, droppable: drop } of outgoing) {
      // JSON escapes characters that a text column refuses: zeros and half surrogate pairs
      const head = Buffer.from(JSON.stringify(message.attributes));
      bytes.push(head, message.body);
      calls.push(n + 1);
      queues.push(queue ?? null);
      types.push(message.attributes.type);
      notBefore.push(at ?? null);
      droppable.push(drop ?? false);
      starts.push(start);
      heads.push(head.length);
      sizes.push(message.body.length);
      start += head.length + message.body.length;
    }
  });
  const inputs = writes.map(({ input }) => input ?? null);
  return [
    Buffer.concat(bytes, start),
    list(inputs),
    list(calls),
    queues,
    types,
    list(notBefore),
    list(droppable),
    list(starts),
    list(heads),
    list(sizes),
    session,
    unroutedIsFull,
  ];
}

/** Returns an array literal of values that need no quotes. pg would check each value of an array for characters to escape. */
function list(values: readonly (string | number | boolean | null)[]): string {
  return `{${values.map((value) => value ?? 'null').join(',')}}`;
}

/** Returns the size of a write in bytes, for batches of a limited size. */
export function weightOf({ outgoing }: Write): number {
  return outgoing.reduce((sum, { message }) => sum + message.body.length, 0);
}
