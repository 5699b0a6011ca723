import { chmod, mkdir, open, readdir, readFile, rename, rm, stat, writeFile, type FileHandle } from 'node:fs/promises';
import path from 'node:path';

/** Only the user of the host may read the events. */
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
const READ_BYTES = 256 * 1024;
const SEGMENT = /^(\d{12})\.log$/;
const LF = 10;

/** An offset in the spool. All lines before it are delivered. */
export interface FileOffset {
  readonly segment: number;
  readonly offset: number;
}

/** Whole lines, and the offset after them. */
export interface Lines {
  readonly lines: readonly Buffer[];
  readonly after: FileOffset;
}

/**
 * The files of one spool: lines are appended to numbered segments and read from an offset in a file of its own. When a process dies in the
 * middle of a line, that line is never read, since a new process begins a new segment.
 */
export class SpoolFiles {
  private handle: FileHandle | undefined;
  private unsynced = false;
  private savedOffset: FileOffset | undefined;
  private syncing: Promise<void> = Promise.resolve();

  private constructor(
    private readonly folder: string,
    /** Bytes of each segment, by number, the oldest first. */
    private readonly segments: Map<number, number>,
    private at: FileOffset,
    private writing: number,
    private readonly segmentBytes: number,
  ) {}

  /** @param segmentBytes maximum bytes of one file, and so the bytes that are dropped at a time */
  static async open(folder: string, segmentBytes: number): Promise<SpoolFiles> {
    await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
    // also a folder that an earlier version has made; folders above it belong to the operator
    await chmod(folder, FOLDER_MODE);
    const numbers = (await readdir(folder)).flatMap((file) => SEGMENT.exec(file)?.[1] ?? []).map(Number);
    const segments = new Map<number, number>();
    for (const number of numbers.sort((a, b) => a - b)) segments.set(number, (await stat(fileOf(folder, number))).size);
    const [oldest = 0] = segments.keys();
    const saved = await readOffset(folder);
    const known = saved !== undefined && segments.has(saved.segment);
    const files = new SpoolFiles(
      folder,
      segments,
      known ? saved : { segment: oldest, offset: 0 },
      Math.max(0, ...numbers),
      segmentBytes,
    );
    if (known) await files.removeBefore(saved.segment);
    return files;
  }

  /** Bytes that are not delivered yet. */
  get waiting(): number {
    return [...this.segments.values()].reduce((sum, bytes) => sum + bytes, 0) - this.at.offset;
  }

  /** Appends whole lines. They are durable after the next `sync`. */
  async append(lines: readonly Buffer[]): Promise<void> {
    if (!this.handle || (this.segments.get(this.writing) ?? 0) >= this.segmentBytes) await this.beginSegment();
    const bytes = Buffer.concat(lines);
    await this.handle?.appendFile(bytes);
    this.segments.set(this.writing, (this.segments.get(this.writing) ?? 0) + bytes.length);
    this.unsynced = true;
  }

  /** Saves run one after another: two at once would rename each other's file. */
  sync(): Promise<void> {
    const synced = this.syncing.then(() => this.syncNow());
    this.syncing = synced.catch(() => undefined);
    return synced;
  }

  private async syncNow(): Promise<void> {
    if (this.unsynced) {
      this.unsynced = false;
      await this.handle?.datasync();
    }
    if (this.savedOffset === this.at) return;
    const { at } = this;
    const file = offsetFileOf(this.folder);
    await writeFile(`${file}.new`, JSON.stringify(at), { mode: FILE_MODE });
    await rename(`${file}.new`, file);
    this.savedOffset = at;
  }

  /** Returns the next lines; an empty list when all have been read. */
  async read(): Promise<Lines> {
    for (let bytes = READ_BYTES; ; bytes *= 2) {
      const { segment, offset } = this.at;
      const chunk = await this.readChunk(bytes);
      const end = chunk.lastIndexOf(LF) + 1;
      if (end > 0) return { lines: linesOf(chunk.subarray(0, end)), after: { segment, offset: offset + end } };
      if (chunk.length === bytes) continue;
      // the rest of a segment that is no longer written is the half line of a crash
      const next = [...this.segments.keys()].find((number) => number > segment);
      if (next === undefined) return { lines: [], after: this.at };
      await this.moveTo({ segment: next, offset: 0 });
      bytes = READ_BYTES / 2;
    }
  }

  /** Records that all lines before the offset are delivered. */
  async moveTo(place: FileOffset): Promise<void> {
    // the segment was dropped, because the spool is full
    if (!this.segments.has(place.segment)) return;
    this.at = place;
    await this.removeBefore(place.segment);
  }

  /** Removes the oldest segment and returns how many of its lines were not delivered; undefined when it is being written. */
  async dropOldest(): Promise<number | undefined> {
    const [oldest, next] = this.segments.keys();
    if (oldest === undefined || next === undefined) return undefined;
    const text = await readFile(fileOf(this.folder, oldest));
    // delivered while it was being read
    if (this.at.segment !== oldest) return 0;
    const from = this.at.offset;
    this.at = { segment: next, offset: 0 };
    await this.removeBefore(next);
    return linesOf(text.subarray(from)).length;
  }

  async close(): Promise<void> {
    try {
      await this.sync();
    } finally {
      await this.handle?.close();
      this.handle = undefined;
    }
  }

  private async beginSegment(): Promise<void> {
    await this.sync();
    await this.handle?.close();
    this.writing++;
    this.handle = await open(fileOf(this.folder, this.writing), 'a', FILE_MODE);
    if (this.segments.size === 0) this.at = { segment: this.writing, offset: 0 };
    this.segments.set(this.writing, 0);
  }

  private async readChunk(bytes: number): Promise<Buffer> {
    const { segment, offset } = this.at;
    const wanted = Math.min(bytes, (this.segments.get(segment) ?? 0) - offset);
    if (wanted <= 0) return Buffer.alloc(0);
    const handle = await open(fileOf(this.folder, segment), 'r');
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(wanted), 0, wanted, offset);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  }

  private async removeBefore(segment: number): Promise<void> {
    for (const number of [...this.segments.keys()].filter((one) => one < segment)) {
      this.segments.delete(number);
      await rm(fileOf(this.folder, number), { force: true });
    }
  }
}

function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  let start = 0;
  for (let end = bytes.indexOf(LF); end !== -1; end = bytes.indexOf(LF, start)) {
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return lines;
}

const fileOf = (folder: string, segment: number) => path.join(folder, `${String(segment).padStart(12, '0')}.log`);
const offsetFileOf = (folder: string) => path.join(folder, 'delivered.json');

async function readOffset(folder: string): Promise<FileOffset | undefined> {
  try {
    const { segment, offset } = JSON.parse(await readFile(offsetFileOf(folder), 'utf8')) as Partial<FileOffset>;
    return typeof segment === 'number' && typeof offset === 'number' ? { segment, offset } : undefined;
  } catch {
    // it was never written, or its disk was full: all lines are delivered from the beginning, under the same ids
    return undefined;
  }
}
