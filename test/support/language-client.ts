import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';

const ANSWER_MS = 60_000;

/** A message of the server. */
export interface ServerMessage {
  readonly id?: number | string | null;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
}

/** Diagnostics as the server publishes them. */
export interface Published {
  readonly uri: string;
  readonly version?: number;
  readonly diagnostics: readonly { readonly code?: string; readonly message: string; readonly severity: number }[];
}

/** A client of `sluice lsp` that writes bytes as it likes, also wrong ones. */
export class LanguageClient {
  readonly messages: ServerMessage[] = [];
  stderr = '';
  private readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  private unread = Buffer.alloc(0);
  private readonly waiting = new Set<() => void>();
  private nextId = 1;
  private readonly ended: Promise<number | null>;
  private code: number | null | undefined;

  constructor(env: Readonly<Record<string, string>> = {}) {
    const bin = path.resolve('apps/cli/bin/sluice.js');
    const options = { env: { PATH: process.env['PATH'], ...env }, stdio: ['pipe', 'pipe', 'pipe'] } as const;
    this.child = spawn(process.execPath, [bin, 'lsp', '--stdio'], { ...options, stdio: ['pipe', 'pipe', 'pipe'] });
    // a server that has ended closes its input
    this.child.stdin.on('error', () => undefined);
    this.child.stdout.on('data', (chunk: Buffer) => this.read(chunk));
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => void (this.stderr += text));
    this.ended = once(this.child, 'close').then(([code]) => {
      this.code = code as number | null;
      this.wake();
      return this.code;
    });
  }

  get pid(): number {
    return this.child.pid as number;
  }

  /** Writes bytes without any framing. Resolves once the server has taken them. */
  async write(bytes: Uint8Array | string): Promise<void> {
    if (!this.child.stdin.write(bytes)) await Promise.race([once(this.child.stdin, 'drain'), this.ended]);
  }

  /** Writes a message. */
  send(message: object): Promise<void> {
    return this.write(framed(JSON.stringify({ jsonrpc: '2.0', ...message })));
  }

  notify(method: string, params: object): Promise<void> {
    return this.send({ method, params });
  }

  /** Sends a request and resolves with the whole answer. */
  async ask(method: string, params: object | null): Promise<ServerMessage> {
    const id = this.nextId++;
    await this.send({ id, method, ...(params !== null && { params }) });
    return this.answer(id);
  }

  /** Sends a request and resolves with its result. Rejects for an error. */
  async request<Result>(method: string, params: object | null): Promise<Result> {
    const { result, error } = await this.ask(method, params);
    if (error) throw new Error(`${method}: ${error.code} ${error.message}`);
    return result as Result;
  }

  answer(id: number | string | null): Promise<ServerMessage> {
    return this.until(`an answer to ${id}`, () => this.messages.find((one) => one.id === id && one.method === undefined));
  }

  /** Performs the handshake for a workspace. */
  async initialize(folder: string): Promise<void> {
    const params = { processId: process.pid, rootUri: `file://${folder}`, capabilities: {} };
    await this.request('initialize', params);
    await this.notify('initialized', {});
  }

  open(uri: string, text: string, version = 1): Promise<void> {
    return this.notify('textDocument/didOpen', { textDocument: { uri, languageId: 'yaml', version, text } });
  }

  /** Replaces the whole text of a document. */
  change(uri: string, text: string, version: number): Promise<void> {
    return this.notify('textDocument/didChange', { textDocument: { uri, version }, contentChanges: [{ text }] });
  }

  /** All diagnostics that were published for a document, in order. */
  published(uri: string): Published[] {
    return this.messages
      .filter(({ method }) => method === 'textDocument/publishDiagnostics')
      .map(({ params }) => params as Published)
      .filter((one) => one.uri === uri);
  }

  /** Resolves with the diagnostics of a version of a document. */
  diagnostics(uri: string, version: number): Promise<Published> {
    return this.until(`the diagnostics of version ${version}`, () => this.published(uri).find((one) => one.version === version));
  }

  /** Waits until `find` returns something. Rejects when the server ends or after a minute. */
  async until<Found>(what: string, find: () => Found | undefined): Promise<Found> {
    const deadline = AbortSignal.timeout(ANSWER_MS);
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      if (this.code !== undefined) throw new Error(`the server ended with ${this.code} before ${what}: ${this.stderr}`);
      if (deadline.aborted) throw new Error(`the server did not send ${what} within ${ANSWER_MS} ms: ${this.stderr}`);
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.waiting.delete(wake);
          deadline.removeEventListener('abort', wake);
          resolve();
        };
        this.waiting.add(wake);
        deadline.addEventListener('abort', wake);
      });
    }
  }

  /** Closes the input of the server. */
  closeInput(): void {
    this.child.stdin.end();
  }

  /** Resolves with the exit code once the server has ended. */
  async end(): Promise<number | null> {
    const timer = setTimeout(() => this.child.kill('SIGKILL'), ANSWER_MS);
    const code = await this.ended;
    clearTimeout(timer);
    return code;
  }

  /** Ends the server as the protocol prescribes, and resolves with its exit code. */
  async shutdown(): Promise<number | null> {
    await this.request('shutdown', null);
    await this.send({ method: 'exit' });
    return this.end();
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  private read(chunk: Buffer): void {
    this.unread = Buffer.concat([this.unread, chunk]);
    for (;;) {
      const header = /^Content-Length: (\d+)\r\n\r\n/.exec(this.unread.subarray(0, 100).toString('latin1'));
      if (!header) break;
      const start = header[0].length;
      const end = start + Number(header[1]);
      if (this.unread.length < end) break;
      this.messages.push(JSON.parse(this.unread.subarray(start, end).toString()) as ServerMessage);
      this.unread = this.unread.subarray(end);
    }
    this.wake();
  }

  private wake(): void {
    for (const wake of [...this.waiting]) wake();
  }
}

/** Returns a message with its header. */
export function framed(body: string): Buffer {
  return Buffer.concat([Buffer.from(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n`), Buffer.from(body)]);
}
