import { Agent, request } from 'node:http';

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

/** POSTs JSON over the agent's connections. Rejects when the connection breaks, and with the signal. */
export function postJson(
  url: string,
  body: unknown,
  options: { readonly agent: Agent; readonly headers?: Readonly<Record<string, string>>; readonly signal?: AbortSignal },
): Promise<HttpAnswer> {
  const { agent, headers, signal } = options;
  const bytes = Buffer.from(JSON.stringify(body));
  return new Promise((resolve, reject) => {
    const sent = request(url, {
      method: 'POST',
      agent,
      headers: { 'content-type': 'application/json; charset=utf-8', 'content-length': bytes.length, ...headers },
      ...(signal && { signal }),
    });
    sent.once('error', reject);
    sent.once('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.once('error', reject);
      response.once('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.end(bytes);
  });
}

/** An order of the demo. */
export function order(number: number): { readonly number: string; readonly total: number } {
  return { number: `D-${String(number).padStart(6, '0')}`, total: 100 + (number % 900) };
}

/** `concurrency` loops that share the numbers from 1 to `count`. Rejects with the first failure of `work`. */
export async function inLoops(count: number, concurrency: number, work: (number: number) => Promise<void>): Promise<void> {
  let next = 1;
  const loop = async () => {
    while (next <= count) await work(next++);
  };
  await Promise.all(Array.from({ length: concurrency }, loop));
}

/** Makes all calls at once, like an integration without a pace. The emulated 1C counts the results. */
export async function callAllAtOnce(gate: string, count: number): Promise<void> {
  const agent = new Agent();
  const calls = Array.from({ length: count }, (_, index) => postJson(gate, callOf(index + 1), { agent }));
  await Promise.allSettled(calls);
  agent.destroy();
}

/** Makes the calls in the given number of loops, each on its own connection. Resolves with the duration in milliseconds. */
export async function callInPlainLoops(gate: string, count: number, loops: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: loops });
  const from = performance.now();
  try {
    await inLoops(count, loops, async (number) => void (await postJson(gate, callOf(number), { agent })));
    return performance.now() - from;
  } finally {
    agent.destroy();
  }
}

function callOf(number: number): object {
  const { number: Номер, total: Сумма } = order(number);
  return { method: 'SaveOrder', data: { Номер, Сумма } };
}
