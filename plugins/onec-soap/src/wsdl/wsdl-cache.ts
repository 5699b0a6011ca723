import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** The documents of one description: the one that was asked for first, then those that it imports. */
export type Documents = readonly { readonly place: string; readonly text: string }[];

/** Descriptions on the disk, so that the connection works while 1C is away when the host starts. */
export class WsdlCache {
  constructor(private readonly folder: string) {}

  /** Undefined when there is none, or none that can be read. */
  async read(address: string): Promise<Documents | undefined> {
    try {
      const { documents } = JSON.parse(await readFile(this.fileOf(address), 'utf8')) as { readonly documents: Documents };
      return documents;
    } catch {
      return undefined; // a missing or broken copy is as good as none: 1C has the original
    }
  }

  /** Another host may write the same file: each puts it in place whole. */
  async write(address: string, documents: Documents): Promise<void> {
    const file = this.fileOf(address);
    const partial = `${file}.${randomUUID()}`;
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    await writeFile(partial, JSON.stringify({ address, documents }), { mode: 0o600 });
    await rename(partial, file);
  }

  private fileOf(address: string): string {
    return path.join(this.folder, `${createHash('sha256').update(address).digest('hex').slice(0, 32)}.json`);
  }
}
