import type { SyntaxNode, SyntaxPair } from './syntax-nodes.js';
import type { Token } from './tokens.js';

/** Binding powers of the operators that this parser knows. Source: `operators` of jsonata 2.2.2. */
const POWERS: ReadonlyMap<string, number> = new Map([
  ['?', 20],
  ['or', 25],
  ['and', 30],
  ['=', 40],
  ['!=', 40],
  ['<', 40],
  ['>', 40],
  ['<=', 40],
  ['>=', 40],
  ['??', 40],
  ['&', 50],
  ['+', 50],
  ['-', 50],
  ['*', 60],
]);

const CONSTANTS: ReadonlyMap<string, boolean | null> = new Map([
  ['true', true],
  ['false', false],
  ['null', null],
]);

/** Words that JSONata treats in ways of their own when they stand where a name could stand. */
const WORDS = new Set(['and', 'or', 'in', 'function', 'λ']);

/** Maximum depth of brackets and operators. Deeper expressions are left to JSONata's parser. */
const MAX_DEPTH = 20;

/**
 * Parses the commonest expressions (paths, literals, calls, defaults, comparisons, brackets) into the tree that JSONata's parser makes of
 * them. JSONata's parser builds its table of symbols anew for each expression, so it takes about ten times as long.
 *
 * @param tokens the tokens of the whole source
 * @returns undefined for every other expression, also for one with a syntax error
 */
export function parseCommon(tokens: readonly Token[]): SyntaxNode | undefined {
  const parser = new CommonParser(tokens);
  const node = parser.expression(0, 0);
  return node && parser.atEnd ? node : undefined;
}

class CommonParser {
  private at = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  get atEnd(): boolean {
    return this.at === this.tokens.length;
  }

  expression(power: number, depth: number): SyntaxNode | undefined {
    if (depth > MAX_DEPTH) return undefined;
    let left = this.operand(depth);
    while (left) {
      const operator = this.tokens[this.at];
      const own = operator?.kind === 'operator' ? POWERS.get(operator.text) : undefined;
      if (operator === undefined || own === undefined || own <= power) return left;
      this.at += 1;
      left = this.operation(left, operator, own, depth + 1);
    }
    return undefined;
  }

  private operation(left: SyntaxNode, { text, end }: Token, power: number, depth: number): SyntaxNode | undefined {
    const right = this.expression(text === '??' || text === '?' ? 0 : power, depth);
    if (!right) return undefined;
    if (text === '??') return withDefault(left, right, end);
    if (text !== '?') return { type: 'binary', value: text, position: end, lhs: left, rhs: right };
    if (!this.skip(':')) return undefined;
    const otherwise = this.expression(0, depth);
    return otherwise && { type: 'condition', position: end, condition: left, then: right, else: otherwise };
  }

  /** Skips a token with this text; returns false when the next token is another one. */
  private skip(text: string): boolean {
    if (this.tokens[this.at]?.text !== text) return false;
    this.at += 1;
    return true;
  }

  private operand(depth: number): SyntaxNode | undefined {
    const token = this.tokens[this.at];
    if (token === undefined) return undefined;
    const { kind, text, end } = token;
    this.at += 1;
    switch (kind) {
      case 'name':
        if (CONSTANTS.has(text)) return { type: 'value', value: CONSTANTS.get(text), position: end };
        return this.path(token);
      case 'quotedName':
        return this.path(token);
      case 'string':
        return isPlainString(text) ? { type: 'string', value: text.slice(1, -1), position: end } : undefined;
      case 'number':
        return Number.isFinite(Number(text)) ? { type: 'number', value: Number(text), position: end } : undefined;
      case 'variable':
        return this.variable(token, depth);
      case 'operator':
        return this.brackets(token, depth);
      default:
        return undefined;
    }
  }

  private path(first: Token): SyntaxNode | undefined {
    const steps: SyntaxNode[] = [];
    for (let token: Token | undefined = first; ; token = this.tokens[this.at++]) {
      const step = token && nameStep(token);
      if (!step) return undefined;
      steps.push(step);
      if (!this.skip('.')) return { type: 'path', steps };
    }
  }

  private variable(token: Token, depth: number): SyntaxNode | undefined {
    const variable: SyntaxNode = { type: 'variable', value: token.text.slice(1), position: token.end };
    const open = this.tokens[this.at];
    if (open === undefined || !this.skip('(')) return variable;
    const list = this.list(')', depth);
    return list && { type: 'function', value: '(', position: open.end, arguments: list, procedure: variable };
  }

  /** Parses `( expression )`, `[ expression, … ]` and `{ key: value, … }`. */
  private brackets({ text, end }: Token, depth: number): SyntaxNode | undefined {
    if (text === '[') {
      const items = this.list(']', depth);
      return items && { type: 'unary', value: '[', position: end, expressions: items };
    }
    if (text === '{') {
      const pairs = this.pairs(depth);
      return pairs && { type: 'unary', value: '{', position: end, lhs: pairs };
    }
    if (text !== '(') return undefined;
    const expressions = this.list(')', depth);
    return expressions?.length === 1 ? { type: 'block', position: end, expressions } : undefined;
  }

  /** Parses the expressions up to the closing bracket, and the bracket. */
  private list(close: string, depth: number): SyntaxNode[] | undefined {
    const found: SyntaxNode[] = [];
    if (this.skip(close)) return found;
    do {
      const node = this.expression(0, depth + 1);
      if (!node) return undefined;
      found.push(node);
    } while (this.skip(','));
    return this.skip(close) ? found : undefined;
  }

  /** Parses the keys and values up to the closing brace, and the brace. */
  private pairs(depth: number): SyntaxPair[] | undefined {
    const found: SyntaxPair[] = [];
    if (this.skip('}')) return found;
    do {
      const key = this.expression(0, depth + 1);
      if (!key || !this.skip(':')) return undefined;
      const value = this.expression(0, depth + 1);
      if (!value) return undefined;
      found.push([key, value]);
    } while (this.skip(','));
    return this.skip('}') ? found : undefined;
  }
}

function nameStep({ kind, text, end }: Token): SyntaxNode | undefined {
  if (kind === 'name') return WORDS.has(text) || CONSTANTS.has(text) ? undefined : { type: 'name', value: text, position: end };
  return kind === 'quotedName' && text.length > 1 && text.endsWith('`')
    ? { type: 'name', value: text.slice(1, -1), position: end }
    : undefined;
}

function isPlainString(text: string): boolean {
  return text.length > 1 && text.endsWith(text.charAt(0)) && !text.includes('\\');
}

/** Returns the tree of `left ?? right`, whose left operand JSONata's parser copies. */
function withDefault(left: SyntaxNode, right: SyntaxNode, position: number): SyntaxNode {
  const exists: SyntaxNode = { type: 'variable', value: 'exists' };
  return {
    type: 'condition',
    position,
    condition: { type: 'function', value: '(', arguments: [left], procedure: exists },
    then: left,
    else: right,
  };
}
