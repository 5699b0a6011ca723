import { failures } from '@sluice/plugin-api';

export { stompFail } from './server/stomp-failures.js';

/** Codes of the gateway in addition to those of the STOMP server. */
const GATEWAY_CODES = {
  GATEWAY_PORT: {
    fate: 'fatal',
    cure: 'stop the program that listens at the port, or set another `port` of the connection (or SLUICE_STOMP_PORT)',
  },
  GATEWAY_LOGIN: { fate: 'rejected', cure: 'send the user of the token as login, or no login' },
  GATEWAY_NAME: {
    fate: 'rejected',
    cure: 'use names of 1 to 200 characters without control characters for users, workplaces, extensions and groups',
  },
  GATEWAY_WORKPLACE: {
    fate: 'rejected',
    cure: 'send a client-id that the claim workplaces of the token lists, or sign a token that lists it, within workplaces of its issuer in sluice.yaml',
  },
  GATEWAY_USER: { fate: 'rejected', cure: 'name the user in full, <issuer>/<sub>: several issuers may grant the scope desktop' },
  GATEWAY_WAIT: {
    fate: 'rejected',
    cure: 'with waitFor: shown or reply add a timeout to the step, keep the event, and send it to one user',
  },
  GATEWAY_FLOW: { fate: 'rejected', cure: 'call a flow with the trigger tcp-gateway.message, by its name' },
  GATEWAY_REQUEST: {
    fate: 'rejected',
    cure: 'correct the request: GET /mailbox/<user>?wait=25s, POST /mailbox/<user>/ack',
  },
  GATEWAY_TOKEN_REVOKED: { fate: 'rejected', cure: 'connect again with a token that was issued after the revocation' },
  GATEWAY_POLLS: {
    fate: 'overload',
    cure: 'send the request again later: cancel a request, or wait for its response, before the next one',
  },
  GATEWAY_MAILBOX: { fate: 'rejected', cure: 'request the mailbox of the user of the token' },
  GATEWAY_EVENT: {
    fate: 'rejected',
    cure: 'correct the event, its options or its recipients: the message names the wrong value',
  },
  GATEWAY_DESTINATION_FORBIDDEN: { fate: 'rejected', cure: 'use a destination that the plugin allows for this user' },
  GATEWAY_DESTINATION_FAILED: {
    fate: 'unavailable',
    cure: 'connect again in some seconds, and repeat the message; the log of the server contains the reason',
  },
  GATEWAY_DESTINATION_AWAY: {
    fate: 'unavailable',
    cure: 'connect again in some seconds: the plugin of this destination is being opened',
  },
  GATEWAY_DESTINATION_TAKEN: { fate: 'fatal', cure: 'register another prefix: report it to the author of the plugin' },
} as const;

export const gatewayFail = failures(GATEWAY_CODES);
