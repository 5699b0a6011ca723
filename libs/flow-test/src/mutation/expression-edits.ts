import type { OperatorName } from './operators.js';

/** Another text of a value, with one mistake in one of its expressions. */
export interface ExpressionMutation {
  readonly operator: OperatorName;
  /** The changed words, before and after. */
  readonly change: string;
  readonly text: string;
}

const BOUNDARIES: Readonly<Record<string, string>> = { '<': '<=', '<=': '<', '>': '>=', '>=': '>' };
const FATES: Readonly<Record<string, string>> = {
  retry: 'unavailable',
  overload: 'retry',
  unavailable: 'retry',
  rejected: 'fatal',
  fatal: 'rejected',
};
const EXPRESSION = /\$\{\{([^]*?)\}\}/g;
/** Texts, names in backticks, other names, numbers and comparisons, in the order in which they hide each other. */
const TOKEN = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|[\p{L}_$][\p{L}\p{N}_$]*|\d+(?:\.\d+)?|[<>]=?/gu;

/** Returns whether a text contains an expression. */
export function hasExpression(text: string): boolean {
  return text.includes('${{');
}

/** Returns the expression of a condition or of a value that is one expression; undefined for any other text. */
export function wholeExpression(text: string): string | undefined {
  const trimmed = text.trim();
  const isWhole = trimmed.startsWith('${{') && trimmed.endsWith('}}') && trimmed.indexOf('${{', 3) === -1;
  return isWhole ? trimmed.slice(3, -2).trim() : undefined;
}

/** Returns one mutation for each comparison, each constant and each fate in the expressions of a text. */
export function expressionMutations(text: string): readonly ExpressionMutation[] {
  const whole = wholeExpression(text);
  if (whole !== undefined) return mutationsIn(whole).map((one) => ({ ...one, text: `\${{ ${one.text} }}` }));
  return [...text.matchAll(EXPRESSION)].flatMap(({ 0: all, 1: inner = '', index }) =>
    mutationsIn(inner).map((one) => ({
      ...one,
      text: `${text.slice(0, index)}\${{${one.text}}}${text.slice(index + all.length)}`,
    })),
  );
}

function mutationsIn(expression: string): readonly ExpressionMutation[] {
  const comparesFate = /\.fate\b/.test(expression);
  return [...expression.matchAll(TOKEN)].flatMap(({ 0: token, index }) => {
    const mutated = mutationOf(token, comparesFate);
    if (!mutated) return [];
    const text = expression.slice(0, index) + mutated.token + expression.slice(index + token.length);
    return [{ operator: mutated.operator, change: `${token} → ${mutated.token}`, text }];
  });
}

function mutationOf(
  token: string,
  comparesFate: boolean,
): { readonly operator: OperatorName; readonly token: string } | undefined {
  const boundary = BOUNDARIES[token];
  if (boundary !== undefined) return { operator: 'condition-boundary', token: boundary };
  if (/^\d/.test(token)) return { operator: 'mapping-constant', token: String(Number(token) + 1) };
  if (!/^["']/.test(token)) return undefined;
  const fate = otherFate(token.slice(1, -1));
  if (comparesFate && fate !== undefined) return { operator: 'handler-fate', token: `"${fate}"` };
  return { operator: 'mapping-constant', token: `${token.slice(0, -1)}~${token.slice(-1)}` };
}

/** Returns another fate than the given one; undefined for a text that is no fate. */
export function otherFate(fate: string): string | undefined {
  return FATES[fate];
}
