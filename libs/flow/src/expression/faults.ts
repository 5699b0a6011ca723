import { ENGINE_CODES, isSluiceError, SluiceError } from '@sluice/plugin-api';
import type { ExpressionCode } from '../codes.js';
import { lowerFirst } from '../lower-first.js';
import type { SourceLocation } from '../model.js';

/** The error that functions of the language throw. The template that runs the expression adds the place. */
export class ExpressionFault extends Error {
  override readonly name = 'ExpressionFault';

  constructor(
    readonly code: ExpressionCode,
    message: string,
    /** The cure of the code when absent. */
    readonly cure?: string,
  ) {
    super(message);
  }
}

/** Returns the error for arguments that a function of the language does not accept. */
export function badArgument(message: string, cure?: string): ExpressionFault {
  return new ExpressionFault('EXPR_FAILED', message, cure);
}

export function overLimit(message: string): ExpressionFault {
  return new ExpressionFault('EXPR_LIMIT', message);
}

/** Maximum characters of a message of JSONata. It may quote a value of the data, so it is cut to a recognisable length. */
const MESSAGE_LENGTH = 200;

/** Converts an error of an evaluation to an error of the flow, with the place. */
export function toFlowError(thrown: unknown, location: SourceLocation): SluiceError {
  // a value that cannot be read, such as the body of the event, is not an error of the expression
  if (isSluiceError(thrown)) return thrown;
  const fault = thrown instanceof ExpressionFault ? thrown : foreignFault(thrown);
  const { fate, cure } = ENGINE_CODES[fault.code];
  const at = `${location.file}:${location.line}:${location.column}`;
  return new SluiceError(fault.code, fate, `${fault.message} at ${at}`, fault.cure ?? cure);
}

function foreignFault(thrown: unknown): ExpressionFault {
  const { message } = thrown as { message?: string };
  if (thrown instanceof RangeError) return overLimit(rangeMessage(message ?? ''));
  return new ExpressionFault('EXPR_FAILED', lowerFirst(shortened((message ?? String(thrown)).replace(/\.$/, ''))));
}

/** Explains a RangeError of JavaScript: the stack overflowed, or a text or a list exceeded its maximum size. */
function rangeMessage(message: string): string {
  if (/call stack/i.test(message)) return 'the expression or its data is nested too deep for the stack';
  return `the expression builds a value that is too large (${lowerFirst(shortened(message))})`;
}

function shortened(message: string): string {
  return message.length > MESSAGE_LENGTH ? `${message.slice(0, MESSAGE_LENGTH)}…` : message;
}
