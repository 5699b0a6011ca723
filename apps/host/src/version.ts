import { readFileSync } from 'node:fs';

const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');

/** Release of this host. */
export const HOST_VERSION = (JSON.parse(manifest) as { readonly version: string }).version;
