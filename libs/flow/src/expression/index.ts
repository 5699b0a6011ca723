/** Expressions: `parse-text.ts` parses a text, `check.ts` finds its mistakes, `template.ts` compiles it, `evaluate.ts` runs it. */
export { withTimeBudget } from './budget.js';
export { checkExpression, type CheckOptions } from './check.js';
export { readInstant } from './functions/dates.js';
export { FUNCTION_NAMES } from './functions/language.js';
export {
  expressionEnd,
  opensExpression,
  parseText,
  type ExpressionPart,
  type LiteralPart,
  type ParsedText,
} from './parse-text.js';
export type { ExpressionProblem } from './problem.js';
export type { Reference, Span } from './references.js';
export { completeExpression, type Completion } from './explore/complete-expression.js';
export { isIncomplete, readValues, tryExpression, type ExpressionTrial } from './explore/try-expression.js';
export { explainMissing, type MissingPath, type ReadValue } from './explore/why-missing.js';
export { asName, asPath } from './source-view.js';
export { compileCondition, compileTemplate, compileText, type LocationOf, type TemplateSource } from './template.js';
