import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** The documents of one WSDL: the requested one first, then the imported ones. */
export type Documents = readonly { readonly place: string; readonly text: string }[];

/** Copies of WSDLs on the disk, so that a connection works when 1C cannot be reached at the start of the host. */
export class WsdlCache {
  constructor(private readonly folder: string) {}

  /** Resolves with the copy, or with undefined when it is missing or cannot be read. */
  async read(address: string): Promise<Documents | undefined> {
    try {
      const { documents } = JSON.parse(await readFile(this.fileOf(address), 'utf8')) as { readonly documents: Documents };
      return documents;
    } catch {
      return undefined; // a broken copy can be ignored, because 1C has the original
    }
  }

  /** Writes the copy and renames it atomically, because another host may write the same file. */
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
