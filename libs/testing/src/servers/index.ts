/** Private servers for tests and benchmarks. A separate entry point, because the suites of the main entry point need Jest. */
export { startPostgres, type PostgresServer, type PostgresServerOptions } from './postgres.js';
export { startRabbit, type RabbitServer, type RabbitServerOptions } from './rabbitmq.js';
export { startRedis, type RedisServer } from './redis.js';
