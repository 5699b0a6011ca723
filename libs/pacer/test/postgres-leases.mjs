/** As little of a LeaseStore as two processes need, on a table `lease (name, holder, epoch, until)`. */
export class PostgresLeases {
  constructor(pool) {
    this.pool = pool;
  }

  async take(name, holder, ttlMs) {
    const { rows } = await this.pool.query(
      `insert into lease as held values ($1, $2, 1, clock_timestamp() + $3 * interval '1 ms')
       on conflict (name) do update set holder = $2, epoch = held.epoch + (held.holder <> $2)::integer,
         until = clock_timestamp() + $3 * interval '1 ms'
       where held.holder = $2 or held.until < clock_timestamp()
       returning epoch`,
      [name, holder, ttlMs],
    );
    return rows[0]?.epoch;
  }

  async release(name, holder) {
    await this.pool.query('update lease set until = clock_timestamp() where name = $1 and holder = $2', [name, holder]);
  }

  async list() {
    return [];
  }
}
