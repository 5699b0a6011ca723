// Sends events to a host over HTTP.
import http from 'node:http';

/** Keep-alive connections to one host. */
export class Sender {
  #agent;
  #url;
  #headers;

  constructor(url, token, connections) {
    this.#agent = new http.Agent({ keepAlive: true, maxSockets: connections });
    this.#url = url;
    this.#headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  }

  /** Resolves when the event is accepted; rejects otherwise. */
  send(type, body) {
    return new Promise((resolve, reject) => {
      const headers = { ...this.#headers, 'content-length': Buffer.byteLength(body) };
      const request = http.request(`${this.#url}/events/${type}`, { method: 'POST', agent: this.#agent, headers }, (response) => {
        response.resume();
        response.once('end', () =>
          response.statusCode === 202 ? resolve() : reject(new Error(`answered ${response.statusCode}`)),
        );
      });
      request.once('error', reject);
      request.end(body);
    });
  }

  close() {
    this.#agent.destroy();
  }
}

/** Runs the work in `loops` parallel loops. `next` returns the next piece of work, or undefined at the end. */
export async function inLoops(loops, next, work) {
  await Promise.all(
    Array.from({ length: loops }, async () => {
      for (let piece = next(); piece !== undefined; piece = next()) await work(piece);
    }),
  );
}
