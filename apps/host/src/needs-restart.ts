import { isDeepStrictEqual } from 'node:util';
import type { Workspace } from '@sluice/flow';

/** Returns the parts of sluice.yaml that differ and that only a restart applies. */
export function needsRestart(running: Workspace, next: Workspace): readonly string[] {
  return (['plugins', 'settings', 'issuers'] as const).filter((part) => !isDeepStrictEqual(running[part], next[part]));
}
