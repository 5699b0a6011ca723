// Events through the HTTP door of a host.
import http from 'node:http';

/** Keep-alive connections to the door of one host. */
export class Sender {
  #agent;
  #url;
  #headers;

  constructor(url, token, connections) {
    this.#agent = new http.Agent({ keepAlive: true, maxSockets: connections });
    this.#url = url;
    this.#headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  }

  /** Resolves when the event was accepted, and rejects when it was not. */
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

/** So many loops share the work; gives the number of the next piece until the work is over. */
export async function inLoops(loops, next, work) {
  await Promise.all(
    Array.from({ length: loops }, async () => {
      for (let piece = next(); piece !== undefined; piece = next()) await work(piece);
    }),
  );
}
