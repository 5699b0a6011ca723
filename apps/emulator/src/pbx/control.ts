import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { parseJson, readText, sendJson } from '../onec/wire.js';
import { PBX_FAULTS, type Pbx } from './pbx.js';

const call = z.strictObject({
  from: z.string().min(1),
  to: z.string().min(1),
  fromName: z.string().optional(),
  did: z.string().optional(),
});

const faults = z.strictObject({ faults: z.array(z.enum(PBX_FAULTS)) });

/** The running HTTP interface of a stand-in for an exchange. */
export interface PbxControl {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Starts an HTTP interface on loopback that controls a stand-in for an exchange: `GET /__stats`, `POST /__call` with
 * `{ "from", "to", "fromName", "did" }`, `POST /__fault` with `{ "faults": ["cut"] }`, `POST /__restart`.
 */
export async function startPbxControl(pbx: Pbx, port: number): Promise<PbxControl> {
  const server = createServer((request, response) => void answer(pbx, request, response).catch(() => request.destroy()));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(pbx: Pbx, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = parseJson(await readText(request));
  switch (`${request.method} ${request.url}`) {
    case 'GET /__stats':
      return sendJson(response, 200, pbx.stats());
    case 'POST /__call': {
      const order = call.safeParse(body);
      if (!order.success) return sendJson(response, 400, { message: z.prettifyError(order.error) });
      const { from, to, fromName, did } = order.data;
      const linkedid = pbx.ring({ from, to, ...(fromName !== undefined && { fromName }), ...(did !== undefined && { did }) });
      return sendJson(response, 200, { call: linkedid });
    }
    case 'POST /__fault': {
      const order = faults.safeParse(body);
      if (!order.success) return sendJson(response, 400, { message: z.prettifyError(order.error) });
      pbx.setFault(...order.data.faults);
      return sendJson(response, 200, order.data);
    }
    case 'POST /__restart':
      pbx.restart();
      return sendJson(response, 200, {});
    default:
      return sendJson(response, 404, { message: 'GET /__stats, POST /__call, POST /__fault, POST /__restart' });
  }
}
