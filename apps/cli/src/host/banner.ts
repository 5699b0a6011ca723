import type { Paint } from '../terminal/paint.js';
import { table } from '../terminal/table.js';
import { counted, seconds } from '../terminal/words.js';
import { VERSION } from '../version.js';
import type { RunningHost } from './running-host.js';

/** Returns the banner: flows, connections, address of the host, and the notes of the caller. */
export function bannerOf(
  running: RunningHost,
  colors: Paint,
  notes: { readonly onec?: string; readonly pbx?: string } = {},
): string {
  const { host, loaded, startedInMs } = running;
  const flows = loaded.workspace?.flows ?? [];
  const connections = [...(loaded.workspace?.connections.values() ?? [])];
  const bases = connections.filter(({ plugin }) => plugin.startsWith('onec'));
  const exchanges = connections.filter(({ plugin }) => plugin === 'asterisk-ami');
  const found = `${counted(flows.length, 'flow')}, ${counted(loaded.findings.length, 'finding')}`;
  const rows = [
    ['flows', [flows.map(({ name }) => name).join('  '), found].join('       ')],
    ...bases.map(({ name, config }) => ['1C', [`${name} → ${addressOf(config)}`, notes.onec ?? ''].join('   ')]),
    ...exchanges.map(({ name, config }) => ['PBX', [`${name} → ${exchangeOf(config)}`, notes.pbx ?? ''].join('   ')]),
    ['door', `http://localhost:${host.port}   docs /api/docs   health /health/ready   metrics /metrics`],
  ];
  const title = `${colors.bold('sluice')} ${VERSION}   ${host.backends}   ready in ${seconds(startedInMs)}`;
  return `${title}\n${table(rows)}`;
}

function addressOf(config: unknown): string {
  const address = (config as { baseUrl?: unknown }).baseUrl;
  return typeof address === 'string' ? address : '(no address)';
}

function exchangeOf(config: unknown): string {
  const { host, port } = config as { host?: unknown; port?: unknown };
  return `${String(host)}:${String(port)}`;
}
