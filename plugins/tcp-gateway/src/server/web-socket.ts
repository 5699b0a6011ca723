import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { ClientSession } from './client-session.js';
import type { ServerContext } from './context.js';
import { KEEP_ALIVE_MS } from './limits.js';
import { WebSocketTransport } from './web-socket-transport.js';

const SUBPROTOCOL = 'v12.stomp';

/** Bytes of a message in addition to the largest frame: its NUL and line ends after it. */
const MAX_BYTES_AFTER_FRAME = 1024;

/** Listener for the event `upgrade` of an HTTP server. */
export type HandleUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/**
 * Returns a listener that accepts clients with the subprotocol `v12.stomp` and without a subprotocol: the WebSocket client of 1C offers no
 * subprotocol. A browser that offers only other subprotocols closes the connection, because the server selects none of them.
 */
export function acceptWebSockets(context: ServerContext): HandleUpgrade {
  const { limits } = context;
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    autoPong: false,
    maxPayload: limits.maxFrame + MAX_BYTES_AFTER_FRAME,
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
