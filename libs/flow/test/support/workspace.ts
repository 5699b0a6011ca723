import type { AnyPlugin } from '@sluice/plugin-api';
import { compileWorkspace, parseWorkspaceFile, type WorkspaceResult } from '../../src/index.js';
import type { SourceFile } from '../../src/index.js';
import { stubPlugins } from './stub-plugins.js';

/** The environment variables that the connections of the samples read. */
export const environment = {
  ERP_URL: 'http://erp/hs/gate',
  ERP_USER: 'sluice',
  ERP_PASSWORD: 'erp-password',
  BP_URL: 'http://bp/hs/gate',
  BP_USER: 'sluice',
  BP_PASSWORD: 'bp-password',
  PBX_HOST: 'pbx',
  PBX_SECRET: 'pbx-secret',
  SITE_URL: 'http://site',
  SITE_TOKEN: 'site-token',
  PAYMENT_SECRET: 'payment-secret',
};

export function sourceFile(file: string, text: string | Uint8Array): SourceFile {
  return { file, bytes: Buffer.from(text) };
}

export interface WorkspaceFixture {
  readonly workspace: string;
  /** Content by file name, as text or bytes. */
  readonly flows?: Readonly<Record<string, string | Uint8Array>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly plugins?: ReadonlyMap<string, AnyPlugin>;
  readonly failedPlugins?: readonly string[];
}

/** Compiles a workspace from texts. Throws when sluice.yaml itself cannot be read. */
export function compile({
  workspace,
  flows = {},
  env = environment,
  plugins = stubPlugins,
  failedPlugins,
}: WorkspaceFixture): WorkspaceResult {
  const { file, findings } = parseWorkspaceFile(sourceFile('sluice.yaml', workspace));
  if (!file) throw new Error(`sluice.yaml cannot be read: ${JSON.stringify(findings)}`);
  return compileWorkspace({
    workspace: file,
    flows: Object.entries(flows).map(([name, text]) => sourceFile(name, text)),
    plugins,
    env,
    ...(failedPlugins && { failedPlugins }),
  });
}
