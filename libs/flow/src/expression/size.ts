import type { SyntaxNode } from './syntax.js';
import { childrenOf } from './syntax.js';
import type { Token } from './tokens.js';

/** Limits of one expression: JSONata's parser and the checks are recursive. */
export const MAX_CHARACTERS = 20_000;
const MAX_BRACKETS = 100;
const MAX_LEVELS = 400;
/** JSONata's parser copies the left operand of `??` and `?:`, so each further one inside of it doubles the tree. */
const MAX_DEFAULTS = 8;

const CURE = 'split it: compute a part in a step with "set", and read it as steps.ID';

export interface SizeProblem {
  readonly message: string;
  readonly cure: string;
}

/** Returns the reason why an expression has too many characters to be tokenized; undefined when it is short enough. */
export function tooLong(source: string): SizeProblem | undefined {
  if (source.length > MAX_CHARACTERS) {
    return { message: `an expression has at most ${MAX_CHARACTERS} characters, but this one has ${source.length}`, cure: CURE };
  }
  return undefined;
}

/** Returns the reason why an expression nests too much to be parsed; undefined when it does not. */
export function tooNested(tokens: readonly Token[]): SizeProblem | undefined {
  if (tokens.length <= MAX_DEFAULTS) return undefined;
  const { brackets, defaults } = nesting(tokens);
  if (brackets > MAX_BRACKETS) {
    return { message: `an expression nests at most ${MAX_BRACKETS} brackets, but this one nests ${brackets}`, cure: CURE };
  }
  if (defaults > MAX_DEFAULTS) {
    const message = `"??" and "?:" may be nested at most ${MAX_DEFAULTS} times in their left operands`;
    return { message, cure: 'write the alternatives one after the other, without brackets: a ?? b ?? c' };
  }
  return undefined;
}

interface Level {
  /** Depth of the deepest `??` in the current operand. */
  operand: number;
  /** Depth of the deepest `??` in the whole level. */
  deepest: number;
}

function nesting(tokens: readonly Token[]): { readonly brackets: number; readonly defaults: number } {
  const levels: Level[] = [{ operand: 0, deepest: 0 }];
  let brackets = 0;
  for (const { kind, text } of tokens) {
    const level = levels.at(-1) as Level;
    if (kind !== 'operator') continue;
    if ('([{'.includes(text)) {
      levels.push({ operand: 0, deepest: 0 });
      brackets = Math.max(brackets, levels.length - 1);
    } else if (')]}'.includes(text) && levels.length > 1) {
      levels.pop();
      const outer = levels.at(-1) as Level;
      outer.operand = Math.max(outer.operand, level.deepest);
      outer.deepest = Math.max(outer.deepest, outer.operand);
    } else if (text === '??' || text === '?:') {
      level.deepest = Math.max(level.deepest, level.operand + 1);
      level.operand = 0;
    }
  }
  return { brackets, defaults: Math.max(...levels.map((level) => level.deepest)) };
}

/** Maximum levels of the tree per character: `??` creates a condition, a call, its argument and a path. */
const LEVELS_PER_CHARACTER = 4;

/** Returns the problem when the tree of an expression is too deep for its recursive visitors. Is itself not recursive. */
export function tooDeep(ast: SyntaxNode, source: string): SizeProblem | undefined {
  if (source.length * LEVELS_PER_CHARACTER <= MAX_LEVELS) return undefined;
  let level: readonly SyntaxNode[] = [ast];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_LEVELS) return tooManyLevels();
    level = level.flatMap(childrenOf);
  }
  return undefined;
}

export function tooManyLevels(): SizeProblem {
  return { message: `an expression nests at most ${MAX_LEVELS} operations`, cure: CURE };
}
