// A mail server that accepts the mails of the host and returns the registration codes in them.
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { SMTPServer } from 'smtp-server';
import { failure } from './stomp.mjs';

const CODE = /Code: (\d{8})/;
const MAIL_TIMEOUT_MS = 30_000;
const LOOK_MS = 5;

export class MailServer {
  #server;
  /** Codes by the address, until they are read. */
  #codes = new Map();

  static async start() {
    const mail = new MailServer();
    mail.#server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onData: (stream, { envelope }, done) => {
        let text = '';
        stream.setEncoding('utf8');
        stream.on('data', (chunk) => (text += chunk));
        stream.on('end', () => {
          for (const { address } of envelope.rcptTo) mail.#codes.set(address, CODE.exec(text)?.[1]);
          done();
        });
      },
    });
    mail.#server.listen(0, '127.0.0.1');
    await once(mail.#server.server, 'listening');
    return mail;
  }

  get url() {
    return `smtp://127.0.0.1:${this.#server.server.address().port}`;
  }

  /** Resolves with the code that was sent to the address, once. */
  async code(address) {
    const end = performance.now() + MAIL_TIMEOUT_MS;
    while (!this.#codes.has(address)) {
      if (performance.now() >= end) throw failure('NO_MAIL', `no mail to ${address} within ${MAIL_TIMEOUT_MS} ms`);
      await pause(LOOK_MS);
    }
    const code = this.#codes.get(address);
    this.#codes.delete(address);
    return code;
  }

  stop() {
    return new Promise((resolve) => this.#server.close(resolve));
  }
}
