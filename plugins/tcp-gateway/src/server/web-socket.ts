import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { ClientSession } from './client-session.js';
import type { ServerContext } from './context.js';
import { KEEP_ALIVE_MS } from './limits.js';
import { WebSocketTransport } from './web-socket-transport.js';

const SUBPROTOCOL = 'v12.stomp';

/** A message may hold a frame, its NUL and line ends after it. */
const AROUND_A_FRAME = 1024;

/** For the event `upgrade` of an HTTP server. */
export type HandleUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/**
 * Takes clients with the subprotocol `v12.stomp` and with none: 1C's own WebSocket client sends none. A browser that offers others only
 * ends the handshake by itself when it sees none of them accepted.
 */
export function acceptWebSockets(context: ServerContext): HandleUpgrade {
  const { limits } = context;
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    autoPong: false,
    maxPayload: limits.maxFrame + AROUND_A_FRAME,
    handleProtocols: (offered) => offered.has(SUBPROTOCOL) && SUBPROTOCOL,
  });
  return (request, stream, head) => {
    const socket = stream as Socket;
    socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS);
    server.handleUpgrade(request, socket, head, (webSocket) => {
      new ClientSession(new WebSocketTransport(webSocket, socket, limits.maxHead), context).start();
    });
  };
}
