import { ENGINE_CODES, isSluiceError, SluiceError } from '@sluice/plugin-api';
import { lowerFirst } from '../lower-first.js';
import type { SourceLocation } from '../model.js';

type ExpressionCode = Extract<keyof typeof ENGINE_CODES, `EXPR_${string}`>;

/** What a function of the language throws: the template that runs it adds the place. */
export class ExpressionFault extends Error {
  override readonly name = 'ExpressionFault';

  constructor(
    readonly code: ExpressionCode,
    message: string,
    /** Absent: the cure of the code. */
    readonly cure?: string,
  ) {
    super(message);
  }
}

/** Arguments that a function of the language cannot take. */
export function badArgument(message: string, cure?: string): ExpressionFault {
  return new ExpressionFault('EXPR_FAILED', message, cure);
}

export function overLimit(message: string): ExpressionFault {
  return new ExpressionFault('EXPR_LIMIT', message);
}

/** A message of JSONata may quote a value of the data: enough of it to recognise it, and no more. */
const MESSAGE_LENGTH = 200;

/** Whatever an evaluation threw, as the error of the flow, with the place. */
export function toFlowError(thrown: unknown, location: SourceLocation): SluiceError {
  // a value that cannot be read, such as the body of the event, is no mistake of the expression
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

/** What JavaScript throws where the stack ends, or a text or a list would be larger than it can be. */
function rangeMessage(message: string): string {
  if (/call stack/i.test(message)) return 'the expression or its data is nested too deep for the stack';
  return `the expression builds a value that is too large (${lowerFirst(shortened(message))})`;
}

function shortened(message: string): string {
  return message.length > MESSAGE_LENGTH ? `${message.slice(0, MESSAGE_LENGTH)}…` : message;
}
