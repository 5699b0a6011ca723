import { realpath } from 'node:fs/promises';
import { startOnec, startPbx, startPbxControl } from '@sluice/emulator';
import { SAMPLE_WORKSPACE } from './sample-workspace.js';

const ONEC_PORT = 8081;
const STAND_IN = 'stand-in, started here because ERP_URL is not set';
/** Maximum number of concurrent calls of the connections erp and erp-ws in sluice.yaml together. */
const ONEC_CALLS = 12;
/** Long enough to see that the telephone rings. */
const RING_MS = 1_000;
const TALK_MS = 2_000;

/** Emulators of the remote systems that the environment does not name. */
export interface StandIns {
  /** Variables of the workspace with their addresses. */
  readonly env: Readonly<Record<string, string>>;
  /** Note about the stand-in for 1C; absent with a real 1C. */
  readonly onec?: string;
  /** URL that places calls in the emulated exchange; absent with a real exchange. */
  readonly pbxControl?: string;
  close(): Promise<void>;
}

/**
 * Starts a stand-in for 1C unless the environment has ERP_URL, and one for a telephone exchange unless it has PBX_HOST. No port has to be
 * free: the workspace gets their addresses as variables.
 */
export async function startStandIns(env: Readonly<Record<string, string | undefined>>): Promise<StandIns> {
  const onec = isGiven(env['ERP_URL']) ? undefined : await startOnecNearItsPort();
  const exchange = isGiven(env['PBX_HOST']) ? undefined : await startExchange();
  return {
    env: { ...(onec && { ERP_URL: `${onec.url}/base/hs/gate` }), ...exchange?.env },
    ...(onec && {
      onec: onec.url.endsWith(`:${ONEC_PORT}`) ? STAND_IN : `${STAND_IN}; at a free port, because ${ONEC_PORT} is in use`,
    }),
    ...(exchange && { pbxControl: exchange.control }),
    close: async () => void (await Promise.all([onec?.close(), exchange?.close()])),
  };
}

/** Connections of the sample workspace by the variable for a real system. */
const STAND_IN_CONNECTIONS = { ERP_URL: ['erp', 'erp-ws'], PBX_HOST: ['pbx'] } as const;

/**
 * Returns the connections that `npm start` serves with a stand-in, each with the variable that is not set. Empty for any workspace but the
 * sample one.
 */
export async function standInVariables(
  directory: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ReadonlyMap<string, string>> {
  if ((await realpath(directory)) !== (await realpath(SAMPLE_WORKSPACE))) return new Map();
  const unset = Object.entries(STAND_IN_CONNECTIONS).filter(([variable]) => !isGiven(env[variable]));
  const rows = unset.flatMap(([variable, names]) => names.map((name) => [name, variable] as const));
  // the web services may have a separate address
  return new Map(rows.filter(([name]) => name !== 'erp-ws' || !isGiven(env['ERP_WS_URL'])));
}

const isGiven = (variable: string | undefined) => variable !== undefined && variable !== '';

/** Starts the emulated 1C at its default port, or at a free one when the port is in use. */
async function startOnecNearItsPort() {
  try {
    return await startOnec({ port: ONEC_PORT, maxCalls: ONEC_CALLS });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    return startOnec({ port: 0, maxCalls: ONEC_CALLS });
  }
}

/** Starts the emulated exchange with the default user of sluice.yaml. */
async function startExchange() {
  const pbx = await startPbx({ port: 0, ringMs: RING_MS, talkMs: TALK_MS });
  const control = await startPbxControl(pbx, 0);
  return {
    env: { PBX_HOST: pbx.host, PBX_PORT: String(pbx.port) },
    control: control.url,
    close: async () => {
      await control.close();
      await pbx.close();
    },
  };
}
