import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { fail, isSluiceError, type Clock } from '@sluice/plugin-api';
import { ORPHAN_AGE_MS, type Files } from './files.js';

/** Number of names for which a sweep asks at once. */
const SWEEP_BATCH = 500;
const UNFINISHED = '.part';
const ID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

/** Files in a folder that all hosts share: `<folder>/<subscriber>/<last two digits of the id>/<id>`. */
export class FolderFiles implements Files {
  constructor(
    private readonly folder: string,
    private readonly clock: Clock,
  ) {}

  async write(subscriber: string, id: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const file = this.#pathOf(subscriber, id);
    const unfinished = file + UNFINISHED;
    await mkdir(path.dirname(file), { recursive: true });
    try {
      const handle = await open(unfinished, 'wx', 0o600);
      try {
        for await (const chunk of chunks) await handle.writeFile(chunk);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(unfinished, file);
    } catch (error) {
      await rm(unfinished, { force: true });
      if (isSluiceError(error)) throw error;
      throw fail.UNREACHABLE(`the folder of the attachments cannot be used: ${(error as Error).message}`, {
        cause: error,
        sent: 'no',
      });
    }
  }

  read(subscriber: string, id: string): AsyncIterable<Uint8Array> {
    return createReadStream(this.#pathOf(subscriber, id)) as AsyncIterable<Buffer>;
  }

  async delete(subscriber: string, ids: readonly string[]): Promise<void> {
    for (const id of ids) await rm(this.#pathOf(subscriber, id), { force: true });
  }

  async sweep(known: (subscriber: string, ids: readonly string[]) => Promise<ReadonlySet<string>>): Promise<void> {
    for (const subscriber of await names(this.folder)) {
      if (!ID.test(subscriber)) continue;
      for (const digits of await names(path.join(this.folder, subscriber))) {
        const home = path.join(this.folder, subscriber, digits);
        const files = await names(home);
        for (let from = 0; from < files.length; from += SWEEP_BATCH) {
          const batch = files.slice(from, from + SWEEP_BATCH).filter((name) => ID.test(name.replace(UNFINISHED, '')));
          const kept = await known(
            subscriber,
            batch.filter((name) => ID.test(name)),
          );
          for (const name of batch)
            if (!kept.has(name) && (await this.#isOld(path.join(home, name)))) await rm(path.join(home, name), { force: true });
        }
      }
    }
  }

  async #isOld(file: string): Promise<boolean> {
    const found = await stat(file).catch(() => undefined);
    return found !== undefined && found.mtimeMs < this.clock.now() - ORPHAN_AGE_MS;
  }

  /** Both ids are UUIDs from the database, so that no name leads out of the folder. */
  #pathOf(subscriber: string, id: string): string {
    if (!ID.test(subscriber) || !ID.test(id)) throw new Error('the id of a file is a UUID');
    return path.join(this.folder, subscriber, id.slice(-2), id);
  }
}

function names(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
