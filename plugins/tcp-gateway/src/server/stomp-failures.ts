import { failures } from '@sluice/plugin-api';

/** Codes of the ERROR frames of the server, in their header `code`. */
const STOMP_CODES = {
  STOMP_FRAME: { fate: 'rejected', cure: 'send frames as STOMP 1.2 defines them' },
  STOMP_LIMIT: { fate: 'rejected', cure: 'send smaller frames and fewer at once, or raise the limits of the gateway' },
  STOMP_VERSION: { fate: 'rejected', cure: 'connect with accept-version:1.2' },
  STOMP_ORDER: { fate: 'rejected', cure: 'send CONNECT first, and once' },
  STOMP_HEADER: { fate: 'rejected', cure: 'add or correct the header' },
  STOMP_DESTINATION: {
    fate: 'rejected',
    cure: 'subscribe to /user/events, /user/replies/<name> or /topic/<name>; send to /events/<type>, /flows/<name> or /answers/<message-id>',
  },
  STOMP_SUBSCRIPTION: {
    fate: 'rejected',
    cure: 'subscribe under an id that is not in use, and unsubscribe by the id of a subscription',
  },
  STOMP_ACK: { fate: 'rejected', cure: 'acknowledge with the header ack of the MESSAGE, in the session that received it' },
  STOMP_TRANSACTION: { fate: 'rejected', cure: 'begin a transaction, use it, and end it by COMMIT or ABORT' },
  STOMP_SILENT: { fate: 'rejected', cure: 'send heart-beats at the negotiated interval, and reconnect' },
  STOMP_TIMEOUT: { fate: 'rejected', cure: 'send whole frames in time, and reconnect' },
  STOMP_TOKEN_EXPIRED: { fate: 'rejected', cure: 'connect again with a new token' },
  STOMP_TOO_MANY: { fate: 'overload', cure: 'connect again later, or raise the limits of the gateway' },
  STOMP_STOPPING: { fate: 'unavailable', cure: 'connect again after a few seconds' },
} as const;

export const stompFail = failures(STOMP_CODES);
