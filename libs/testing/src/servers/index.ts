/** Real servers of their own for tests and benches. A door apart, because the suites of the other door need Jest. */
export { freePort } from './free-ports.js';
export { startPostgres, type PostgresServer } from './postgres.js';
export { startRabbit, type RabbitServer } from './rabbitmq.js';
export { startRedis, type RedisServer } from './redis.js';
