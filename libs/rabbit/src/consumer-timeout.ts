/** Default address of RabbitMQ's management plugin, by the protocol of the broker's address. */
const MANAGEMENT: Readonly<Record<string, { readonly protocol: string; readonly port: number }>> = {
  'amqp:': { protocol: 'http:', port: 15672 },
  'amqps:': { protocol: 'https:', port: 15671 },
};
const TIMEOUT_MS = 2_000;
const MAX_ANSWER_BYTES = 4 * 1024 ** 2;

/**
 * Reads from RabbitMQ's management API how long consumers of this virtual host may keep a delivery. RabbitMQ 4 reports it, 3.10 does not
 * (both tried). The user needs the tag `management` or `monitoring`.
 *
 * @param url address of the broker: `amqp://` or `amqps://`, with user, password and virtual host
 * @param port port of the management API; absent: its default
 * @returns the shortest `consumer_timeout` in milliseconds; undefined when the API cannot be reached in 2 s, refuses, or has no such
 *   field
 */
export async function readConsumerTimeout(url: string, port?: number): Promise<number | undefined> {
  const broker = new URL(url);
  const management = MANAGEMENT[broker.protocol];
  if (!management) return undefined;
  // without a path the virtual host is "/"
  const virtualHost = broker.pathname.length > 1 ? broker.pathname.slice(1) : '%2F';
  const address = `${management.protocol}//${broker.hostname}:${port ?? management.port}/api/consumers/${virtualHost}`;
  const user = `${decodeURIComponent(broker.username || 'guest')}:${decodeURIComponent(broker.password || 'guest')}`;
  try {
    const answer = await fetch(address, {
      headers: { authorization: `Basic ${Buffer.from(user).toString('base64')}` },
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (!answer.ok || !answer.body) return undefined;
    return shortestOf(JSON.parse(await textOf(answer.body)));
  } catch {
    return undefined;
  }
}

async function textOf(body: ReadableStream<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of body) {
    bytes += part.length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error('the answer is too large');
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

function shortestOf(consumers: unknown): number | undefined {
  if (!Array.isArray(consumers)) return undefined;
  const timeouts = consumers
    .map((consumer: { readonly consumer_timeout?: unknown } | null) => consumer?.consumer_timeout)
    .filter((timeout): timeout is number => typeof timeout === 'number' && timeout > 0);
  return timeouts.length > 0 ? Math.min(...timeouts) : undefined;
}
