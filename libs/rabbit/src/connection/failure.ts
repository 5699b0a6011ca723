import { engineFail, isSluiceError, type SluiceError } from '@sluice/plugin-api';

/** Reply codes: https://www.rabbitmq.com/amqp-0-9-1-reference#constants */
export const REPLY = {
  accessRefused: 403,
  notFound: 404,
  resourceLocked: 405,
  preconditionFailed: 406,
  notAllowed: 530,
} as const;

/** Returns the broker's reply code. For errors of the handshake, amqplib has it only in the text. */
export function replyCode(error: unknown): number | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code === 'number') return code;
  const handshake = /^Handshake terminated by server: (\d+)/.exec(describe(error));
  return handshake ? Number(handshake[1]) : undefined;
}

export function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Converts an error of amqplib: CONFIG_INVALID when a person must correct the configuration, otherwise BUS_UNAVAILABLE. */
export function toFailure(what: string, error: unknown): SluiceError {
  if (isSluiceError(error)) return error;
  const message = `RabbitMQ: ${what}: ${describe(error)}`;
  switch (replyCode(error)) {
    case REPLY.accessRefused:
    case REPLY.notAllowed:
    case REPLY.preconditionFailed:
      return engineFail.CONFIG_INVALID(message, { cause: error });
    default:
      return engineFail.BUS_UNAVAILABLE(message, { cause: error });
  }
}
