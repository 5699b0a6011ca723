import type { Colors } from 'picocolors/types.js';
import { table } from '../terminal/table.js';
import { counted, seconds } from '../terminal/words.js';
import { VERSION } from '../version.js';
import type { RunningHost } from './running-host.js';

/** What runs here, where its doors are, and the rows that the caller adds. */
export function bannerOf(running: RunningHost, colors: Colors, notes: { readonly onec?: string } = {}): string {
  const { host, loaded, startedInMs } = running;
  const flows = loaded.workspace?.flows ?? [];
  const bases = [...(loaded.workspace?.connections.values() ?? [])].filter(({ plugin }) => plugin.startsWith('onec'));
  const found = `${counted(flows.length, 'flow')}, ${counted(loaded.findings.length, 'finding')}`;
  const rows = [
    ['flows', [flows.map(({ name }) => name).join('  '), found].join('       ')],
    ...bases.map(({ name, config }) => ['1C', [`${name} → ${addressOf(config)}`, notes.onec ?? ''].join('   ')]),
    ['door', `http://localhost:${host.port}   docs /api/docs   health /health/ready   metrics /metrics`],
  ];
  const title = `${colors.bold('sluice')} ${VERSION}   ${host.engines}   ready in ${seconds(startedInMs)}`;
  return `${title}\n${table(rows)}`;
}

function addressOf(config: unknown): string {
  const address = (config as { baseUrl?: unknown }).baseUrl;
  return typeof address === 'string' ? address : '(no address)';
}
