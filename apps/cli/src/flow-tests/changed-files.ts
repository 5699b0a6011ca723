import { readWorkspaceFiles, type WorkspaceFiles } from '@sluice/host/workspace';
import { setTimeout } from 'node:timers/promises';

const POLL_MS = 500;

/**
 * Yields the given files of a workspace, and then its files after each change, until the signal. Polls, because the system does not report
 * changes on network and container mounts. Files that are being written are yielded once two polls in a row read the same; files that cannot
 * be read are read again.
 */
export async function* changedFiles(
  directory: string,
  first: WorkspaceFiles,
  signal: AbortSignal,
): AsyncGenerator<WorkspaceFiles> {
  let yielded = first;
  let seen = first;
  yield first;
  for (;;) {
    await setTimeout(POLL_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    const now = await readWorkspaceFiles(directory, { tests: true }).catch(() => undefined);
    if (!now) continue;
    const isSettled = areEqual(now, seen);
    seen = now;
    if (!isSettled || areEqual(now, yielded)) continue;
    yielded = now;
    yield now;
  }
}

function areEqual(a: WorkspaceFiles, b: WorkspaceFiles): boolean {
  const [one, other] = [a, b].map(({ settings, flows }) => [settings, ...flows]);
  if (one?.length !== other?.length) return false;
  return (one ?? []).every(({ file, bytes }, index) => {
    const same = other?.[index];
    return same?.file === file && Buffer.from(bytes).equals(same.bytes);
  });
}
