import { ApiError, errorText, newUuid } from '@sluice/web-ui';
import type { Attachment } from '../model/shapes.js';
import { errors } from '../texts.js';
import type { ConversationsApi } from './conversations-api.js';
import { scalePicture } from './scale-picture.js';

/** As `MAX_ATTACHMENTS` of the contract. */
const MAX_FILES = 10;
/** Uploads at the same time, below the limit of the server for a person. */
const MAX_RUNNING = 3;
/** Limits that another attempt with the same file meets again. */
const FINAL_LIMITS: ReadonlySet<unknown> = new Set(['size', 'type']);

export interface Upload {
  readonly key: string;
  readonly file: File;
  /** Sent part, from 0 to 1. */
  readonly progress: number;
  readonly attachment?: Attachment;
  readonly failure?: string;
  /** Whether another attempt would fail as well, such as that of a file that is too large. */
  readonly isFinal?: boolean;
}

const NONE: readonly Upload[] = [];

/**
 * The files that will be attached to the next message of each discussion. They are sent to the server at once, so that the message itself is small, and stay
 * with their discussion while the user reads another one.
 */
export class UploadTrays {
  readonly #trays = new Map<string, readonly Upload[]>();
  readonly #running = new Map<string, AbortController>();
  readonly #waiting: (() => void)[] = [];
  readonly #listeners = new Set<() => void>();

  /** @param maxBytes maximum size of a file after scaling */
  constructor(
    private readonly api: Pick<ConversationsApi, 'upload'>,
    private readonly maxBytes: number,
    private readonly scale: (file: File) => Promise<Blob> = scalePicture,
  ) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Returns the files of a discussion; the same array until they change. */
  of(discussion: string): readonly Upload[] {
    return this.#trays.get(discussion) ?? NONE;
  }

  /** Adds files and begins to send them. Returns false if there was no room for all of them. */
  add(discussion: string, files: Iterable<File>): boolean {
    const tray = this.of(discussion);
    const all = [...files];
    const added = all.slice(0, MAX_FILES - tray.length).map((file) => ({ key: newUuid(), file, progress: 0 }));
    this.#set(discussion, [...tray, ...added]);
    for (const { key, file } of added) void this.#send(discussion, key, file);
    return added.length === all.length;
  }

  retry(discussion: string, key: string): void {
    const upload = this.of(discussion).find((one) => one.key === key);
    if (!upload) return;
    const { file } = upload;
    this.#set(
      discussion,
      this.of(discussion).map((one) => (one.key === key ? { key, file, progress: 0 } : one)),
    );
    void this.#send(discussion, key, file);
  }

  remove(discussion: string, key: string): void {
    this.#running.get(key)?.abort();
    this.#set(
      discussion,
      this.of(discussion).filter((one) => one.key !== key),
    );
  }

  clear(discussion: string): void {
    this.#set(discussion, NONE);
  }

  async #send(discussion: string, key: string, file: File): Promise<void> {
    const abort = new AbortController();
    if (this.#running.size >= MAX_RUNNING) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    // removed while it waited
    if (!this.of(discussion).some((one) => one.key === key)) return this.#waiting.shift()?.();
    this.#running.set(key, abort);
    try {
      const scaled = await this.scale(file);
      if (abort.signal.aborted) return;
      if (scaled.size > this.maxBytes) throw tooLarge(this.maxBytes);
      const report = (progress: number) => this.#change(discussion, key, { progress });
      const attachment = await this.api.upload(scaled, file.name || 'file', report, abort.signal);
      this.#change(discussion, key, { attachment, progress: 1 });
    } catch (error) {
      if (abort.signal.aborted) return;
      const isFinal = error instanceof ApiError && FINAL_LIMITS.has(error.body['limit']);
      this.#change(discussion, key, { failure: errorText(error, errors), isFinal });
    } finally {
      this.#running.delete(key);
      this.#waiting.shift()?.();
    }
  }

  #change(discussion: string, key: string, next: Partial<Upload>): void {
    this.#set(
      discussion,
      this.of(discussion).map((one) => (one.key === key ? { ...one, ...next } : one)),
    );
  }

  #set(discussion: string, tray: readonly Upload[]): void {
    if (tray.length === 0) this.#trays.delete(discussion);
    else this.#trays.set(discussion, tray);
    for (const listener of this.#listeners) listener();
  }
}

/** The error that the server would answer. */
function tooLarge(max: number): ApiError {
  return new ApiError(413, 'CONVERSATIONS_LIMIT', 'the file is too large', '', { limit: 'size', max });
}
