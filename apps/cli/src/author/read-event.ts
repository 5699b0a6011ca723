import { open } from 'node:fs/promises';
import { isSluiceError, parseBody } from '@sluice/plugin-api';
import { UsageError } from '../exit.js';

/** Maximum bytes of a file with an event or a mock. A workspace accepts events of 4 MiB by default. */
const MAX_FILE_BYTES = 64 * 1024 ** 2;
/** Maximum characters of an attribute of an event. */
const MAX_ATTRIBUTE_CHARACTERS = 4_096;

/** An event of a file. */
export interface ReadEvent {
  /** Attributes of the event, and `data`, as a test of a flow has them. */
  readonly trigger: Readonly<Record<string, unknown>>;
  /** `data`: the file has only the data, so that all attributes are filled in. */
  readonly form: 'cloudevent' | 'data';
}

/**
 * Reads an event: a CloudEvent in its JSON format (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md),
 * recognised by `specversion`, or only the data of an event.
 *
 * @param file `-` for standard input
 * @throws UsageError for a file that cannot be read, is too large or is not JSON
 */
export async function readEvent(file: string): Promise<ReadEvent> {
  const value = await readJson(file);
  if (typeof value !== 'object' || value === null || !('specversion' in value)) return { trigger: { data: value }, form: 'data' };
  const { specversion, data, data_base64: encoded, dataschema: _dataschema, ...attributes } = value as Record<string, unknown>;
  if (specversion !== '1.0')
    throw new UsageError(`${file}: specversion is ${JSON.stringify(specversion)}: only "1.0" can be read`);
  for (const [name, given] of Object.entries(attributes)) checkAttribute(file, name, given);
  const type = attributes['datacontenttype'];
  const content = encoded === undefined ? data : decoded(file, encoded, typeof type === 'string' ? type : 'application/json');
  return { trigger: { ...attributes, ...(content !== undefined && { data: content }) }, form: 'cloudevent' };
}

/**
 * Reads a JSON file.
 *
 * @param file `-` for standard input
 * @throws UsageError that contains the place of a mistake in the JSON
 */
export async function readJson(file: string): Promise<unknown> {
  const bytes = file === '-' ? await readAll(process.stdin, 'standard input') : await readFile(file);
  const name = file === '-' ? 'standard input' : file;
  if (bytes.length === 0) throw new UsageError(`${name} is empty: write JSON, for instance {}`);
  return parsed(name, 'application/json', bytes);
}

async function readFile(file: string): Promise<Buffer> {
  const handle = await open(file).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`${file} cannot be read (${error.code}): name a JSON file, or - for standard input`);
  });
  try {
    return await readAll(handle.createReadStream({ autoClose: false }), file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === undefined ? error : new UsageError(`${file} cannot be read (${code}): name a JSON file`);
  } finally {
    await handle.close();
  }
}

async function readAll(stream: AsyncIterable<unknown>, name: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    const part = Buffer.from(chunk as Buffer);
    bytes += part.length;
    if (bytes > MAX_FILE_BYTES)
      throw new UsageError(`${name} has more than ${MAX_FILE_BYTES / 1024 ** 2} MiB: use a smaller event`);
    chunks.push(part);
  }
  return Buffer.concat(chunks);
}

function parsed(name: string, type: string, bytes: Buffer): unknown {
  try {
    return parseBody(type, bytes);
  } catch (error) {
    if (!isSluiceError(error)) throw error;
    throw new UsageError(`${name}: ${error.message}`);
  }
}

function decoded(file: string, encoded: unknown, type: string): unknown {
  if (typeof encoded !== 'string') throw new UsageError(`${file}: data_base64 must be a text`);
  return parsed(`data_base64 of ${file}`, type, Buffer.from(encoded, 'base64'));
}

function checkAttribute(file: string, name: string, value: unknown): void {
  if (name === 'meta' && typeof value === 'object' && value !== null) return;
  if (name === 'hops' && typeof value === 'number') return;
  if (typeof value !== 'string') throw new UsageError(`${file}: the attribute ${name} must be a text`);
  if (value.length > MAX_ATTRIBUTE_CHARACTERS)
    throw new UsageError(`${file}: the attribute ${name} has more than ${MAX_ATTRIBUTE_CHARACTERS} characters`);
}
