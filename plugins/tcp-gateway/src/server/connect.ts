import type { Frame } from '../stomp/frame.js';
import { wholeFrame, type OutgoingFrame } from '../stomp/output.js';
import type { Credentials, Session } from './stomp-handler.js';
import { stompFail } from './stomp-failures.js';
import { negotiate, type HeartBeat } from './heart-beat.js';

/** Contents of a CONNECT frame. */
export interface ConnectRequest {
  readonly credentials: Credentials;
  readonly heartBeat: HeartBeat;
}

/** Reads a CONNECT frame. The header `host` is optional: many clients omit it, and the gateway has one virtual host. */
export function parseConnect({ command, headers, body }: Frame, address: string, ours: HeartBeat): ConnectRequest {
  if (body.length > 0) throw stompFail.STOMP_FRAME(`${command} has a body`);
  // some clients write blanks around the numbers
  const versions = (headers.get('accept-version') ?? '1.0').split(',').map((version) => version.trim());
  if (!versions.includes('1.2')) throw stompFail.STOMP_VERSION('the server supports STOMP 1.2 only');
  return {
    credentials: {
      login: headers.get('login') ?? '',
      passcode: headers.get('passcode') ?? '',
      address,
      workplace: headers.get('client-id') || undefined,
    },
    heartBeat: negotiate(ours, headers.get('heart-beat')),
  };
}

/** Returns the CONNECTED frame. `heartBeat` contains the negotiated intervals. */
export function connectedFrame(session: Session, { send, expect }: HeartBeat): OutgoingFrame {
  return wholeFrame('CONNECTED', {
    version: '1.2',
    'heart-beat': `${send},${expect}`,
    server: 'sluice',
    session: session.id,
    'user-name': session.bearer.user,
  });
}
