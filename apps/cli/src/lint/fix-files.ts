import { randomUUID } from 'node:crypto';
import { chmod, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { applyFixes, type Finding, type SourceFile } from '@sluice/flow';

/** Maximum rounds of fixes: the correction of one mistake may show another one. */
const MAX_ROUNDS = 10;

/** One file with its corrections. */
export interface FixedFile {
  readonly file: string;
  readonly before: SourceFile;
  readonly after: SourceFile;
  /** The findings that are corrected. */
  readonly fixed: readonly Finding[];
}

export interface FixResult {
  readonly files: readonly FixedFile[];
  /** The findings of the corrected files. */
  readonly findings: readonly Finding[];
}

/** Returns all findings of these sources. */
export type Check = (sources: readonly SourceFile[]) => Promise<readonly Finding[]>;

/**
 * Applies the fixes of findings in memory, in rounds, and checks the files after each. Keeps a correction only if its finding is gone and
 * the file is still readable.
 *
 * @param sources all files of the workspace
 * @param isWanted returns true for the files to correct
 */
export async function fixSources(
  sources: readonly SourceFile[],
  check: Check,
  isWanted: (finding: Finding) => boolean,
): Promise<FixResult> {
  const current = new Map(sources.map((source) => [source.file, source]));
  const fixed = new Map<string, Finding[]>();
  const useless = new Set<string>();
  let findings = await check([...current.values()]);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const next = nextSources(current, findings, (finding) => isWanted(finding) && !useless.has(keyOf(finding)));
    if (next.length === 0) break;
    const tried = new Map([...current, ...next.map(({ source }) => [source.file, source] as const)]);
    const after = await check([...tried.values()]);
    const [counted, countedAfter] = [countFindings(findings), countFindings(after)];
    for (const { source, applied } of next) {
      const failed = applied.filter((finding) => !isGone(finding, counted, countedAfter));
      for (const finding of failed) useless.add(keyOf(finding));
      if (failed.length > 0) continue;
      current.set(source.file, source);
      fixed.set(source.file, [...(fixed.get(source.file) ?? []), ...applied]);
    }
    findings = next.every(({ source }) => current.get(source.file) === source) ? after : await check([...current.values()]);
  }
  const files = sources.flatMap((before) => {
    const after = current.get(before.file);
    return after === undefined || after === before
      ? []
      : [{ file: before.file, before, after, fixed: fixed.get(before.file) ?? [] }];
  });
  return { files, findings };
}

function nextSources(
  current: ReadonlyMap<string, SourceFile>,
  findings: readonly Finding[],
  isWanted: (finding: Finding) => boolean,
): readonly { readonly source: SourceFile; readonly applied: readonly Finding[] }[] {
  const byFile = new Map<string, Finding[]>();
  for (const finding of findings) {
    if (!finding.fix || !isWanted(finding)) continue;
    const own = byFile.get(finding.file);
    if (own) own.push(finding);
    else byFile.set(finding.file, [finding]);
  }
  return [...byFile].flatMap(([file, own]) => {
    const source = current.get(file);
    if (source === undefined) return [];
    const { text, hasMark } = textOf(source.bytes);
    const { text: corrected, fixed: applied } = applyFixes(text, own);
    if (applied.length === 0) return [];
    return [{ source: { file, bytes: Buffer.from(hasMark ? `\uFEFF${corrected}` : corrected) }, applied }];
  });
}

interface FindingCounts {
  /** Numbers of equal findings by key, and by key and line. */
  readonly equal: ReadonlyMap<string, number>;
  /** Numbers of findings of files that YAML cannot read, by file. */
  readonly unreadable: ReadonlyMap<string, number>;
  /** Files with more errors than the lint reports. */
  readonly cutOff: ReadonlySet<string>;
}

function countFindings(findings: readonly Finding[]): FindingCounts {
  const equal = new Map<string, number>();
  const unreadable = new Map<string, number>();
  const cutOff = new Set<string>();
  const add = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1);
  for (const finding of findings) {
    add(equal, keyOf(finding));
    add(equal, lineKeyOf(finding));
    if (finding.code.startsWith('YAML_')) add(unreadable, finding.file);
    if (finding.code === 'FLOW_ERRORS') cutOff.add(finding.file);
  }
  return { equal, unreadable, cutOff };
}

/**
 * A finding is gone when fewer equal ones are left, and the file has not become one that YAML cannot read. In a file with more errors than the
 * lint reports, others take the place of those that are corrected, so only its own line is compared there.
 */
function isGone(finding: Finding, before: FindingCounts, after: FindingCounts): boolean {
  const key = before.cutOff.has(finding.file) ? lineKeyOf(finding) : keyOf(finding);
  const count = (counts: ReadonlyMap<string, number>, of: string) => counts.get(of) ?? 0;
  return (
    count(after.equal, key) < count(before.equal, key) &&
    count(after.unreadable, finding.file) <= count(before.unreadable, finding.file)
  );
}

function keyOf({ file, code, message }: Finding): string {
  return `${file}\0${code}\0${message}`;
}

function lineKeyOf(finding: Finding): string {
  return `${keyOf(finding)}\0${finding.line}`;
}

/** Returns the text without a byte order mark, to which columns do not count. */
export function textOf(bytes: Uint8Array): { readonly text: string; readonly hasMark: boolean } {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  return text.startsWith('\uFEFF') ? { text: text.slice(1), hasMark: true } : { text, hasMark: false };
}

/**
 * Replaces a file by its corrected content, all at once: a reader sees the old or the new file, and a crash leaves one of both.
 *
 * @returns false when the file is not what the corrections were made for, because somebody changed it meanwhile; it is then left as it is
 */
export async function writeFixed(directory: string, { file, before, after }: FixedFile): Promise<boolean> {
  // a link keeps pointing to the file
  const target = await realpath(path.join(directory, file));
  const { mode } = await stat(target);
  const temporary = path.join(path.dirname(target), `.${path.basename(target)}.${randomUUID()}.tmp`);
  try {
    const handle = await open(temporary, 'wx', mode);
    try {
      await handle.writeFile(after.bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await chmod(temporary, mode);
    if (!Buffer.from(before.bytes).equals(await readFile(target))) return false;
    await rename(temporary, target);
    return true;
  } finally {
    await rm(temporary, { force: true });
  }
}
